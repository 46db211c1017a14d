"""Directories that every user can get to, for commands that give up root."""

from __future__ import annotations

import os
from pathlib import Path


def make_reachable(directory: Path) -> Path:
    """Let others into a directory of ours, and those of ours that it lies in; returns it."""
    for place in (directory, *directory.parents):
        status = place.stat()
        if hasattr(os, "geteuid") and status.st_uid == os.geteuid():
            place.chmod(status.st_mode | 0o055)
    return directory
