r"""Recordings as JSON lines: what is written at once is a group, and stands or falls as one.

A group is any number of lines, each a dumpling as it came or a gap, and a last line that says how
far the eater has come with them, how many bytes they are, and what their checksum is::

    {"metadata":{...},"payload":...}
    {"gap":{"time":1795000041.5,"missed":3,"reason":"slow","kitchen":null}}
    {"recording":{"version":1,"time":1795000042.1,"size":312,"crc32":907060870,"cursor":{...}}}

A dumpling always has a ``metadata``, and the other lines never do, which tells them apart, whatever
a kitchen may invent.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Final

import msgspec

from ..wire import MAX_CURSOR, MAX_NAME
from .entries import Cursor, Entry, Missed

VERSION: Final = 1


class Place(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The last line of a group.

    Attributes:
        version: of the format.
        time: when the group was written, seconds since the epoch.
        size: bytes of its other lines, with their line ends.
        crc32: their checksum, as of zlib.
        cursor: how far the eater has come; None if nobody knows.
    """

    version: int
    time: float
    size: int
    crc32: int
    cursor: dict[str, int] | None


class _Gap(msgspec.Struct, forbid_unknown_fields=True):
    time: float
    missed: int
    reason: str
    kitchen: str | None = None


class _PlaceLine(msgspec.Struct, forbid_unknown_fields=True):
    recording: Place


class _GapLine(msgspec.Struct, forbid_unknown_fields=True):
    gap: _Gap


#: How the lines begin that are no dumplings. (A dumpling may begin so, too.)
PLACE: Final = b'{"recording":'
GAP: Final = b'{"gap":'
#: Bytes that such a line has at most.
MAX_PLACE: Final = 1024 + MAX_CURSOR * 512
MAX_GAP: Final = 1024 + MAX_NAME * 12

_encode: Final = msgspec.json.Encoder().encode
_places: Final = msgspec.json.Decoder(_PlaceLine)
_gaps: Final = msgspec.json.Decoder(_GapLine)


class OtherVersion(ValueError):
    """A recording is of a version that is not known here."""


def write_group(entries: Iterable[Entry], cursor: Cursor | None, now: float) -> bytes:
    """Write a group.

    Args:
        entries: what is in it.
        cursor: how far the eater has come with it; None if nobody knows.
        now: seconds since the epoch.
    """
    lines = [_line(entry) for entry in entries]
    if lines:
        lines.append(b"")
    body = b"\n".join(lines)
    known = None if cursor is None else dict(cursor)
    place = Place(VERSION, now, len(body), zlib.crc32(body), known)
    return b"%b%b\n" % (body, _encode(_PlaceLine(place)))


def read_line(line: bytes) -> Place | Missed | bytes:
    """Tell what a line is: the end of a group, a gap, or what should be a dumpling.

    Args:
        line: the line, without its end.

    Raises:
        OtherVersion: it is of a later version.
    """
    try:
        if line.startswith(PLACE) and len(line) <= MAX_PLACE:
            place = _places.decode(line).recording
            if place.version != VERSION:
                raise OtherVersion(f"it is of version {place.version}, and {VERSION} is known here")
            return place
        if line.startswith(GAP) and len(line) <= MAX_GAP:
            gap = _gaps.decode(line).gap
            return Missed(gap.time, gap.missed, gap.reason, gap.kitchen)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    return line


def _line(entry: Entry) -> bytes:
    if isinstance(entry, bytes):
        return entry
    return _encode(_GapLine(_Gap(entry.time, entry.missed, entry.reason, entry.kitchen)))
