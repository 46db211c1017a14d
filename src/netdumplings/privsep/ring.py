"""Which parts of a memory are in use, that is filled and emptied in the same order."""

from __future__ import annotations

from collections import deque
from typing import Final

#: Parts begin at multiples of so many bytes: numbers of eight bytes are read faster there.
ALIGNMENT: Final = 64


class Ring:
    """Gives out parts of a memory.

    Args:
        capacity: bytes of the memory.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._parts: deque[tuple[int, int]] = deque()
        self._head = 0

    def __len__(self) -> int:
        """How many parts are in use."""
        return len(self._parts)

    def allocate(self, size: int) -> int | None:
        """Take a part into use.

        Args:
            size: bytes, more than none.

        Returns:
            where it begins; None if there is no room now.
        """
        size = -(-size // ALIGNMENT) * ALIGNMENT
        start = self._place(size)
        if start is not None:
            self._parts.append((start, size))
            self._head = start + size
        return start

    def release(self) -> None:
        """Let go of the part that has been in use the longest.

        Raises:
            ValueError: none is in use.
        """
        if not self._parts:
            raise ValueError("no part of the memory is in use")
        self._parts.popleft()

    def _place(self, size: int) -> int | None:
        if not self._parts:
            return 0 if size <= self.capacity else None
        tail = self._parts[0][0]
        if self._head > tail:
            if self._head + size <= self.capacity:
                return self._head
            return 0 if size <= tail else None
        # It has gone round; where head and tail meet, it is full.
        return self._head if self._head + size <= tail else None
