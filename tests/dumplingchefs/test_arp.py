"""SPEC section 7: ARPChef."""

from __future__ import annotations

from typing import Any

import pytest
from scapy.layers.l2 import ARP

from netdumplings.dumplingchefs import ARPChef
from support.packets import HOST, OTHER, START, arp, batch, dns_query, ether

REQUEST, REPLY = 1, 2


def handle(chef: ARPChef, *packets: bytes) -> list[dict[str, Any] | None]:
    return [chef.packet_handler(packet) for packet in batch(*packets)]


def test_an_arp_packet_is_told_whole() -> None:
    assert handle(ARPChef(), arp(REQUEST, HOST, "192.0.2.1")) == [
        {
            "operation": "request",
            "src_hw": HOST,
            "src_ip": "192.0.2.1",
            "dst_hw": OTHER,
            "dst_ip": "192.0.2.2",
            "time": START / 1e9,
            "notes": None,
        }
    ]


@pytest.mark.parametrize(("op", "told"), [(1, "request"), (2, "reply"), (9, 9)])
def test_the_operation_is_a_word_or_a_number(op: int, told: str | int) -> None:
    (payload,) = handle(ARPChef(), arp(op))
    assert payload is not None
    assert payload["operation"] == told


def test_only_replies_have_notes_on_what_is_new() -> None:
    payloads = handle(
        ARPChef(),
        arp(REQUEST, HOST, "192.0.2.1"),
        arp(REPLY, HOST, "192.0.2.1"),
        arp(REPLY, HOST, "192.0.2.1"),
        arp(REPLY, OTHER, "192.0.2.1"),
        arp(REPLY, OTHER, "192.0.2.1"),
        arp(REPLY, HOST, "192.0.2.9"),
    )
    assert [payload and payload["notes"] for payload in payloads] == [
        None,
        "source device is new",
        None,
        "source device has new IP address",
        None,
        "source device is new",
    ]


def test_other_packets_are_let_by() -> None:
    assert handle(ARPChef(), dns_query()) == [None]


def test_addresses_of_unknown_kinds_are_told_as_their_bytes() -> None:
    strange = ether(ARP(hwtype=99, ptype=0x1234, hwlen=2, plen=3, hwsrc=b"\1\2", psrc=b"\3\4\5",
                        hwdst=b"\6\7", pdst=b"\x08\x09\x0a"))  # fmt: skip
    (payload,) = handle(ARPChef(), strange)
    assert payload is not None
    assert payload["src_hw"] == "01:02"
    assert payload["src_ip"] == "03:04:05"
