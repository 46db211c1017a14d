"""ClientHellos of TLS over TCP, found in batch after batch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from ..packets import PacketBatch
from ..packets.client_hello import ClientHello
from ..packets.reassembly import Stretch, Stretches
from ..packets.streams import SYN, Segment, Stream, segments_wanted
from ..packets.tls_records import ENOUGH, hello_in, looks_like_tls
from .recent import RecentDict

#: Connections of which the beginning is waited for.
STREAMS: Final = 16_384
#: Bytes that ClientHellos take of which a part is still missing.
UNFINISHED: Final = 8 * 2**20
#: After so long without a packet of it, such a one will not come.
IDLE_NS: Final = 60 * 10**9
#: ClientHellos remembered, so that none is told again when its segment is sent again.
TOLD: Final = 16_384


class FoundHello(NamedTuple):
    """A ClientHello.

    Attributes:
        place: with which packet of the batch it was complete.
        stream: by which stream it came.
        transport: ``tcp``, ``quic`` or ``dtls``.
        hello: what it says.
    """

    place: int
    stream: Stream
    transport: str
    hello: ClientHello


class StreamHellos:
    """Finds the ClientHellos in TCP, wherever a segment begins with one; see `TLSClientChef`."""

    def __init__(self) -> None:
        self._stretches: Stretches[Stream] = Stretches(
            limit=ENOUGH, total=UNFINISHED, most=STREAMS, idle_ns=IDLE_NS
        )
        self._told: RecentDict[Stream, int] = RecentDict(TOLD)

    @property
    def forgotten(self) -> int:
        """How many were given up, as there were too many at a time."""
        return self._stretches.forgotten

    def read(self, packets: PacketBatch) -> Iterator[FoundHello]:
        """Those that are complete with a packet of a batch."""
        stretches = self._stretches
        for segment in segments_wanted(packets, stretches, looks_like_tls(packets)):
            stream, time_ns = segment.stream, int(packets.times_ns[segment.place])
            if segment.flags & SYN:
                stretches.expect(stream, segment.sequence)
            stretch = self._stretch(segment) if segment.payload else None
            if stretch is None:
                continue
            more = stretch.add(segment.sequence, segment.payload)
            stretches.touch(stream, time_ns)
            if more and len(stretch.data) >= stretch.enough:
                found = hello_in(stretch.data)
                if isinstance(found, int):
                    stretch.enough = found
                    continue
                stretches.close(stream)
                if found is not None:
                    self._told[stream] = stretch.start
                    yield FoundHello(segment.place, stream, "tcp", found)
        stretches.make_way(int(packets.times_ns[-1]))

    def _stretch(self, segment: Segment) -> Stretch | None:
        """Where a segment belongs, if anywhere."""
        stretch = self._stretches.get(segment.stream)
        if segment.begins:
            if self._told.get(segment.stream) == segment.sequence:
                return None  # sent once more
            if stretch is None or not stretch.joins(segment.sequence):
                return self._stretches.open(segment.stream, segment.sequence)
        if stretch is None and (known := self._stretches.start_of(segment.stream)):
            return self._stretches.open(segment.stream, known[0])
        return stretch
