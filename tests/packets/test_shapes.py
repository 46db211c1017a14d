"""Which layers a packet has, told from its columns."""

from __future__ import annotations

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import ARP, CookedLinux, CookedLinuxV2, Dot1Q, Ether, Loopback
from scapy.packet import Padding, Raw

from netdumplings.packets import PacketBatch
from netdumplings.packets.shapes import (
    SHAPES,
    UNKNOWN,
    Application,
    Family,
    application_of,
    family_of,
    layers_of,
)
from support import traffic
from support.traffic import ETHERNET, IPV4, LOOP, NULL, RAW, SLL, SLL2


def shape(data: bytes, link_type: int = ETHERNET) -> int:
    told = int(PacketBatch.from_records(link_type, [(0, len(data), data)]).shapes[0])
    assert 0 <= told < SHAPES
    return told


def frame(ip: bytes, *tags: int, link_type: int = ETHERNET) -> bytes:
    kind = 0x0800 if ip[0] >> 4 == 4 else 0x86DD
    return traffic.link(link_type, b"".join(traffic.tag(tag, 5) for tag in tags), kind) + ip


def tcp(data: bytes = b"x", port: int = 443, options: bytes = b"") -> bytes:
    return traffic.ipv4(6, traffic.tcp(40000, port, data, flags=16, options=options))


def udp(data: bytes = b"x", port: int = 443) -> bytes:
    return traffic.ipv6(17, traffic.udp(40000, port, data))


@pytest.mark.parametrize(
    ("data", "layers"),
    [
        (frame(tcp()), (Ether, IP, TCP, Raw)),
        (frame(tcp(b"")), (Ether, IP, TCP)),
        (frame(tcp(b"")) + bytes(6), (Ether, IP, TCP, Padding)),
        (frame(udp()), (Ether, IPv6, UDP, Raw)),
        (frame(udp(b"")) + b"x", (Ether, IPv6, UDP, Padding)),
        (frame(tcp(), 0x8100), (Ether, Dot1Q, IP, TCP, Raw)),
        (frame(tcp(), 0x8100, 0x8100) + b"x", (Ether, Dot1Q, Dot1Q, IP, TCP, Raw, Padding)),
        (frame(traffic.ipv4(1, traffic.icmp_echo(8, b"ping"))), (Ether, IP, ICMP, Raw)),
        (frame(traffic.ipv4(1, traffic.icmp_echo(0, b""))), (Ether, IP, ICMP)),
        (frame(traffic.ipv4(17, b"rest", fragment=9)), (Ether, IP, Raw)),
        (traffic.link(ETHERNET, b"", 0x0806) + traffic.arp() + bytes(18), (Ether, ARP, Padding)),
    ],
)
def test_plain_packets_have_a_shape(data: bytes, layers: tuple[type, ...]) -> None:
    assert layers_of(ETHERNET, shape(data)) == layers


@pytest.mark.parametrize(
    ("link_type", "first"),
    [(SLL, CookedLinux), (SLL2, CookedLinuxV2), (NULL, Loopback), (RAW, None), (IPV4, None)],
)
def test_other_link_types_have_shapes_too(link_type: int, first: type | None) -> None:
    told = layers_of(link_type, shape(frame(tcp(), link_type=link_type), link_type))
    assert told == (*([first] if first else []), IP, TCP, Raw)


def test_a_port_that_scapy_binds_leaves_the_application_to_scapy() -> None:
    for data in (frame(tcp(port=53)), frame(udp(port=123))):
        assert application_of(shape(data)) is Application.BOUND
    assert application_of(shape(frame(tcp(b"", port=53)))) is Application.NOTHING
    assert family_of(shape(frame(udp(port=53)))) is Family.UDP6


def test_a_packet_cut_off_in_its_payload_has_the_same_layers() -> None:
    assert shape(frame(tcp(b"long"))[:-3]) == shape(frame(tcp(b"long")))


AUTHENTICATED = bytes.fromhex("1d10") + bytes(14)


@pytest.mark.parametrize(
    ("options", "is_told"),
    [
        (bytes.fromhex("0101080a 00000005 0000001d"), True),
        (bytes.fromhex("020405b4 0402080a 00000005 00000006 01030307"), True),
        (AUTHENTICATED, True),
        (bytes.fromhex("0101 1d03 05 000000"), False),
        (bytes.fromhex("0204 05b4 01011d7f")[:8], True),
        (bytes.fromhex("00001d03 05000000"), True),
        (bytes.fromhex("ff00 1d03 05 000000"), False),
    ],
)
def test_tcp_options_on_which_scapy_fails_are_left_to_scapy(options: bytes, is_told: bool) -> None:
    data = frame(tcp(options=options))
    assert Ether(data).haslayer(TCP) == is_told
    assert (shape(data) != UNKNOWN) == is_told


@pytest.mark.parametrize(
    "data",
    [
        b"",
        frame(tcp(), 0x88A8),
        frame(tcp(), 0x8100, 0x8100, 0x8100),
        frame(traffic.ipv4(6, traffic.tcp(1, 2, b"", flags=2), options=bytes(4))),
        frame(traffic.ipv6(60, traffic.extension(17, b"") + traffic.udp(1, 2, b""))),
        frame(traffic.ipv4(47, bytes(20))),
        frame(traffic.ipv4(1, traffic.icmp_echo(3, bytes(20)))),
        frame(traffic.ipv4(17, b"\0\1\0\2\0\x09\0\0datagram")),
        frame(traffic.ipv4(17, b"\0\1\0\2\0\0\0\0datagram")),
        frame(tcp())[:50],
        traffic.link(ETHERNET, b"", 0x0806) + b"\0\6" + traffic.arp()[2:],
    ],
)
def test_what_is_not_plain_is_left_to_scapy(data: bytes) -> None:
    assert shape(data) == UNKNOWN


@pytest.mark.parametrize("link_type", [NULL, LOOP])
def test_ipv6_on_bsd_loopback_is_left_to_scapy(link_type: int) -> None:
    """Its number there is another on each system."""
    assert shape(frame(udp(), link_type=link_type), link_type) == UNKNOWN
