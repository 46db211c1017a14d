"""SPEC section 7: which layers a packet counts as having."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.dns import DNS
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Dot1Q, Ether
from scapy.layers.ntp import NTP
from scapy.packet import NoPayload, Packet, Raw, bind_layers, split_layers

from netdumplings.packets import PacketBatch, count_layers, dissect, layer_names
from support import scapys
from support.packets import arp, batch, dns_query, dns_response, ether, tcp_syn
from support.real_packets import real_batches


@pytest.mark.parametrize(
    ("data", "names"),
    [
        (tcp_syn(), ["Ethernet", "IP", "TCP"]),
        (dns_query(), ["Ethernet", "IP", "UDP", "DNS"]),
        (dns_response(question=False), ["Ethernet", "IP", "UDP", "DNS"]),
        (arp(), ["Ethernet", "ARP"]),
        (arp() + bytes(18), ["Ethernet", "ARP", "Padding"]),
        (tcp_syn() + bytes(6), ["Ethernet", "IP", "TCP", "Padding"]),
        (
            ether(Dot1Q(vlan=5), IPv6(), UDP(sport=9, dport=9)),
            ["Ethernet", "802.1Q", "IPv6", "UDP"],
        ),
        (ether(IP(), ICMP(), Raw(b"ping")), ["Ethernet", "IP", "ICMP", "Raw"]),
        (ether(IP(), UDP(sport=123, dport=123), NTP()), ["Ethernet", "IP", "UDP", "NTPHeader"]),
        (ether(IP(), TCP(sport=1, dport=4444), Raw(b"x")), ["Ethernet", "IP", "TCP", "Raw"]),
        (b"", ["Ethernet"]),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, list) else "",
)
def test_layers_have_the_names_scapy_gives_them(data: bytes, names: list[str]) -> None:
    assert layer_names(1, data) == names


def test_an_application_is_one_layer_however_much_it_says() -> None:
    """Port 445 is bound to NetBIOS, in which scapy would find SMB, and in that more."""
    smb = bytes.fromhex("00000025ff534d4272000000001853c8000000000000000000000000fffffffe00000000")
    data = ether(IP(), TCP(sport=50000, dport=445, flags="PA"), Raw(smb))
    assert layer_names(1, data) == ["Ethernet", "IP", "TCP", "NBT Session Packet"]
    assert len(_all_names(Ether(data))) > 4


def test_layers_are_scapys_up_to_the_transport_in_every_real_capture(captures: Path) -> None:
    compared = 0
    for packets in real_batches(captures, each=20):
        for index in range(len(packets)):
            data = packets.data(index)
            expected = _names_to_transport(dissect(packets.link_type, data, time=0))
            assert layer_names(packets.link_type, data)[: len(expected)] == expected
            compared += 1
    assert compared > 500


def test_a_batch_is_counted_as_its_packets_are_one_by_one() -> None:
    packets = batch(
        arp(),
        arp() + bytes(18),
        tcp_syn(),
        tcp_syn() + bytes(6),
        dns_query(),
        dns_response(),
        dns_query() + bytes(6),
        ether(IP(), UDP(sport=53, dport=40000), Raw(b"no DNS")),
        ether(IP(), UDP(sport=53, dport=40000), DNS(), Raw(b"more")),
        ether(IP(), TCP(sport=40000, dport=445, flags="PA"), Raw(bytes(40))),
        ether(IP(), TCP(sport=135, dport=50001, flags="PA"), Raw(b"\4" + bytes(40))),
        ether(IP(), TCP(sport=135, dport=50002, flags="PA"), Raw(b"\5" + bytes(40))),
        ether(IP(), UDP(sport=123, dport=123), NTP()),
        ether(IP(), UDP(sport=1723, dport=53), Raw(b"short")),
        ether(IP(), TCP(sport=1723, dport=40000), Raw(b"short")),  # a dispatch_hook that fails
        ether(IPv6(), UDP(sport=546, dport=547), Raw(b"\1" + bytes(20))),
        ether(IP(), ICMP(), Raw(b"ping")),
        ether(IP(frag=9), Raw(b"later")),
        ether(IP(options=b"\1" * 4), TCP(sport=1, dport=2), Raw(b"unknown")),
        b"",
    )
    counts = count_layers(packets)
    assert counts == scapys.layer_counts(packets)
    assert counts["DNS"] == 4
    assert counts["NBT Session Packet"] == 1
    assert counts["DHCPv6 Solicit Message"] == 1
    assert counts["DCE/RPC v4"] == counts["DCE/RPC v5"] == 1
    assert 0 not in counts.values()


def test_a_batch_of_nothing_counts_nothing() -> None:
    broken = batch(ether(IP(), UDP(sport=53, dport=40000), Raw(b"no DNS")))
    assert dict(count_layers(broken)) == {"Ethernet": 1, "IP": 1, "UDP": 1, "Raw": 1}
    assert count_layers(PacketBatch.from_records(1, [])) == {}
    assert count_layers(batch(b"abc", link_type=54321)) == {"Raw": 1}


def test_what_an_import_binds_while_we_run_is_counted_by_its_name() -> None:
    class Ours(Packet):
        name = "Ours"

    data = ether(IP(), UDP(sport=40000, dport=47123), Raw(b"x"))
    assert count_layers(batch(data))["Raw"] == 1
    bind_layers(UDP, Ours, dport=47123)
    try:
        assert count_layers(batch(data)) == {"Ethernet": 1, "IP": 1, "UDP": 1, "Ours": 1}
    finally:
        split_layers(UDP, Ours, dport=47123)
    assert count_layers(batch(data))["Raw"] == 1


def test_a_layer_bound_to_more_than_ports_is_found_by_scapy() -> None:
    class Urgent(Packet):
        name = "Urgent"

    data = ether(IP(), TCP(sport=40000, dport=47123, urgptr=7), Raw(b"x"))
    bind_layers(TCP, Urgent, dport=47123, urgptr=7)
    try:
        packets = batch(data, ether(IP(), TCP(sport=40000, dport=47123), Raw(b"x")))
        assert count_layers(packets) == scapys.layer_counts(packets)
        assert count_layers(packets)["Urgent"] == 1
    finally:
        split_layers(TCP, Urgent, dport=47123, urgptr=7)


def test_batches_of_every_real_capture_are_counted_as_their_packets_are(captures: Path) -> None:
    compared = 0
    for packets in real_batches(captures, each=60):
        assert count_layers(packets) == scapys.layer_counts(packets)
        compared += len(packets)
    assert compared > 1000


@given(st.sampled_from([0, 1, 101, 113, 276]), st.binary(max_size=120))
def test_any_bytes_have_some_layers(link_type: int, data: bytes) -> None:
    assert all(isinstance(name, str) for name in layer_names(link_type, data))


def _all_names(packet: Packet) -> list[str]:
    names = []
    while not isinstance(packet, NoPayload):
        names.append(packet.name)
        packet = packet.payload
    return names


def _names_to_transport(packet: Packet) -> list[str]:
    """The names of a fully dissected packet, up to its first transport, or all with DNS on it."""
    names = []
    while not isinstance(packet, NoPayload):
        names.append(packet.name)
        if isinstance(packet, TCP | UDP) and not isinstance(packet.payload, DNS):
            break
        packet = packet.payload
    return names
