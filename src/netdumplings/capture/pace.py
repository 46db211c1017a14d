"""When the packets of a replay are due; pure arithmetic, no clock."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .records import MAX_TIME_NS

_NS = 1_000_000_000


class Pace:
    """Spaces packets as their capture did.

    A packet whose time lies before that of one before it is due together with that one.

    Args:
        speed: how many seconds of the capture go by in one second.
    """

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._began: float | None = None
        self._began_ns = 0
        self._latest_ns = 0

    def restart(self) -> None:
        """Begin anew: the next packet is due at once, whatever its time."""
        self._began = None

    def due(self, times_ns: npt.NDArray[np.int64], now: float) -> int:
        """Count the packets that are due.

        Args:
            times_ns: the times of those that come next, at least one.
            now: the time by any steady clock, seconds.
        """
        if self._began is None:
            self._began, self._began_ns = now, int(times_ns[0])
            self._latest_ns = self._began_ns
        reached = self._began_ns + (now - self._began) * self._speed * _NS
        ascending = np.maximum.accumulate(np.maximum(times_ns, self._latest_ns))
        count = int(np.searchsorted(ascending, min(reached, float(MAX_TIME_NS)), side="right"))
        if count:
            self._latest_ns = int(ascending[count - 1])
        return count

    def wait(self, time_ns: int, now: float) -> float:
        """How many seconds it is until a packet of some time is due."""
        if self._began is None:
            return 0.0
        return max(0.0, self._began + (time_ns - self._began_ns) / _NS / self._speed - now)


class Repeat:
    """Moves the times of each further round of a replay to after those of the round before."""

    #: Between the last packet of a round and the first of the next, nanoseconds.
    GAP_NS = 1_000_000

    def __init__(self) -> None:
        self._shift_ns = 0
        self._earliest_ns = MAX_TIME_NS
        self._latest_ns = 0

    def shifted(self, times_ns: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Move some times of this round, as they are in the capture, to where the round is."""
        self._earliest_ns = min(self._earliest_ns, int(times_ns.min()))
        self._latest_ns = max(self._latest_ns, int(times_ns.max()))
        return times_ns + self._shift_ns if self._shift_ns else times_ns

    def next_round(self) -> None:
        """All packets were there: the next round begins."""
        duration = max(0, self._latest_ns - self._earliest_ns)
        self._shift_ns = min(self._shift_ns + duration + self.GAP_NS, MAX_TIME_NS)
