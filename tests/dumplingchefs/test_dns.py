"""DNSChef: what is asked, what is answered, and how long that takes."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.dns import DNS, DNSQR, DNSRR, DNSRRSOA
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.l2 import Dot1Q
from scapy.packet import Raw

from netdumplings import Dumpling, DumplingKitchen
from netdumplings.capture.filters import OfflineFilter
from netdumplings.dumplingchefs import DNSChef
from netdumplings.dumplingchefs.dns import QUERIES, RECORDS, SLOWEST
from netdumplings.packets import PacketBatch
from netdumplings.packets.dns_numbers import RCODES
from netdumplings.wire import check_dumpling
from support.chef_captures import Frame, frames_by_tshark
from support.connections import Connection
from support.dns_messages import damaged
from support.expected_dumplings import assert_as_expected
from support.packets import START, batch, ether
from support.tshark import run_tshark

T = START / 1e9
CLIENT, SERVER = "192.0.2.1", "192.0.2.53"
TO = [IP(src=CLIENT, dst=SERVER), UDP(sport=40000, dport=53)]
FRO = [IP(src=SERVER, dst=CLIENT), UDP(sport=53, dport=40000)]


def query(name: str = "example.com", kind: str = "A", number: int = 7) -> DNS:
    return DNS(id=number, rd=1, qd=[DNSQR(qname=name, qtype=kind)])


def response(name: str = "example.com", kind: str = "A", number: int = 7, **more: Any) -> DNS:
    answer = DNSRR(rrname=name, type="A", ttl=300, rdata="192.0.2.80")
    fields: dict[str, Any] = {"qr": 1, "rd": 1, "ra": 1, "an": [answer]}
    fields["qd"] = [DNSQR(qname=name, qtype=kind)]
    return DNS(id=number, **fields | more)


def tell(chef: DNSChef, *frames: bytes, at: list[float] | None = None) -> list[dict[str, Any]]:
    return [each["dns"] for each in chef.batch_handler(batch(*frames, times=at))]


def summary(chef: DNSChef) -> dict[str, Any]:
    told: dict[str, Any] = chef.interval_handler(5.0)["dns_summary"]
    return told


def test_an_answer_is_told_with_its_question_and_how_long_it_took() -> None:
    chef = DNSChef()
    frames = ether(*TO, query()), ether(*FRO, response())
    assert tell(chef, *frames, at=[0, 0.25]) == [
        {
            "time": T,
            "src_ip": CLIENT,
            "src_port": 40000,
            "dst_ip": SERVER,
            "dst_port": 53,
            "proto": "udp",
            "community_id": "1:8uhG6bwfUhcPxBohcqJWKZOCqNM=",
            "id": 7,
            "query": "example.com",
            "type": "A",
            "class": "IN",
            "rcode": "NOERROR",
            "flags": ["RD", "RA"],
            "answers": [{"name": "example.com", "type": "A", "data": "192.0.2.80", "ttl": 300}],
            "latency": 0.25,
        }
    ]
    assert summary(chef) == {
        "rcodes": {"NOERROR": 1},
        "types": {"A": 1},
        "unanswered": 0,
        "open": 0,
        "slowest": [
            {
                "query": "example.com",
                "type": "A",
                "rcode": "NOERROR",
                "src_ip": CLIENT,
                "dst_ip": SERVER,
                "latency": 0.25,
            }
        ],
        "queries_forgotten": 0,
        "streams_forgotten": 0,
    }
    assert summary(chef)["slowest"] == []


def test_a_name_that_is_not_there_is_told_with_who_says_so() -> None:
    soa = DNSRRSOA(rrname="example.com", mname="ns.example.com", rname="h.example.com", serial=5)
    nothing = response("no.example.com", rcode=3, an=[], ns=[soa])
    [told] = tell(DNSChef(), ether(*TO, query("no.example.com")), ether(*FRO, nothing))
    assert (told["rcode"], told["answers"]) == ("NXDOMAIN", [])
    assert [record["name"] for record in told["authorities"]] == ["example.com"]
    assert told["authorities"][0]["data"].startswith("ns.example.com h.example.com 5 ")


def test_a_query_without_an_answer_is_told_when_ten_seconds_are_over() -> None:
    chef = DNSChef()
    later = ether(*TO, query("later.example", number=9))
    assert tell(chef, ether(*TO, query()), later, at=[0, 9.9]) == []
    [told] = tell(chef, ether(*FRO, response("later.example", number=9)), at=[10.0])[:1]
    assert (told["query"], told["time"], told["src_ip"]) == ("example.com", T, CLIENT)
    assert (told["rcode"], told["latency"], told["answers"]) == (None, None, [])
    assert summary(chef) | {"slowest": []} == {
        "rcodes": {"NOERROR": 1},
        "types": {"A": 2},
        "unanswered": 1,
        "open": 0,
        "slowest": [],
        "queries_forgotten": 0,
        "streams_forgotten": 0,
    }


def test_nobody_waits_for_an_answer_from_before_a_clock_was_set_back() -> None:
    chef = DNSChef()
    assert tell(chef, ether(*TO, query()), at=[100]) == []
    assert [told["rcode"] for told in tell(chef, ether(*TO, query("b.example", number=8)))] == [
        None
    ]
    assert summary(chef)["open"] == 1


def test_a_query_that_is_sent_again_waits_since_the_first_time() -> None:
    frames = *[ether(*TO, query())] * 3, ether(*FRO, response())
    [told] = tell(DNSChef(), *frames, at=[0, 1, 3, 4])
    assert (told["latency"], told["retries"]) == (4, 2)


def test_a_response_alone_is_told_without_a_latency() -> None:
    chef = DNSChef()
    [told] = tell(chef, ether(*FRO, response()), at=[3])
    assert (told["time"], told["latency"], told["src_ip"]) == (T + 3, None, CLIENT)
    assert summary(chef)["slowest"] == []


@pytest.mark.parametrize(
    "other", [response("b.example"), response(kind="AAAA"), response(number=8)]
)
def test_a_response_to_another_question_answers_nothing(other: DNS) -> None:
    chef = DNSChef()
    assert [told["latency"] for told in tell(chef, ether(*TO, query()), ether(*FRO, other))] == [
        None
    ]
    assert summary(chef)["open"] == 1


def test_a_response_without_a_question_answers_by_its_number() -> None:
    refusal = response(qd=[], an=[], rcode=1)
    [told] = tell(DNSChef(), ether(*TO, query()), ether(*FRO, refusal))
    assert (told["query"], told["rcode"], told["latency"]) == ("example.com", "FORMERR", 1)


def test_a_response_without_a_question_that_answers_nothing_has_no_name() -> None:
    [told] = tell(DNSChef(), ether(*FRO, response(qd=[], an=[], rcode=1)))
    assert [told[key] for key in ("query", "type", "class", "latency")] == [None] * 4


def test_case_is_no_difference_between_names() -> None:
    [told] = tell(DNSChef(), ether(*TO, query("eXample.com")), ether(*FRO, response()))
    assert (told["query"], told["latency"]) == ("eXample.com", 1)


def test_a_new_question_under_the_same_number_ends_the_wait_for_the_old_one() -> None:
    chef = DNSChef()
    [told] = tell(chef, ether(*TO, query()), ether(*TO, query("b.example")))
    assert (told["query"], told["rcode"]) == ("example.com", None)
    [told] = tell(chef, ether(*FRO, response("b.example")), at=[2])
    assert told["latency"] == 1


def test_flows_in_different_vlans_are_different() -> None:
    frames = ether(Dot1Q(vlan=11), *TO, query()), ether(*FRO, response())
    assert [told["latency"] for told in tell(DNSChef(), *frames)] == [None]
    frames = ether(Dot1Q(vlan=11), *TO, query()), ether(Dot1Q(vlan=11), *FRO, response())
    [told] = tell(DNSChef(), *frames)
    assert (told["latency"], told["vlan"]) == (1, 11)


def test_what_is_not_a_query_says_so() -> None:
    update = query("example.com", "SOA")
    update.opcode = 5
    [told] = tell(DNSChef(), ether(*TO, update), ether(*FRO, response(kind="SOA", opcode=5, an=[])))
    assert (told["opcode"], told["type"], told["latency"]) == ("UPDATE", "SOA", 1)


def prefixed(message: bytes) -> bytes:
    """A message as it is over TCP."""
    return len(message).to_bytes(2, "big") + message


def test_messages_over_tcp_are_told_however_they_come() -> None:
    connection = Connection(sport=40000, dport=53)
    asked: list[bytes] = []
    said: list[bytes] = []
    for name, number in (("example.com", 7), ("b.example", 8)):
        asked.append(bytes(query(name, number=number)))
        said.append(bytes(response(name, number=number)))
    frames = connection.open()
    frames += connection.client_in(7, b"".join(map(prefixed, asked)))
    frames += connection.server_in(50, b"".join(map(prefixed, said)))
    told = tell(DNSChef(), *frames, *connection.close())
    assert [(each["query"], each["proto"]) for each in told] == [
        ("example.com", "tcp"),
        ("b.example", "tcp"),
    ]
    assert all(each["latency"] for each in told)
    assert not any("incomplete" in each for each in told)


def test_a_response_over_tcp_that_never_ends_is_told_as_far_as_it_goes() -> None:
    connection = Connection(sport=40000, dport=53)
    message = bytearray(bytes(response()))
    message[7] = 2  # so many answers, of which one is here
    begun = (len(message) + 100).to_bytes(2, "big") + message
    opening = connection.open()
    chef = DNSChef()
    assert tell(chef, *opening, connection.server(begun)) == []
    [told] = tell(chef, *connection.close())
    assert (told["query"], told["incomplete"], len(told["answers"])) == ("example.com", True, 1)


def test_only_so_many_answers_are_told_and_how_many_are_not() -> None:
    [told] = tell(DNSChef(), ether(*FRO, response(an=[response().an[0]] * (RECORDS + 5))))
    assert len(told["answers"]) == RECORDS
    assert told["answers_left_out"] == 5


def test_the_slowest_answers_of_an_interval_are_told() -> None:
    chef = DNSChef()
    for number in range(30):
        frames = ether(*TO, query(number=number)), ether(*FRO, response(number=number))
        tell(chef, *frames, at=[100 * number, 100 * number + number % 10])
    latencies = [told["latency"] for told in summary(chef)["slowest"]]
    assert latencies == [9, 9, 9, 8, 8, 8, 7, 7, 7, 6]
    assert len(latencies) == SLOWEST


def test_types_and_codes_without_a_name_are_counted_together() -> None:
    chef = DNSChef()
    tell(chef, *[ether(*FRO, response())] * 3)
    odd = bytes(ether(*FRO, response(an=[], rcode=13))).replace(b"\0\1\0\1", b"\xf0\xf1\0\1")
    [told] = tell(chef, odd)
    assert (told["type"], told["rcode"]) == ("TYPE61681", "RCODE13")
    assert summary(chef)["types"] == {"A": 3, "other": 1}
    assert summary(chef)["rcodes"] == {"NOERROR": 3, "other": 1}


def test_the_filter_lets_dns_through_and_what_has_a_tag() -> None:
    wanted = [ether(*TO, query()), ether(Dot1Q(vlan=3), *FRO, response())]
    other = [IP(), UDP(sport=5353, dport=5353), query()]
    filter = OfflineFilter(str(DNSChef.packet_filter))
    kept = filter.apply(batch(*wanted, ether(*other)), "test")
    assert [kept.data(index) for index in range(len(kept))] == wanted
    assert tell(DNSChef(), ether(*other), ether(Dot1Q(vlan=3), *other)) == []
    raw = [frame[14:] for frame in (wanted[0], ether(*other))]
    assert filter.matches(batch(*raw, link_type=101), "test").tolist() == [True, False]


def test_what_is_no_dns_is_not_told() -> None:
    noise = [ether(*TO, Raw(data)) for data in (b"GET / HTTP/1.1\r\n", b"\xff" * 40, b"\0" * 11)]
    assert tell(DNSChef(), *noise) == []


# What somebody may send on purpose.


@given(st.lists(damaged, max_size=8), st.booleans(), st.booleans())
def test_nothing_raises_on_damaged_messages(messages: list[bytes], tcp: bool, back: bool) -> None:
    chef = DNSChef()
    ports = {"sport": 53, "dport": 40000} if back else {"sport": 40000, "dport": 53}
    frames = []
    for message in messages:
        data = len(message).to_bytes(2, "big") + message if tcp else message
        frames.append(ether(IP(), TCP(**ports) if tcp else UDP(**ports), Raw(data)))
    for payload in (*chef.batch_handler(batch(*frames)), chef.interval_handler(1.0)):
        text = Dumpling(chef=chef, payload=payload).to_json().encode()
        assert check_dumpling(text) is None
        assert len(text) < 256 * 1024


def test_the_longest_records_make_no_dumpling_that_is_too_long() -> None:
    name = (b"\x3f" + b"\1" * 63) * 3 + b"\x3d" + b"\1" * 61 + b"\0"
    naptr = b"\0\0\0\0" + (b"\xff" + b"\1" * 255) * 3 + name
    for kind, data in (
        (16, (b"\xff" + b"\1" * 255) * 3),
        (35, naptr),
        (6, name + name + bytes(20)),
    ):
        record = name + kind.to_bytes(2, "big") + b"\0\1" + bytes(4)
        record += len(data).to_bytes(2, "big") + data
        message = b"\0\7\x80\0\0\1\0\x27" + bytes(4) + name + b"\0\1\0\1" + record * 39
        chef = DNSChef()
        [payload] = chef.batch_handler(batch(ether(*FRO, Raw(message))))
        assert len(Dumpling(chef=chef, payload=payload).to_json()) < 256 * 1024


def queries(count: int, each: int = 5_000) -> Iterator[PacketBatch]:
    """Queries, each of another client and for another name, a millisecond apart."""
    frame = np.frombuffer(ether(*TO, query("NNNNNNNN.example.com")), np.uint8)
    at = frame.tobytes().index(b"NNNNNNNN")
    for first in range(0, count, each):
        numbers = np.arange(first, min(first + each, count))
        frames = np.tile(frame, (len(numbers), 1))
        for place in range(8):
            frames[:, at + 7 - place] = ord("0") + numbers // 10**place % 10
        for place in range(3):
            frames[:, 26 + 3 - place] = numbers >> 8 * place & 0xFF
        yield PacketBatch(
            1,
            frames.tobytes(),
            np.arange(len(numbers)) * len(frame),
            np.full(len(numbers), len(frame)),
            np.full(len(numbers), len(frame)),
            START + numbers * 1000,
        )


def test_queries_that_nobody_answers_take_so_much_memory_and_no_more() -> None:
    chef = DNSChef()
    tracemalloc.start()
    try:
        told = sum(1 for packets in queries(20_000) for _ in chef.batch_handler(packets))
        used = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert told == 0
    assert used < 24 * 2**20
    assert summary(chef)["open"] == QUERIES
    assert summary(chef)["queries_forgotten"] == 20_000 - QUERIES


def test_of_a_long_query_only_its_question_is_remembered() -> None:
    chef = DNSChef()
    records = (b"\xc0\x0c\0\x30\0\1" + bytes(4) + b"\1\xff" + b"x" * 511) * 100
    rest = b"\1\0\0\1\0\x64" + bytes(4) + b"\1a\0\0\1\0\1" + records
    frames = [ether(*TO, Raw(number.to_bytes(2, "big") + rest)) for number in range(50)]
    packets = batch(*frames, times=[0] * 50)
    assert list(DNSChef().batch_handler(packets)) == []  # modules are loaded on first use
    tracemalloc.start()
    try:
        assert list(chef.batch_handler(packets)) == []
        used = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert summary(chef)["open"] == 50
    assert used < 2**18


# Real captures.


@pytest.mark.parametrize(
    "capture",
    [
        "arkime/tests/pcap/dns-https.pcap",
        "arkime/tests/pcap/dns-caa.pcap",
        "arkime/tests/pcap/dns-tcp.pcap",
        "arkime/tests/pcap/dns-update.pcap",
        "arkime/tests/pcap/dnssec_synthetic.pcap",
        "ipfixprobe/tests/functional/inputs/vlan.pcap",
        "pcapplusplus/Tests/Pcap++Test/PcapExamples/raw_ip.pcap",
        "tcpdump/tests/dns-badcookie.pcap",
    ],
)
def test_a_real_capture_is_told_as_expected(captures: Path, capture: str) -> None:
    assert_as_expected(DNSChef, captures / capture, "dns")


#: Where tshark says something else of responses, and why.
OTHERWISE = {
    "arkime/tests/pcap/arkime_synthetic.pcap": "tshark shows the response code without the bits "
    "that EDNS adds to it: BADVERS is NOERROR",
    "tcpdump/tests/dns-badcookie.pcap": "likewise: BADCOOKIE is YXRRSET",
    "arkime/tests/pcap/dns-update.pcap": "tshark has another field for that count in an update",
    "tcpdump/tests/dns-badlabel.pcap": "its opcode is none, and its names have no end",
    "tcpdump/tests/dns_fwdptr.pcap": "its opcode is none, and its pointers lead ahead",
    "dnscap/src/test/sll2.pcap": "tshark does not escape a dot within a label",
}
SEPARATE = ["tcp.desegment_tcp_streams:FALSE", "dns.desegment_dns_messages:FALSE"]
SEPARATE += ["tcp.analyze_sequence_numbers:FALSE", "ip.defragment:FALSE"]


def on_port_53(packets: PacketBatch) -> npt.NDArray[np.bool_]:
    at_53: npt.NDArray[np.bool_] = (packets.src_ports == 53) | (packets.dst_ports == 53)
    return at_53 & (packets.payload_lengths > 0)


def test_tshark_reads_the_same_responses_in_all_captures(captures: Path, tmp_path: Path) -> None:
    fields = ["dns.id", "dns.flags.response", "dns.flags.rcode", "dns.qry.name"]
    fields += ["dns.count.answers", *RECORD_FIELDS.values()]
    options = [word for each in SEPARATE for word in ("-o", each)]
    frames = frames_by_tshark(captures, tmp_path, on_port_53, fields, *options)
    responses = [frame for frame in frames if "1" in frame.told["dns.flags.response"]]
    assert len(responses) > 700
    assert {frame.path for frame in frames if _differ(frame)} == set(OTHERWISE)


RECORD_FIELDS = {"A": "dns.a", "AAAA": "dns.aaaa", "CNAME": "dns.cname"}


def _ours(frame: Frame) -> dict[str, list[str]]:
    told = [each["dns"] for each in DNSChef().batch_handler(frame.packet)]
    numbers = {name: str(number) for number, name in RCODES.items()}
    answers = [answer for each in told for answer in each["answers"]]
    ours = {
        "dns.id": [f"0x{each['id']:04x}" for each in told],
        "dns.flags.rcode": [numbers.get(each["rcode"], each["rcode"]) for each in told],
        "dns.qry.name": [
            each["query"].removesuffix(".") or "<Root>" for each in told if each["query"]
        ],
    }
    if not any(each.get("incomplete") for each in told):
        counts = [len(each["answers"]) + each.get("answers_left_out", 0) for each in told]
        ours["dns.count.answers"] = [str(count) for count in counts]
    for kind, field in RECORD_FIELDS.items():
        ours[field] = [answer["data"] for answer in answers if answer["type"] == kind]
    return ours


def _theirs(frame: Frame, ours: dict[str, list[str]]) -> dict[str, list[str]]:
    """The same; the first of those records that we give, as tshark gives those of all sections."""
    told = frame.told
    is_response = [each == "1" for each in told["dns.flags.response"]]
    if not any(is_response):
        return {field: [] for field in ours}
    theirs = {field: told[field] for field in ours}
    theirs["dns.id"] = [
        each for each, is_ours in zip(told["dns.id"], is_response, strict=True) if is_ours
    ]
    return theirs | {field: told[field][: len(ours[field])] for field in RECORD_FIELDS.values()}


def _differ(frame: Frame) -> bool:
    ours = _ours(frame)
    return ours != _theirs(frame, ours)


@pytest.mark.parametrize(
    "path",
    [
        "arkime/tests/pcap/dns-wiresharkrepo.pcap",
        "arkime/tests/pcap/v6.pcap",
        "dnscap/src/test/dns.pcap",
        "pcapplusplus/Tests/Pcap++Test/PcapExamples/DnsPackets.pcap",
    ],
)
def test_tshark_measures_the_same_latencies(captures: Path, path: str) -> None:
    theirs = run_tshark(captures / path, ["dns.id", "dns.time"], "-Y", "udp.port == 53 && dns.time")
    ours = [
        (told["id"], told["latency"])
        for dumpling in DumplingKitchen(read=captures / path, filter="", chefs=[DNSChef])
        for told in [dumpling.payload.get("dns")]
        if told and told["latency"] is not None and told["proto"] == "udp"
    ]
    assert len(ours) > 10
    assert ours == [
        (int(row["dns.id"][0], 16), pytest.approx(float(row["dns.time"][0]))) for row in theirs
    ]
