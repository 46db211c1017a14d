"""What ARP and neighbour discovery say of who has which address."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet6 import (
    ICMPv6ND_NA,
    ICMPv6ND_NS,
    ICMPv6ND_RA,
    ICMPv6ND_RS,
    ICMPv6NDOptDstLLAddr,
    ICMPv6NDOptMTU,
    ICMPv6NDOptSrcLLAddr,
    IPv6,
)
from scapy.layers.l2 import ARP
from scapy.packet import Packet

from netdumplings.packets.neighbours import Claim, arp_claim, is_of_one, is_on_link, neighbour_claim
from support.packets import HOST, OTHER

MAC = bytes.fromhex(HOST.replace(":", ""))
IP, IP6 = bytes((192, 0, 2, 1)), bytes.fromhex("fe80" + "00" * 13 + "01")
TARGET = bytes.fromhex("20010db8" + "00" * 11 + "07")


def arp(**fields: object) -> Claim | None:
    given = {"op": 1, "hwsrc": HOST, "psrc": "192.0.2.1", "pdst": "192.0.2.2"} | fields
    return arp_claim(bytes(ARP(**given)))


def nd(
    message: Packet, source: bytes = IP6, hops: int = 255, hardware: bytes = MAC
) -> Claim | None:
    packet = bytes(IPv6(src="fe80::1", dst="fe80::2") / message)
    return neighbour_claim(packet[40:], source, hops, hardware)


def test_who_asks_uses_an_address_and_who_replies_answers_for_it() -> None:
    assert arp() == Claim(MAC, IP, True)
    assert arp(op=2) == Claim(MAC, IP, False)
    assert arp(op=2, pdst="192.0.2.1") == Claim(MAC, IP, True)  # nobody asked
    assert arp(psrc="0.0.0.0") == Claim(MAC, None, True)


@pytest.mark.parametrize(
    "fields",
    [
        {"op": 3},
        {"hwsrc": "01:00:5e:00:00:01"},
        {"hwsrc": "00:00:00:00:00:00"},
        {"psrc": "224.0.0.1"},
        {"psrc": "255.255.255.255"},
        {"hwtype": 6},
        {"ptype": 0x86DD, "psrc": "192.0.2.1"},
    ],
)
def test_other_arp_says_nothing(fields: dict[str, object]) -> None:
    assert arp(**fields) is None


def test_who_solicits_uses_its_source() -> None:
    own, others = ICMPv6NDOptSrcLLAddr(lladdr=HOST), ICMPv6NDOptSrcLLAddr(lladdr=OTHER)
    for message in (ICMPv6ND_NS(tgt="2001:db8::7"), ICMPv6ND_RS()):
        assert nd(message / ICMPv6NDOptMTU() / own) == Claim(MAC, IP6, True)
        assert nd(message / others) is None  # for somebody else
        assert nd(message) is None  # no word of who it is
        assert nd(message / own, hops=254) is None  # by way of a router
    assert nd(ICMPv6ND_NS(tgt="2001:db8::7"), source=bytes(16)) == Claim(MAC, TARGET, True)
    assert nd(ICMPv6ND_RS(), source=bytes(16)) is None


def test_who_advertises_an_address_uses_it_if_it_comes_from_it() -> None:
    own, others = ICMPv6NDOptDstLLAddr(lladdr=HOST), ICMPv6NDOptDstLLAddr(lladdr=OTHER)
    message = ICMPv6ND_NA(tgt="2001:db8::7", R=1)
    for options in (message, message / own):
        assert nd(options, source=TARGET) == Claim(MAC, TARGET, True, True)
        assert nd(options) == Claim(MAC, TARGET, False)
    assert nd(message / others, source=TARGET) is None
    assert nd(ICMPv6ND_NA(tgt="ff02::1") / own) is None


def test_who_advertises_routes_is_a_router() -> None:
    assert nd(ICMPv6ND_RA(routerlifetime=1800)) == Claim(MAC, IP6, True, True)
    assert nd(ICMPv6ND_RA(routerlifetime=0)) == Claim(MAC, IP6, True, False)
    assert nd(ICMPv6ND_RA(code=1)) is None


def test_addresses_of_many_are_nobodys_and_some_hold_on_one_link() -> None:
    for address, one, link in (
        (IP, True, False),
        (bytes((169, 254, 1, 1)), True, True),
        (bytes((224, 0, 0, 251)), False, True),
        (bytes((239, 255, 255, 250)), False, False),
        (bytes(4), False, False),
        (IP6, True, True),
        (TARGET, True, False),
        (bytes.fromhex("ff02" + "00" * 13 + "fb"), False, True),
        (bytes.fromhex("ff05" + "00" * 13 + "0c"), False, False),
        (bytes(16), False, False),
    ):
        assert (is_of_one(address), is_on_link(address)) == (one, link)


@given(st.binary(max_size=80), st.sampled_from([IP6, bytes(16)]))
def test_nothing_raises_on_any_bytes(data: bytes, source: bytes) -> None:
    arp_claim(data)
    for kind in (b"", b"\x85\0", b"\x86\0", b"\x87\0", b"\x88\0"):
        neighbour_claim(kind + data, source, 255, MAC)
