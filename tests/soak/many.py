"""More flows, names, hosts, ... than chefs remember: what they take of memory is what they say."""

from __future__ import annotations

import time
import tracemalloc
from typing import Any, Final, NamedTuple

from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import ARP, Ether

from netdumplings import DumplingChef
from netdumplings.dumplingchefs import (
    ARPChef,
    ARPGuardChef,
    DeviceChef,
    DHCPChef,
    DNSChef,
    DNSLookupChef,
    FlowChef,
    HTTPChef,
    ICMPChef,
    PacketCountChef,
    ScanChef,
    TCPHealthChef,
    TLSClientChef,
    TopTalkersChef,
)
from support import hellos, traffic
from support.many import Pattern, numbered, over_ipv4

#: Packets of a batch, and how many come within a second.
BATCH, A_SECOND = 2000, 50_000
MIB: Final = 2**20

_TCP, _UDP, _ICMP = 6, 17, 1
#: Where in a frame the headers of TCP and UDP over IPv4 are, and what they carry.
_PORTS, _SEQUENCE, _TCP_DATA, _UDP_DATA = 34, 38, 54, 42
_SYN = Pattern(over_ipv4((_TCP, traffic.tcp(40000, 443, b"", flags=2))))
_PORT_SCAN = Pattern(_SYN.frame, (30,), shorts=(_PORTS + 2,))
_PORT_SCANS = Pattern(_SYN.frame, shorts=(_PORTS + 2,), each=32)
_TALKERS = Pattern(_SYN.frame, shorts=(_PORTS, _PORTS + 2), longer=True)
_DATAGRAM = Pattern(over_ipv4((_UDP, traffic.udp(1024, 9, bytes(8)))))
_ECHO = Pattern(over_ipv4((_ICMP, traffic.icmp_echo(8, b""))))
_QUOTED = traffic.ipv4(_UDP, traffic.udp(1024, 53, b""))
_UNREACHABLE = Pattern(over_ipv4((_ICMP, traffic.icmp_echo(3, b"")[:8] + _QUOTED)))


def _arp(operation: int) -> Pattern:
    """ARP of a device of its own: in its hardware addresses, and in its IP address."""
    ether = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")
    arp = ARP(op=operation, hwsrc="02:00:00:00:00:01", psrc="10.0.0.1", pdst="10.0.0.2")
    return Pattern(bytes(ether / arp) + bytes(18), (8, 24, 28))


def _dns() -> Pattern:
    """A query with an identifier and a name of its own, from a host of its own."""
    name = b"\x08abcdefgh" + 3 * (b"\x3f" + b"n" * 63) + b"\0"
    query = bytes.fromhex("0007 0100 0001 0000 0000 0000") + name + b"\0\1\0\1"
    frame = over_ipv4((_UDP, traffic.udp(1024, 53, query)))
    return Pattern(frame, words=(_UDP_DATA + 13,), shorts=(_UDP_DATA,))


def _dhcp() -> Pattern:
    """A DISCOVER of a client of its own, with a number of its own."""
    bootp = BOOTP(op=1, chaddr=bytes.fromhex("020000000001"))
    options = [("message-type", 1), ("hostname", b"abcdefgh" * 20), "end"]
    ip = Ether(dst="ff:ff:ff:ff:ff:ff") / IP(src="0.0.0.0", dst="255.255.255.255")
    frame = bytes(ip / UDP(sport=68, dport=67) / bootp / DHCP(options=options))
    return Pattern(frame, (8, _UDP_DATA + 4, _UDP_DATA + 30), (frame.index(b"abcdefgh"),))


def _hello() -> Pattern:
    """A ClientHello, all of it, in a connection of its own."""
    record = hellos.records(hellos.client_hello(padding=200))
    return Pattern(over_ipv4((_TCP, traffic.tcp(40000, 443, record, flags=24))))


def _part(data: bytes) -> Pattern:
    """The beginning of something, in a connection of its own."""
    return Pattern(over_ipv4((_TCP, traffic.tcp(40000, 80, data, flags=24))))


_REQUEST = b"GET /abcdefgh HTTP/1.1\r\nHost: a.example\r\nUser-Agent: " + b"u" * 300 + b"\r\n\r\n"
_HELLO_PART = hellos.records(hellos.client_hello(padding=2000))[:1400]


class Claim(NamedTuple):
    """What a chef says of itself.

    Attributes:
        chef: its class.
        of: what there are very many of.
        pattern: its packets.
        most: bytes that it takes at most, by its own words.
        a_second: how many packets come in a second.
        sizes: its attributes that say how much it remembers.
    """

    chef: type[DumplingChef]
    of: str
    pattern: Pattern
    most: int
    a_second: int = A_SECOND
    sizes: tuple[str, ...] = ()


CLAIMS: Final = (
    Claim(FlowChef, "flows", _SYN, 20_000_000, sizes=("size",)),
    Claim(TCPHealthChef, "connections", _SYN, 18_000_000, sizes=("size", "pairs")),
    Claim(ICMPChef, "echo requests", _ECHO, 8_000_000, sizes=("size", "pairs")),
    Claim(ICMPChef, "errors", _UNREACHABLE, 8_000_000, sizes=("size", "pairs")),
    Claim(ScanChef, "sources", _SYN, 18_000_000, sizes=("size", "scans")),
    Claim(
        ScanChef, "hosts and ports of one source", _PORT_SCAN, 18_000_000, sizes=("size", "scans")
    ),
    Claim(ScanChef, "sources of datagrams", _DATAGRAM, 18_000_000, sizes=("size", "scans")),
    Claim(ScanChef, "ports of many sources", _PORT_SCANS, 18_000_000, sizes=("size", "scans")),
    # (More keys than stay, but not so many that they go at once.)
    Claim(TopTalkersChef, "hosts, pairs and ports", _TALKERS, 20_000_000, 240, ("size",)),
    Claim(ARPGuardChef, "devices that reply", _arp(2), 26 * MIB),
    Claim(ARPGuardChef, "devices that ask", _arp(1), 26 * MIB),
    Claim(ARPChef, "devices", _arp(2), 26 * MIB),
    Claim(DeviceChef, "devices that ask", _arp(1), 40 * MIB),
    Claim(DeviceChef, "devices with names", _dhcp(), 40 * MIB),
    Claim(DNSLookupChef, "names", _dns(), 4 * MIB),
    Claim(DNSChef, "queries", _dns(), 24 * MIB),
    Claim(DHCPChef, "clients", _dhcp(), 32 * MIB),
    Claim(TLSClientChef, "connections", _SYN, 50 * MIB),
    Claim(TLSClientChef, "ClientHellos", _hello(), 50 * MIB),
    Claim(TLSClientChef, "parts of ClientHellos", _part(_HELLO_PART), 50 * MIB),
    Claim(HTTPChef, "connections", _SYN, 60 * MIB),
    Claim(HTTPChef, "requests", _part(_REQUEST), 60 * MIB),
    Claim(HTTPChef, "parts of requests", _part(_REQUEST[:-2]), 60 * MIB),
    Claim(PacketCountChef, "flows", _SYN, 1 * MIB),
)


def held(chef: Any, pattern: Pattern, packets: int, a_second: int = A_SECOND) -> int:
    """Give a chef that many packets, and return the most that it held of memory, bytes."""
    list(chef.batch_handler(numbered(pattern, 0, 10, 0)) or ())
    size, most = min(BATCH, 2 * a_second), 0
    tracemalloc.start()
    try:
        for first in range(0, packets, size):
            batch = numbered(pattern, first, size, first // a_second)
            for _ in chef.batch_handler(batch) or ():
                pass
            if not first % (50 * size):
                chef.interval_handler(5.0)
            del batch
            most = max(most, tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    return most


def many(packets: int) -> bool:
    """Try every claim, print a line for each; return whether one is false."""
    bad = False
    for claim in CLAIMS:
        began = time.monotonic()
        most = held(claim.chef(), claim.pattern, packets, claim.a_second)
        verdict = "good" if most <= claim.most else "BAD"
        print(
            f"{claim.chef.__name__}: {packets} {claim.of} in {time.monotonic() - began:.0f} "
            f"seconds, {most / 1e6:.1f} MB of {claim.most / 1e6:.0f}: {verdict}",
            flush=True,
        )
        bad |= most > claim.most
    return bad
