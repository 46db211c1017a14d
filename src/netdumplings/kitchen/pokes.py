"""When the chefs' interval handlers are due: by the wall clock, or by the clock of a capture."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np

from ..packets import PacketBatch

#: A capture that is silent for more intervals than this was two recordings, or has timestamps
#: that lie: poking the chefs through decades of silence would never end.
LONGEST_SILENCE: Final = 10_000


class Poke(NamedTuple):
    """The interval handlers are due.

    Attributes:
        time_ns: at which time, nanoseconds since the epoch.
    """

    time_ns: int


class WallPokes:
    """The poke interval by the wall clock, for live capture.

    Args:
        interval: seconds between two pokes.
        now: the time, in seconds of any steady clock; the first poke is due at once.
    """

    def __init__(self, interval: float, now: float) -> None:
        self._interval = interval
        self._next = now

    def wait(self, now: float) -> float:
        """How many seconds it is until the next poke; not negative."""
        return max(0.0, self._next - now)

    def due(self, now: float) -> bool:
        """Whether a poke is due, which is then taken as done.

        A kitchen that fell behind by several intervals is poked once, not several times in a row.
        """
        if now < self._next:
            return False
        self._next += self._interval
        if self._next <= now:
            self._next = now + self._interval
        return True


class CapturePokes:
    """The poke interval by the clock of a capture, so that a file always gives the same dumplings.

    The first poke is at the first packet. Where the clock jumps, back by more than an interval or
    ahead by more than `LONGEST_SILENCE` intervals, another recording begins: the interval is then
    counted from there.

    Args:
        interval: seconds of the capture's time between two pokes.
    """

    def __init__(self, interval: float) -> None:
        self._interval = max(1, round(interval * 1e9))
        self._next: int | None = None

    def cut(self, batch: PacketBatch) -> Iterator[PacketBatch | Poke]:
        """Cut a batch where pokes are due.

        Yields:
            the batch in pieces, in order, and a `Poke` wherever one comes before what follows.
        """
        times = batch.times_ns
        start = 0
        if self._next is None and len(batch):
            self._next = int(times[0])
        while start < len(batch):
            assert self._next is not None
            rest = times[start:]
            turns = (rest >= self._next) | (rest < self._next - 2 * self._interval)
            turn = int(np.argmax(turns))
            if not turns[turn]:
                yield batch[start:]
                return
            if turn:
                yield batch[start : start + turn]
                start += turn
            yield from self._pokes_before(int(times[start]))

    def _pokes_before(self, time_ns: int) -> Iterator[Poke]:
        assert self._next is not None
        behind = (time_ns - self._next) // self._interval
        if behind > LONGEST_SILENCE:
            yield Poke(self._next)
            self._next = time_ns + self._interval
        elif behind < 0:
            self._next = time_ns + self._interval
        else:
            for _ in range(behind + 1):
                yield Poke(self._next)
                self._next += self._interval
