"""The pcapng file: sections, interfaces, and the three kinds of block that hold a packet."""

from __future__ import annotations

from struct import pack

import pytest

from netdumplings.capture.reader import CaptureReader
from netdumplings.capture.records import MAX_TIME_NS
from netdumplings.exceptions import NotACapture, TruncatedCapture
from support.capture_files import (
    Read,
    block,
    interface,
    old_packet,
    option,
    packet,
    read_all,
    section,
    simple_packet,
)

UNKNOWN = 0x0BAD


@pytest.mark.parametrize("order", ["<", ">"])
def test_every_kind_of_packet_block_is_read_in_either_byte_order(order: str) -> None:
    file = (
        section(order)
        + interface(order=order)
        + interface(113, order=order, name=b"eth1")
        + packet(b"abcde", order=order, interface=1, time=(1 << 32) + 2, wire=60)
        + old_packet(b"fgh", order=order, interface=1, time=(1 << 32) + 3)
        + simple_packet(b"ij", order=order)
    )
    assert read_all([file]) == (
        [
            Read(b"abcde", ((1 << 32) + 2) * 1000, 60, 113, "eth1"),
            Read(b"fgh", ((1 << 32) + 3) * 1000, 3, 113, "eth1"),
            Read(b"ij", ((1 << 32) + 3) * 1000, 2, 1, None),
        ],
        None,
    )


def test_packets_of_several_interfaces_keep_their_order_and_their_link_types() -> None:
    names = [0, 1, 1, 0, 1, 0, 0, 0]
    file = section() + interface(1, name=b"a") + interface(101, name=b"b")
    file += b"".join(packet(bytes([n]), interface=name) for n, name in enumerate(names))
    packets, _ = read_all([file])
    assert [read.data for read in packets] == [bytes([n]) for n in range(8)]
    assert [(read.interface, read.link_type) for read in packets] == [
        [("a", 1), ("b", 101)][name] for name in names
    ]


def test_consecutive_packets_of_one_interface_make_one_batch_over_the_bytes_given() -> None:
    file = section() + interface() + packet(b"a") + block(UNKNOWN, b"?") + packet(b"b")
    [batch] = CaptureReader("x").feed(file)
    assert len(batch) == 2
    assert batch.buffer is file


def test_sections_may_differ_in_byte_order_and_number_their_interfaces_anew() -> None:
    file = b"".join(
        section(order) + interface(link_type, order=order) + packet(b"x", order=order)
        for order, link_type in ((">", 1), ("<", 101), ("<", 0), (">", 113))
    )
    packets, error = read_all([file])
    assert [read.link_type for read in packets] == [1, 101, 0, 113]
    assert error is None


def test_blocks_of_the_reserved_kind_0_are_skipped_first_as_well() -> None:
    file = section() + block(0, b"") + interface() + block(0, b"") + packet(b"abc")
    found, problem = read_all([file])
    assert ([read.data for read in found], problem) == ([b"abc"], None)


def test_blocks_of_unknown_kinds_are_skipped() -> None:
    unknown = block(UNKNOWN, b"whatever") + block(0x4000_0BAD, b"")
    file = section() + unknown + interface() + unknown + packet(b"x") + unknown
    assert read_all([file]) == ([Read(b"x", 0, 1)], None)


@pytest.mark.parametrize(
    ("resolution", "offset", "ticks", "time_ns"),
    [
        pytest.param(None, None, 1_500_000, 1_500_000_000, id="microseconds by default"),
        (0, None, 3, 3_000_000_000),
        (3, None, 1_500, 1_500_000_000),
        (9, None, 1_500_000_001, 1_500_000_001),
        pytest.param(12, None, 1_500_000_001_999, 1_500_000_001, id="picoseconds"),
        pytest.param(0x81, None, 3, 1_500_000_000, id="halves of a second"),
        pytest.param(0x8A, None, 1536, 1_500_000_000, id="2 to the 10th"),
        pytest.param(0xBF, None, 1 << 63, 1_000_000_000, id="2 to the 63rd"),
        (None, 10, 1_500_000, 11_500_000_000),
        (None, -1, 1_500_000, 500_000_000),
        pytest.param(None, -2, 1_500_000, 0, id="before 1970"),
        pytest.param(0, None, 2**64 - 1, MAX_TIME_NS, id="beyond the last time"),
        pytest.param(127, None, 2**64 - 1, 0, id="10 to the 127th"),
        pytest.param(None, 2**63 - 1, 0, MAX_TIME_NS, id="the greatest offset"),
        pytest.param(None, -(2**63), 2**64 - 1, 0, id="the least offset"),
    ],
)
def test_times_are_in_the_units_of_the_interface(
    resolution: int | None, offset: int | None, ticks: int, time_ns: int
) -> None:
    file = section() + interface(resolution=resolution, offset=offset) + packet(b"x", time=ticks)
    [read], error = read_all([file])
    assert read.time_ns == time_ns
    assert error is None


def test_a_simple_packet_is_cut_off_at_the_snaplen_of_the_first_interface() -> None:
    file = section() + interface(snaplen=4) + interface() + simple_packet(b"abcd", wire=900)
    assert read_all([file]) == ([Read(b"abcd", 0, 900)], None)


def test_options_after_a_packet_are_no_part_of_it() -> None:
    file = section() + interface() + packet(b"abc", options=option(1, b"comment"))
    assert read_all([file]) == ([Read(b"abc", 0, 3)], None)


@pytest.mark.parametrize(
    ("name", "known_as"),
    [
        (b"eth0", "eth0"),
        (b"eth0\0\0", "eth0"),
        (b"", None),
        ("würth".encode(), "würth"),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b"x" * 60_000, "x" * 256),
    ],
)
def test_the_name_of_an_interface_is_text_of_bounded_length(
    name: bytes, known_as: str | None
) -> None:
    [read], _ = read_all([section() + interface(name=name) + packet(b"x")])
    assert read.interface == known_as


GOOD = section() + interface() + packet(b"good")


@pytest.mark.parametrize(
    ("bad", "problem"),
    [
        (pack("<II", UNKNOWN, 8) + bytes(8), "the impossible block length 8"),
        (pack("<II", UNKNOWN, 13) + bytes(8), "the impossible block length 13"),
        (pack("<II", UNKNOWN, 2**24 + 4) + bytes(8), "the impossible block length 16777220"),
        (block(6, bytes(16)), "the impossible block length 28"),
        (block(UNKNOWN, b"")[:-4] + bytes(4), "a block with two different lengths"),
        (
            packet(b"x", interface=1),
            "a packet of interface 1 that was not described",
        ),
        (
            packet(b"x", captured=5),
            "a packet of 5 bytes in a block with room for 4",
        ),
        (simple_packet(b"x", wire=5), "a packet of 5 bytes in a block with room for 4"),
        (section(version=(2, 0)), "the unknown pcapng version 2.0"),
        (block(0x0A0D0D0A, bytes(16)), "a section without a byte order"),
        (
            block(1, bytes(8) + pack("<HH", 2, 5) + b"four"),
            "an interface with options that run over the end of their block",
        ),
    ],
)
def test_a_malformed_block_gives_the_packets_before_it(bad: bytes, problem: str) -> None:
    packets, error = read_all([GOOD + bad + packet(b"never")])
    assert [read.data for read in packets] == [b"good"]
    assert type(error) is TruncatedCapture
    assert str(error) == (
        f"test.pcap: {problem} at byte {len(GOOD)}; the 1 packets before it were read"
    )


def test_packets_before_a_bad_one_in_the_same_stretch_are_read() -> None:
    file = section() + interface() + packet(b"1") + packet(b"2") + packet(b"3", captured=99)
    packets, error = read_all([file + packet(b"4")])
    assert [read.data for read in packets] == [b"1", b"2"]
    assert isinstance(error, TruncatedCapture)
    assert error.packets == 2


@pytest.mark.parametrize("missing", [1, 4, 30, 35])
def test_a_file_that_ends_in_the_middle_of_a_block_gives_the_packets_before(missing: int) -> None:
    packets, error = read_all([(GOOD + packet(b"more"))[:-missing]])
    assert [read.data for read in packets] == [b"good"]
    assert isinstance(error, TruncatedCapture)
    assert error.offset == len(GOOD)


@pytest.mark.parametrize(
    "file",
    [section()[:11], section()[:27], section(version=(0, 1)), block(0x0A0D0D0A, bytes(16))],
)
def test_a_file_whose_first_block_is_no_section_is_no_capture(file: bytes) -> None:
    packets, error = read_all([file])
    assert packets == []
    assert type(error) is NotACapture


def test_a_section_cannot_have_interfaces_without_end() -> None:
    packets, error = read_all([section() + interface() * 65_536 + packet(b"x") + interface()])
    assert len(packets) == 1
    assert "more than 65536 interfaces in a section" in str(error)
