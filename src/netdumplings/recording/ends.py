"""Where a file of groups ends: after its last whole group; what is behind that was torn off."""

from __future__ import annotations

import itertools
import zlib
from typing import IO, Final, NamedTuple

from .groups import MAX_PLACE, PLACE, Place, read_line
from .packing import MAX_GROUP, Packing

#: Bytes at the end of a file that are looked at first; more, if that is not enough.
_FIRST_LOOK: Final = 1024 * 1024


class NoRecording(Exception):
    """A file is no recording, or is damaged otherwise than the end of the system damages one."""


class End(NamedTuple):
    """Where a file ends.

    Attributes:
        size: bytes up to there.
        place: the last line of the last group; None if there is no group.
    """

    size: int
    place: Place | None


_NOTHING: Final = End(0, None)
_NOT_OURS: Final = "it is no recording of nd-record"


def find_end(file: IO[bytes], size: int, packing: Packing | None) -> End:
    """Find where a file ends.

    The last group, of which nobody can be sure after a power failure, is read and checked; so is
    the one before it if the last one is damaged, and no other.

    Args:
        file: the file.
        size: its bytes.
        packing: how its groups lie in it; None for as they are.

    Raises:
        NoRecording: it is none, or damaged: it should not be touched.
        OtherVersion: it is of a later version.
    """
    beginning = _read(file, 0, len(PLACE) if packing is None else packing.header_size)
    magic = PLACE if packing is None else packing.magic
    if not (magic.startswith(beginning) or beginning.startswith(magic)):
        raise NoRecording(_NOT_OURS)
    return _end_of_lines(file, size) if packing is None else _end_of_packed(file, size, packing)


def _end_of_lines(file: IO[bytes], size: int) -> End:
    end = size
    for _ in range(2):
        found = _last_place(file, end)
        if found is None:
            if size > MAX_PLACE or b"\n" in _read(file, 0, size):
                raise NoRecording("its end is damaged" if end == size else "it is damaged")
            return _NOTHING  # the very first line was torn
        start, stop, place = found
        if place.size <= start:
            body = _read(file, start - place.size, place.size)
            if zlib.crc32(body) == place.crc32:
                return End(stop, place)
        end = start
    raise NoRecording(f"it is damaged before byte {end:,}")


def _last_place(file: IO[bytes], end: int) -> tuple[int, int, Place] | None:
    """Find the last line of a group that ends before an offset: where it begins and ends."""
    look = _FIRST_LOOK
    while True:
        begin = max(0, end - look)
        # (A line end ahead of the first line makes all lines the same.)
        piece = b"\n" * (not begin) + _read(file, begin, end - begin)
        offset = begin - (not begin)
        stop = len(piece)
        while (before := piece.rfind(b"\n" + PLACE, 0, stop)) >= 0:
            newline = piece.find(b"\n", before + 1)
            if newline >= 0:
                place = read_line(piece[before + 1 : newline])
                if isinstance(place, Place):
                    return offset + before + 1, offset + newline + 1, place
            stop = before + 1
        if not begin or look >= MAX_GROUP:
            return None
        look *= 8


def _end_of_packed(file: IO[bytes], size: int, packing: Packing) -> End:
    ends = [0]
    while (end := _next_end(file, ends[-1], size, packing)) is not None:
        ends.append(end)
    torn = size - ends[-1]
    # No longer piece can have been torn.
    if torn > MAX_GROUP or _has_header(_read(file, ends[-1] + 1, torn), packing):
        raise NoRecording(f"it is damaged at byte {ends[-1]:,}")
    for begin, end in list(itertools.pairwise(ends))[:-3:-1]:
        place = _place_of(_read(file, begin, end - begin), packing)
        if place is not None:
            return End(end, place)
    if len(ends) > 2:
        raise NoRecording(f"it is damaged before byte {ends[-1]:,}")
    return _NOTHING


def _next_end(file: IO[bytes], at: int, size: int, packing: Packing) -> int | None:
    """Tell where the packed group ends that begins at an offset; None if there is no whole one."""
    header = _read(file, at, packing.header_size)
    length = packing.length(header) if len(header) == packing.header_size else None
    return at + length if length is not None and at + length <= size else None


def _has_header(piece: bytes, packing: Packing) -> bool:
    """Tell whether a packed group begins somewhere in a piece of a file."""
    at = piece.find(packing.magic)
    while at >= 0:
        header = piece[at : at + packing.header_size]
        if len(header) == packing.header_size and packing.length(header) is not None:
            return True
        at = piece.find(packing.magic, at + 1)
    return False


def _place_of(packed: bytes, packing: Packing) -> Place | None:
    """Read how a packed group ends; None if it is damaged."""
    try:
        group = packing.unpack(packed)
    except ValueError:
        return None
    place = read_line(group[group.rfind(b"\n", 0, len(group) - 1) + 1 : -1])
    return place if isinstance(place, Place) else None


def _read(file: IO[bytes], at: int, size: int) -> bytes:
    file.seek(at)
    return file.read(size)
