"""Dumplings are cut into messages, and what is read of a message is what was written."""

from __future__ import annotations

import json
from itertools import groupby, pairwise
from typing import Any, NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from netdumplings.backbone.messages import (
    COUNT,
    FIRST,
    MAX_SESSION,
    SESSION,
    Parcel,
    Stored,
    kinds_of,
    notice,
    parcels,
    read,
)
from netdumplings.defaults import STATUS_CHEF
from netdumplings.wire import metadata_of
from netdumplings.wire.messages import MAX_SEQ
from support.examples import examples

TEXT = st.text(max_size=20).filter(lambda name: name != STATUS_CHEF)
NAMES = st.sampled_from(["a", "b", "a.b", ""]) | TEXT
PAYLOADS = st.integers(0, 9) | st.text(max_size=80)
#: Kitchens and chefs are few, so that the same follow one another.
MANY = st.lists(st.tuples(st.none() | NAMES, NAMES, PAYLOADS), min_size=1, max_size=12)
SESSIONS = st.text("0123456789abcdef", min_size=16, max_size=16)


class Sent(NamedTuple):
    """Dumplings that a kitchen has sent."""

    lines: list[bytes]
    kinds: list[tuple[str | None, str]]
    parcels: list[Parcel]


def send(told: list[Any], first: int = 1, max_bytes: int = 10**6, session: str = "0af") -> Sent:
    lines = [
        json.dumps({
            "metadata": {"chef": chef, "creation_time": 1.5, "driver": "packet",
                         "kitchen": kitchen},
            "payload": payload,
        }, ensure_ascii=False).encode()
        for kitchen, chef, payload in told
    ]  # fmt: skip
    kinds = kinds_of([metadata_of(line) for line in lines])
    cut = parcels("s", session, first, b"\n".join(lines), kinds, max_bytes)
    return Sent(lines, [(kitchen, chef) for kitchen, chef, _ in told], list(cut))


def read_back(parcel: Parcel) -> Stored:
    return read(parcel.subject, parcel.headers, parcel.body, position=7, time=1.5)


@given(MANY, st.integers(1, 10**9), st.integers(1, 400))
@examples(4)
def test_messages_together_are_the_batch_and_each_is_of_one_kind(
    told: list[Any], first: int, max_bytes: int
) -> None:
    sent = send(told, first, max_bytes)
    assert b"\n".join(one.body for one in sent.parcels) == b"\n".join(sent.lines)
    assert sent.parcels[0].first == first
    assert all(one.last + 1 == after.first for one, after in pairwise(sent.parcels))
    assert sent.parcels[-1].last == first + len(told) - 1
    for one in sent.parcels:
        begin = one.first - first
        assert len(set(sent.kinds[begin : begin + one.dumplings])) == 1
        assert len(one.body) <= max_bytes or one.dumplings == 1


@given(MANY, st.integers(1, 400))
def test_no_more_messages_are_made_than_kinds_and_lengths_want(
    told: list[Any], max_bytes: int
) -> None:
    sent = send(told, 1, max_bytes)
    for one, after in pairwise(sent.parcels):
        least = after.body.split(b"\n")[0]
        assert one.subject != after.subject or len(one.body) + 1 + len(least) > max_bytes
    assert len(send(told).parcels) == len(list(groupby(sent.kinds)))


@given(MANY, st.integers(1, MAX_SEQ - 100), SESSIONS)
def test_what_is_read_is_what_was_written(told: list[Any], first: int, session: str) -> None:
    sent = send(told, first, session=session)
    lines = iter(sent.lines)
    for parcel in sent.parcels:
        stored = read_back(parcel)
        own = [next(lines) for _ in range(parcel.dumplings)]
        assert (stored.session, stored.first, stored.dumplings) == (
            session,
            parcel.first,
            parcel.dumplings,
        )
        assert stored.body.split(b"\n") == own
        assert stored.metadata == [metadata_of(line) for line in own]
        assert {(stored.kitchen, one.chef) for one in stored.metadata} == {
            sent.kinds[parcel.first - first]
        }
        assert (stored.position, stored.time) == (7, 1.5)


@given(NAMES, SESSIONS, st.integers(1, 10**9), st.integers(1, 10**6))
def test_a_notice_is_read_as_it_was_written(
    kitchen: str, session: str, first: int, count: int
) -> None:
    stored = read_back(notice("s", session, kitchen, first, count))
    assert stored == Stored(7, 1.5, session, kitchen, first, b"", count, [])
    left = stored.after(first)
    assert (left.first, left.dumplings) == (first + 1, count - 1) if left else count == 1


@given(MANY, st.integers(1, 20), st.integers(-5, 40))
def test_what_has_a_higher_number_is_what_is_left(told: list[Any], first: int, number: int) -> None:
    sent = send(told, first)
    left = [stored.after(number) for stored in map(read_back, sent.parcels)]
    lines = [line for one in left if one for line in one.body.split(b"\n")]
    assert lines == sent.lines[max(0, number - first + 1) :]
    for one in left:
        if one is not None:
            assert one.first == max(number + 1, one.last - one.dumplings + 1)
            assert one.dumplings == len(one.metadata) == one.body.count(b"\n") + 1


#: What a stranger might write: half right, so that much of it is looked through.
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        SESSION: st.sampled_from(["0af", "", "@0af", "x" * MAX_SESSION, "x" * 65]) | st.text(),
        FIRST: st.sampled_from(["1", "0", "-1", "9" * 16, "1.0", " 1", "\u0661"])
        | st.text(max_size=9),
        COUNT: st.sampled_from(["1", "2", "0", "999999", "1_0"]) | st.text(max_size=9),
        "Nats-Msg-Id": st.text(max_size=9),
    },
)
GOOD = b'{"metadata":{"chef":"c","creation_time":1,"driver":"packet","kitchen":"k"},"payload":1}'
BODIES = st.one_of(
    st.binary(max_size=200),
    st.sampled_from([b"", GOOD, GOOD + b"\n" + GOOD, GOOD[:-1] + b"," + GOOD, GOOD + b"\n"]),
)
SUBJECTS = st.sampled_from(["s.k.c", "s.k", "s.%.c", "s", "", "s.k.c.d", "s.~~.c", "s..", "s.k."])


@given(SUBJECTS | st.text(max_size=20), HEADERS, BODIES)
@examples(16)
def test_whatever_a_stranger_writes_is_read_or_refused(
    subject: str, headers: dict[str, str], body: bytes
) -> None:
    try:
        stored = read(subject, headers, body, position=1, time=1.0)
    except ValueError:
        return
    # It might as well be a hub's.
    assert 0 < stored.first <= stored.last < MAX_SEQ
    assert stored.body.count(b"\n") + 1 == stored.dumplings if body else not stored.metadata
    assert stored.session.isascii()
    assert not stored.session.startswith("@")
