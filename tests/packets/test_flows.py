"""Which flow each packet of a batch belongs to."""

from __future__ import annotations

from itertools import groupby

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import ICMPv6EchoReply, ICMPv6EchoRequest, IPv6
from scapy.layers.l2 import Dot1Q
from scapy.layers.sctp import SCTP
from scapy.packet import Packet, Raw

from netdumplings.packets import PacketBatch, flows
from netdumplings.packets.community_id import community_id
from netdumplings.packets.flows import community_id_of, ends, fields_of
from support.packets import arp, batch, ether
from support.traffic import Frame, damaged_frames, frames

A, B = "192.0.2.1", "192.0.2.2"
A6, B6 = "2001:db8::1", "2001:db8::2"


def there(transport: Packet, *tags: Packet, ip: Packet | None = None) -> bytes:
    return ether(*tags, ip or IP(src=A, dst=B), transport)


def back(transport: Packet, *tags: Packet) -> bytes:
    return ether(*tags, IP(src=B, dst=A), transport)


def test_both_ways_are_one_flow() -> None:
    found = batch(
        there(TCP(sport=50000, dport=80)),
        back(TCP(sport=80, dport=50000)),
        there(TCP(sport=50001, dport=80)),
        there(UDP(sport=50000, dport=80)),
        there(TCP(sport=50000, dport=80)),
        back(TCP(sport=50000, dport=80)),
    ).flows
    assert found.index.tolist() == [0, 0, 1, 2, 0, 3]
    assert found.reverse.tolist() == [False, True, False, False, False, True]
    assert found.first.tolist() == [0, 2, 3, 5]
    assert found.order.tolist() == [0, 1, 4, 2, 3, 5]
    assert found.starts.tolist() == [0, 3, 4, 5]
    assert found.counts.tolist() == [3, 1, 1, 1]
    assert [packets.tolist() for _, packets in found] == [[0, 1, 4], [2], [3], [5]]


def test_a_flow_is_told_from_the_side_that_began() -> None:
    key = batch(back(TCP(sport=80, dport=50000))).flows.keys[0]
    assert fields_of(key, reverse=True) == {
        "src_ip": B, "src_port": 80, "dst_ip": A, "dst_port": 50000, "proto": "tcp",
        "community_id": community_id_of(key),
    }  # fmt: skip
    assert fields_of(key)["src_ip"] == A
    assert fields_of(key)["src_port"] == 50000


def test_keys_are_the_same_in_every_batch() -> None:
    one = batch(arp(), there(TCP(sport=50000, dport=80))).flows
    other = batch(back(UDP()), back(TCP(sport=80, dport=50000))).flows
    assert one.keys[0] == other.keys[1]


def test_of_one_host_with_itself_the_ports_decide() -> None:
    loop = IP(src="127.0.0.1", dst="127.0.0.1")
    found = batch(
        there(UDP(sport=9, dport=7), ip=loop),
        there(UDP(sport=7, dport=9), ip=loop),
        there(UDP(sport=7, dport=7), ip=loop),
    ).flows
    assert found.index.tolist() == [0, 0, 1]
    assert found.reverse.tolist() == [True, False, False]


def test_vlans_are_kept_apart_and_a_priority_is_no_vlan() -> None:
    syn = TCP(sport=50000, dport=80)
    found = batch(
        there(syn), there(syn, Dot1Q(vlan=5)), there(syn, Dot1Q(vlan=0)),
        there(syn, Dot1Q(vlan=5), Dot1Q(vlan=6)), there(syn, Dot1Q(vlan=4095)),
    ).flows  # fmt: skip
    assert found.index.tolist() == [0, 1, 0, 1, 2]
    assert [fields_of(key).get("vlan") for key in found.keys] == [None, 5, 4095]


def test_ipv6() -> None:
    found = batch(
        ether(IPv6(src=B6, dst=A6), TCP(sport=80, dport=50000)),
        ether(IPv6(src=A6, dst=B6), TCP(sport=50000, dport=80)),
        ether(IPv6(src="::192.0.2.1", dst="::192.0.2.2"), TCP(sport=50000, dport=80)),
        there(TCP(sport=50000, dport=80)),
    ).flows
    assert found.index.tolist() == [0, 0, 1, 2]
    assert [ends(key).lower_port for key in found.keys] == [50000] * 3
    assert fields_of(found.keys[0])["src_ip"] == A6


def test_an_echo_is_one_flow_with_its_reply() -> None:
    found = batch(
        there(ICMP(type=8, id=1)), back(ICMP(type=0, id=1)), there(ICMP(type=0)),
        ether(IPv6(src=B6, dst=A6), ICMPv6EchoRequest()),
        ether(IPv6(src=A6, dst=B6), ICMPv6EchoReply()),
    ).flows  # fmt: skip
    assert found.index.tolist() == [0, 0, 1, 2, 2]
    assert fields_of(found.keys[0]) == {
        "src_ip": A, "dst_ip": B, "icmp_type": 8, "proto": "icmp",
        "community_id": community_id_of(found.keys[0]),
    }  # fmt: skip
    assert fields_of(found.keys[2], reverse=True)["icmp_type"] == 128


def test_an_icmp_error_goes_one_way() -> None:
    error = ICMP(type=3, code=1)
    found = batch(back(error), there(error), back(ICMP(type=3, code=2)), back(error)).flows
    assert found.index.tolist() == [0, 1, 2, 0]
    assert not found.reverse.any()
    told = fields_of(found.keys[0])
    assert (told["src_ip"], told["icmp_type"], told["icmp_code"]) == (B, 3, 1)


def test_sctp_has_ports_and_other_protocols_have_none() -> None:
    found = batch(
        there(SCTP(sport=7, dport=9)), back(SCTP(sport=9, dport=7)),
        there(Raw(bytes(20)), ip=IP(src=A, dst=B, proto=47)), there(SCTP(sport=7, dport=9))[:37],
    ).flows  # fmt: skip
    assert found.index.tolist() == [0, 0, 1, 2]
    assert fields_of(found.keys[0])["src_port"] == 7
    assert [fields_of(key)["proto"] for key in found.keys] == ["sctp", 47, "sctp"]
    assert all("src_port" not in fields_of(key) for key in found.keys[1:])


def test_what_is_cut_off_behind_its_ports_still_has_them() -> None:
    whole = there(TCP(sport=50000, dport=80))
    found = batch(whole, whole[:38], whole[:37]).flows
    assert found.index.tolist() == [0, 0, 1]


def test_later_fragments_are_a_flow_without_ports() -> None:
    found = batch(
        there(UDP(sport=9, dport=53), ip=IP(src=A, dst=B, flags="MF")),
        there(Raw(bytes(8)), ip=IP(src=A, dst=B, frag=10, proto=17)),
        back(UDP(sport=53, dport=9)),
        there(UDP(sport=0, dport=0)),
    ).flows
    assert found.index.tolist() == [0, 1, 0, 2]
    assert "src_port" not in fields_of(found.keys[1])
    assert fields_of(found.keys[2])["src_port"] == 0


def test_what_is_not_ip_has_no_flow() -> None:
    found = batch(arp(), there(UDP()), b"", bytes(60)).flows
    assert found.index.tolist() == [-1, 0, -1, -1]
    assert found.order.tolist() == [1]
    assert batch(arp()).flows.keys == []
    assert len(PacketBatch.from_records(1, []).flows) == 0


def test_a_keys_community_id_is_that_of_its_packets() -> None:
    key = batch(back(ICMP(type=3, code=1))).flows.keys[0]
    here, other = bytes([192, 0, 2, 2]), bytes([192, 0, 2, 1])
    assert community_id_of(key) == community_id(1, here, other, 3, 1)


def _by_hand(packets: PacketBatch, index: int) -> tuple[object, ...] | None:
    """What tells a packet's flow from others, from the columns, one packet at a time."""
    version, protocol = int(packets.ip_versions[index]), int(packets.ip_protocols[index])
    if version < 0 or protocol < 0:
        return None
    if version == 4:
        src, dst = int(packets.ipv4_sources[index]), int(packets.ipv4_destinations[index])
        addresses = [each.to_bytes(4, "big") for each in (src, dst)]
    else:
        addresses = [
            packets.ipv6_sources[index].tobytes(),
            packets.ipv6_destinations[index].tobytes(),
        ]
    ports: list[int | None] = [None, None]
    network = packets.headers.network
    at, end = int(network.payload_offset[index]), int(network.end[index])
    if packets.icmp_types[index] >= 0:
        ports = [int(packets.icmp_types[index]), int(packets.icmp_codes[index])]
    elif protocol in (6, 17, 132) and not network.fragment_offset[index] and at + 4 <= end:
        data = packets.data(index)[at:]
        ports = [int.from_bytes(data[:2], "big"), int.from_bytes(data[2:4], "big")]
    vlan = int(packets.vlans[index])
    return version, vlan if vlan > 0 else None, community_id(protocol, *addresses, *ports)


def _agree(packets: PacketBatch) -> None:
    found = packets.flows
    keys = [_by_hand(packets, index) for index in range(len(packets))]
    assert [key is None for key in keys] == (found.index < 0).tolist()
    seen: list[object] = []
    for key, number in zip(keys, found.index.tolist(), strict=True):
        if key is not None:
            if key not in seen:
                seen.append(key)
            assert seen.index(key) == number
            assert key[2] == community_id_of(found.keys[number])


@given(st.lists(frames() | damaged_frames(), max_size=12))
def test_flows_of_anything_are_those_told_one_by_one(some: list[Frame]) -> None:
    for link_type, group in groupby(sorted(some), key=lambda frame: frame[0]):
        _agree(batch(*[data for _, data in group], link_type=link_type))


def test_many_flows_are_told_apart_though_their_hashes_were_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    packets = [there(UDP(sport=port, dport=port % 7)) for port in (*range(40), *range(40))]
    expected = batch(*packets).flows
    assert len(expected) == 40
    monkeypatch.setattr(flows, "_FACTORS", [np.uint64(0)] * 5)
    found = batch(*packets).flows
    assert found.index.tolist() == expected.index.tolist() == [*range(40), *range(40)]
    assert found.keys == expected.keys
