"""The chefs in the box on damaged packets: they say what scapy sees in each, and never fail."""

from __future__ import annotations

import logging
import random
from pathlib import Path
from types import GeneratorType

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.dhcp6 import DHCP6_Solicit, DHCP6OptIA_NA
from scapy.layers.dns import DNS, DNSQR, DNSRR
from scapy.layers.inet import GRE, ICMP, IP, TCP, UDP
from scapy.layers.inet6 import (
    ICMPv6ND_RA,
    ICMPv6NDOptSrcLLAddr,
    IPv6,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
)
from scapy.layers.l2 import ARP, Dot1AD, Dot1Q, Ether
from scapy.layers.vxlan import VXLAN
from scapy.packet import Raw

from netdumplings import Dumpling, dumplingchefs
from netdumplings.dumplingchefs import ARPChef, DNSLookupChef, PacketCountChef
from netdumplings.packets import PacketBatch
from netdumplings.wire import check_dumpling
from support import scapys
from support.examples import examples
from support.packets import HOST, OTHER, arp, batch, dns_query, dns_response, ether, tcp_syn
from support.real_packets import real_batches

MESSAGE = DNS(qd=[DNSQR(qname="a.example")], an=[DNSRR(rrname="a.example", rdata="192.0.2.1")])
SEEDS = [
    arp(),
    arp(2) + bytes(18),
    dns_query(),
    dns_response(),
    tcp_syn(53),
    ether(IP(), TCP(sport=40000, dport=53, flags="PA"), MESSAGE),
    ether(IP(), TCP(sport=40000, dport=445, flags="PA"), Raw(b"\0\0\0\x25\xffSMB" + bytes(40))),
    ether(Dot1Q(vlan=1), Dot1AD(vlan=2), IPv6(), UDP(sport=5353, dport=5353), MESSAGE),
    ether(IPv6(), IPv6ExtHdrHopByHop(), IPv6ExtHdrFragment(), UDP(dport=53), MESSAGE),
    ether(IP(), ICMP(type=11), IP(), UDP(dport=53), MESSAGE),
    ether(IP(), UDP(dport=4789), VXLAN(), Ether(src=HOST, dst=OTHER), ARP(op=2)),
    ether(IP(), GRE(), IP(), UDP(dport=53), MESSAGE),
    ether(IP(), UDP(sport=123, dport=123), Raw(bytes(48))),
    ether(IP(), UDP(sport=546, dport=547), Raw(bytes(48))),
    ether(IP(), UDP(sport=68, dport=67), BOOTP(op=1), DHCP(options=[("message-type", 1), "end"])),
    ether(IPv6(), UDP(sport=546, dport=547), DHCP6_Solicit(), DHCP6OptIA_NA()),
    ether(IPv6(hlim=255), ICMPv6ND_RA(), ICMPv6NDOptSrcLLAddr(lladdr=HOST)),
    ether(IP(), UDP(sport=1900, dport=1900), Raw(b"NOTIFY * HTTP/1.1\r\nNTS: ssdp:alive\r\n\r\n")),
]
#: Bytes that mean something where they happen to fall: EtherTypes, ports, pointers, lengths.
TELLING = [b"\0\x35", b"\x14\xe9", b"\x08\x06", b"\x81\0", b"\xc0\x0c", b"\0\0", b"\xff\xff"]


#: The others are held to what scapy says.
ON_REQUEST = [
    chef
    for chef in (getattr(dumplingchefs, name) for name in dumplingchefs.__all__)
    if getattr(chef, "by_request", False)
]


def _never_fail(packets: PacketBatch) -> None:
    """Have each of the other chefs tell of packets what can be sent to a hub."""
    for kind in ON_REQUEST:
        chef = kind()
        told = [*(chef.batch_handler(packets) or ()), chef.interval_handler(5.0)]
        left = chef.closing_handler()
        for payload in (*told, *(left if isinstance(left, GeneratorType) else [left])):
            if payload is not None:
                text = Dumpling(chef=chef, payload=payload).to_json()
                assert check_dumpling(text.encode()) is None


def _agree(packets: PacketBatch) -> None:
    _never_fail(packets)
    counting, looking, watching = PacketCountChef(), DNSLookupChef(), ARPChef()
    counting.batch_handler(packets)
    assert counting.interval_handler()["packet_counts"] == dict(scapys.layer_counts(packets))
    lookups = [told["lookup"]["hostname"] for told in looking.batch_handler(packets)]
    assert lookups == [
        name.decode("utf-8", "backslashreplace").removesuffix(".")
        for _, name in scapys.questions(packets)
    ]
    said = [(told["src_ip"], told["dst_hw"]) for told in watching.batch_handler(packets)]
    assert said == [(arp.src_ip, arp.dst_hw) for arp in scapys.arp_messages(packets)]


@pytest.fixture(autouse=True)
def _quiet() -> None:
    """scapy warns of each broken packet."""
    logging.getLogger("scapy").setLevel(logging.CRITICAL)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    data = bytearray(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(1, 4))):
        where = draw(st.integers(0, len(data)))
        match draw(st.sampled_from(["flip", "write", "insert", "remove", "cut"])):
            case "flip" if where < len(data):
                data[where] ^= 1 << draw(st.integers(0, 7))
            case "write":
                data[where : where + 2] = draw(st.sampled_from(TELLING))
            case "insert":
                data[where:where] = draw(st.binary(max_size=6))
            case "remove":
                del data[where : where + draw(st.integers(1, 6))]
            case "cut":
                del data[where:]
    return bytes(data)


@examples(1.5)
@given(st.lists(damaged(), min_size=1, max_size=6))
def test_damaged_packets_are_told_as_scapy_sees_them(frames: list[bytes]) -> None:
    _agree(batch(*frames))


@given(st.sampled_from([0, 1, 12, 101, 113, 228, 229, 276, 127]), st.binary(max_size=100))
def test_any_bytes_of_any_link_type_are_told_as_scapy_sees_them(
    link_type: int, data: bytes
) -> None:
    _agree(batch(data, link_type=link_type))


def test_damaged_packets_of_the_real_captures_are_told_as_scapy_sees_them(captures: Path) -> None:
    damage = random.Random(3)
    packets = 0
    for original in real_batches(captures, each=3):
        frames = []
        for index in range(len(original)):
            data = bytearray(original.data(index))
            for _ in range(damage.randint(1, 3)):
                where = damage.randrange(min(len(data), 80) + 1)
                data[where : where + 2] = damage.choice([*TELLING, damage.randbytes(2)])
            frames.append(
                bytes(data[: damage.choice((None, None, damage.randrange(len(data) + 1)))])
            )
        _agree(batch(*frames, link_type=original.link_type))
        packets += len(frames)
    assert packets > 100
