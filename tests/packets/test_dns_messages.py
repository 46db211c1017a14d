"""DNS messages: what is told of them is what dnspython tells, and nothing raises or takes long."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.dns import DNS

from netdumplings.packets.applications import bound_applications, payloads
from netdumplings.packets.dns_data import LONGEST_DATA, MOST_PARTS, strings
from netdumplings.packets.dns_messages import MOST_RECORDS, DnsMessage, read_message
from netdumplings.packets.dns_names import LONGEST
from support.dns_messages import damaged
from support.examples import examples
from support.real_packets import real_batches

#: Data of each type whose fields are known, as in a zone file.
DATA = {
    "A": "192.0.2.1",
    "AAAA": "2001:db8::1",
    "NS": "ns.example",
    "CNAME": "a.b.example",
    "PTR": "My\\032Printer._ipp._tcp.local",
    "DNAME": "other.example",
    "SOA": "ns.example hostmaster.example 2026010101 7200 3600 1209600 300",
    "HINFO": '"ARM64" "LINUX"',
    "MX": "10 mail.example",
    "TXT": '"v=spf1 -all" "a \\"quoted\\" \\\\ one" ""',
    "SPF": '"v=spf1 -all"',
    "RP": "admin.example txt.example",
    "AFSDB": "1 afs.example",
    "RT": "10 relay.example",
    "KX": "10 kx.example",
    "LP": "10 l64.example",
    "SRV": "0 5 5060 sip.example",
    "NAPTR": '100 10 "S" "SIP+D2U" "" _sip._udp.example',
    "CERT": "1 2 5 AAECAwQF",
    "DS": "60485 5 1 2bb183af5f22588179a53b0a98631fad1a292118",
    "CDS": "60485 5 1 2bb183af5f22588179a53b0a98631fad1a292118",
    "DLV": "60485 5 1 2bb183af5f22588179a53b0a98631fad1a292118",
    "SSHFP": "4 2 a87f1b687ac0e57d2a081a2f282672334d90ed316d2b818ca9580ea384d92401",
    "RRSIG": "A 13 2 3600 20260201000000 20260101000000 34505 example bWFkZSB1cA==",
    "NSEC": "b.example A MX RRSIG NSEC TYPE1234",
    "NSEC3": "1 1 12 aabbccdd 2t7b4g4vsa5smi47k61mv5bv1a22bojr A RRSIG",
    "NSEC3PARAM": "1 0 0 -",
    "DNSKEY": "257 3 13 bWFkZSB1cA==",
    "CDNSKEY": "257 3 13 bWFkZSB1cA==",
    "DHCID": "AAIBY2/AuCccgoJbsaxcQc9TUapptP69lOjxfNuVAA2kjEA=",
    "OPENPGPKEY": "bWFkZSB1cA==",
    "TLSA": "3 1 1 a9cdf989b504fe5dca90c0d2167b6550570734f7c763e09fdf88904e06157065",
    "SMIMEA": "3 1 1 a9cdf989b504fe5dca90c0d2167b6550570734f7c763e09fdf88904e06157065",
    "CSYNC": "66 3 A NS AAAA",
    "ZONEMD": f"2018031900 1 1 {'0a' * 48}",
    "SVCB": "0 foo.example",
    "HTTPS": (
        '1 . mandatory="alpn" alpn="h2,h3" no-default-alpn port="8443" '
        'ipv4hint="192.0.2.1,192.0.2.2" ech="AAj+DQAEdGVzdA==" ipv6hint="2001:db8::1" '
        'key667="hello"'
    ),
    "URI": '10 1 "ftp://ftp.example/public"',
    "CAA": '0 issue "ca.example; account=1"',
}  # fmt: skip
#: Where we write it otherwise.
TOLD = {
    "PTR": "My Printer._ipp._tcp.local",
    "HTTPS": (
        '1 . mandatory=alpn alpn="h2,h3" no-default-alpn port=8443 ipv4hint=192.0.2.1,192.0.2.2 '
        'ech="AAj+DQAEdGVzdA==" ipv6hint=2001:db8::1 key667="hello"'
    ),
}
#: Types that dnspython, too, tells as RFC 3597 has it.
OPAQUE = {"TYPE65280": r"\# 4 0a000001", "NULL": r"\# 2 0102"}


def reply(*lines: str, ask: str = "example", **options: Any) -> bytes:
    """A response with records as in a zone file, made by dnspython."""
    query = dns.message.make_query(ask, "A", id=7, **options)
    message = dns.message.make_response(query)
    for line in lines:
        owner, kind, data = line.split(" ", 2)
        message.answer.append(dns.rrset.from_text(owner, 300, "IN", kind, data))
    return message.to_wire(origin=dns.name.root)


def read(data: bytes, **options: bool) -> DnsMessage:
    message = read_message(data, **options)
    assert message is not None
    return message


def plain(text: str) -> str:
    """Text of a record without what writers of zone files may do as they please."""
    text = re.sub(r"\\(\d{3})", lambda code: chr(int(code[1])), text)
    return text.replace('"', "").replace(" ", "").replace(".", "").lower()


@pytest.mark.parametrize(("kind", "data"), [*DATA.items(), *OPAQUE.items()])
def test_data_is_told_as_in_a_zone_file(kind: str, data: str) -> None:
    [record] = read(reply(f"x.example {kind} {data}")).answers
    assert (record.name, record.type, record.rclass, record.ttl) == ("x.example", kind, "IN", 300)
    assert record.data == TOLD.get(kind, data)


def test_the_strings_of_a_text_are_told_as_bytes_too() -> None:
    [record] = read(reply(f"x.example TXT {DATA['TXT']}")).answers
    assert strings(record.raw) == [b"v=spf1 -all", b'a "quoted" \\ one', b""]


def test_a_message_is_told_with_its_flags_and_sections() -> None:
    query = dns.message.make_query("example.com", "AAAA", id=4711, want_dnssec=True)
    message = dns.message.make_response(query, recursion_available=True)
    message.flags |= dns.flags.AA | dns.flags.AD
    message.authority.append(dns.rrset.from_text("example.com.", 60, "IN", "NS", "ns.example.com."))
    message.additional.append(dns.rrset.from_text("ns.example.com.", 60, "IN", "A", "192.0.2.53"))
    message.set_rcode(dns.rcode.BADCOOKIE)
    told = read(message.to_wire())
    assert (told.id, told.is_response, told.opcode, told.rcode) == (
        4711,
        True,
        "QUERY",
        "BADCOOKIE",
    )
    assert told.flags == ("AA", "RD", "RA", "AD")
    assert told.questions == [("example.com", "AAAA", "IN")]
    assert told.answers == []
    assert [record.data for record in told.authorities] == ["ns.example.com"]
    assert [record[:5] for record in told.additionals] == [
        ("ns.example.com", "A", "IN", 60, "192.0.2.53")
    ]
    assert told.is_whole
    asked = read(query.to_wire())
    assert (asked.is_response, asked.rcode, asked.flags) == (False, "NOERROR", ("RD", "DO"))


def test_the_multicast_bit_of_classes_is_no_part_of_their_number() -> None:
    data = reply("x.local A 192.0.2.1", ask="x.local").replace(b"\0\1\0\1", b"\0\1\x80\1")
    assert {each.rclass for each in (*read(data).questions, *read(data).answers)} == {"CLASS32769"}
    told = read(data, multicast=True)
    assert {each.rclass for each in (*told.questions, *told.answers)} == {"IN"}


def test_a_ttl_below_zero_is_zero() -> None:
    data = reply("x.example A 192.0.2.1").replace(b"\0\0\1\x2c", b"\xff\xff\xff\xff")
    assert [record.ttl for record in read(data).answers] == [0]


@pytest.mark.parametrize(
    ("labels", "name"),
    [
        ([], "."),
        ([b"example"], "example"),
        ([b"HP 3.1", b"_ipp"], r"HP 3\.1._ipp"),
        ([b"back\\slash"], r"back\\slash"),
        (["Küche".encode()], "Küche"),
        ([b"\xff\x1b[A"], "\\xff\x1b[A"),
        ([b"x" * 63] * 3 + [b"y" * 61], f"{'x' * 63}." * 3 + "y" * 61),
    ],
)
def test_a_name_is_text_whatever_its_bytes(labels: list[bytes], name: str) -> None:
    wire = b"".join(bytes([len(label)]) + label for label in labels) + b"\0"
    assert len(wire) <= LONGEST
    data = b"\0\7\1\0\0\1" + bytes(6) + wire + b"\0\1\0\1"
    assert read(data).questions == [(name, "A", "IN")]
    assert read(data).is_whole


@pytest.mark.parametrize(
    "name",
    [
        b"",
        b"\3ab",
        b"\3abc",
        b"\xc0",
        b"\xc0\x0c",  # to itself
        b"\1a\xc0\x0c",  # in a circle, growing
        b"\xc0\x0e\0",  # ahead
        b"\x41a\0",  # RFC 1035 section 4.1.4 keeps these lengths for the future
        b"\x80\x0c",
        (b"\x3f" + b"x" * 63) * 3 + b"\x3e" + b"y" * 62 + b"\0",  # 256 bytes
        b"\1a" * 128 + b"\0",
    ],
)
def test_a_name_that_makes_no_sense_ends_the_message(name: bytes) -> None:
    told = read(b"\0\7\1\0\0\1\0\1" + bytes(4) + name)
    assert (told.questions, told.answers, told.is_whole) == ([], [], False)


def test_what_could_be_read_of_a_message_that_is_cut_off_is_told() -> None:
    data = reply("x.example MX 10 mail.example", "y.example A 192.0.2.1", ask="x.example")
    first = len(reply("x.example MX 10 mail.example", ask="x.example"))
    for length in range(len(data)):
        told = read_message(data[:length])
        if length < 12:
            assert told is None
            continue
        assert told is not None
        assert not told.is_whole
        assert len(told.questions) == (length >= 12 + 11 + 4)
        assert [record.data for record in told.answers] == ["10 mail.example"] * (length >= first)
    assert read(data + b"more").is_whole


def test_data_that_is_not_as_its_type_has_it_is_told_as_bytes() -> None:
    good = reply("x.example MX 10 mail.example", ask="x.example")
    size = good.index(b"\4mail") - 4
    for length in range(len(good) - size - 2):
        data = good[:size] + length.to_bytes(2, "big") + good[size + 2 :]
        [record] = read(data).answers
        assert record.data == f"\\# {length} {record.raw.hex()}".rstrip()


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (16, b"\xffxxx" * 16_000),
        (16, b"\0" * 64_000),
        (47, b"\0" + b"\0\x20" + b"\xff" * 32 + b"\1\x20" + b"\xff" * 32),
        (47, b"\0" + (b"\0\xff" + b"\xff" * 255) * 250),
        (65, b"\0\1\0" + b"\1\0\0\0" * 16_000),
        (65, b"\0\1\0" + b"\0\1\xf0\0" + b"\0" * 0xF000),
        (65, b"\0\1\0" + b"\0\6\xf0\0" + b"\0" * 0xF000),
        (48, b"\1\1\3\x0d" + b"x" * 64_000),
        (9999, b"x" * 64_000),
    ],
)
def test_long_data_is_told_in_short(kind: int, data: bytes) -> None:
    head = b"\0\7\x80\0\0\0\0\1" + bytes(4)
    message = head + b"\0" + kind.to_bytes(2, "big") + b"\0\1" + bytes(4)
    [record] = read(message + len(data).to_bytes(2, "big") + data).answers
    assert len(record.data) <= 4 * LONGEST_DATA
    assert len(strings(data)) <= MOST_PARTS
    assert record.raw == data


def test_there_are_so_many_records_and_no_more() -> None:
    one = b"\xc0\x0c\0\1\0\1" + bytes(4) + b"\0\4\1\2\3\4"
    for count in (MOST_RECORDS - 1, MOST_RECORDS):
        data = b"\0\7\x80\0\0\1" + count.to_bytes(2, "big") + bytes(4)
        told = read(data + b"\1a\0\0\1\0\1" + one * count)
        assert len(told.answers) == MOST_RECORDS - 1
        assert told.is_whole is (count < MOST_RECORDS)


def test_names_of_many_labels_in_many_records_take_bounded_time() -> None:
    """Each label leads on to the one before it, and each name begins a label later."""
    chain = b"\1a\0" + b"".join(
        b"\1a" + (0xC000 | (12 if number == 0 else 15 + 4 * (number - 1))).to_bytes(2, "big")
        for number in range(4000)
    )
    data = b"\0\7\x80\0" + b"\xff\xff" * 4 + chain + b"\xc0\xff" * 20_000
    steps = 0

    def count(_frame: Any, event: str, _argument: Any) -> None:
        nonlocal steps
        steps += event in ("line", "call")

    sys.setprofile(count)
    try:
        told = read(data)
    finally:
        sys.setprofile(None)
    assert not told.is_whole
    assert steps < 10_000


def _agree(data: bytes) -> bool:
    """Whether dnspython reads a message at all; then it reads the same as we."""
    told = read_message(data)
    if told is not None:
        assert len(told.questions) + len(told.answers) <= MOST_RECORDS
    try:
        message = dns.message.from_wire(data, ignore_trailing=True, one_rr_per_rrset=True)
    except (dns.exception.DNSException, ValueError, NotImplementedError):
        return False
    assert told is not None
    assert told.is_whole
    assert told.id == message.id
    assert told.is_response is bool(message.flags & dns.flags.QR)
    assert told.opcode.removeprefix("OPCODE") == dns.opcode.to_text(message.opcode())
    assert told.rcode.removeprefix("RCODE") == dns.rcode.to_text(message.rcode())
    if told.opcode == "UPDATE":  # whose sections it calls otherwise
        return True
    for ours, theirs in zip(
        (told.answers, told.authorities),
        (message.answer, message.authority),
        strict=True,
    ):
        assert len(ours) == len(theirs)
        for record, rrset in zip(ours, theirs, strict=True):
            assert record.type == dns.rdatatype.to_text(rrset.rdtype)
            assert plain(record.name) == plain(_text(rrset.name))
            # Of other classes, which multicast DNS seems to have, dnspython knows no addresses.
            if rrset.rdclass == dns.rdataclass.IN and record.type in COMPARED:
                assert plain(record.data) == plain(_text(rrset[0]))
    return True


COMPARED = ("A", "AAAA", "CNAME", "NS", "MX", "SRV", "SOA")


def _text(value: Any) -> str:
    """Names as dnspython writes them: bytes that are no text, and some characters, by number."""
    escaped = re.sub(r"\\(\d{3})", lambda code: chr(int(code[1])), value.to_text())
    decoded = escaped.encode("latin-1").decode("utf-8", "backslashreplace")
    return re.sub(r"\\(?=[\"();@$])", "", decoded)


def test_each_message_of_the_real_captures_is_told_as_dnspython_tells_it(captures: Path) -> None:
    agreed = 0
    for batch in real_batches(captures, each=100):
        for layer, over_tcp, indices in bound_applications(batch):
            if layer is DNS and not over_tcp:
                agreed += sum(_agree(data) for data in payloads(batch, indices))
    assert agreed > 20


@examples(3)
@given(damaged)
def test_a_damaged_message_never_raises_and_is_told_as_dnspython_tells_it(data: bytes) -> None:
    _agree(data)


@given(st.binary(max_size=300), st.booleans())
def test_nothing_raises_on_any_bytes(data: bytes, multicast: bool) -> None:
    read_message(data, multicast=multicast)
    strings(data)
