"""DNS read straight from bytes: scapy's answers, or none."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from scapy.config import conf
from scapy.layers.dns import DNS, DNSQR, DNSRR, DNSRRMX, DNSRROPT, DNSRRSRV, EDNS0COOKIE
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether
from scapy.layers.vxlan import VXLAN

from equality.captures import batches_of
from netdumplings.packets import PacketBatch, arp_messages, count_layers, dns_questions
from netdumplings.packets.applications import bound_applications, payloads
from netdumplings.packets.dns import LONGEST_NAME, MOST_RECORDS, UNSURE, is_plain, question
from support import scapys
from support.packets import HOST, OTHER
from support.real_packets import real_batches

HEADER = bytes.fromhex("0007 0100 0001 0000 0000 0000")
IN_A = bytes.fromhex("0001 0001")
EXAMPLE = b"\7example\3com\0"

MANY_RECORDS = DNS(
    qr=1,
    qd=[DNSQR(qname="example.com", qtype="ALL")],
    an=[
        DNSRR(rrname="example.com", rdata="192.0.2.1"),
        DNSRR(rrname="example.com", type="AAAA", rdata="2001:db8::1"),
        DNSRR(rrname="example.com", type="TXT", rdata=[b"a text", b"another"]),
        DNSRRMX(rrname="example.com", exchange="mail.example.com"),
        DNSRRSRV(rrname="_x._tcp.example.com", port=1, target="example.com"),
    ],
    ns=[DNSRR(rrname="example.com", type="NS", rdata="ns.example.com")],
    ar=[DNSRROPT(rdata=[EDNS0COOKIE(server_cookie=b"12345678")])],
)


def over_tcp(message: bytes) -> bytes:
    return len(message).to_bytes(2, "big") + message


@pytest.mark.parametrize(
    ("name", "told"),
    [
        (EXAMPLE, b"example.com."),
        (b"\0", b"."),
        (b"\3a.b\0", b"a.b."),
        (b"\4\xff\x1b[A\0", b"\xff\x1b[A."),
        (b"\1a" * 127 + b"\0", b"a." * 127),
    ],
)
def test_the_question_is_its_labels_each_with_a_dot(name: bytes, told: bytes) -> None:
    message = HEADER + name + IN_A
    assert question(message, over_tcp=False) == told
    assert question(over_tcp(message), over_tcp=True) == told
    assert scapys.dns_message(message, over_tcp=False) == (told, True)


def test_a_pointer_leads_to_a_label_elsewhere_in_the_message_over_tcp_too() -> None:
    """RFC 1035 section 4.1.4."""
    message = HEADER + b"\3www\xc0\x16" + IN_A + EXAMPLE
    for data, tcp in ((message, False), (over_tcp(message), True)):
        assert question(data, tcp) == b"www.example.com."
        assert scapys.dns_message(data, tcp)[0] == b"www.example.com."


@pytest.mark.parametrize("data", [b"", HEADER[:11], HEADER, bytes(12), bytes(12) + EXAMPLE + IN_A])
def test_what_has_no_header_or_no_question_asks_nothing(data: bytes) -> None:
    assert question(data, over_tcp=False) is None
    assert not data or scapys.dns_message(data, over_tcp=False)[0] is None


@pytest.mark.parametrize("length", [0, 13, 32, 60000])
def test_over_tcp_a_message_whose_length_scapy_refuses_asks_nothing(length: int) -> None:
    data = length.to_bytes(2, "big") + HEADER + EXAMPLE + IN_A
    assert question(data, over_tcp=True) is None
    assert scapys.dns_message(data, over_tcp=True) == (None, False)


@pytest.mark.parametrize(
    "name",
    [
        b"\xc0\x0c",  # to itself
        b"\1a\xc0\x0c",  # in a circle, growing
        b"\xc0\x0e\xc0\x0c",
        b"\xc0\xff",  # to nowhere
        b"\xff",  # half a pointer
        b"\x41a\0",  # RFC 1035 section 4.1.4 keeps these lengths for the future
        b"\1a" * 128 + b"\0",  # longer than 255 bytes
        b"".join(b"\xc0" + bytes([14 + 2 * n]) for n in range(22)) + b"\0",  # pointer after pointer
    ],
)
def test_a_name_that_makes_no_sense_is_what_scapy_makes_of_it(name: bytes) -> None:
    for end in (IN_A, IN_A + b"\0", b"\0" + IN_A):
        data = HEADER + name + end
        scapy_says, _alone = scapys.dns_message(data, over_tcp=False)
        cut = None if scapy_says is None else scapy_says[:LONGEST_NAME]
        assert question(data, over_tcp=False) in (cut, UNSURE)


def test_a_message_as_large_as_can_be_of_nothing_but_pointers_is_given_up_soon() -> None:
    """Each label leads on to the next pointer; a name ends after 255 bytes or 20 pointers."""
    assert question(HEADER + b"\1a\xc0\x0c" * 16000, over_tcp=False) == b"a.a."
    assert question(HEADER + b"\1a" * 32000, over_tcp=False) is None
    assert not is_plain(HEADER[:4] + b"\xff" * 8 + b"\xc0\x0c" * 32000, over_tcp=False)
    assert is_plain(HEADER[:4] + b"\0\x64" * 4 + b"\1" * 65000, over_tcp=False)


@pytest.mark.parametrize("message", [bytes(MANY_RECORDS), bytes(MANY_RECORDS.compress())])
def test_a_message_that_ends_where_it_says_is_plain_whatever_its_records(message: bytes) -> None:
    for data, tcp in ((message, False), (over_tcp(message), True)):
        assert is_plain(data, tcp)
        assert scapys.dns_message(data, tcp) == (b"example.com.", True)


def test_a_message_that_is_cut_off_is_plain_and_asks_nothing_without_its_question() -> None:
    """As all of a capture are that kept only the first bytes of each packet."""
    message = bytes(MANY_RECORDS.compress())
    for length in range(1, len(message)):
        name, alone = scapys.dns_message(message[:length], over_tcp=False)
        assert is_plain(message[:length], over_tcp=False) is alone is (length >= len(HEADER))
        asked = question(message[:length], over_tcp=False)
        assert asked == name or (asked is UNSURE and length in (27, 28))
        assert (name is None) is (length < len(HEADER + EXAMPLE + IN_A))


def test_a_message_with_bytes_behind_it_is_not_plain() -> None:
    message = bytes(MANY_RECORDS.compress())
    for data, tcp in ((message + b"x", False), (over_tcp(message) * 2, True)):
        assert not is_plain(data, tcp)
        assert scapys.dns_message(data, tcp) == (b"example.com.", False)


def test_there_are_as_many_records_as_scapy_reads_and_no_more() -> None:
    assert conf.max_list_count == MOST_RECORDS
    for count, found in ((MOST_RECORDS, True), (MOST_RECORDS + 1, False)):
        data = HEADER[:4] + count.to_bytes(2, "big") + bytes(6) + (EXAMPLE + IN_A) * count
        assert is_plain(data, over_tcp=False) is found
        assert question(data, over_tcp=False) == (b"example.com." if found else UNSURE)
        assert scapys.dns_message(data, over_tcp=False)[1] is found


def test_names_without_end_in_hundreds_of_records_are_read_in_bounded_time(
    captures: Path,
) -> None:
    """scapy itself takes 20 000 times the steps: each of its names is of 20 000 labels."""
    [packets] = batches_of(captures / "tcpdump/tests/dns-badlabel.pcap")
    tunnel = IP() / UDP(dport=4789) / VXLAN() / Ether(packets.data(0)[:60_000])
    steps = 0

    def count(_frame: Any, event: str, _argument: Any) -> None:
        nonlocal steps
        steps += event == "call"

    for batch in (
        packets,
        PacketBatch.from_records(1, [(0, 65_000, bytes(Ether(src=HOST, dst=OTHER) / tunnel))]),
    ):
        steps = 0
        sys.setprofile(count)
        try:
            names = [name for _, name in dns_questions(batch)]
            arps = list(arp_messages(batch))
            layers = count_layers(batch)
        finally:
            sys.setprofile(None)
        assert steps < 100_000
        assert arps == []
        assert layers["UDP"] == 1
        assert all(len(name) <= LONGEST_NAME for name in names)


@pytest.mark.parametrize("kind", range(4))
@pytest.mark.parametrize("count", [99, 100, 101, 102])
def test_counts_that_promise_too_much_are_answered_by_how_many_records_there_are(
    kind: int, count: int
) -> None:
    """scapy reads the beginning of a record too many, if there is as much as a byte of it."""
    record = b"\0" + IN_A + (b"" if kind == 0 else b"\0\0\0\1\0\4" + bytes(4))
    counts = [0, 0, 0, 0]
    counts[kind] = 65_535
    header = HEADER[:4] + b"".join(each.to_bytes(2, "big") for each in counts)
    for rest in (b"", b"\0", record[:-1]):
        data = header + record * count + rest
        name, alone = scapys.dns_message(data, over_tcp=False)
        assert is_plain(data, over_tcp=False) is alone is (count + bool(rest) <= MOST_RECORDS)
        assert question(data, over_tcp=False) == (name if alone or kind else UNSURE)


def test_each_message_of_the_real_captures_is_told_as_scapy_tells_it(captures: Path) -> None:
    messages = names = plains = 0
    for payload, tcp in _messages(real_batches(captures, each=400)):
        name, alone = scapys.dns_message(payload, tcp)
        assert question(payload, tcp) in (name, UNSURE)
        assert alone or not is_plain(payload, tcp)
        messages += 1
        names += question(payload, tcp) == name
        plains += is_plain(payload, tcp) == alone
    assert messages > 100
    # "Unsure" is for what is broken, and real messages seldom are.
    assert names > 0.99 * messages
    assert plains > 0.99 * messages


def test_each_message_of_the_real_captures_is_told_so_when_it_is_damaged(captures: Path) -> None:
    damage = random.Random(1)
    for payload, tcp in _messages(real_batches(captures, each=5)):
        data = bytearray(payload)
        for _ in range(damage.randint(1, 3)):
            data[damage.randrange(len(data))] = damage.choice((0, 1, 12, 63, 64, 0x80, 0xC0, 255))
        cut = bytes(data[: damage.choice((None, damage.randrange(1, len(data) + 1)))])
        name, alone = scapys.dns_message(cut, tcp)
        assert question(cut, tcp) in (name and name[:LONGEST_NAME], UNSURE)
        assert alone or not is_plain(cut, tcp)


def _messages(batches: Iterator[PacketBatch]) -> Iterator[tuple[bytes, bool]]:
    for batch in batches:
        for layer, tcp, indices in bound_applications(batch):
            if layer is DNS:
                for payload in payloads(batch, indices):
                    yield payload, tcp
