"""What is counted of every packet, by layer."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import ICMPv6EchoRequest, IPv6, IPv6ExtHdrHopByHop
from scapy.layers.l2 import Dot1Q, Ether
from scapy.packet import Raw

from netdumplings.defaults import TRAFFIC_LAYERS
from netdumplings.packets import PacketBatch
from netdumplings.packets.traffic import count_traffic
from support.packets import arp, batch, dns_query, ether, icmp, tcp_syn


def counted(packets: PacketBatch) -> dict[str, tuple[int, int]]:
    rows = zip(TRAFFIC_LAYERS, count_traffic(packets).tolist(), strict=True)
    return {layer: (count, size) for layer, (count, size) in rows if count}


@pytest.mark.parametrize(
    ("data", "layers"),
    [
        (tcp_syn(), {"IP", "TCP"}),
        (dns_query(), {"IP", "UDP"}),
        (icmp(), {"IP", "ICMP"}),
        (arp(), {"ARP"}),
        (ether(Dot1Q(vlan=5), Dot1Q(vlan=6), IP(), UDP()), {"IP", "UDP"}),
        (ether(IPv6(), TCP()), {"IPv6", "TCP"}),
        (ether(IPv6(), IPv6ExtHdrHopByHop(), ICMPv6EchoRequest()), {"IPv6", "ICMPv6"}),
        (ether(IP(proto=47), Raw(b"x")), {"IP"}),
        # A later fragment carries a part of what IP says; a header that is cut off says nothing.
        (ether(IP(frag=100, proto=6), Raw(b"xxxxxxxx")), {"IP", "TCP"}),
        (ether(IP(), TCP())[:20], {"IP"}),
        (bytes(Ether(type=0x88CC)) + b"lldp", {"other"}),
        (bytes(12) + b"\x00\x04" + bytes(4), {"other"}),
        (b"\xff", {"other"}),
        (b"", {"other"}),
    ],
    ids=lambda value: "-".join(sorted(value)) if isinstance(value, set) else "",
)
def test_every_packet_is_one_of_four_and_its_transport_besides(
    data: bytes, layers: set[str]
) -> None:
    packets = batch(data, data, arp())
    expected = dict.fromkeys(layers, (2, 2 * len(data)))
    count, size = expected.get("ARP", (0, 0))
    assert counted(packets) == expected | {"ARP": (count + 1, size + len(arp()))}


@given(
    link_type=st.sampled_from([0, 1, 12, 101, 108, 113, 147, 228, 229, 276]),
    packets=st.lists(st.binary(max_size=80), max_size=20),
    longer=st.integers(0, 2**32),
)
def test_whatever_the_bytes_are_the_first_four_are_everything(
    link_type: int, packets: list[bytes], longer: int
) -> None:
    records = [(0, len(data) + longer, data) for data in packets]
    rows = count_traffic(PacketBatch.from_records(link_type, records))
    assert rows[:4].sum(axis=0).tolist() == [
        len(packets),
        sum(length for _, length, _ in records),
    ]
    assert (rows[4:].sum(axis=0) <= rows[:2].sum(axis=0)).all()
    assert np.all(rows >= 0)
