"""How much memory a command may have, so that a chef that wants it all does not get it."""

from __future__ import annotations

import logging
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

logger = logging.getLogger(__name__)

#: Bytes that must be left for a kitchen to work at all.
LEAST: Final = 64 * 1024 * 1024


def limit_memory(size: int) -> None:
    """Limit the memory of this process: what it may write to and shares with nobody.

    That is RLIMIT_DATA of getrlimit(2), which since Linux 4.7 counts all private writable memory,
    used or not. Who asks for more gets a MemoryError. Where there is no such limit, the log says
    so. Processes that this one begins inherit it.

    Args:
        size: bytes; 0 for no limit. What it has already and `LEAST` is the least.
    """
    if not size:
        return
    if sys.platform != "linux":
        logger.debug("this system cannot limit the memory of chefs")
        return
    import resource

    size = max(size, _private_memory() + LEAST)
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    for limit in (soft, hard):
        if limit != resource.RLIM_INFINITY:
            size = min(size, limit)
    resource.setrlimit(resource.RLIMIT_DATA, (size, hard))


def _private_memory() -> int:
    """The bytes that RLIMIT_DATA counts of this process now (proc(5), statm: data and stack)."""
    with suppress(OSError, ValueError, IndexError):
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[5])
        return pages * os.sysconf("SC_PAGE_SIZE")
    return 0
