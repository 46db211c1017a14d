"""How the memory is laid out in which the latest packets are kept."""

from __future__ import annotations

import mmap
from typing import Any, Final

import numpy as np
import numpy.typing as npt

#: What part of the memory is for what is known of packets; the rest is for their bytes. A packet of
#: 182 bytes fills both alike.
_RECORDS_PART: Final = 8
#: How many different origins (link type and interface) packets may have at a time.
MAX_ORIGINS: Final = 64
#: Bytes of an origin: its link type, the length of its name, the name.
_ORIGIN: Final = 128
LONGEST_NAME: Final = _ORIGIN - 8
_HEAD: Final = 64
_ORIGINS: Final = MAX_ORIGINS * _ORIGIN
#: What is known of a packet: its time, where its bytes begin, how many there are, how many there
#: were on the wire, and its origin.
_RECORD: Final = 8 + 8 + 4 + 4 + 2


class RingViews:
    """The parts of the memory of a ring.

    Packets are numbered from 0 on and so are their bytes; a number's place is the remainder by how
    many there is room for. Those from `tail` to `head` can be read.

    Args:
        memory: all of it.

    Attributes:
        ends: the numbers of the first packet that can be read, and of the first to come.
        times_ns, starts, captured, wire, origins: of each packet, by its place.
        data: the bytes of all packets.
        names: the origins: of each a link type, the length of a name, and the name in UTF-8.
    """

    def __init__(self, memory: mmap.mmap) -> None:
        size = len(memory)
        room = size - _HEAD - _ORIGINS
        self.most_packets = room // _RECORDS_PART // _RECORD
        place = _HEAD

        def view(kind: Any, count: int) -> npt.NDArray[Any]:
            nonlocal place
            part: npt.NDArray[Any] = np.frombuffer(memory, kind, count, place)
            place += part.nbytes
            return part

        self.ends: npt.NDArray[np.int64] = np.frombuffer(memory, np.int64, 2)
        self.names: npt.NDArray[np.uint8] = view(np.uint8, _ORIGINS).reshape(-1, _ORIGIN)
        self.times_ns: npt.NDArray[np.int64] = view(np.int64, self.most_packets)
        self.starts: npt.NDArray[np.int64] = view(np.int64, self.most_packets)
        self.captured: npt.NDArray[np.uint32] = view(np.uint32, self.most_packets)
        self.wire: npt.NDArray[np.uint32] = view(np.uint32, self.most_packets)
        self.origins: npt.NDArray[np.uint16] = view(np.uint16, self.most_packets)
        self.data = memoryview(memory)[place:size]

    @property
    def tail(self) -> int:
        """The number of the oldest packet."""
        return int(self.ends[0])

    @property
    def head(self) -> int:
        """The number of the packet to come."""
        return int(self.ends[1])
