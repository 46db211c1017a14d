"""Capture files made byte by byte, right and wrong ones, and what a reader makes of them."""

from __future__ import annotations

from collections.abc import Iterable
from struct import pack
from typing import NamedTuple

from netdumplings.capture.reader import CaptureReader
from netdumplings.exceptions import CaptureError
from netdumplings.packets import PacketBatch

#: When the first packet of a test's capture comes by, seconds since the epoch.
FIRST_SECOND = 1_600_000_000

PCAP, PCAP_NS, PCAP_MODIFIED = 0xA1B2C3D4, 0xA1B23C4D, 0xA1B2CD34


class Read(NamedTuple):
    """A packet that was read."""

    data: bytes
    time_ns: int
    wire_length: int
    link_type: int = 1
    interface: str | None = None


def packets_of(batches: Iterable[PacketBatch]) -> list[Read]:
    """Every packet of some batches."""
    return [
        Read(
            batch.data(index),
            int(batch.times_ns[index]),
            int(batch.wire_lengths[index]),
            batch.link_type,
            batch.interface,
        )
        for batch in batches
        for index in range(len(batch))
    ]


def read_all(pieces: Iterable[bytes]) -> tuple[list[Read], CaptureError | None]:
    """Read a capture file given in pieces: its packets, and the error it ends with."""
    reader = CaptureReader("test.pcap")
    found: list[Read] = []
    try:
        for piece in pieces:
            found += packets_of(reader.feed(piece))
        reader.end()
    except CaptureError as error:
        assert reader.packets == len(found)
        return found, error
    assert reader.packets == len(found)
    return found, None


def pcap_header(
    order: str = "<",
    magic: int = PCAP,
    *,
    version: tuple[int, int] = (2, 4),
    link_type: int = 1,
    snaplen: int = 262_144,
) -> bytes:
    """The header of a pcap file."""
    return pack(order + "IHHiIII", magic, *version, 0, 0, snaplen, link_type)


def pcap_record(
    data: bytes,
    *,
    order: str = "<",
    seconds: int = 1,
    fraction: int = 0,
    wire: int | None = None,
    extra: bytes = b"",
) -> bytes:
    """A packet in a pcap file; ``extra`` is what the modified format has after the lengths."""
    wire = len(data) if wire is None else wire
    return pack(order + "IIII", seconds, fraction, len(data), wire) + extra + data


def pcap(*packets: bytes, seconds: Iterable[int] | None = None) -> bytes:
    """A whole pcap file of Ethernet packets, a second apart, or at given seconds."""
    times = range(len(packets)) if seconds is None else seconds
    return pcap_header() + b"".join(
        pcap_record(data, seconds=FIRST_SECOND + second)
        for data, second in zip(packets, times, strict=True)
    )


def block(kind: int, body: bytes, order: str = "<") -> bytes:
    """A block of a pcapng file, its body padded to whole words."""
    body += bytes(-len(body) % 4)
    length = pack(order + "I", len(body) + 12)
    return pack(order + "I", kind) + length + body + length


def section(order: str = "<", version: tuple[int, int] = (1, 0)) -> bytes:
    """The block that begins a section."""
    return block(0x0A0D0D0A, pack(order + "IHHq", 0x1A2B3C4D, *version, -1), order)


def interface(
    link_type: int = 1,
    *,
    order: str = "<",
    snaplen: int = 0,
    name: bytes | None = None,
    resolution: int | None = None,
    offset: int | None = None,
) -> bytes:
    """The block that describes an interface."""
    options = b""
    if name is not None:
        options += option(2, name, order)
    if resolution is not None:
        options += option(9, bytes([resolution]), order)
    if offset is not None:
        options += option(14, pack(order + "q", offset), order)
    if options:
        options += option(0, b"", order)
    return block(1, pack(order + "HHI", link_type, 0, snaplen) + options, order)


def option(code: int, value: bytes, order: str = "<") -> bytes:
    """An option of a block."""
    return pack(order + "HH", code, len(value)) + value + bytes(-len(value) % 4)


def packet(
    data: bytes,
    *,
    order: str = "<",
    interface: int = 0,
    time: int = 0,
    captured: int | None = None,
    wire: int | None = None,
    options: bytes = b"",
) -> bytes:
    """A packet of a pcapng file."""
    captured = len(data) if captured is None else captured
    wire = len(data) if wire is None else wire
    head = pack(order + "IIIII", interface, time >> 32, time & 0xFFFF_FFFF, captured, wire)
    return block(6, head + data + bytes(-len(data) % 4) + options, order)


def old_packet(data: bytes, *, order: str = "<", interface: int = 0, time: int = 0) -> bytes:
    """A packet of a pcapng file as programs wrote them before 2009, with a count of drops."""
    head = pack(
        order + "HHIIII", interface, 7, time >> 32, time & 0xFFFF_FFFF, len(data), len(data)
    )
    return block(2, head + data, order)


def simple_packet(data: bytes, *, order: str = "<", wire: int | None = None) -> bytes:
    """A packet of a pcapng file without a time."""
    return block(3, pack(order + "I", len(data) if wire is None else wire) + data, order)


#: A pcapng file with blocks of every kind, in both byte orders.
EVERY_BLOCK = (
    section()
    + interface(name=b"eth0", resolution=9, offset=5)
    + interface(113)
    + packet(b"abc", interface=1, options=option(1, b"note"))
    + simple_packet(b"defg")
    + old_packet(b"hij")
    + block(0xBAD, b"klm")
    + section(">")
    + interface(order=">", resolution=0x8A)
    + packet(b"nop", order=">")
)
