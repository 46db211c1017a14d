"""Which files root may take orders from."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path


def is_root() -> bool:
    """Whether this process is root's."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


def changeable_by_others(path: Path) -> Path | None:
    """The file, or the first directory above it, that others than root can change or replace.

    Returns:
        None for a file that is root's alone, and for one that is not there.
    """
    with suppress(OSError):
        path = path.resolve()
        for place in (path, *path.parents):
            found = place.stat()
            sticky = place != path and found.st_mode & stat.S_ISVTX
            if found.st_uid != 0 or (found.st_mode & 0o022 and not sticky):
                return place
    return None
