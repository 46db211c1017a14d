"""What an eater makes of a hub's messages: any hub's, hostile ones too."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netdumplings import Dumpling, Gap, InvalidDumpling
from netdumplings.eater.talk import PlainTalk, Talk, V2Talk
from netdumplings.eater.wishes import wishes
from netdumplings.wire import BatchToEater, CursorMoved, WelcomeToEater, compress, write
from netdumplings.wire import Gap as GapMessage

ANNOUNCEMENT = '{"eater_name":"x"}'
FILTERS: dict[str, Any] = {"chefs": ["A*"], "kitchens": [None, "north"], "drivers": ["packet"]}


def talks(**wanted: Any) -> list[Talk]:
    """Both conversations of an eater; the hub has not been told what is wanted."""
    asked = wishes(**wanted)
    matcher = asked.matcher(told=False)
    return [PlainTalk(ANNOUNCEMENT, matcher), V2Talk(asked.side(ANNOUNCEMENT), matcher)]


names = st.text(max_size=5) | st.sampled_from(["A", "Arp", "north"])
metadata = st.fixed_dictionaries(
    {
        "chef": names,
        "creation_time": st.floats(0, 1e12),
        "driver": st.sampled_from(["packet", "interval"]),
        "kitchen": st.none() | names,
    }
)
dumplings = st.builds(
    lambda about, payload: json.dumps({"metadata": about, "payload": payload}),
    metadata,
    st.none() | st.integers() | st.text(),
)
cursors = st.dictionaries(st.text(max_size=16), st.integers(0, 2**53 - 1), max_size=3)
messages = st.one_of(
    st.builds(
        lambda cursor, lines: write(BatchToEater(cursor), [line.encode() for line in lines]),
        cursors,
        st.lists(dumplings, min_size=1, max_size=3),
    ),
    st.builds(lambda cursor, missed: write(GapMessage(missed, "hub", None, cursor)),
              cursors, st.integers(-1, 2**70)),
    cursors.map(lambda cursor: write(CursorMoved(cursor))),
    cursors.map(lambda cursor: write(WelcomeToEater(cursor, "deflate"))),
)  # fmt: skip


@st.composite
def spoiled(draw: st.DrawFn) -> bytes:
    """A message with some of its bytes replaced."""
    message = bytearray(draw(messages))
    for _ in range(draw(st.integers(0, 5))):
        message[draw(st.integers(0, len(message) - 1))] = draw(st.integers(0, 255))
    return bytes(message)


anything = st.one_of(
    st.text(),
    st.binary(),
    dumplings,
    spoiled().map(lambda message: message.decode(errors="replace")),
    spoiled().map(lambda message: compress(message, "deflate")),
)


@given(st.lists(anything, max_size=6))
def test_whatever_a_hub_sends_is_news_or_nothing(sent: list[str | bytes]) -> None:
    for talk in talks() + talks(**FILTERS):
        for message in sent:
            for news in talk.read(message):
                assert isinstance(news, Dumpling | Gap | InvalidDumpling)
                assert str(news).isprintable() or isinstance(news, Dumpling)
            for text in talk.read_texts(message):
                # What is kept as a dumpling is one, on a line of its own.
                if isinstance(text, str):
                    assert not {"\r", "\n"} & set(text)
                    assert Dumpling.from_json(text)
        # Whatever it was told, no hub of ours refuses its next hello.
        assert json.loads(talk.hello())


@given(st.lists(dumplings, min_size=1))
def test_what_is_not_wanted_is_left_out_in_either_protocol(texts: list[str]) -> None:
    def wanted(text: str) -> bool:
        about = json.loads(text)["metadata"]
        return (
            about["chef"].startswith("A")
            and about["kitchen"] in (None, "north")
            and about["driver"] == "packet"
        )

    expected = [Dumpling.from_json(text) for text in texts if wanted(text)]
    plain, v2 = talks(**FILTERS)
    assert [news for text in texts for news in plain.read(text)] == expected
    batch = write(BatchToEater({}), [text.encode() for text in texts]).decode()
    assert list(v2.read(batch)) == expected
    kept = [text for text in texts if wanted(text)]
    assert [news for text in texts for news in plain.read_texts(text)] == kept
    assert list(v2.read_texts(batch)) == kept


@pytest.mark.parametrize("told", [True, False])
def test_without_a_filter_nothing_is_looked_at_twice(told: bool) -> None:
    assert wishes().matcher(told=told) is None


def test_a_hub_that_was_told_everything_is_trusted_with_it() -> None:
    assert wishes(**FILTERS).matcher(told=True) is None
    assert wishes(**FILTERS).matcher(told=False) is not None
    assert wishes(chefs=[f"C{n}" for n in range(100)]).matcher(told=True) is not None
