"""Batches of packets as bytes, for another process: three columns, then the packets."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .batch import PacketBatch

#: Bytes for each packet beside its own: its captured length, its length on the wire, its time.
_COLUMNS = 3
_OVERHEAD = 8 * _COLUMNS


def packed_size(batch: PacketBatch) -> int:
    """How many bytes `pack_into` writes."""
    return _OVERHEAD * len(batch) + int(batch.captured_lengths.sum())


def pack_into(batch: PacketBatch, memory: memoryview) -> None:
    """Write a batch.

    Args:
        batch: the packets.
        memory: `packed_size` bytes to write to; they begin at a multiple of 8.
    """
    count = len(batch)
    columns = np.frombuffer(memory[: _OVERHEAD * count], np.int64).reshape(_COLUMNS, count)
    columns[0] = batch.captured_lengths
    columns[1] = batch.wire_lengths
    columns[2] = batch.times_ns
    memory[_OVERHEAD * count :] = _bytes_of(batch)


def unpack(
    memory: memoryview, packets: int, link_type: int, interface: str | None = None
) -> PacketBatch:
    """Read a batch, and copy it: the memory may then be used for something else.

    Args:
        memory: what `pack_into` has written.
        packets: how many packets it has.
        link_type: what they begin with, a LINKTYPE_ value.
        interface: where they came through.

    Raises:
        ValueError: it holds something else.
    """
    if packets < 0 or len(memory) < _OVERHEAD * packets:
        raise ValueError(f"{len(memory)} bytes hold no {packets} packets")
    columns = np.frombuffer(memory[: _OVERHEAD * packets], np.int64).reshape(_COLUMNS, packets)
    captured, wire, times_ns = columns.copy()
    buffer = bytes(memory[_OVERHEAD * packets :])
    ends = np.cumsum(captured)
    if (captured < 0).any() or (int(ends[-1]) if packets else 0) != len(buffer):
        raise ValueError("the lengths of the packets are not those of their bytes")
    return PacketBatch(link_type, buffer, ends - captured, captured, wire, times_ns, interface)


def pieces(batch: PacketBatch, max_size: int) -> Iterator[PacketBatch]:
    """Cut a batch so that each piece has at most so many bytes packed, if it has two packets."""
    if len(batch) < 2 or packed_size(batch) <= max_size:
        yield batch
        return
    middle = len(batch) // 2
    yield from pieces(batch[:middle], max_size)
    yield from pieces(batch[middle:], max_size)


def _bytes_of(batch: PacketBatch) -> bytes:
    """The bytes of the packets, without what may lie between them."""
    offsets, captured = batch.offsets, batch.captured_lengths
    total = int(captured.sum())
    if len(batch.buffer) == total and np.array_equal(offsets, np.cumsum(captured) - captured):
        return batch.buffer
    starts, ends = offsets.tolist(), (offsets + captured).tolist()
    return b"".join(batch.buffer[start:end] for start, end in zip(starts, ends, strict=True))
