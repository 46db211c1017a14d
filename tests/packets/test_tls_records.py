"""ClientHellos in TLS records."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netdumplings.packets.client_hello import read_client_hello
from netdumplings.packets.tls_records import (
    ENOUGH,
    MOST_RECORDS,
    hello_in,
    is_like_tls,
    looks_like_tls,
)
from support.connections import Connection, datagram
from support.examples import examples
from support.hellos import client_hello, message, records
from support.packets import arp, batch

BODY = client_hello()
HELLO = read_client_hello(BODY)


@pytest.mark.parametrize("size", [2**14, 200, 50, 9])
def test_a_hello_is_read_from_one_record_or_several(size: int) -> None:
    data = records(BODY, size)
    assert HELLO is not None
    assert hello_in(data) == HELLO
    assert hello_in(data + b"\x17\x03\x03\0\x05hello") == HELLO


@given(st.integers(9, 400))
def test_what_is_missing_is_told_and_with_that_much_it_is_read(size: int) -> None:
    data = records(BODY, size)
    have, steps = 0, 0
    while isinstance(told := hello_in(data[:have]), int):
        assert have < told <= len(data)
        have = told
        steps += 1
    assert told == HELLO
    assert have == len(data)
    assert steps <= 2 * (len(message(BODY)) // size + 1) + 2


@pytest.mark.parametrize(
    "data",
    [
        b"\x17\x03\x03\0\x05hello",  # application data
        b"\x16\x03\x03\0\x04\x02\0\0\0",  # a ServerHello
        b"\x16\x02\0\0\x04\x01\0\0\0",  # no version of TLS
        b"\x16\x03\x09\0\x04\x01\0\0\0",
        b"\x16\x03\x01\x40\x01\x01",  # a record that is too long
        b"\x16\x03\x01\0\0",  # an empty one
        b"\x16\x03\x01\0\x04\x01\0\x80\x01",  # a message that is too long
        b"\x16\x03\x01\0\x01\x01\x15\x03\x01\0\x02\x02\x28",  # an alert in the middle
        b"GET / HTTP/1.1\r\n",
    ],
)
def test_other_beginnings_are_none(data: bytes) -> None:
    assert hello_in(data) is None


def test_a_hello_in_too_many_records_is_not_read() -> None:
    size = len(message(BODY)) // MOST_RECORDS
    assert hello_in(records(BODY, size + 1)) == HELLO
    assert hello_in(records(BODY, size - 1)) is None


def test_so_many_bytes_are_always_enough() -> None:
    longest = client_hello(padding=2**15 - len(client_hello()))
    assert len(longest) == 2**15
    data = records(longest, len(longest) // (MOST_RECORDS - 1))
    assert len(data) <= ENOUGH
    assert hello_in(data) == read_client_hello(longest)


def test_segments_that_begin_like_a_hello_are_found_on_any_port() -> None:
    connection = Connection(dport=12345)
    data = records(BODY)
    frames = [
        *connection.open(),
        connection.client(data),
        connection.client(data[:5]),
        connection.client(data[:2]),
        connection.client(b"\x16\x04"),
        connection.client(b"GET / HTTP/1.1\r\n\r\n"),
        connection.client(data[5:]),
        datagram(data),
        arp(),
    ]
    looks = looks_like_tls(batch(*frames))
    assert looks.begins.tolist() == [False] * 3 + [True, True] + [False] * 6
    assert looks.other.tolist() == [False] * 6 + [True] * 3 + [False] * 2


def cut_and_changed(at: int, value: int, size: int) -> bytes:
    """The first bytes of records, one of them changed."""
    data = bytearray(records(BODY)[:size])
    data[at % size] = value
    return bytes(data)


@examples(2)
@given(st.builds(cut_and_changed, st.integers(0, 7), st.integers(0, 255), st.integers(1, 8)))
def test_what_looks_so_is_what_may_become_one(payload: bytes) -> None:
    looks = looks_like_tls(batch(Connection().client(payload)))
    assert looks.other[0] == (not is_like_tls(payload))
    assert looks.begins[0] == (len(payload) >= 3 and not looks.other[0])


@examples(3)
@given(
    st.lists(
        st.tuples(st.integers(0, 300), st.binary(max_size=4)), max_size=4
    ),
    st.integers(5, 2**14),
    st.integers(0, 400),
)  # fmt: skip
def test_nothing_makes_reading_raise(changes: list[tuple[int, bytes]], size: int, end: int) -> None:
    data = bytearray(records(BODY, size))
    for at, value in changes:
        data[at : at + len(value)] = value
    told = hello_in(data[:end])
    if isinstance(told, int):
        assert min(end, len(data)) < told <= ENOUGH + 2**14
