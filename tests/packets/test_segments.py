"""What TCP's and ICMP's headers say, as columns."""

from __future__ import annotations

from struct import pack

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import ICMPv6EchoRequest, ICMPv6ND_NS, IPv6, IPv6ExtHdrHopByHop
from scapy.layers.l2 import Dot1Q
from scapy.packet import Raw

from netdumplings.packets import PacketBatch
from netdumplings.packets.columns import ABSENT
from support.packets import batch, ether
from support.traffic import ETHERNET, ipv4, link, tcp

SEGMENT = TCP(seq=4_000_000_000, ack=7, window=65535, flags="PA")


def test_sequence_numbers_and_windows() -> None:
    packets = batch(
        ether(IP(), SEGMENT, Raw(b"hello")),
        ether(Dot1Q(vlan=5), IPv6(), IPv6ExtHdrHopByHop(), SEGMENT, Raw(b"hello")),
        ether(IP(), UDP()),
    )
    assert packets.tcp_seqs.tolist() == [4_000_000_000, 4_000_000_000, ABSENT]
    assert packets.tcp_acks.tolist() == [7, 7, ABSENT]
    assert packets.tcp_windows.tolist() == [65535, 65535, ABSENT]
    assert packets.tcp_lengths.tolist() == [5, 5, ABSENT]


@pytest.mark.parametrize("layer", [IP, IPv6])
def test_a_segments_length_counts_what_was_not_captured_and_no_padding(
    layer: type[IP | IPv6],
) -> None:
    options = TCP(options=[("NOP", None), ("NOP", None), ("Timestamp", (1, 2))])
    whole = ether(layer(), options, Raw(bytes(1000)))
    packets = batch(whole, whole[:90], ether(layer(), TCP()) + bytes(6))
    assert packets.tcp_lengths.tolist() == [1000, 1000, 0]


def test_a_segment_whose_length_the_card_left_out_is_as_long_as_was_captured() -> None:
    data = bytearray(ipv4(6, tcp(1, 2, b"hello", flags=16)))
    data[2:4] = bytes(2)
    assert batch(link(ETHERNET, b"", 0x0800) + data).tcp_lengths.tolist() == [5]


def test_types_and_codes_of_both_icmps() -> None:
    packets = batch(
        ether(IP(), ICMP(type=3, code=13)),
        ether(IPv6(), ICMPv6EchoRequest(code=2)),
        ether(IPv6(), ICMPv6ND_NS()),
        ether(IPv6(nh=1), Raw(pack(">BBHI", 8, 0, 0, 0))),
        ether(IP(proto=58), Raw(pack(">BBHI", 128, 0, 0, 0))),
        ether(IP(frag=8), ICMP()),
        ether(IP(), ICMP())[:37],
    )
    assert packets.icmp_types.tolist() == [3, 128, 135, *[ABSENT] * 4]
    assert packets.icmp_codes.tolist() == [13, 2, 0, *[ABSENT] * 4]
    assert packets.icmp.offset.tolist() == [34, 54, 54, *[ABSENT] * 4]


def test_of_no_packets_there_are_no_columns() -> None:
    packets = PacketBatch.from_records(1, [])
    assert packets.tcp_seqs.tolist() == packets.icmp_types.tolist() == []
