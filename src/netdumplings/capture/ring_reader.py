"""Finds packets in a ring, while others are put into it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from ..packets import PacketBatch
from .filters import OfflineFilter
from .ring_memory import RingMemory
from .ring_views import RingViews

#: Packets that are looked at in one go.
_CHUNK: Final = 4096
#: Bytes that are counted for each packet besides its own: a block of a pcapng file has them.
OVERHEAD: Final = 36

#: An origin that was not there a moment ago: its packets have been written over.
_NOBODY: Final = (0, None)

_Numbers = npt.NDArray[np.int64]


class KeptPacket(NamedTuple):
    """A packet that was found.

    Attributes:
        time_ns: when it was captured, nanoseconds since the epoch.
        wire_length: how long it was, bytes.
        data: what was captured of it.
        link_type: what it begins with, a LINKTYPE_ value.
        interface: where it came through; None if nobody knows.
    """

    time_ns: int
    wire_length: int
    data: bytes
    link_type: int
    interface: str | None


class Found(NamedTuple):
    """What was found.

    Attributes:
        packets: in the order of their times.
        left_out: how many there are besides, for which there was no room.
        since: the time of the oldest packet that is kept, of whatever kind; None if there is none.
    """

    packets: list[KeptPacket]
    left_out: int
    since: int | None


class Kept(NamedTuple):
    """How much there is.

    Attributes:
        packets: how many.
        since: the time of the oldest, nanoseconds since the epoch; None if there is none.
    """

    packets: int
    since: int | None


class RingReader:
    """Reads a ring; from any thread, and from any process that was forked from the one with it.

    Args:
        memory: what the ring writes to.

    Attributes:
        size: how many bytes that has.
    """

    def __init__(self, memory: RingMemory) -> None:
        self._views = RingViews(memory.to_read())
        self.size = memory.size

    def kept(self) -> Kept:
        """Say how much there is."""
        views = self._views
        tail, head = views.tail, views.head
        since = int(views.times_ns[tail % views.most_packets])
        if tail == head or views.tail != tail:
            return Kept(head - views.tail, None)
        return Kept(head - tail, since)

    def find(
        self,
        begin_ns: int,
        end_ns: int,
        *,
        around_ns: int,
        most: int,
        longest: int,
        filter: OfflineFilter | None = None,
    ) -> Found:
        """Find the packets of a span of time.

        Args:
            begin_ns: when it begins, nanoseconds since the epoch.
            end_ns: when it ends; a packet of that very time is in it.
            around_ns: which of them to take if there are too many: those nearest to this time.
            most: bytes of them, each with `OVERHEAD`.
            longest: bytes of one; longer ones are left out.
            filter: which of them; None for all.
        """
        numbers = self._numbers(begin_ns, end_ns)
        if filter is not None:
            numbers = self._filtered(numbers, filter)
        wanted = self._nearest(numbers, around_ns, most, longest)
        packets = sorted(self._packets(wanted), key=lambda packet: packet.time_ns)
        # (Not before: if the ring went on meanwhile, so that some are missing, this says so.)
        return Found(packets, len(numbers) - len(wanted), self.kept().since)

    def _numbers(self, begin_ns: int, end_ns: int) -> _Numbers:
        """The numbers of the packets of a span of time."""
        views = self._views
        tail, head = views.tail, views.head
        found: list[_Numbers] = []
        while tail < head:
            place = tail % views.most_packets
            run = min(head - tail, views.most_packets - place)
            times = views.times_ns[place : place + run]
            found.append(tail + np.flatnonzero((times >= begin_ns) & (times <= end_ns)))
            tail += run
        numbers = np.concatenate(found) if found else np.zeros(0, np.int64)
        # What was written over meanwhile had other times.
        return numbers[numbers >= views.tail]

    def _filtered(self, numbers: _Numbers, filter: OfflineFilter) -> _Numbers:
        """Those of some packets that a filter lets through."""
        through: list[_Numbers] = [np.zeros(0, np.int64)]
        origins = self._views.origins[numbers % self._views.most_packets]
        for origin in np.unique(origins).tolist():
            of_one = numbers[origins == origin]
            for chunk in np.array_split(of_one, len(of_one) // _CHUNK + 1):
                begun = time.perf_counter()
                packets = list(self._packets(chunk))
                if not packets:
                    continue
                records = [(packet.time_ns, packet.wire_length, packet.data) for packet in packets]
                batch = PacketBatch.from_records(packets[0].link_type, records)
                # Those that were written over meanwhile were the first.
                through.append(chunk[-len(packets) :][filter.matches(batch, "the ring")])
                time.sleep(time.perf_counter() - begun)
        return np.sort(np.concatenate(through))

    def _nearest(self, numbers: _Numbers, around_ns: int, most: int, longest: int) -> _Numbers:
        """As many of some packets as there is room for, those nearest to a time."""
        places = numbers % self._views.most_packets
        sizes = self._views.captured[places].astype(np.int64)
        numbers, places, sizes = (part[sizes <= longest] for part in (numbers, places, sizes))
        by_distance = np.argsort(abs(self._views.times_ns[places] - around_ns), kind="stable")
        taken = np.cumsum(sizes[by_distance] + OVERHEAD) <= most
        return np.sort(numbers[by_distance[taken]])

    def _packets(self, numbers: _Numbers) -> Iterator[KeptPacket]:
        """Copy some packets, in ascending order; those are left out that are not there any more."""
        views = self._views
        for begin in range(0, len(numbers), _CHUNK):
            begun = time.perf_counter()
            some = numbers[begin : begin + _CHUNK]
            places = some % views.most_packets
            origins = {
                number: self._origin(number) for number in set(views.origins[places].tolist())
            }
            columns = zip(
                views.times_ns[places].tolist(),
                views.wire[places].tolist(),
                views.starts[places].tolist(),
                views.captured[places].tolist(),
                views.origins[places].tolist(),
                strict=True,
            )
            copies = [
                KeptPacket(
                    time_ns, wire, self._bytes(start, captured), *origins.get(origin, _NOBODY)
                )
                for time_ns, wire, start, captured, origin in columns
            ]
            # The oldest go first.
            yield from copies[int(np.searchsorted(some, views.tail)) :]
            # Chefs run in the same process: whoever asks for much leaves them half of the time.
            time.sleep(time.perf_counter() - begun if begin + _CHUNK < len(numbers) else 0)

    def _bytes(self, start: int, size: int) -> bytes:
        data = self._views.data
        place = start % len(data)
        end = place + size
        if end <= len(data):
            return bytes(data[place:end])
        return bytes(data[place:]) + bytes(data[: min(end - len(data), place)])

    def _origin(self, number: int) -> tuple[int, str | None]:
        entry = self._views.names[number % len(self._views.names)]
        link_type, length = entry[:8].view(np.uint32).tolist()
        name = entry[8 : 8 + length].tobytes().decode(errors="replace")
        return link_type, name or None
