"""An eater knows how far it has come, over any number of connections."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netdumplings.wire import (
    MAX_CURSOR,
    MAX_TO_EATER,
    Batch,
    BatchToEater,
    CursorMoved,
    EaterHello,
    EaterSide,
    Gap,
    V2EaterPeer,
    WelcomeToEater,
    compress,
    eater_hello,
    subscription,
    write,
)

ANNOUNCEMENT = eater_hello("e")


def said(eater: EaterSide) -> EaterHello:
    """What the hub makes of an eater's hello."""
    [event] = V2EaterPeer().receive(eater.hello().encode())  # as the server hands it over
    assert isinstance(event, EaterHello)
    return event


def tell(eater: EaterSide, message: Any, *lines: bytes) -> Any:
    return eater.receive(write(message, lines).decode())


def test_its_hello_says_what_it_wants() -> None:
    wanted = subscription(chefs=["ARP*"], kitchens=[None, "k"], drivers=["packet"])
    eater = EaterSide(ANNOUNCEMENT, wanted, last=5, since=1.5, encodings=["deflate", "zstd"])
    assert said(eater) == EaterHello(
        "e", ANNOUNCEMENT.encode(), wanted, last=5, since=1.5, encoding="deflate"
    )


def test_a_plain_one_says_who_it_is_and_nothing_more() -> None:
    hello = json.loads(EaterSide(ANNOUNCEMENT).hello())
    assert hello == {"type": "hello", "announcement": {"eater_name": "e"}}


@pytest.mark.parametrize(
    "wrong",
    [
        {"last": -1},
        {"last": 10**8},
        {"subscription": subscription(chefs=["x" * 257])},
        {"subscription": subscription(chefs=map(str, range(65)))},
        {"encodings": ["x" * 300]},
        {"subscription": subscription(chefs=[f"{n:04}" + "\0" * 252 for n in range(64)])},
    ],
)
def test_what_a_hub_would_refuse_is_refused_here(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="no hub takes this: "):
        EaterSide(ANNOUNCEMENT, **wrong)


def test_what_it_is_told_comes_out() -> None:
    eater = EaterSide(ANNOUNCEMENT)
    assert tell(eater, WelcomeToEater({"s": 1})) == WelcomeToEater({"s": 1})
    assert tell(eater, BatchToEater({"s": 3}), b"{}", b"[]") == Batch(["{}", "[]"], history=False)
    assert tell(eater, BatchToEater({"s": 4}, history=True), b"1") == Batch(["1"], history=True)
    assert tell(eater, Gap(7, "slow", "k", {"s": 11})) == Gap(7, "slow", "k", {"s": 11})
    assert tell(eater, CursorMoved({"s": 12})) is None
    assert eater.cursor == {"s": 12}


def test_a_message_of_an_unknown_type_is_nothing() -> None:
    eater = EaterSide(ANNOUNCEMENT)
    assert eater.receive('{"type": "of tomorrow", "cursor": {"s": 9}}\nmore') is None
    assert eater.cursor == {}


def test_a_gap_may_have_a_reason_of_tomorrow() -> None:
    eater = EaterSide(ANNOUNCEMENT)
    assert tell(eater, Gap(7, "of tomorrow", None, {"s": 11})).reason == "of tomorrow"
    assert eater.cursor == {"s": 11}


def test_the_longest_hello_has_room_for_the_longest_cursor() -> None:
    more = subscription(chefs=[f"{n:02}" + "x" * 180 for n in range(64)])
    longest = 16 * 1024
    most = longest - len(EaterSide(eater_hello("e", x=""), more).hello())
    announcement = eater_hello("e", x="x" * most)
    eater = EaterSide(announcement, more)
    assert len(eater.hello()) == longest
    with pytest.raises(ValueError, match="the hello is over 16384 bytes"):
        EaterSide(eater_hello("e", x="x" * (most + 1)), more)
    tell(eater, WelcomeToEater({f"{n:016x}": 2**53 - 1 for n in range(MAX_CURSOR)}))
    assert len(said(eater).resume or ()) == MAX_CURSOR


def test_cursors_are_merged_and_never_go_back() -> None:
    eater = EaterSide(ANNOUNCEMENT)
    tell(eater, WelcomeToEater({"a": 5, "b": 6}))
    tell(eater, BatchToEater({"a": 9}), b"{}")
    tell(eater, BatchToEater({"b": 2, "c": 1}), b"{}")
    tell(eater, Gap(1, "hub"))
    assert eater.cursor == {"a": 9, "b": 6, "c": 1}


def test_a_new_connection_goes_on_where_the_former_ended() -> None:
    eater = EaterSide(ANNOUNCEMENT, last=10, since=1.5)
    assert (said(eater).last, said(eater).since, said(eater).resume) == (10, 1.5, None)
    tell(eater, WelcomeToEater({"a": 5}))
    tell(eater, BatchToEater({"a": 7}), b"{}")
    assert (said(eater).last, said(eater).since, said(eater).resume) == (None, None, {"a": 7})


def test_one_that_never_was_welcomed_asks_for_the_past_again() -> None:
    eater = EaterSide(ANNOUNCEMENT, last=10)
    assert said(eater) == said(eater)
    assert said(eater).last == 10


def test_one_that_was_welcomed_by_an_empty_hub_misses_what_came_since() -> None:
    eater = EaterSide(ANNOUNCEMENT)
    tell(eater, WelcomeToEater({}))
    assert said(eater).resume == {}


def test_its_cursor_keeps_the_youngest_streams() -> None:
    eater = EaterSide(ANNOUNCEMENT)
    tell(eater, WelcomeToEater({"first": 1, "second": 1}))
    for number in range(MAX_CURSOR - 2):
        tell(eater, BatchToEater({f"{number}": 1}), b"{}")
    assert len(eater.cursor) == MAX_CURSOR
    tell(eater, BatchToEater({"first": 2}), b"{}")  # young again
    tell(eater, BatchToEater({"new": 1}), b"{}")
    assert len(eater.cursor) == MAX_CURSOR
    assert "second" not in eater.cursor
    assert eater.cursor["first"] == 2
    tell(eater, WelcomeToEater({f"many {number}": 1 for number in range(3 * MAX_CURSOR)}))
    assert list(eater.cursor) == [f"many {n}" for n in range(2 * MAX_CURSOR, 3 * MAX_CURSOR)]
    assert said(eater).resume == eater.cursor


@pytest.mark.parametrize("encoding", ["zstd", "deflate"])
def test_it_reads_compressed_messages_once_the_hub_has_said_that_it_compresses(
    encoding: Any,
) -> None:
    eater = EaterSide(ANNOUNCEMENT, encodings=["zstd", "deflate"])
    compressed = compress(write(BatchToEater({"s": 3}), ["ž".encode(), b"2"]), encoding)
    with pytest.raises(ValueError, match="compressed message that was not asked for"):
        eater.receive(compressed)
    tell(eater, WelcomeToEater({}, encoding))
    assert eater.receive(compressed) == Batch(["ž", "2"], history=False)
    # Not every message is compressed.
    assert tell(eater, BatchToEater({"s": 4}), b"1") == Batch(["1"], history=False)
    assert eater.cursor == {"s": 4}
    # The next connection may be to a hub that does not compress.
    tell(eater, WelcomeToEater({}))
    with pytest.raises(ValueError, match="compressed message that was not asked for"):
        eater.receive(compressed)


def test_a_compressed_message_is_bounded() -> None:
    eater = EaterSide(ANNOUNCEMENT, encodings=["zstd"])
    tell(eater, WelcomeToEater({}, "zstd"))
    start = write(BatchToEater({"s": 1}), [b'"'])
    most = start + b"x" * (MAX_TO_EATER - len(start) - 1) + b'"'
    assert isinstance(eater.receive(compress(most, "zstd")), Batch)
    with pytest.raises(ValueError, match="becomes more than"):
        eater.receive(compress(most + b" ", "zstd"))


@pytest.mark.parametrize(
    "message",
    [
        "",
        "\n",
        "hello",
        "[]",
        "{}",
        '{"type": 5}',
        '{"type": "welcome"}',
        '{"type": "batch", "cursor": {"s": 1}}',
        '{"type": "batch", "cursor": {"s": "1"}}\n{}',
        '{"type": "batch", "cursor": {"s": -1}}\n{}',
        '{"type": "batch", "cursor": {"s": 9007199254740992}}\n{}',
        '{"type": "gap", "missed": 1, "reason": 5}',
        '{"type": "cursor", "cursor": {"' + "s" * 65 + '": 1}}',
        '{"type": "cursor", "cursor": {}, "x": ' + "[" * 100_000 + "]" * 100_000 + "}",
        '{"type": "of tomorrow", "x": ' + "[" * 100_000 + "]" * 100_000 + "}",
        '{"type": "cursor", "cursor": {"\udc80": 1}}',
        b"\x00",
    ],
    ids=lambda message: repr(message)[:50],
)
def test_what_no_hub_sends_is_a_value_error_and_changes_nothing(message: str | bytes) -> None:
    eater = EaterSide(ANNOUNCEMENT)
    tell(eater, WelcomeToEater({"s": 1}, "zstd"))
    with pytest.raises(ValueError, match=r"."):
        eater.receive(message)
    assert eater.cursor == {"s": 1}


numbers = st.integers(-2, 2**53 + 1) | st.integers()
cursors = st.dictionaries(st.text(max_size=3) | st.text(max_size=70), numbers, max_size=4)
documents = st.fixed_dictionaries(
    {"type": st.sampled_from(["welcome", "batch", "cursor", "gap", "other", 5])},
    optional={
        "cursor": cursors | st.none(),
        "compression": st.sampled_from(["zstd", "deflate", "br", None, 5]),
        "history": st.booleans() | numbers,
        "missed": numbers,
        "reason": st.sampled_from(["slow", "kitchen", "history", "hub", "other", None]),
        "kitchen": st.none() | st.text(max_size=5) | numbers,
        "other": st.none(),
    },
)
said_by_hubs = st.builds(
    lambda document, rest: json.dumps(document) + rest,
    documents,
    st.sampled_from(["", "\n", "\n{}", "\n{}\n{}", "x"]) | st.text(max_size=20),
)
messages = (
    said_by_hubs
    | st.text()
    | st.binary(max_size=50)
    | st.builds(
        lambda text, encoding: compress(text.encode(errors="surrogatepass"), encoding),
        said_by_hubs,
        st.sampled_from(["zstd", "deflate"]),
    )
)


@given(st.lists(messages, max_size=12))
def test_whatever_a_hub_says_the_next_hello_is_one_that_hubs_take(said_by_hub: list[Any]) -> None:
    eater = EaterSide(ANNOUNCEMENT, last=3, encodings=["zstd"])
    before: dict[str, int] = {}
    for message in said_by_hub:
        try:
            told = eater.receive(message)
        except ValueError:
            assert eater.cursor == before
            continue
        assert told is None or isinstance(told, Batch | Gap | WelcomeToEater)
        assert all(eater.cursor[stream] >= seq for stream, seq in before.items())
        before = dict(eater.cursor)
    assert said(eater).resume in (None, eater.cursor)
