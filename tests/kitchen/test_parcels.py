"""The process of an isolated chef is not trusted: what it says is taken apart with care."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netdumplings import Dumpling
from netdumplings.kitchen.parcels import (
    BROKEN,
    DONE,
    DUMPLING,
    GIVEN_UP,
    MAX_ANSWER,
    READY,
    Answer,
    Answers,
    Done,
    Request,
    Unintelligible,
    decode,
    dumpling_of,
    pack_answer,
    pack_request,
    read_request,
)
from support.packets import arp, batch, dns_query

ANSWERS = st.builds(
    Answer,
    st.sampled_from([READY, BROKEN, DUMPLING, DONE, GIVEN_UP]),
    st.integers(0, (1 << 32) - 1),
    st.binary(max_size=50),
)


@given(st.lists(ANSWERS, max_size=5), st.integers(1, 70))
def test_answers_come_out_as_they_went_in_however_they_are_cut(
    answers: list[Answer], size: int
) -> None:
    data = b"".join(pack_answer(kind, body, packet) for kind, packet, body in answers)
    taking, taken = Answers(), []
    for start in range(0, len(data), size):
        taking.take(data[start : start + size])
        while (answer := taking.next()) is not None:
            taken.append(answer)
    assert taken == answers


@given(st.binary(max_size=300))
def test_any_bytes_are_answers_or_unintelligible(data: bytes) -> None:
    answers = Answers()
    answers.take(data)
    try:
        while (answer := answers.next()) is not None:
            decode(answer.body, Done)
    except Unintelligible:
        pass


def test_an_answer_longer_than_any_may_be_is_refused_before_it_has_come() -> None:
    answers = Answers()
    answers.take(pack_answer(DUMPLING)[:-4] + (MAX_ANSWER + 1).to_bytes(4, "little"))
    with pytest.raises(Unintelligible):
        answers.next()


def test_requests_come_out_as_they_went_in() -> None:
    packets = batch(arp(), dns_query(), arp(), times=[1, 2, 3])[1:]
    for request in (Request(packets, 0.0, True), Request(None, 7.5, False)):
        data = bytearray(pack_request(request))

        def read(size: int, data: bytearray = data) -> bytearray:
            part = data[:size]
            del data[:size]
            return part

        got = read_request(read)
        assert not data
        assert (got.time, got.replay) == (request.time, request.replay)
        if got.packets is None:
            assert request.packets is None
            continue
        assert [got.packets.data(i) for i in range(2)] == [packets.data(i) for i in range(2)]
        assert got.packets.times_ns.tolist() == packets.times_ns.tolist()
        assert got.packets.link_type == packets.link_type


@given(
    st.recursive(st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=9),
                 lambda inner: st.lists(inner, max_size=3)
                 | st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    st.floats(0, 4e9),
)  # fmt: skip
def test_a_dumpling_comes_out_as_it_went_in(payload: Any, time: float) -> None:
    made = Dumpling(chef="MyChef", creation_time=time, payload=payload)
    made.kitchen = "attic"
    assert dumpling_of(made.to_json().encode(), "MyChef", "attic") == made.to_json()


def test_a_chef_speaks_in_its_own_name_only() -> None:
    made = Dumpling(chef="OtherChef", creation_time=1.0, payload={"metadata": {"chef": "x"}})
    made.kitchen = "elsewhere"
    text = dumpling_of(made.to_json().encode(), "MyChef", "attic")
    assert json.loads(text) == {
        "metadata": {
            "chef": "MyChef",
            "creation_time": 1.0,
            "driver": "packet",
            "kitchen": "attic",
        },
        "payload": {"metadata": {"chef": "x"}},
    }


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"metadata":{"creation_time":1.0,"driver":"packet"}}',
        b'{"metadata":{"creation_time":1e999,"driver":"packet"},"payload":1}',
        b'{"metadata":{"creation_time":1.0,"driver":"other"},"payload":1}',
        b'{"metadata":{"creation_time":1.0,"driver":"packet"},"payload":nan}',
        b'{"metadata":{"creation_time":1.0,"driver":"packet"},"payload":1},"metadata":{}',
        b'{"metadata":{"creation_time":1.0,"driver":"packet"},"payload":"\xff"}',
        b'{"metadata":{"creation_time":1.0,"driver":"packet"},"payload":' + b"[" * 100_000,
        b'{"metadata":{"creation_time":1.0,"driver":"packet"},"payload":"'
        + b"x" * (1 << 20)
        + b'"}',
    ],
    ids=range(10),
)
def test_what_no_hub_would_take_is_unintelligible(body: bytes) -> None:
    with pytest.raises(Unintelligible):
        dumpling_of(body, "MyChef", "attic")
