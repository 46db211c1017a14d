"""The hub's statuses of the last minutes, for those who have just come and want to see rates."""

from __future__ import annotations

from typing import Final

#: Seconds, and bytes, of statuses that are kept.
KEPT_FOR: Final = 300.0
KEPT_BYTES: Final = 4 * 1024 * 1024


class Statuses:
    """Keeps status dumplings for a while.

    Where they take too much memory, as those of hundreds of kitchens do, some are left out between
    others: rates over longer spans say more than those of the last seconds alone.

    Args:
        max_bytes: how much memory they may take; the latest is kept however much it takes.
    """

    def __init__(self, max_bytes: int = KEPT_BYTES) -> None:
        self._max_bytes = max_bytes
        self._kept: list[tuple[float, bytes]] = []
        self._size = 0

    def keep(self, dumpling: bytes, now: float) -> None:
        """Keep a status dumpling.

        Args:
            dumpling: its JSON.
            now: seconds of a steady clock.
        """
        self._kept.append((now, dumpling))
        self._size += len(dumpling)
        self._forget(now)

    def text(self, now: float) -> bytes:
        """Write them as one JSON object, the oldest first."""
        self._forget(now)
        return b'{"statuses":[%b]}' % b",".join(dumpling for _, dumpling in self._kept)

    def _forget(self, now: float) -> None:
        while self._kept and now - self._kept[0][0] > KEPT_FOR:
            self._size -= len(self._kept.pop(0)[1])
        while self._size > self._max_bytes and len(self._kept) > 1:
            self._size -= len(self._kept.pop(self._least_missed())[1])

    def _least_missed(self) -> int:
        """Which of them has its neighbours nearest; never the latest."""
        times = [time for time, _ in self._kept]
        between = range(1, len(times) - 1)
        return min(between, key=lambda place: times[place + 1] - times[place - 1], default=0)
