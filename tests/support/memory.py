"""How much memory is in use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def memory() -> int:
    """Bytes of memory in use by this process; skips where that cannot be told."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        pytest.skip("no /proc here that tells how much memory is in use")
    return pages * os.sysconf("SC_PAGESIZE")
