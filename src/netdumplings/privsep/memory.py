"""What the two processes share: packets, the counts of those dropped, and which chef is at work."""

from __future__ import annotations

import mmap
from typing import Final

from ..whereabouts import SIZE

#: Where the capturing side has the counts of the packets dropped: two unsigned numbers of 64 bits.
_DROPS: Final = slice(SIZE, SIZE + 16)
_HEAD: Final = 4096


class SharedMemory:
    """Memory that a process shares with those forked from it (mmap(2), MAP_SHARED).

    Args:
        size: bytes for packets.

    Attributes:
        size: as given.
        whereabouts: written by the side of the chefs, and not to be believed by the other.
        parts: the packets, written by the capturing side.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        memory = memoryview(mmap.mmap(-1, _HEAD + size))
        self.whereabouts = memory[:SIZE]
        self._drops = memory[_DROPS].cast("Q")
        self.parts = memory[_HEAD:]

    @property
    def drops(self) -> tuple[int, int]:
        """How many packets the kernel has dropped, and the interfaces."""
        return self._drops[0], self._drops[1]

    @drops.setter
    def drops(self, drops: tuple[int, int]) -> None:
        self._drops[0], self._drops[1] = drops
