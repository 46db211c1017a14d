"""The capturing side: puts packets where the process of the chefs finds them."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NamedTuple

from ..capture.own_traffic import OwnTraffic
from ..packets import PacketBatch
from ..packets.transfer import pack_into, packed_size, pieces
from .channel import Channel
from .listener import Listener
from .memory import SharedMemory
from .messages import Filled, Narrow, Opened, Start, write
from .ring import Ring

if TYPE_CHECKING:
    from ..capture.live import LiveSource

#: Parts of the memory that may wait to be read: so many messages a socket holds without question.
MAX_PARTS: Final = 64
#: How many parts there is room for at least.
_PARTS_IN_MEMORY: Final = 4
#: Seconds between two looks at how many packets were dropped, while none can be taken.
_COUNT_EVERY: Final = 0.5


class Drops(NamedTuple):
    """Packets dropped: by the kernel, and by the interfaces."""

    by_kernel: int = 0
    by_interface: int = 0


class Feeder(Listener):
    """Feeds one process of chefs after the other from the same source.

    Args:
        source: an open source.
        memory: shared with those processes.
        keep: keeps each batch besides; None if nobody does.
    """

    def __init__(
        self,
        source: LiveSource,
        memory: SharedMemory,
        keep: Callable[[PacketBatch], object] | None = None,
    ) -> None:
        super().__init__(memory)
        self._keep = keep
        self._source = source
        self._counted_at = 0.0
        self._drops_before = Drops()
        self._ring = Ring(memory.size)
        self._filled: deque[Filled] = deque()
        self._waiting: deque[PacketBatch] = deque()

    def begin(self, channel: Channel) -> None:
        """Feed another process from now on."""
        super().begin(channel)
        self._drops_before = self._drops()
        self._count(at_once=True)

    def abandon(self) -> int:
        """Take back what the process that has gone did not come to; see `Listener`."""
        if not self._filled:
            return 0
        self._ring.release()
        return self._filled.popleft().packets

    def _work(self, timeout: float) -> None:
        if not self.started or self.stopped or not self._put():
            self._count()
            self._channel.wait(timeout)
            return
        batch = self._source.read(timeout)
        if batch is not None:
            if self._keep is not None:
                self._keep(batch)
            self._waiting.extend(pieces(batch, self._memory.size // _PARTS_IN_MEMORY))
            self._put()
        self._count(at_once=batch is not None)

    def _put(self) -> bool:
        """Put what waits into the memory; False if there is no room for all of it."""
        while self._waiting:
            batch = self._waiting[0]
            size = packed_size(batch)
            start = self._ring.allocate(size) if len(self._ring) < MAX_PARTS else None
            if start is None:
                return False
            self._waiting.popleft()
            pack_into(batch, self._memory.parts[start : start + size])
            filled = Filled(start, size, len(batch), batch.link_type, batch.interface)
            self._filled.append(filled)
            self._channel.send(write(filled))
        return True

    def _start(self, start: Start) -> None:
        self._source.leave_out(OwnTraffic(start.hosts, start.ports))
        self._source.narrow(start.only)
        self._channel.send(write(Opened()))
        self.started = True
        for filled in self._filled:
            # A process before this one did not come to it.
            self._channel.send(write(filled))

    def _narrow(self, narrow: Narrow) -> None:
        self._source.narrow(narrow.only)

    def _released(self) -> None:
        self._ring.release()
        self._filled.popleft()

    def _drops(self) -> Drops:
        counted = self._source.statistics()
        return Drops(counted.dropped_by_kernel, counted.dropped_by_interface)

    def _count(self, *, at_once: bool = False) -> None:
        """Say how many packets were dropped so far."""
        now = time.monotonic()
        if at_once or now - self._counted_at >= _COUNT_EVERY:
            self._counted_at = now
            before, drops = self._drops_before, self._drops()
            self._memory.drops = (
                drops.by_kernel - before.by_kernel,
                drops.by_interface - before.by_interface,
            )
