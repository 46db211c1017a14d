"""SPEC section 7: ARPChef."""

from __future__ import annotations

from typing import Any

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import ARP, Dot1Q, Ether
from scapy.layers.vxlan import VXLAN

from netdumplings.dumplingchefs import ARPChef
from netdumplings.dumplingchefs.arp import DEVICES
from support.packets import HOST, OTHER, START, arp, batch, dns_query, ether, tcp_syn

REQUEST, REPLY = 1, 2


def handle(chef: ARPChef, *packets: bytes) -> list[dict[str, Any]]:
    return list(chef.batch_handler(batch(*packets)))


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
    assert [payload["notes"] for payload in payloads] == [
        None,
        "source device is new",
        None,
        "source device has new IP address",
        None,
        "source device is new",
    ]


def test_other_packets_are_let_by() -> None:
    assert handle(ARPChef(), dns_query(), tcp_syn()) == []


def test_packets_keep_their_order_and_their_own_time_whoever_reads_them() -> None:
    """Plain ones are read from their bytes, others by scapy."""
    inner = Ether(src=HOST, dst=OTHER) / ARP(op=REPLY, psrc="192.0.2.3", hwsrc=HOST)
    tunnel = ether(IP(), UDP(sport=40000, dport=4789), VXLAN(), inner)
    tagged = ether(Dot1Q(vlan=5), ARP(op=REPLY, psrc="192.0.2.2", hwsrc=HOST))
    stacked = ether(*(Dot1Q(vlan=n) for n in range(12)), ARP(op=REPLY, psrc="192.0.2.4"))
    payloads = handle(ARPChef(), arp(), tunnel, tcp_syn(), tagged, stacked, arp(ip="192.0.2.5"))
    assert [(payload["src_ip"], payload["time"] - START / 1e9) for payload in payloads] == [
        ("192.0.2.1", 0),
        ("192.0.2.3", 1),
        ("192.0.2.2", 3),
        ("192.0.2.4", 4),
        ("192.0.2.5", 5),
    ]


def test_devices_beyond_the_bound_are_forgotten_and_counted_once_there_are_any() -> None:
    chef = ARPChef()
    plain = arp(REPLY)
    at = plain.index(bytes([192, 0, 2, 1]))
    replies = [plain[:at] + n.to_bytes(4, "big") + plain[at + 4 :] for n in range(DEVICES + 2)]
    payloads = handle(chef, *replies, replies[0])
    assert not any("devices_forgotten" in payload for payload in payloads[:DEVICES])
    assert [payload["devices_forgotten"] for payload in payloads[DEVICES:]] == [1, 2, 3]
    assert payloads[-1]["notes"] == "source device is new"


def test_addresses_of_unknown_kinds_are_told_as_their_bytes() -> None:
    strange = ether(ARP(hwtype=99, ptype=0x1234, hwlen=2, plen=3, hwsrc=b"\1\2", psrc=b"\3\4\5",
                        hwdst=b"\6\7", pdst=b"\x08\x09\x0a"))  # fmt: skip
    (payload,) = handle(ARPChef(), strange)
    assert payload["src_hw"] == "01:02"
    assert payload["src_ip"] == "03:04:05"


def test_of_addresses_of_absurd_length_only_the_beginning_is_remembered() -> None:
    def reply(end: bytes) -> bytes:
        long = bytes(254) + end
        return ether(ARP(op=REPLY, hwtype=99, ptype=0x1234, hwlen=255, plen=255, hwsrc=long,
                         psrc=long, hwdst=long, pdst=long))  # fmt: skip

    payloads = handle(ARPChef(), reply(b"a"), reply(b"b"))
    assert [payload["src_hw"][-2:] for payload in payloads] == ["61", "62"]
    assert [payload["notes"] for payload in payloads] == ["source device is new", None]
