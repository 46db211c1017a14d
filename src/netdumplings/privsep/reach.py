"""What was opened while one could, for who may not get there any more.

Root's home directory is closed to others, and what lies in it may be all of Python, this package, a
chef, a capture. An open directory can be looked into by whoever has it open, by way of
``/proc/self/fd`` (proc(5)), wherever it lies; what is in it keeps its own permissions. So
directories that code is imported from are opened before root is given up, and files that the
command line names as well.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

from ..opened import open_beforehand
from . import linux

_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


class ImportPath:
    """The directories that modules are imported from, held open.

    Make it as root; call `restore` as who one has become.
    """

    def __init__(self) -> None:
        self._held: dict[str, int] = {}
        # Chefs are looked for where the command is run from, too.
        for entry in (*sys.path, str(Path.cwd())):
            with suppress(OSError):
                self._held.setdefault(entry, os.open(entry or os.curdir, _DIRECTORY))

    def restore(self) -> None:
        """Have what cannot be reached by its path be imported through its open directory.

        What is imported already stays as it is, but finds its submodules. Directories that can be
        reached are held open no longer.
        """
        lost = {}
        for entry, descriptor in self._held.items():
            if os.access(entry or os.curdir, os.R_OK | os.X_OK):
                os.close(descriptor)
            else:
                lost[entry] = f"/proc/self/fd/{descriptor}"
        if not lost:
            return
        linux.be_dumpable(True)
        sys.path[:] = [lost.get(entry, entry) for entry in sys.path]
        sys.path_importer_cache.clear()
        for module in list(sys.modules.values()):
            path = getattr(module, "__path__", None)
            if isinstance(path, list):
                path[:] = [_moved(entry, lost) for entry in path]


def open_files(paths: Iterable[str]) -> None:
    """Open files that are named on the command line, for `opened.open_file` to give out later.

    What cannot be opened is left to whoever will want to read it, and say so.
    """
    for path in paths:
        open_beforehand(path)


def hand_over(directory: str, uid: int, gid: int) -> None:
    """Make a directory that is to be somebody else's; one that is there stays whose it is.

    What cannot be made is left to whoever will want to write there, and say so.
    """
    with suppress(OSError):
        Path(directory).mkdir(mode=0o700, parents=True)
        os.chown(directory, uid, gid, follow_symlinks=False)


def _moved(path: str, lost: dict[str, str]) -> str:
    """The path of a package, seen from the open directory that it lies in."""
    for entry, through in lost.items():
        with suppress(ValueError):
            return str(Path(through, Path(path).relative_to(entry or Path.cwd())))
    return path
