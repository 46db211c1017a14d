"""SPEC section 7: DNSLookupChef."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from scapy.layers.dns import DNS, DNSQR
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.l2 import Ether
from scapy.layers.vxlan import VXLAN
from scapy.packet import Raw

from netdumplings.dumpling import Dumpling
from netdumplings.dumplingchefs import DNSLookupChef
from netdumplings.dumplingchefs.dns_lookup import REMEMBERED
from netdumplings.wire import check_dumpling
from support.packets import HOST, OTHER, START, arp, batch, dns_query, dns_response, ether, tcp_syn

T = START / 1e9
MOST = 256 * 1024


def size_of(chef: DNSLookupChef, payload: Any) -> int:
    """How many bytes the dumpling takes; a hub would take it."""
    text = Dumpling(chef=chef, payload=payload).to_json().encode()
    assert check_dumpling(text) is None
    return len(text)


def handle(chef: DNSLookupChef, *packets: bytes) -> list[dict[str, Any]]:
    return list(chef.batch_handler(batch(*packets)))


def numbered(query: bytes, count: int) -> Iterator[bytes]:
    """Packets that differ in four digits, which stand in the place of NNNN."""
    return (query.replace(b"NNNN", b"%04d" % number) for number in range(count))


def test_a_question_is_a_lookup_whether_asked_or_answered() -> None:
    chef = DNSLookupChef()
    packets = dns_query("example.com"), dns_response("example.com"), dns_query("a.b")
    assert handle(chef, *packets) == [
        {"lookup": {"hostname": "example.com", "when": T}},
        {"lookup": {"hostname": "example.com", "when": T + 1}},
        {"lookup": {"hostname": "a.b", "when": T + 2}},
    ]
    assert chef.interval_handler() == {
        "lookups_seen": {
            "example.com": {"count": 2, "latest": T + 1},
            "a.b": {"count": 1, "latest": T + 2},
        },
        "lookups_forgotten": 0,
    }


def test_a_question_is_found_over_udp_tcp_multicast_and_inside_tunnels() -> None:
    def message(name: str, **length: int) -> DNS:
        return DNS(qd=[DNSQR(qname=name)], **length)

    packets = [
        ether(IP(), TCP(sport=40000, dport=53, flags="PA"), message("tcp.example")),
        tcp_syn(),
        ether(IP(), UDP(sport=5353, dport=5353), message("multicast.local")),
        ether(IP(options=b"\x01" * 4), UDP(dport=53), message("options.example")),
        ether(
            IP(),
            UDP(dport=4789),
            VXLAN(),
            Ether(src=HOST, dst=OTHER),
            IP(),
            UDP(dport=53),
            message("in.example"),
        ),
        ether(IP(), UDP(sport=123, dport=123), Raw(bytes(message("ntp.example")))),
    ]
    assert handle(DNSLookupChef(), *packets) == [
        {"lookup": {"hostname": "tcp.example", "when": T}},
        {"lookup": {"hostname": "multicast.local", "when": T + 2}},
        {"lookup": {"hostname": "options.example", "when": T + 3}},
        {"lookup": {"hostname": "in.example", "when": T + 4}},
    ]


def test_packets_without_a_question_are_no_lookups() -> None:
    chef = DNSLookupChef()
    half = ether(IP(), UDP(sport=40000, dport=53), Raw(bytes.fromhex("000701000001000000000000ff")))
    assert handle(chef, arp(), dns_response(question=False), half) == []
    assert chef.interval_handler() == {"lookups_seen": {}, "lookups_forgotten": 0}


def test_a_name_of_hostile_bytes_is_told_escaped() -> None:
    query = dns_query("aaaa.example").replace(b"\x04aaaa", b"\x04\xff\x1b[A")
    (lookup,) = handle(DNSLookupChef(), query)
    assert lookup["lookup"]["hostname"] == "\\xff\x1b[A.example"


def test_a_name_longer_than_dns_allows_is_cut() -> None:
    """Labels that lead from pointer to pointer make scapy tell a name of any length."""
    name = b"".join(bytes([63]) + bytes([97 + n]) * 63 for n in range(6)) + b"\0"
    message = bytes(DNS(qd=[]))[:4] + b"\0\1" + bytes(6) + name + b"\0\1\0\1"
    (lookup,) = handle(DNSLookupChef(), ether(IP(), UDP(sport=1, dport=53), Raw(message)))
    assert lookup["lookup"]["hostname"] == ".".join((*(c * 63 for c in "abc"), "d" * 62))


def test_names_beyond_the_bound_are_forgotten_the_oldest_first_and_counted() -> None:
    chef = DNSLookupChef()
    handle(chef, *numbered(dns_query("nNNNN.example"), 5000))
    told = chef.interval_handler()
    kept = list(told["lookups_seen"])
    assert told["lookups_forgotten"] == 5000 - len(kept)
    assert kept == [f"n{number:04}.example" for number in range(5000 - len(kept), 5000)]
    assert len(kept) > 2000
    assert REMEMBERED / 3 < size_of(chef, told) < MOST


def test_a_name_that_was_forgotten_is_counted_anew() -> None:
    chef = DNSLookupChef()
    handle(chef, dns_query("first.example"), dns_query("first.example"))
    handle(chef, *numbered(dns_query("nNNNN.example"), 3000))
    assert "first.example" not in chef.interval_handler()["lookups_seen"]
    handle(chef, dns_query("first.example"))
    assert chef.interval_handler()["lookups_seen"]["first.example"]["count"] == 1


def test_the_longest_and_strangest_names_make_a_dumpling_of_no_more_than_256_kib() -> None:
    query = dns_query(".".join(["\1" * 63, "\1" * 63, "\1" * 63, "\1" * 61]))
    at = query.index(b"\1" * 63)
    chef = DNSLookupChef()
    # The names differ in control characters too: the bits of a number, 1 or 2 a byte.
    numbers = (bytes(1 + (number >> bit & 1) for bit in range(10)) for number in range(600))
    handle(chef, *(query[:at] + number + query[at + 10 :] for number in numbers))
    told = chef.interval_handler()
    kept = len(told["lookups_seen"])
    assert kept > 140
    assert told["lookups_forgotten"] == 600 - kept
    assert {len(name) for name in told["lookups_seen"]} == {253}
    assert REMEMBERED * 0.9 < size_of(chef, told) < MOST


@pytest.mark.parametrize(
    "name", ["é" * 30, "語" * 20, "\U0001f95f" * 15, '"' * 63, "\\" * 63, "\x7f"]
)
def test_whatever_the_names_are_made_of_their_dumpling_is_bounded(name: str) -> None:
    chef = DNSLookupChef()
    label = name.encode()
    query = dns_query("x" * len(label) + ".NNNN")
    handle(chef, *numbered(query.replace(b"x" * len(label), label), 3000))
    told = chef.interval_handler()
    assert told["lookups_forgotten"] > 0
    assert REMEMBERED / 3 < size_of(chef, told) < MOST


def test_bytes_that_are_no_text_and_huge_counts_keep_within_the_bound() -> None:
    chef = DNSLookupChef()
    query = dns_query("x" * 63 + ".NNNN")
    handle(chef, *numbered(query.replace(b"x" * 63, b"\xff" * 63), 3000))
    for told in chef._seen.values():
        told.update(count=2**63, latest=4611686018.427388)
    told = chef.interval_handler()
    assert REMEMBERED / 3 < size_of(chef, told) < MOST
