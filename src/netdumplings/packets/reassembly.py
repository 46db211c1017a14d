"""The beginnings of byte streams, put together from pieces that come in any order.

For whoever needs but the first bytes of a TCP connection, or of anything else that is numbered: the
segments may be out of order, repeated, overlapping, cut off or missing. Nothing that comes makes
any of this raise, and what is kept is bounded, for each stream and for all of them.
"""

from __future__ import annotations

from bisect import insort
from collections import OrderedDict
from collections.abc import Iterator
from typing import Final, Generic, TypeVar

K = TypeVar("K")

#: RFC 9293 section 3.4: sequence numbers go round. What is less than half of that ahead is later.
ROUND: Final = 2**32
HALF: Final = 2**31
#: Pieces kept of one stream that cannot be joined yet.
MOST_PIECES: Final = 64
#: What a stream takes besides its bytes, and a piece, roughly.
_STREAM, _PIECE = 512, 128


def ahead(sequence: int, start: int) -> int:
    """How far a sequence number lies behind another, in bytes; negative if it comes before it."""
    return (sequence - start + HALF) % ROUND - HALF


class Stretch:
    """The bytes of a stream from some place on.

    Of bytes that come more than once, with other values, those in order win over those that were
    ahead of a gap; otherwise those that came first.

    Args:
        start: the sequence number of its first byte.
        limit: how many bytes it takes; what lies beyond is let go.

    Attributes:
        origin: as given.
        start: the same, until `drop` moves it.
        limit: as given.
        data: all bytes from the start to the first gap. Only to be read.
        weight: how many bytes of memory it takes, roughly.
        latest: when it last was of use, in nanoseconds since the epoch; for `Stretches`.
        enough: with less in ``data`` there is no use in looking at it; its owner's affair.
        counted: of its weight, what is in the weight of all; for `Stretches`.
    """

    __slots__ = (
        "_pieces",
        "counted",
        "data",
        "enough",
        "latest",
        "limit",
        "origin",
        "start",
        "weight",
    )

    def __init__(self, start: int, limit: int) -> None:
        self.origin = self.start = start
        self.limit = limit
        self.data = bytearray()
        self.weight = _STREAM
        self.latest = self.counted = self.enough = 0
        self._pieces: list[tuple[int, bytes]] = []

    @property
    def end(self) -> int:
        """The sequence number of the byte that is waited for."""
        return (self.start + len(self.data)) % ROUND

    def joins(self, sequence: int) -> bool:
        """Whether what begins at a sequence number belongs here and leaves no gap."""
        return 0 <= ahead(sequence, self.start) <= len(self.data)

    def add(self, sequence: int, payload: bytes) -> bool:
        """Add a segment.

        Args:
            sequence: the number of its first byte.
            payload: what it carries.

        Returns:
            whether there is more in ``data`` now.
        """
        return self.put(ahead(sequence, self.start), payload)

    def put(self, offset: int, payload: bytes) -> bool:
        """Add a piece by where it belongs, in bytes from the start; see `add`."""
        have = len(self.data)
        if offset < have:
            payload = payload[have - offset :]
            offset = have
        payload = payload[: max(self.limit - offset, 0)]
        if not payload:
            return False
        if offset > have:
            self._keep(offset, payload)
            return False
        self._append(payload)
        self._join()
        return True

    def drop(self, count: int) -> None:
        """Let go of the first bytes: so many, more than there are too. What follows begins then."""
        self.start = (self.start + count) % ROUND
        self.weight -= min(count, len(self.data))
        del self.data[:count]
        pieces, self._pieces = self._pieces, []
        for offset, payload in pieces:
            self.weight -= len(payload) + _PIECE
            self.put(offset - count, payload)

    def _append(self, payload: bytes) -> None:
        self.data += payload
        self.weight += len(payload)

    def _keep(self, offset: int, payload: bytes) -> None:
        end = offset + len(payload)
        if any(at <= offset and end <= at + len(piece) for at, piece in self._pieces):
            return  # all of it is here already
        if len(self._pieces) < MOST_PIECES:
            insort(self._pieces, (offset, payload), key=_offset)
            self.weight += len(payload) + _PIECE

    def _join(self) -> None:
        """Join what is no longer ahead of a gap."""
        joined = 0
        for offset, payload in self._pieces:
            have = len(self.data)
            if offset > have:
                break
            self.weight -= len(payload) + _PIECE
            self._append(payload[have - offset :])
            joined += 1
        del self._pieces[:joined]


def _offset(piece: tuple[int, bytes]) -> int:
    return piece[0]


class Stretches(Generic[K]):
    """Stretches of many streams; those that were of no use for longest make way for others.

    A stream that is only expected, as nothing has come of it but where it begins, takes much less
    room than a stretch.

    Args:
        limit: how many bytes a stretch takes.
        total: how many bytes all of them take, roughly, what holds them included.
        most: how many streams there are, those that are expected included.
        idle_ns: after so many nanoseconds in which nothing came of it, by the times of packets, a
            stream is forgotten.

    Attributes:
        forgotten: how many stretches with something in them had to make way.
    """

    def __init__(self, *, limit: int, total: int, most: int, idle_ns: int) -> None:
        self.limit = limit
        self.total = total
        self.most = most
        self.idle_ns = idle_ns
        self.forgotten = 0
        self.weight = 0
        self._streams: OrderedDict[K, Stretch] = OrderedDict()
        self._expected: OrderedDict[K, int] = OrderedDict()

    def expect(self, key: K, start: int) -> None:
        """A stream begins at a sequence number; what there was of an older one is let go."""
        stretch = self._streams.get(key)
        if stretch is not None and stretch.origin == start:
            return  # it was said once more
        self.close(key)
        self._expected[key] = start
        while len(self._expected) > self.most:
            self._expected.popitem(last=False)

    def start_of(self, key: K) -> tuple[int, bool] | None:
        """From which sequence number on a stream is wanted, and whether it has a stretch."""
        stretch = self._streams.get(key)
        if stretch is not None:
            return stretch.end, True
        start = self._expected.get(key)
        return None if start is None else (start, False)

    def known(self) -> Iterator[tuple[K, int, bool]]:
        """All streams, with what `start_of` says of each."""
        for key, stretch in self._streams.items():
            yield key, stretch.end, True
        for key, start in self._expected.items():
            yield key, start, False

    def get(self, key: K) -> Stretch | None:
        """The stretch of a stream, if there is one; one that is only expected has none."""
        return self._streams.get(key)

    def open(self, key: K, start: int) -> Stretch:
        """A new stretch of a stream, in place of what is known of it."""
        self.close(key)
        stretch = self._streams[key] = Stretch(start, self.limit)
        return stretch

    def touch(self, key: K, time_ns: int) -> None:
        """Say that a stretch was of use, and may have changed."""
        stretch = self._streams[key]
        self._streams.move_to_end(key)
        stretch.latest = time_ns
        self.weight += stretch.weight - stretch.counted
        stretch.counted = stretch.weight

    def close(self, key: K) -> None:
        """Forget a stream, if it is known."""
        self._expected.pop(key, None)
        stretch = self._streams.pop(key, None)
        if stretch is not None:
            self.weight -= stretch.counted

    def make_way(self, time_ns: int) -> list[K]:
        """Forget what is too old, and what is too much.

        Returns:
            which streams those were, of such as had a stretch.
        """
        gone = []
        while self._streams:
            key, oldest = next(iter(self._streams.items()))
            idle = time_ns - oldest.latest > self.idle_ns
            if not idle and self.weight <= self.total and len(self._streams) <= self.most:
                break
            self.close(key)
            self.forgotten += not idle
            gone.append(key)
        return gone

    def __contains__(self, key: K) -> bool:
        return key in self._streams or key in self._expected

    def __len__(self) -> int:
        return len(self._streams) + len(self._expected)
