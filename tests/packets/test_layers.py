"""SPEC section 7: which layers a packet counts as having."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.dns import DNS
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Dot1Q, Ether
from scapy.layers.ntp import NTP
from scapy.packet import NoPayload, Packet, Raw

from netdumplings.capture import CaptureOptions, file_source
from netdumplings.exceptions import CaptureError
from netdumplings.packets import dissect, layer_names
from support.packets import arp, dns_query, dns_response, ether, tcp_syn


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
    for link_type, data in _real_packets(captures, each=20):
        packet = dissect(link_type, data, time=0)
        expected = _names_to_transport(packet)
        assert layer_names(link_type, data)[: len(expected)] == expected
        compared += 1
    assert compared > 3000


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


def _real_packets(captures: Path, each: int) -> Iterator[tuple[int, bytes]]:
    """The first packets of each of the captures."""
    for path in sorted(captures.rglob("*.*")):
        if path.suffix not in {".pcap", ".pcapng", ".gz"}:
            continue
        source = file_source([str(path)], CaptureOptions(filter=""))
        try:
            source.open()
            batch = source.read(1)
        except CaptureError:
            continue
        finally:
            source.close()
        for index in range(min(each, len(batch or ()))):
            assert batch is not None
            yield batch.link_type, batch.data(index)
