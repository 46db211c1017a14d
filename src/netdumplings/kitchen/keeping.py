"""Where a kitchen keeps its latest packets, if it is told to."""

from __future__ import annotations

from collections.abc import Callable

from ..capture.ring import PacketRing
from ..capture.ring_memory import RingMemory
from ..capture.ring_reader import RingReader
from ..packets import PacketBatch

Keep = Callable[[PacketBatch], object]


def ring_of(ring: int | RingReader) -> tuple[RingReader | None, Keep | None]:
    """Make a ring, or use one that there is.

    Args:
        ring: bytes of memory; 0 for none; or what reads the ring that another process puts the
            packets into.

    Returns:
        what reads it; and what puts packets into it, if that is to be done here.

    Raises:
        ValueError: it is too small.
    """
    if isinstance(ring, RingReader):
        return ring, None
    if not ring:
        return None, None
    memory = RingMemory(ring)
    keep = PacketRing(memory).put
    reader = RingReader(memory)
    memory.close()
    return reader, keep
