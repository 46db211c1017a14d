"""The pcap file, in all its variants."""

from __future__ import annotations

from struct import pack

import pytest

from netdumplings.exceptions import NotACapture, TruncatedCapture
from support.capture_files import (
    PCAP,
    PCAP_MODIFIED,
    PCAP_NS,
    Read,
    pcap_header,
    pcap_record,
    read_all,
)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    ("magic", "extra", "time_ns"),
    [
        (PCAP, b"", 7_000_123_000),
        (PCAP_NS, b"", 7_000_000_123),
        (PCAP_MODIFIED, bytes(8), 7_000_123_000),
    ],
)
def test_every_variant_is_read_in_either_byte_order(
    order: str, magic: int, extra: bytes, time_ns: int
) -> None:
    record = pcap_record(b"abc", order=order, seconds=7, fraction=123, wire=60, extra=extra)
    file = pcap_header(order, magic) + record * 2
    assert read_all([file]) == ([Read(b"abc", time_ns, 60)] * 2, None)


def test_a_capture_without_packets_is_a_capture() -> None:
    assert read_all([pcap_header()]) == ([], None)


def test_a_packet_of_no_bytes_is_a_packet() -> None:
    file = pcap_header() + pcap_record(b"", wire=60)
    assert read_all([file]) == ([Read(b"", 1_000_000_000, 60)], None)


def test_seconds_count_on_beyond_2038() -> None:
    [packet], _ = read_all([pcap_header() + pcap_record(b"", seconds=2**32 - 1)])
    assert packet.time_ns == (2**32 - 1) * 1_000_000_000


@pytest.mark.parametrize(
    ("field", "link_type"),
    [
        (101, 101),
        (0x3000_0001, 1),
        (0x3400_0069, 105),
        pytest.param(12, 101, id="DLT_RAW, as some programs write it"),
        pytest.param(14, 101, id="DLT_RAW of OpenBSD"),
        (65535, 65535),
    ],
)
def test_the_link_type_is_the_lower_half_of_its_field(field: int, link_type: int) -> None:
    [packet], _ = read_all([pcap_header(link_type=field) + pcap_record(b"x")])
    assert packet.link_type == link_type


@pytest.mark.parametrize(
    ("file", "problem"),
    [
        (b"", "it is empty"),
        (b"\xd4\xc3", "it ends after 2 bytes"),
        (pcap_header()[:23], "it ends after 23 bytes"),
        (pcap_header(version=(1, 4)), "the unknown pcap version 1.4"),
        (pcap_header(version=(2, 5)), "the unknown pcap version 2.5"),
        (pcap_header(link_type=0x0001_0001), "the unknown link type 0x00010001"),
        (b"snoop\0\0\0" + bytes(16), "it is a snoop capture; convert it with editcap"),
        (b"\x28\xb5\x2f\xfd" + bytes(20), "it is compressed with zstd; decompress it first"),
        (b"GET / HTTP/1.1\r\n", "it begins with 0x47455420, as neither pcap nor pcapng does"),
    ],
)
def test_what_is_no_capture_is_named_for_what_it_is(file: bytes, problem: str) -> None:
    packets, error = read_all([file])
    assert packets == []
    assert type(error) is NotACapture
    assert str(error) == f"test.pcap: not a capture: {problem}"
    assert error.source == "test.pcap"


@pytest.mark.parametrize("missing", [1, 3, 16, 19])
def test_a_file_that_ends_in_the_middle_of_a_packet_gives_those_before(missing: int) -> None:
    file = pcap_header() + pcap_record(b"abcd") * 3
    packets, error = read_all([file[:-missing]])
    assert [packet.data for packet in packets] == [b"abcd"] * 2
    assert type(error) is TruncatedCapture
    assert (error.source, error.offset, error.packets) == ("test.pcap", 24 + 2 * 20, 2)


def test_a_length_that_cannot_be_gives_the_packets_before_it() -> None:
    file = pcap_header() + pcap_record(b"abcd") + pack("<IIII", 0, 0, 262_145, 262_145) + bytes(99)
    packets, error = read_all([file])
    assert [packet.data for packet in packets] == [b"abcd"]
    assert str(error) == (
        "test.pcap: the impossible packet length 262145 at byte 44; "
        "the 1 packets before it were read"
    )


def test_usb_packets_may_be_longer_than_any_of_a_network() -> None:
    data = bytes(300_000)
    [packet], error = read_all([pcap_header(link_type=249) + pcap_record(data)])
    assert packet.data == data
    assert error is None
