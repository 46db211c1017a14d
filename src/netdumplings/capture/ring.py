"""Keeps the latest packets in memory, of which there are so many bytes and no more."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from ..packets import PacketBatch
from .ring_memory import RingMemory
from .ring_views import LONGEST_NAME, MAX_ORIGINS, RingViews

#: What part of the packets' bytes may lie between them and be kept, too: to copy all in one piece
#: is quicker. (A quarter.)
_GAPS: Final = 4


class _Origin(NamedTuple):
    link_type: int
    interface: str | None


class PacketRing:
    """Keeps the latest packets; the oldest make room.

    What can be read is told to have ended before it is written over, and to have begun when it is
    there: who reads at the same time, in whatever process, looks afterwards what had ended
    meanwhile.

    Args:
        memory: where to keep them.
    """

    def __init__(self, memory: RingMemory) -> None:
        self._views = RingViews(memory.to_write())
        self._next = 0  # the number of the next byte
        self._origins: dict[_Origin, int] = {}
        #: The number of the packet that was of an origin last.
        self._last_of: dict[_Origin, int] = {}

    def put(self, batch: PacketBatch) -> None:
        """Keep packets, or the last of them if there is not room for all."""
        views = self._views
        batch = _end_of(batch, views.most_packets, len(views.data))
        if not len(batch):
            return
        data, starts = _joined(batch, len(views.data))
        origin = self._origin(_Origin(batch.link_type, batch.interface))
        head, count = views.head, len(batch)
        # Before anything is written over:
        views.ends[0] = max(
            self._first_from(self._next + len(data) - len(views.data)),
            head + count - views.most_packets,
        )
        self._write(data)
        place = head % views.most_packets
        first = min(count, views.most_packets - place)
        for column, values in (
            (views.times_ns, batch.times_ns),
            (views.starts, starts + self._next),
            (views.captured, batch.captured_lengths),
            (views.wire, batch.wire_lengths),
        ):
            column[place : place + first] = values[:first]
            column[: count - first] = values[first:]
        views.origins[place : place + first] = origin
        views.origins[: count - first] = origin
        self._next += len(data)
        # After everything is there:
        views.ends[1] = head + count

    def _write(self, data: memoryview) -> None:
        room = self._views.data
        place = self._next % len(room)
        first = min(len(data), len(room) - place)
        room[place : place + first] = data[:first]
        room[: len(data) - first] = data[first:]

    def _first_from(self, byte: int) -> int:
        """The number of the first packet that begins at a byte, or behind it."""
        views = self._views
        tail, head = views.tail, views.head
        while tail < head:
            place = tail % views.most_packets
            run = min(head - tail, views.most_packets - place)
            found = int(np.searchsorted(views.starts[place : place + run], byte))
            tail += found
            if found < run:
                break
        return tail

    def _origin(self, origin: _Origin) -> int:
        """The number of an origin; that of another, if all are taken, whose packets are let go."""
        views = self._views
        number = self._origins.get(origin)
        if number is None:
            number = len(self._origins)
            if number == MAX_ORIGINS:
                oldest = min(self._last_of, key=self._last_of.__getitem__)
                views.ends[0] = max(views.tail, self._last_of.pop(oldest) + 1)
                number = self._origins.pop(oldest)
            self._origins[origin] = number
            name = (origin.interface or "").encode(errors="replace")[:LONGEST_NAME]
            entry = views.names[number]
            entry[:8].view(np.uint32)[:] = origin.link_type, len(name)
            entry[8 : 8 + len(name)] = np.frombuffer(name, np.uint8)
        self._last_of[origin] = views.head
        return number


def _end_of(batch: PacketBatch, packets: int, size: int) -> PacketBatch:
    """As much of the end of a batch as there is room for: so many packets, so many bytes."""
    batch = batch[max(0, len(batch) - packets) :]
    if int(batch.captured_lengths.sum()) <= size:
        return batch
    sizes = np.cumsum(batch.captured_lengths[::-1])
    return batch[len(batch) - int(np.searchsorted(sizes, size, side="right")) :]


def _joined(batch: PacketBatch, room: int) -> tuple[memoryview, npt.NDArray[np.int64]]:
    """The bytes of a batch, for which there is room, and where in them each packet begins."""
    offsets, captured = batch.offsets, batch.captured_lengths
    total = int(captured.sum())
    begin, end = int(offsets[0]), int(offsets[-1] + captured[-1])
    in_order = bool((offsets[1:] >= offsets[:-1] + captured[:-1]).all())
    if in_order and end - begin <= min(total + total // _GAPS, room):
        return memoryview(batch.buffer)[begin:end], offsets - begin
    pieces = zip(offsets.tolist(), (offsets + captured).tolist(), strict=True)
    joined = b"".join([batch.buffer[start:stop] for start, stop in pieces])
    return memoryview(joined), np.cumsum(captured) - captured
