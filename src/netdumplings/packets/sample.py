"""A little network traffic, made up: for those who may not sniff and have no capture at hand."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Final

from scapy.compat import raw
from scapy.layers.dns import DNS, DNSQR, DNSRR
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.l2 import ARP, Ether
from scapy.layers.ntp import NTP
from scapy.packet import Packet, Raw

from .batch import PacketBatch

LINKTYPE_ETHERNET: Final = 1

# Names and addresses that RFC 2606, RFC 5737 and RFC 7042 set aside for documentation.
NAMES: Final = ("www.example.com", "mail.example.org", "cdn.example.net", "api.example.com")
ROUTER: Final = ("00:00:5e:00:53:01", "192.0.2.1")
HOSTS: Final = tuple((f"00:00:5e:00:53:{n:02x}", f"192.0.2.{n}") for n in range(10, 16))
SERVER: Final = "198.51.100.80"

#: How often a host of the sample does something, and how long the sample is, seconds.
PAUSE: Final = 0.5
DURATION: Final = 30


def sample_packets(start: float) -> PacketBatch:
    """Make half a minute of traffic of a small network: ARP, DNS, mDNS, NTP, TCP and TLS.

    Args:
        start: when it begins, seconds since the epoch.

    Returns:
        a few hundred Ethernet packets; the same for the same start.
    """
    chance = random.Random(0)  # noqa: S311  # only to look alive
    records = []
    for step in range(round(DURATION / PAUSE)):
        time_ns = round((start + step * PAUSE) * 1e9)
        for packet in _something(step, chance):
            data = raw(packet)
            records.append((time_ns, len(data), data))
            time_ns += chance.randint(100_000, 20_000_000)
    records.sort()
    return PacketBatch.from_records(LINKTYPE_ETHERNET, records)


def _something(step: int, chance: random.Random) -> Iterator[Packet]:
    """What one host does, in a rotation that shows everything within seconds."""
    host = chance.choice(HOSTS)
    kind = step % 6
    if kind == 0:
        yield from _arp(host)
    elif kind == 1:
        yield from _mdns(host)
    elif kind == 2:
        yield from _ntp(host, chance)
    else:
        yield from _lookup(host, chance)
        yield from _tls(host, chance)


def _arp(host: tuple[str, str]) -> Iterator[Packet]:
    hw, ip = host
    yield Ether(src=hw, dst="ff:ff:ff:ff:ff:ff") / ARP(
        op=1, hwsrc=hw, psrc=ip, hwdst="00:00:00:00:00:00", pdst=ROUTER[1]
    )
    yield Ether(src=ROUTER[0], dst=hw) / ARP(
        op=2, hwsrc=ROUTER[0], psrc=ROUTER[1], hwdst=hw, pdst=ip
    )


def _mdns(host: tuple[str, str]) -> Iterator[Packet]:
    hw, ip = host
    to_all = Ether(src=hw, dst="01:00:5e:00:00:fb") / IP(src=ip, dst="224.0.0.251", ttl=255)
    question = DNSQR(qname="_ipp._tcp.local", qtype="PTR")
    yield to_all / UDP(sport=5353, dport=5353) / DNS(rd=0, qd=[question])


def _ntp(host: tuple[str, str], chance: random.Random) -> Iterator[Packet]:
    port = chance.randint(32768, 60999)
    yield _out(host, SERVER) / UDP(sport=port, dport=123) / NTP(version=4, mode=3)
    yield _back(host, SERVER) / UDP(sport=123, dport=port) / NTP(version=4, mode=4)


def _lookup(host: tuple[str, str], chance: random.Random) -> Iterator[Packet]:
    port, number = chance.randint(32768, 60999), chance.randint(0, 0xFFFF)
    question = DNSQR(qname=chance.choice(NAMES))
    answer = DNSRR(rrname=question.qname, type="A", ttl=300, rdata=SERVER)
    yield _out(host, ROUTER[1]) / UDP(sport=port, dport=53) / DNS(id=number, qd=[question])
    yield (
        _back(host, ROUTER[1])
        / UDP(sport=53, dport=port)
        / DNS(id=number, qr=1, ra=1, qd=[question], an=[answer])
    )


def _tls(host: tuple[str, str], chance: random.Random) -> Iterator[Packet]:
    """A connection to port 443: handshake, TLS records of random bytes, and goodbye."""
    port, here, there = chance.randint(32768, 60999), 1000, 5000
    out, back = {"sport": port, "dport": 443}, {"sport": 443, "dport": port}
    yield _out(host, SERVER) / TCP(**out, flags="S", seq=here)
    yield _back(host, SERVER) / TCP(**back, flags="SA", seq=there, ack=here + 1)
    here, there = here + 1, there + 1
    yield _out(host, SERVER) / TCP(**out, flags="A", seq=here, ack=there)
    for _ in range(chance.randint(1, 4)):
        # RFC 8446 section 5.2: application data, 23, under the version of TLS 1.2.
        record = b"\x17\x03\x03\x00\xc8" + chance.randbytes(200)
        yield _out(host, SERVER) / TCP(**out, flags="PA", seq=here, ack=there) / Raw(record)
        here += len(record)
        yield _back(host, SERVER) / TCP(**back, flags="PA", seq=there, ack=here) / Raw(record)
        there += len(record)
    yield _out(host, SERVER) / TCP(**out, flags="FA", seq=here, ack=there)
    yield _back(host, SERVER) / TCP(**back, flags="FA", seq=there, ack=here + 1)


def _out(host: tuple[str, str], server: str) -> Packet:
    return Ether(src=host[0], dst=ROUTER[0]) / IP(src=host[1], dst=server)


def _back(host: tuple[str, str], server: str) -> Packet:
    return Ether(src=ROUTER[0], dst=host[0]) / IP(src=server, dst=host[1])
