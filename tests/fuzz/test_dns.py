"""DNS from hostile bytes: what is told is what scapy would tell, and nothing raises."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from netdumplings.packets.dns import UNSURE, is_plain, question
from support import scapys
from support.dns_messages import damaged
from support.examples import examples


def _with_length(message: bytes, lie: int) -> bytes:
    return max(0, len(message) + lie).to_bytes(2, "big") + message


segment = st.builds(_with_length, damaged, st.sampled_from([0, 0, 0, 2, 3, -1, -20, 9000]))


def _agrees(payload: bytes, over_tcp: bool) -> None:
    name, alone = scapys.dns_message(payload, over_tcp)
    assert question(payload, over_tcp) in (name, UNSURE)
    assert alone or not is_plain(payload, over_tcp)


@examples(3)
@given(damaged)
def test_a_datagram_is_told_as_scapy_tells_it_or_not_at_all(payload: bytes) -> None:
    _agrees(payload, over_tcp=False)


@examples(2)
@given(segment)
def test_a_segment_is_told_as_scapy_tells_it_or_not_at_all(payload: bytes) -> None:
    _agrees(payload, over_tcp=True)


@given(st.binary(min_size=1, max_size=400), st.booleans())
def test_any_bytes_are_told_as_scapy_tells_them_or_not_at_all(data: bytes, tcp: bool) -> None:
    _agrees(data, tcp)
