"""Counts what a capture file has, knowing nothing of our readers: after the formats' own pages.

pcap-savefile(5), and draft-ietf-opsawg-pcapng for pcapng: one record after the other, a `struct`
call each, slow and plain.
"""

from __future__ import annotations

import gzip
import struct
import zlib
from pathlib import Path
from typing import NamedTuple

_GZIP = b"\x1f\x8b"
_PCAP = {
    bytes.fromhex("a1b2c3d4"): (">", 16),
    bytes.fromhex("d4c3b2a1"): ("<", 16),
    bytes.fromhex("a1b23c4d"): (">", 16),
    bytes.fromhex("4d3cb2a1"): ("<", 16),
    bytes.fromhex("a1b2cd34"): (">", 24),
    bytes.fromhex("34cdb2a1"): ("<", 24),
}
_PCAPNG = bytes.fromhex("0a0d0d0a")
#: The most that a packet of USB and D-Bus may have; any other, 256 KiB.
_LONGEST = dict.fromkeys((220, 231, 249, 279), 16 << 20)


class Count(NamedTuple):
    """What a file has.

    Attributes:
        packets: whole packets.
        breaks_off: whether there is something behind them that is no record.
        no_capture: whether it is refused as a whole.
    """

    packets: int
    breaks_off: bool = False
    no_capture: bool = False


NO_CAPTURE = Count(0, no_capture=True)


def looks_like_a_capture(path: Path) -> bool:
    """Whether a file begins as one does, or is named like one."""
    if path.suffix in {".pcap", ".pcapng", ".cap", ".dmp", ".trace"}:
        return True
    with path.open("rb") as file:
        beginning = file.read(4)
    return beginning in _PCAP or beginning == _PCAPNG


def count(path: Path) -> Count:
    """Count the packets of a file."""
    data, whole = path.read_bytes(), True
    if data.startswith(_GZIP):
        data, whole = _inflated(path)
    if data[:4] in _PCAP:
        found = _pcap(data)
    elif data[:4] == _PCAPNG:
        found = _pcapng(data)
    else:
        return NO_CAPTURE
    return found if whole or found.no_capture else found._replace(breaks_off=True)


def _inflated(path: Path) -> tuple[bytes, bool]:
    pieces = []
    with gzip.open(path) as file:
        try:
            while piece := file.read1(1 << 20):
                pieces.append(piece)
        except (OSError, EOFError, zlib.error):
            return b"".join(pieces), False
    return b"".join(pieces), True


def _pcap(data: bytes) -> Count:
    order, header = _PCAP[data[:4]]
    if len(data) < 24:
        return NO_CAPTURE
    major, minor, _, _, _, link_type = struct.unpack_from(order + "HHiIII", data, 4)
    if (major, minor) != (2, 4) or link_type & 0x03FF0000:
        return NO_CAPTURE
    longest = _LONGEST.get(link_type & 0xFFFF, 262144)
    packets, at = 0, 24
    while at < len(data):
        if at + header > len(data):
            return Count(packets, breaks_off=True)
        (captured,) = struct.unpack_from(order + "I", data, at + 8)
        at += header + captured
        if captured > longest or at > len(data):
            return Count(packets, breaks_off=True)
        packets += 1
    return Count(packets)


def _pcapng(data: bytes) -> Count:
    packets, at, order, interfaces, begun = 0, 0, "<", [], False

    def broken() -> Count:
        return Count(packets, breaks_off=True) if begun else NO_CAPTURE

    while at < len(data):
        if at + 12 > len(data):
            return broken()
        if data[at : at + 4] == _PCAPNG:
            magic = data[at + 8 : at + 12]
            if magic not in (b"\x1a\x2b\x3c\x4d", b"\x4d\x3c\x2b\x1a"):
                return broken()
            order = ">" if magic == b"\x1a\x2b\x3c\x4d" else "<"
        kind, length = struct.unpack_from(order + "II", data, at)
        shortest = {0x0A0D0D0A: 28, 1: 20, 2: 32, 3: 16, 6: 32}.get(kind, 12)
        if length < shortest or length % 4 or length > 16 << 20 or at + length > len(data):
            return broken()
        block = data[at : at + length]
        if block[-4:] != block[4:8]:
            return broken()
        if kind == 0x0A0D0D0A:
            if struct.unpack_from(order + "HH", block, 12) not in ((1, 0), (1, 2)):
                return broken()
            begun, interfaces = True, []
        elif kind == 1:
            if not _options_end(block[16:-4], order):
                return broken()
            interfaces.append(struct.unpack_from(order + "I", block, 12)[0])
        elif kind in (2, 6):
            (interface,) = struct.unpack_from(order + ("H" if kind == 2 else "I"), block, 8)
            (captured,) = struct.unpack_from(order + "I", block, 20)
            if interface >= len(interfaces) or captured > length - 32:
                return broken()
            packets += 1
        elif kind == 3:
            (wire,) = struct.unpack_from(order + "I", block, 8)
            if not interfaces or min(wire, interfaces[0] or wire) > length - 16:
                return broken()
            packets += 1
        at += length
    return Count(packets)


def _options_end(options: bytes, order: str) -> bool:
    """Whether the options of a block stay within it."""
    at = 0
    while at + 4 <= len(options):
        code, length = struct.unpack_from(order + "HH", options, at)
        if code == 0:
            return True
        if at + 4 + length > len(options):
            return False
        at += 4 + length + -length % 4
    return True
