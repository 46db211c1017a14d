"""Connections that speak HTTP/1 in cleartext, followed through batch after batch."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from typing import Final, NamedTuple

from ..packets import PacketBatch
from ..packets.http_heads import LONGEST, looks_like_http
from ..packets.http_messages import Exchange, Exchanges
from ..packets.reassembly import Stretch, Stretches, ahead
from ..packets.streams import ACK, FIN, RST, SYN, Segment, Stream, segments_wanted

#: Streams, two a connection, that are read, or expected to begin; and bytes of what is read.
STREAMS: Final = 16_384
UNFINISHED: Final = 8 * 2**20
#: Requests that wait for an answer.
WAITING: Final = 8192
#: A connection on which nothing was sent for so long is no longer read.
IDLE_NS: Final = 300 * 10**9


class FoundExchange(NamedTuple):
    """A request and its response.

    Attributes:
        client: the stream of the client, in which requests come.
        exchange: what was asked and answered.
    """

    client: Stream
    exchange: Exchange


class HTTPConnections:
    """Finds the exchanges of HTTP on any port; see `HTTPChef`."""

    def __init__(self) -> None:
        self._stretches: Stretches[Stream] = Stretches(
            limit=LONGEST, total=UNFINISHED, most=STREAMS, idle_ns=IDLE_NS
        )
        #: By their flows. Each has a stretch at least, in one direction.
        self._connections: OrderedDict[bytes, Exchanges] = OrderedDict()
        self._waiting = self._ended = 0

    @property
    def forgotten(self) -> int:
        """How many times a stream or a connection was given up, as there were too many."""
        return self._stretches.forgotten + self._ended

    def read(self, packets: PacketBatch) -> Iterator[FoundExchange]:
        """Those that are complete with a packet of a batch."""
        looks = looks_like_http(packets)
        for segment in segments_wanted(
            packets, self._stretches, looks, both_sides=True, to_the_end=True
        ):
            key = segment.stream[0]
            if segment.flags & SYN:
                stretch = self._stretches.get(segment.stream)
                if stretch is not None and stretch.origin != segment.sequence:
                    yield from self._end(key)  # another connection between the same ports
                self._stretches.expect(segment.stream, segment.sequence)
            if segment.payload:
                yield from self._read(segment, int(packets.times_ns[segment.place]))
            if segment.flags & (FIN | RST) and self._is_last(segment):
                yield from self._end(key)
        yield from self._make_way(int(packets.times_ns[-1]))

    def end(self) -> Iterator[FoundExchange]:
        """End all connections; those that are left unanswered."""
        while self._connections:
            yield from self._end(next(iter(self._connections)))

    def _read(self, segment: Segment, time_ns: int) -> list[FoundExchange]:
        """What is complete with a segment."""
        key, direction = segment.stream
        stretch = self._stretch(segment)
        if stretch is None:
            return []
        exchanges = self._connections[key]
        self._connections.move_to_end(key)
        waiting = len(exchanges.waiting)
        other = self._stretches.get((key, not direction))
        if other is not None and segment.flags & ACK:
            exchanges.acknowledge(not direction, other, segment.ack)
            self._stretches.touch((key, not direction), time_ns)
        if segment.begins and segment.flags & ACK:
            exchanges.resume(direction, stretch, segment.sequence, segment.ack)
        found: list[FoundExchange] = []
        if stretch.add(segment.sequence, segment.payload):
            read = list(exchanges.read(direction, stretch, segment.ack, time_ns))
            found += (FoundExchange((key, bool(exchanges.client)), each) for each in read)
        self._stretches.touch(segment.stream, time_ns)
        self._waiting += len(exchanges.waiting) - waiting
        for side in (False, True):
            if exchanges.is_over(side):
                self._stretches.close((key, side))
        return found if self._is_open(key) else found + self._end(key)

    def _stretch(self, segment: Segment) -> Stretch | None:
        """Where a segment belongs, if anywhere."""
        key, direction = segment.stream
        stretch = self._stretches.get(segment.stream)
        if stretch is not None and not (
            segment.begins
            and ahead(segment.sequence, stretch.start) < 0
            and self._connections[key].begins_at(direction, segment.sequence)
        ):
            return stretch
        start: int | None = segment.sequence
        if not segment.begins:
            known = self._stretches.start_of(segment.stream)
            start = None if known is None else known[0]
        if start is None:
            return None
        self._connections.setdefault(key, Exchanges()).begin(direction)
        return self._stretches.open(segment.stream, start)

    def _is_open(self, key: bytes) -> bool:
        """Whether anything of a connection is still read."""
        return any(self._stretches.get((key, side)) is not None for side in (False, True))

    def _is_last(self, segment: Segment) -> bool:
        """Whether a connection is over with a segment: its server has nothing more to say."""
        exchanges = self._connections.get(segment.stream[0])
        if exchanges is None or segment.flags & RST:
            return exchanges is not None
        known = self._stretches.start_of(segment.stream)
        behind = segment.sequence + len(segment.payload)
        is_whole = known is None or ahead(behind, known[0]) <= 0
        return exchanges.client != segment.stream[1] and is_whole

    def _end(self, key: bytes) -> list[FoundExchange]:
        """Forget a connection, and tell what was left unanswered."""
        for side in (False, True):
            if self._stretches.get((key, side)) is not None:
                self._stretches.close((key, side))
        exchanges = self._connections.pop(key, None)
        if exchanges is None:
            return []
        self._waiting -= len(exchanges.waiting)
        client = key, bool(exchanges.client)
        return [FoundExchange(client, exchange) for exchange in exchanges.left()]

    def _make_way(self, time_ns: int) -> Iterator[FoundExchange]:
        """End connections that are idle, or too many."""
        for key, _ in self._stretches.make_way(time_ns):
            if not self._is_open(key):
                yield from self._end(key)
        while self._waiting > WAITING:
            self._ended += 1
            yield from self._end(next(iter(self._connections)))
