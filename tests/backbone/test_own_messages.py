"""What a hub has stored itself it need not look through again when it comes back; others', it must.

And what is not looked through says of itself what it would have said.
"""

from __future__ import annotations

import pytest

from netdumplings.backbone.messages import MAX_OWN, Own, Parcel, kinds_of, parcels, read
from netdumplings.wire import metadata_of
from support.hub_peers import dumpling

LINES = [dumpling(number, chef="A").encode() for number in (1, 2, 3)]
BODY = b"\n".join(LINES)
METADATA = [metadata_of(line) for line in LINES]


def parcel(body: bytes = BODY, session: str = "s", first: int = 1) -> Parcel:
    (one,) = parcels("dumplings", session, first, body, kinds_of(METADATA), 10**6)
    return one


def test_what_comes_back_as_it_was_sent_is_taken_and_says_of_itself_what_it_did() -> None:
    own = Own()
    sent = parcel()
    own.keep(sent)
    for known in (own, own, None):
        stored = read(
            sent.subject, sent.headers, bytes(bytearray(BODY)),
            position=7, time=1.5, own=known,
        )  # fmt: skip
        assert (stored.body, stored.dumplings, stored.metadata) == (BODY, 3, METADATA)
        later = stored.after(2)
        assert later is not None
        assert (later.first, later.body, later.metadata) == (3, LINES[2], METADATA[2:])


@pytest.mark.parametrize(
    "body", [BODY[:-1], BODY + b"\n1", BODY.replace(b'"A"', b'"B"'), LINES[0], b"1\n2\n3"]
)
def test_what_somebody_has_written_in_place_of_it_is_looked_through(body: bytes) -> None:
    own = Own()
    sent = parcel()
    own.keep(sent)
    with pytest.raises(ValueError, match=r"dumpling"):
        read(sent.subject, sent.headers, body, position=1, time=1.0, own=own)
    # And what was sent is known all the same when it comes.
    assert own.is_one(sent.subject, "s", 1, BODY)


def test_a_message_is_known_by_its_subject_its_session_its_number_and_what_is_in_it() -> None:
    own = Own()
    sent = parcel()
    own.keep(sent)
    assert not own.is_one(sent.subject + "x", "s", 1, BODY)
    assert not own.is_one(sent.subject, "other", 1, BODY)
    assert not own.is_one(sent.subject, "s", 2, BODY)
    assert not own.is_one(sent.subject, "s", 1, BODY[:-1])
    assert own.is_one(sent.subject, "s", 1, BODY)
    assert not own.is_one(sent.subject, "s", 1, BODY)


def test_of_too_many_the_oldest_are_forgotten() -> None:
    own = Own()
    body = b"x" * (MAX_OWN // 4)
    for first in (1, 2, 3, 4, 4, 4):
        own.keep(Parcel("a.b.c", "s", first, 1, body))
    assert own.is_one("a.b.c", "s", 1, body)
    own.keep(Parcel("a.b.c", "s", 5, 1, body))
    own.keep(Parcel("a.b.c", "s", 6, 1, b"y"))
    known = [first for first in range(1, 6) if own.is_one("a.b.c", "s", first, body)]
    assert known == [3, 4, 5]
    assert own.is_one("a.b.c", "s", 6, b"y")


def test_kinds_are_those_of_dumplings_that_follow_one_another() -> None:
    names = [("k", "A"), ("k", "A"), ("k", "B"), (None, "B"), (None, "B"), ("k", "A")]
    lines = [dumpling(0, chef=chef).encode() for _, chef in names]
    metadata = [metadata_of(line) for line in lines]
    for one, (kitchen, _) in zip(metadata, names, strict=True):
        one.kitchen = kitchen
    assert kinds_of(metadata) == [("k", "A", 2), ("k", "B", 1), (None, "B", 2), ("k", "A", 1)]
    cut = list(parcels("s", "x", 5, b"\n".join(lines), kinds_of(metadata), 10**6))
    assert [(one.subject, one.first, one.dumplings) for one in cut] == [
        ("s.k.A", 5, 2), ("s.k.B", 7, 1), ("s.%.B", 8, 2), ("s.k.A", 10, 1),
    ]  # fmt: skip
    assert b"\n".join(one.body for one in cut).split(b"\n") == lines
