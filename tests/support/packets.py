"""Packets to test with, and captures of them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from scapy.layers.dns import DNS, DNSQR, DNSRR
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Packet

from netdumplings import capture
from netdumplings.packets import PacketBatch

SECOND = 1_000_000_000
#: When the first packet of a test's capture comes by: 2020-09-13T12:26:40Z.
START = 1_600_000_000 * SECOND

HOST, OTHER = "02:00:00:00:00:01", "02:00:00:00:00:02"


def ether(*layers: Packet) -> bytes:
    """The bytes of a frame between the two hosts."""
    packet: Packet = Ether(src=HOST, dst=OTHER)
    for layer in layers:
        packet = packet / layer
    return bytes(packet)


def dns_query(name: str = "example.com") -> bytes:
    """A DNS query over UDP."""
    question = DNS(id=7, rd=1, qd=[DNSQR(qname=name)])
    return ether(IP(src="192.0.2.1", dst="192.0.2.53"), UDP(sport=40000, dport=53), question)


def dns_response(name: str = "example.com", *, question: bool = True) -> bytes:
    """A DNS response over UDP, with or without the question it answers."""
    answer = DNSRR(rrname=name, type="A", rdata="192.0.2.80")
    message = DNS(id=7, qr=1, qd=[DNSQR(qname=name)] if question else [], an=[answer])
    return ether(IP(src="192.0.2.53", dst="192.0.2.1"), UDP(sport=53, dport=40000), message)


def arp(op: int = 1, hw: str = HOST, ip: str = "192.0.2.1") -> bytes:
    """An ARP packet for IPv4 over Ethernet."""
    return ether(ARP(op=op, hwsrc=hw, psrc=ip, hwdst=OTHER, pdst="192.0.2.2"))


def tcp_syn(port: int = 80) -> bytes:
    """The first segment of a TCP connection."""
    return ether(IP(src="192.0.2.1", dst="192.0.2.80"), TCP(sport=50000, dport=port, flags="S"))


def icmp() -> bytes:
    """A frame that the default filter lets not through."""
    from scapy.layers.inet import ICMP

    return ether(IP(src="192.0.2.1", dst="192.0.2.80"), ICMP())


def batch(*packets: bytes, times: Iterable[float] | None = None, link_type: int = 1) -> PacketBatch:
    """A batch of packets, a second apart, or at given seconds after `START`."""
    seconds = range(len(packets)) if times is None else times
    return PacketBatch.from_records(
        link_type,
        [
            (START + round(second * SECOND), len(data), data)
            for second, data in zip(seconds, packets, strict=True)
        ],
    )


def write_pcap(path: Path, *packets: bytes, times: Iterable[float] | None = None) -> Path:
    """Write a capture file of packets as for `batch`."""
    capture.write_pcap(path, batch(*packets, times=times))
    return path
