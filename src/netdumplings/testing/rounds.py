"""The packets of which the rounds of a measurement are made."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final

from ..exceptions import TruncatedCapture
from ..packets import PacketBatch
from .packets import source_of

#: Packets and bytes of a capture that are taken at most.
MOST_PACKETS: Final = 262_144
MOST_BYTES: Final = 256 * 1024 * 1024
#: Packets of a batch that is made of several repeated ones.
BATCH: Final = 8192
#: Nanoseconds between the end of a capture and its repetition.
_GAP_NS: Final = 1_000_000


def load_batches(paths: Sequence[str], packet_filter: str = "") -> list[PacketBatch]:
    """Read the packets of captures into memory, up to `MOST_PACKETS` and `MOST_BYTES`.

    Raises:
        CaptureError: they cannot be read; one that breaks off gives the packets before that.
    """
    source = source_of(list(paths), packet_filter)
    source.open()
    found: list[PacketBatch] = []
    packets = size = 0
    try:
        while not source.ended and packets < MOST_PACKETS and size < MOST_BYTES:
            try:
                batch = source.read(1.0)
            except TruncatedCapture:
                continue
            if batch is not None:
                found.append(batch[: MOST_PACKETS - packets])
                packets += len(found[-1])
                size += int(found[-1].captured_lengths.sum())
    finally:
        source.close()
    return found


def first_packets(batches: Iterable[PacketBatch], count: int) -> list[PacketBatch]:
    """The first packets."""
    found: list[PacketBatch] = []
    for batch in batches:
        if count <= 0:
            break
        found.append(batch[:count])
        count -= len(batch)
    return found


def repeated(batches: Sequence[PacketBatch], count: int) -> list[PacketBatch]:
    """So many packets: all there are again and again, later each time, many in a batch."""
    times = [
        int(time) for batch in batches for time in (batch.times_ns.min(), batch.times_ns.max())
    ]
    turn = max(times) - min(times) + _GAP_NS
    packets = sum(map(len, batches))
    found: list[PacketBatch] = []
    numbered = [
        (number, batch) for number in range(math.ceil(count / packets)) for batch in batches
    ]
    kinds = groupby(numbered, key=lambda each: (each[1].link_type, each[1].interface))
    for (link_type, interface), group in kinds:
        records: list[tuple[int, int, bytes]] = []
        for number, batch in group:
            records += _records(batch, number * turn)
        for start in range(0, len(records), BATCH):
            part = records[start : start + BATCH]
            found.append(PacketBatch.from_records(link_type, part, interface))
    return first_packets(found, count)


def _records(batch: PacketBatch, later_ns: int) -> Iterator[tuple[int, int, bytes]]:
    rows = zip(batch.times_ns.tolist(), batch.wire_lengths.tolist(), strict=True)
    for index, (time_ns, wire_length) in enumerate(rows):
        yield time_ns + later_ns, wire_length, batch.data(index)
