"""The memory in which the latest packets are kept; `ring_views` says how it is laid out.

It may be written by one process and read by another, which then can do no more than read: on Linux
it is a file in memory that is sealed against any further mapping to be written to (memfd_create(2),
F_SEAL_FUTURE_WRITE of fcntl(2)), and the one mapping that was made before is in no process that is
forked (MADV_DONTFORK of madvise(2)).
"""

from __future__ import annotations

import mmap
import os
import sys
from contextlib import suppress
from typing import Final

#: The smallest memory that makes sense: it holds a packet of any length that is captured.
LEAST: Final = 1024 * 1024
# Since Linux 5.1, and in Python's fcntl since 3.13.
_F_SEAL_FUTURE_WRITE: Final = 0x0010


class RingMemory:
    """So many bytes of memory, all in all.

    Args:
        size: bytes.

    Raises:
        ValueError: that is less than `LEAST`.
        OSError: there is not so much.
    """

    def __init__(self, size: int) -> None:
        if size < LEAST:
            raise ValueError(f"the ring has {size} bytes: it must have {LEAST} or more")
        self.size = size
        self._descriptor = -1
        self._shared: mmap.mmap | None = None
        if sys.platform == "linux":
            self._descriptor = os.memfd_create("packets", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
            os.truncate(self._descriptor, size)
        else:
            self._shared = mmap.mmap(-1, size)

    def to_write(self) -> mmap.mmap:
        """Map it to be written to; once, and by one process only."""
        memory = self._shared or mmap.mmap(self._descriptor, self.size)
        if sys.platform == "linux":
            import fcntl

            memory.madvise(mmap.MADV_DONTFORK)
            seals = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW
            fcntl.fcntl(self._descriptor, fcntl.F_ADD_SEALS, seals)
            with suppress(OSError):  # an older kernel
                last = _F_SEAL_FUTURE_WRITE | fcntl.F_SEAL_SEAL
                fcntl.fcntl(self._descriptor, fcntl.F_ADD_SEALS, last)
        return memory

    def to_read(self) -> mmap.mmap:
        """Map it to be read, in a process that was forked from the first one, or in that."""
        if sys.platform != "linux":
            assert self._shared is not None
            return self._shared
        return mmap.mmap(self._descriptor, self.size, prot=mmap.PROT_READ)

    def close(self) -> None:
        """Let go of it; what is mapped stays."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
