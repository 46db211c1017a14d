"""An interface as a pcapng file describes it: most of all, how its timestamps are to be read."""

from __future__ import annotations

from dataclasses import dataclass
from struct import Struct
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from .linktypes import link_type_in_file
from .records import MAX_TIME_NS

ByteOrder = Literal["<", ">"]

_NS: Final = 1_000_000_000
_MICROSECONDS: Final = 6
_LONGEST_NAME: Final = 256

# Options of an interface description block (4.2).
_END_OF_OPTIONS: Final = 0
_NAME: Final = 2
_RESOLUTION: Final = 9
_OFFSET: Final = 14


@dataclass(frozen=True, slots=True)
class Interface:
    """One interface of a pcapng section.

    Attributes:
        link_type: what its packets begin with, a LINKTYPE_ value.
        snaplen: bytes kept of each packet at most; 0 if all.
        name: its name on the host of the capture, if the file tells.
        units: how many units of its timestamps there are in a second.
        offset_ns: what to add to a timestamp, nanoseconds.
    """

    link_type: int
    snaplen: int
    name: str | None
    units: int
    offset_ns: int

    def times_ns(self, timestamps: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
        """Turn timestamps into nanoseconds since the epoch, from 0 to `MAX_TIME_NS`."""
        factor, remainder = divmod(_NS, self.units)
        room = MAX_TIME_NS - self.offset_ns
        if (
            not remainder
            and 0 <= self.offset_ns <= MAX_TIME_NS
            and int(timestamps.max()) <= room // factor
        ):
            return timestamps.astype(np.int64) * factor + self.offset_ns
        # Units that are no whole nanoseconds, or times out of range: Python's integers do not
        # overflow.
        exact = (stamp * _NS // self.units + self.offset_ns for stamp in timestamps.tolist())
        return np.array([min(max(time, 0), MAX_TIME_NS) for time in exact], np.int64)


def read_interface(block: bytes, order: ByteOrder) -> Interface:
    """Read an interface description block.

    Args:
        block: the whole block, at least the 20 bytes that the shortest has.
        order: the byte order of its section.

    Raises:
        ValueError: its options run over its end.
    """
    link_type, _reserved, snaplen = Struct(order + "HHI").unpack_from(block, 8)
    name = None
    resolution = _MICROSECONDS
    offset = 0
    option = Struct(order + "HH")
    position, end = 16, len(block) - 4
    while position <= end - option.size:
        code, length = option.unpack_from(block, position)
        if code == _END_OF_OPTIONS:
            break
        position += option.size
        if position + length > end:
            raise ValueError("an interface with options that run over the end of their block")
        value = block[position : position + length]
        if code == _NAME:
            name = value[:_LONGEST_NAME].decode(errors="replace").rstrip("\0") or None
        elif code == _RESOLUTION and length == 1:
            resolution = value[0]
        elif code == _OFFSET and length == 8:
            (offset,) = Struct(order + "q").unpack(value)
        position += length + -length % 4
    # The upper bit tells a power of two from one of ten.
    units = 1 << (resolution & 0x7F) if resolution & 0x80 else 10**resolution
    return Interface(link_type_in_file(link_type), snaplen, name, units, offset * _NS)
