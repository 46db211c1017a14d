"""Which TCP segments of a batch are of use to somebody who puts streams together.

That is told for the whole batch at once, by what is known of its streams and by how payloads begin,
so that most segments are never looked at one by one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from .columns import ABSENT, BoolArray, Int64Array
from .reassembly import HALF, ROUND, Stretches, ahead

if TYPE_CHECKING:
    from .batch import PacketBatch

#: One direction of a flow: the flow's key, and whether it is that from its upper end to its lower.
Stream = tuple[bytes, bool]

FIN, SYN, RST, ACK = 1, 2, 4, 16
#: As far ahead of what is waited for as a window of TCP reaches that is not scaled.
NEAR: Final = 2**16


class Segment(NamedTuple):
    """One segment.

    Attributes:
        place: which packet of the batch it is.
        stream: the stream it belongs to.
        sequence: the number of the first byte of its payload.
        ack: the number of the byte that its sender waits for.
        flags: those of TCP.
        payload: what was captured of its payload.
        begins: whether that looks like a beginning.
    """

    place: int
    stream: Stream
    sequence: int
    ack: int
    flags: int
    payload: bytes
    begins: bool


class Looks(NamedTuple):
    """How the payloads of a batch begin, one value a packet.

    Attributes:
        begins: like what is looked for.
        other: like anything else. (Neither: it is too short to tell.)
    """

    begins: BoolArray
    other: BoolArray


def segments_wanted(
    packets: PacketBatch,
    stretches: Stretches[Stream],
    looks: Looks,
    *,
    both_sides: bool = False,
    to_the_end: bool = False,
) -> Iterator[Segment]:
    """The segments of a batch that are of use, in the order they came.

    These are the segments that look like a beginning; those of streams that have a stretch, from
    its end on; and those of streams that are opened (SYN) or look begun, from there on, unless
    their first bytes are something else. Nothing of the stretches changes by this, but that streams
    whose first bytes are something else are no longer expected.

    Args:
        packets: the batch.
        stretches: of the streams that are known.
        looks: how payloads begin.
        both_sides: whether what a server sends is looked for too.
        to_the_end: whether everything behind is wanted, not only what is `NEAR`; and that a stream
            ends (FIN, RST).
    """
    flags = packets.tcp_flags
    tcp = flags >= 0
    opens = tcp & (flags & (SYN | RST) == SYN)
    if not both_sides:
        opens &= flags & ACK == 0
    carries = packets.payload_lengths > 0
    begins = looks.begins & carries
    if not len(stretches) and not begins.any() and not opens.any():
        return
    rows = np.flatnonzero(tcp)
    view = _View(packets, rows, stretches)
    view.open(opens[rows])
    view.dismiss((looks.other & carries)[rows])
    view.begin(begins[rows])
    picked = view.picked(carries[rows], None if to_the_end else NEAR)
    picked |= begins[rows] | opens[rows] & ~view.of_streams(view.dismissed & ~view.is_open)
    if to_the_end:
        picked |= (flags[rows] & (FIN | RST) > 0) & view.of_streams(view.is_either_open())
    yield from _segments(packets, rows[picked], view, stretches, begins)


class _View:
    """What is known of the streams of a batch: for each, from where on it is wanted."""

    def __init__(
        self, packets: PacketBatch, rows: Int64Array, stretches: Stretches[Stream]
    ) -> None:
        flows = packets.flows
        count = 2 * len(flows)
        flags = packets.tcp_flags[rows]
        self.keys = flows.keys
        self.stream = flows.index[rows] * 2 + flows.reverse[rows]
        # (A SYN takes a number itself.)
        self.sequence = (packets.segments.seq[rows] + (flags & SYN > 0)) % ROUND
        self.length = packets.payload_lengths[rows]
        self.start = np.full(count, ABSENT, np.int64)
        self.is_open, self.dismissed, self.several = (np.zeros(count, np.bool_) for _ in range(3))
        self._stretches = stretches
        self._recall(flows.keys)

    def of_streams(self, of_each: BoolArray) -> BoolArray:
        """For each segment, what is true of its stream."""
        told: BoolArray = of_each[self.stream]
        return told

    def is_either_open(self) -> BoolArray:
        """For each stream, whether it or that in the other direction is wanted."""
        wanted = self.start >= 0
        either: BoolArray = np.repeat(wanted.reshape(-1, 2).any(axis=1), 2)
        return either

    def open(self, opens: BoolArray) -> None:
        """Note which streams are opened, and where they begin."""
        rows = np.flatnonzero(opens)
        stream, sequence = self.stream[rows], self.sequence[rows]
        self.start[stream[::-1]] = sequence[::-1]
        self._expected = ~self.is_open
        self._expected[stream] = True
        self.several[stream[sequence != self.start[stream]]] = True

    def dismiss(self, other: BoolArray) -> None:
        """Let go of the streams whose first bytes are something else."""
        first = other & (self.sequence == self.start[self.stream])
        first &= self._expected[self.stream] & ~self.several[self.stream]
        streams = np.unique(self.stream[first])
        self.dismissed[streams] = True
        self.start[streams] = ABSENT
        if len(self._stretches):
            for stream in streams[~self.is_open[streams]].tolist():
                self._stretches.close(self._key(stream))

    def begin(self, begins: BoolArray) -> None:
        """Note which streams look begun, and where."""
        rows = np.flatnonzero(begins)[::-1]
        stream, sequence = self.stream[rows], self.sequence[rows]
        start = self.start[stream]
        beyond = (start < 0) | (np.abs(_ahead(sequence, start)) > NEAR)
        self.start[stream[beyond]] = sequence[beyond]

    def picked(self, carries: BoolArray, near: int | None) -> BoolArray:
        """Which segments lie where something is wanted."""
        start = self.start[self.stream]
        picked = carries & (start >= 0) & (_ahead(self.sequence + self.length, start) > 0)
        if near is not None:
            picked &= _ahead(self.sequence, start) < near
        return picked | carries & self.several[self.stream]

    def _key(self, stream: int) -> Stream:
        return self.keys[stream >> 1], bool(stream & 1)

    def _recall(self, keys: list[bytes]) -> None:
        """Look up what is known already: by the streams of the batch, or by those known."""
        if not len(self._stretches):
            return
        known: Iterator[tuple[int, bool, int, bool]]
        if len(self._stretches) < len(keys):
            numbers = {key: number for number, key in enumerate(keys)}
            known = (
                (numbers[key], reverse, start, is_open)
                for (key, reverse), start, is_open in self._stretches.known()
                if key in numbers
            )
        else:
            known = (
                (number, reverse, *told)
                for number, key in enumerate(keys)
                for reverse in (False, True)
                if (told := self._stretches.start_of((key, reverse))) is not None
            )
        for number, reverse, start, is_open in known:
            self.start[2 * number + reverse] = start
            self.is_open[2 * number + reverse] = is_open


def _segments(
    packets: PacketBatch,
    places: Int64Array,
    view: _View,
    stretches: Stretches[Stream],
    begins: BoolArray,
) -> Iterator[Segment]:
    flows, flags = packets.flows, packets.tcp_flags[places]
    sequence = (packets.segments.seq[places] + (flags & SYN > 0)) % ROUND
    columns = (
        places,
        flows.index[places],
        flows.reverse[places],
        sequence,
        packets.segments.ack[places],
        packets.payload_lengths[places],
        flags,
        begins[places],
    )
    for place, flow, reverse, at, ack, length, flag, looks_begun in zip(
        *(column.tolist() for column in columns), strict=True
    ):
        stream = view.keys[flow], reverse
        if not looks_begun and not flag & (SYN | FIN | RST):
            known = stretches.start_of(stream)
            # By now it is known better than it was for the whole batch.
            if known is None or (known[1] and ahead(at + length, known[0]) <= 0):
                continue
        yield Segment(place, stream, at, ack, flag, packets.payload(place), looks_begun)


def _ahead(sequence: Int64Array, start: Int64Array) -> Int64Array:
    """The same as `ahead`, of many."""
    return (sequence - start + HALF) % ROUND - HALF
