"""The capture that the benchmarks run over: made up, always the same, and mixed as the real thing.

A few thousand packets are built with scapy, which takes a second or two, and the capture is drawn
from them at random, each kind as often as `MIX` says. So packets of a kind differ in hosts, ports,
names, sizes and contents, and come again and again, as they do on a link with a few thousand flows.
Checksums are those that scapy computes, and right.

Bias: connections have no order (no segment follows from the one before it), which matters to
nobody here, as nothing that is measured keeps track of connections.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from struct import Struct
from typing import Any, Final

import numpy as np
from scapy.compat import raw
from scapy.layers.dns import DNS, DNSQR, DNSRR
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import ARP, Dot1Q, Ether
from scapy.packet import Packet, Raw

#: How often each kind of packet comes, of a thousand.
MIX: Final = {
    "TCP 443": 500,
    "QUIC": 230,
    "TCP 443 over IPv6": 90,
    "QUIC over IPv6": 40,
    "TCP 443 in a VLAN": 40,
    "TCP to other ports": 40,
    "SMB": 10,
    "DNS": 20,
    "fragments": 10,
    "ARP": 10,
    "ICMP": 5,
    "NTP": 5,
}
#: How many different packets of each kind there are, for each of the thousand.
_VARIANTS: Final = dict.fromkeys(MIX, 4) | {"DNS": 50}
#: Packets a second by the capture's own clock.
PACKETS_PER_SECOND: Final = 100_000

_FILE_HEADER: Final = Struct("<IHHiIII").pack(0xA1B2C3D4, 2, 4, 0, 0, 262_144, 1)
_RECORD_HEADER: Final = Struct("<IIII")
_CHUNK: Final = 50_000
_START: Final = 1_700_000_000

_HERE: Final = "00:00:5e:00:53:01"
_THERE: Final = "00:00:5e:00:53:02"
#: TCP options as data and acknowledgements have them (RFC 7323), and as SYNs and duplicate
#: acknowledgements (RFC 2018) do.
_STAMP: Final = [("NOP", None), ("NOP", None), ("Timestamp", (1, 2))]
_SYN: Final = [("MSS", 1460), ("SAckOK", b""), ("Timestamp", (1, 0)), ("NOP", None), ("WScale", 7)]
_SACK: Final = [*_STAMP, ("NOP", None), ("NOP", None), ("SAck", (1, 1449))]


def write_capture(path: Path, packets: int, seed: int = 0) -> None:
    """Write a pcap file of Ethernet packets, mixed as `MIX` says.

    Args:
        path: the file.
        packets: how many.
        seed: the same one gives the same file.
    """
    kinds = _variants(random.Random(seed))
    variants = [packet for several in kinds.values() for packet in several]
    shares = [MIX[name] / 1000 / len(several) for name, several in kinds.items() for _ in several]
    chance = np.random.default_rng(seed)
    header = _RECORD_HEADER.pack
    step = 1_000_000 // PACKETS_PER_SECOND
    with path.open("wb") as file:
        file.write(_FILE_HEADER)
        for first in range(0, packets, _CHUNK):
            count = min(_CHUNK, packets - first)
            pieces = []
            chosen = chance.choice(len(variants), count, p=shares).tolist()
            for number, index in enumerate(chosen, first):
                second, packet_of_second = divmod(number, PACKETS_PER_SECOND)
                data = variants[index]
                size = len(data)
                pieces.append(header(_START + second, packet_of_second * step, size, size))
                pieces.append(data)
            file.write(b"".join(pieces))


def _variants(chance: random.Random) -> dict[str, list[bytes]]:
    """Different packets of every kind, as bytes on the wire."""
    makers: dict[str, Callable[[random.Random], Packet]] = {
        "TCP 443": lambda chance: _ipv4(chance) / _tcp(chance, 443),
        "QUIC": lambda chance: _ipv4(chance) / _quic(chance),
        "TCP 443 over IPv6": lambda chance: _ipv6(chance) / _tcp(chance, 443),
        "QUIC over IPv6": lambda chance: _ipv6(chance) / _quic(chance),
        "TCP 443 in a VLAN": lambda chance: _vlan(chance) / _tcp(chance, 443),
        "TCP to other ports": lambda chance: (
            _ipv4(chance) / _tcp(chance, chance.choice((22, 3306, 8443, 9000)))
        ),
        "SMB": lambda chance: _ipv4(chance) / _smb(chance),
        "DNS": _dns,
        "fragments": _fragment,
        "ARP": _arp,
        "ICMP": lambda chance: (
            _ipv4(chance) / ICMP(type=chance.choice((0, 8)), id=7) / Raw(chance.randbytes(56))
        ),
        "NTP": lambda chance: (
            # RFC 5905 section 7.3: version 4 and mode 3, a client, and nothing else.
            _ipv4(chance) / UDP(sport=_port(chance), dport=123) / Raw(b"\x23" + bytes(47))
        ),
    }
    return {
        # A frame on Ethernet has 60 bytes at least, without its check sequence.
        name: [raw(make(chance)).ljust(60, b"\0") for _ in range(MIX[name] * _VARIANTS[name])]
        for name, make in makers.items()
    }


def _port(chance: random.Random) -> int:
    """A port that a client takes (RFC 6335's dynamic ones)."""
    return chance.randint(49152, 65535)


def _host(chance: random.Random) -> str:
    return f"10.{chance.randrange(4)}.{chance.randrange(256)}.{chance.randint(1, 254)}"


def _ipv4(chance: random.Random) -> Packet:
    return Ether(src=_HERE, dst=_THERE) / IP(src=_host(chance), dst=_host(chance), flags="DF")


def _vlan(chance: random.Random) -> Packet:
    ip = IP(src=_host(chance), dst=_host(chance))
    return Ether(src=_HERE, dst=_THERE) / Dot1Q(vlan=chance.randint(2, 20)) / ip


def _ipv6(chance: random.Random) -> Packet:
    src, dst = (f"2001:db8::{chance.randint(1, 0xFFFF):x}" for _ in range(2))
    return Ether(src=_HERE, dst=_THERE) / IPv6(src=src, dst=dst)


def _tcp(chance: random.Random, server: int) -> Packet:
    """Of ten segments, five are full, two or three are short, and the others carry nothing."""
    ports = [_port(chance), server]
    chance.shuffle(ports)
    fields: dict[str, Any] = dict(zip(("sport", "dport"), ports, strict=True))
    fields |= {"seq": chance.getrandbits(32), "ack": chance.getrandbits(32), "window": 501}
    kind = chance.random()
    if kind < 0.02:
        return TCP(**fields, flags="S", options=_SYN)
    if kind < 0.03:
        return TCP(**fields, flags="A", options=_SACK)
    if kind < 0.25:
        return TCP(**fields, flags="A", options=_STAMP)
    size = 1408 if kind < 0.75 else chance.randint(40, 800)
    # RFC 8446 section 5.2: application data, 23, under the version of TLS 1.2.
    data = b"\x17\x03\x03" + size.to_bytes(2) + chance.randbytes(size)
    return TCP(**fields, flags="PA", options=_STAMP) / Raw(data)


def _quic(chance: random.Random) -> Packet:
    """A packet with a short header (RFC 9000 section 17.3), full or an acknowledgement."""
    ports = [_port(chance), 443]
    chance.shuffle(ports)
    size = 1231 if chance.random() < 0.6 else chance.randint(25, 60)
    return UDP(sport=ports[0], dport=ports[1]) / Raw(b"\x40" + chance.randbytes(size))


def _smb(chance: random.Random) -> Packet:
    """SMB 2 over TCP (MS-SMB2 section 2.2.1): a READ and what it is answered with."""
    asking = chance.random() < 0.5
    flags = 0 if asking else 1
    header = b"\xfeSMB" + Struct("<HHIHHIIQIIQ16s").pack(
        64, 1, 0, 8, 1, flags, 0, chance.getrandbits(16), 0, 1, chance.getrandbits(32), bytes(16)
    )
    body = bytes((49, 0)) + bytes(47) if asking else bytes((17, 0, 80, 0)) + chance.randbytes(1200)
    message = (len(header) + len(body)).to_bytes(4) + header + body
    ports = {"sport": _port(chance), "dport": 445}
    if not asking:
        ports = {"sport": 445, "dport": ports["sport"]}
    return TCP(**ports, flags="PA", seq=1, ack=1, options=_STAMP) / Raw(message)


def _dns(chance: random.Random) -> Packet:
    """A question, or its answer."""
    label = "".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=chance.randint(3, 12)))
    name = f"{chance.choice(('www', 'cdn', 'api'))}.{label}.example"
    question = DNSQR(qname=name, qtype=chance.choice(("A", "AAAA")))
    number, port = chance.getrandbits(16), _port(chance)
    if chance.random() < 0.5:
        return _ipv4(chance) / UDP(sport=port, dport=53) / DNS(id=number, rd=1, qd=[question])
    answers = [
        DNSRR(rrname=name, type="A", ttl=60, rdata=_host(chance))
        for _ in range(chance.randint(1, 3))
    ]
    answer = DNS(id=number, qr=1, rd=1, ra=1, qd=[question], an=answers)
    return _ipv4(chance) / UDP(sport=53, dport=port) / answer


def _fragment(chance: random.Random) -> Packet:
    """The first or the second piece of a UDP datagram of 2000 bytes."""
    second = chance.random() < 0.5
    ip = IP(
        src=_host(chance), dst=_host(chance), id=chance.getrandbits(16), proto=17,
        flags=0 if second else "MF", frag=185 if second else 0,
    )  # fmt: skip
    header = Struct(">HHHH").pack(_port(chance), 4500, 2008, 0)
    data = chance.randbytes(2008 - 1480) if second else header + chance.randbytes(1472)
    return Ether(src=_HERE, dst=_THERE) / ip / Raw(data)


def _arp(chance: random.Random) -> Packet:
    operation = chance.choice((1, 2))
    device = chance.randrange(100)
    return Ether(src=_HERE, dst=_THERE) / ARP(
        op=operation, hwsrc=f"00:00:5e:00:53:{device:02x}", psrc=f"192.0.2.{device}",
        hwdst="00:00:5e:00:53:fe", pdst="192.0.2.254",
    )  # fmt: skip
