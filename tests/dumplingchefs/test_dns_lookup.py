"""SPEC section 7: DNSLookupChef."""

from __future__ import annotations

from netdumplings.dumplingchefs import DNSLookupChef
from netdumplings.dumplingchefs.dns_lookup import NAMES
from support.packets import START, arp, batch, dns_query, dns_response, ether

T = START / 1e9


def test_a_question_is_a_lookup_whether_asked_or_answered() -> None:
    chef = DNSLookupChef()
    packets = batch(dns_query("example.com"), dns_response("example.com"), dns_query("a.b"))
    assert [chef.packet_handler(packet) for packet in packets] == [
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


def test_packets_without_a_question_are_no_lookups() -> None:
    from scapy.layers.inet import IP, UDP
    from scapy.packet import Raw

    chef = DNSLookupChef()
    half = ether(IP(), UDP(sport=40000, dport=53), Raw(bytes.fromhex("000701000001000000000000ff")))
    packets = batch(arp(), dns_response(question=False), half)
    assert [chef.packet_handler(packet) for packet in packets] == [None, None, None]
    assert chef.interval_handler() == {"lookups_seen": {}, "lookups_forgotten": 0}


def test_a_name_of_hostile_bytes_is_told_escaped() -> None:
    query = dns_query("aaaa.example").replace(b"\x04aaaa", b"\x04\xff\x1b[A")
    (packet,) = batch(query)
    lookup = DNSLookupChef().packet_handler(packet)
    assert lookup is not None
    assert lookup["lookup"]["hostname"] == "\\xff\x1b[A.example"


def test_names_beyond_the_bound_are_forgotten_the_oldest_first_and_counted() -> None:
    chef = DNSLookupChef()
    (packet,) = batch(dns_query("x.example"))
    for number in range(NAMES + 3):
        packet["DNS"].qd[0].qname = b"n%d.example." % number
        chef.packet_handler(packet)
    told = chef.interval_handler()
    assert len(told["lookups_seen"]) == NAMES
    assert told["lookups_forgotten"] == 3
    assert "n2.example" not in told["lookups_seen"]
    assert "n3.example" in told["lookups_seen"]
