"""What the parsers of the two kinds of capture file have in common."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from ..packets import PacketBatch

#: The latest time a packet can have: 146 years of nanoseconds, to the year 2116. A pcap file can
#: tell no later one than 2106; pcapng can, and what it says beyond this becomes this. Below it,
#: times can be added to without a thought of 64 bits overflowing.
MAX_TIME_NS = (1 << 62) - 1


class Parsed(NamedTuple):
    """What a parser made of some bytes.

    Attributes:
        batches: the packets, in the order of the file; no batch is empty.
        consumed: how many of the bytes are done with. Where there is a problem, it is here.
        needed: how many bytes from there on it takes to go on.
        problem: what is wrong at that point, where something is; there is no going on then.
    """

    batches: list[PacketBatch]
    consumed: int
    needed: int
    problem: str | None = None


class RecordParser(Protocol):
    """Knows one kind of capture file.

    Attributes:
        started: True once the file's own header is read: before, it may be anything.
    """

    started: bool

    def parse(self, buffer: bytes) -> Parsed:
        """Take the packets from bytes that begin where the last call left off."""
        ...


def gather(
    buffer: bytes, starts: npt.NDArray[np.int64], kind: str, count: int
) -> npt.NDArray[np.int64]:
    """Read the same few integers at many places.

    Args:
        buffer: the bytes.
        starts: where each group of integers begins, bytes.
        kind: what one of them is, as numpy writes it (``<u4``).
        count: how many there are in each group.

    Returns:
        an array with a row for each integer of the group and a column for each start.
    """
    dtype: np.dtype[Any] = np.dtype(kind)
    size = count * dtype.itemsize
    # One element for each byte of the buffer, each as large as a group, so that they overlap.
    places = max(len(buffer) - size + 1, 0)
    everywhere = np.ndarray((places,), f"V{size}", buffer, strides=(1,))
    groups = everywhere[starts].view(dtype).reshape(-1, count)
    integers: npt.NDArray[np.int64] = groups.T.astype(np.int64)
    return integers
