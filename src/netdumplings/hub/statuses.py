"""The hub's statuses of the last minutes, for those who have just come and want to see rates."""

from __future__ import annotations

from collections import deque
from typing import Final

#: Seconds, and bytes, of statuses that are kept; the older ones go.
KEPT_FOR: Final = 300.0
KEPT_BYTES: Final = 4 * 1024 * 1024


class Statuses:
    """Keeps status dumplings for a while.

    Args:
        max_bytes: how much memory they may take.
    """

    def __init__(self, max_bytes: int = KEPT_BYTES) -> None:
        self._max_bytes = max_bytes
        self._kept: deque[tuple[float, bytes]] = deque()
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
        while self._kept and (self._size > self._max_bytes or now - self._kept[0][0] > KEPT_FOR):
            self._size -= len(self._kept.popleft()[1])
