"""ClientHellos in DTLS records."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from netdumplings.packets.dtls import Fragment, fragments, looks_like_dtls
from support.connections import Connection, datagram
from support.examples import examples
from support.hellos import client_hello, dtls_records
from support.packets import batch

BODY = client_hello(legacy=0xFEFD, cookie=b"")


def test_a_whole_hello_is_one_fragment() -> None:
    (record,) = dtls_records(BODY, number=1)
    assert fragments(record) == [Fragment(1, len(BODY), 0, BODY)]


def test_fragments_come_several_in_a_datagram_or_one_in_each() -> None:
    parts = dtls_records(BODY, 100)
    found = fragments(b"".join(parts))
    assert found == [fragment for part in parts for fragment in fragments(part)]
    assert b"".join(fragment.data for fragment in found) == BODY
    assert [fragment.offset for fragment in found] == list(range(0, len(BODY), 100))


def test_what_is_cut_off_encrypted_or_another_message_is_none() -> None:
    (record,) = dtls_records(BODY)
    assert fragments(record[:-1]) == []
    assert fragments(record[:3] + b"\0\1" + record[5:]) == []
    assert fragments(record[:13] + b"\x02" + record[14:]) == []
    assert fragments(b"") == []


def test_datagrams_that_begin_so_are_found_on_any_port() -> None:
    (record,) = dtls_records(BODY)
    (newer,) = dtls_records(BODY, version=0xFEFD)
    frames = [
        datagram(record, dport=5684),
        datagram(newer),
        datagram(record[:20]),
        datagram(record[:3] + b"\0\1" + record[5:]),
        Connection().client(record),
    ]
    assert looks_like_dtls(batch(*frames)).tolist() == [True, True, False, False, False]


@examples(4)
@given(st.lists(st.tuples(st.integers(0, 60), st.binary(max_size=3))), st.integers(20, 400))
def test_no_datagram_makes_reading_raise(changes: list[tuple[int, bytes]], size: int) -> None:
    data = bytearray(b"".join(dtls_records(BODY, size)))
    for at, value in changes:
        data[at : at + len(value)] = value
    for fragment in fragments(bytes(data)):
        assert fragment.data in data
