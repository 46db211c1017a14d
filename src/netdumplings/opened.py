"""Files that were opened while that was allowed, for when it is not any more.

A command that is run as root opens the files that its command line names, then gives up root, then
reads them. Who opens a file by `open_file` is given the one that was opened under the same path.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

_held: dict[Path, int | OSError] = {}


def open_beforehand(path: str | os.PathLike[str]) -> None:
    """Open a file for reading, to be had from `open_file` from now on.

    If it cannot be opened, `open_file` will say why; it would not know any more.
    """
    absolute = Path(path).absolute()
    if absolute not in _held:
        with suppress(ValueError):  # no name that a file can have
            try:
                _held[absolute] = os.open(absolute, FLAGS)
            except OSError as error:
                _held[absolute] = error


def open_file(path: str | os.PathLike[str]) -> int:
    """Open a file for reading, from its beginning.

    Without `O_NONBLOCK`, opening a named pipe would wait for somebody to write to it.

    Returns:
        a file descriptor, which the caller closes.

    Raises:
        OSError, ValueError: it cannot be opened.
    """
    held = _get(path)
    if held is None:
        return os.open(path, FLAGS)
    descriptor = os.dup(held)
    with suppress(OSError):  # a pipe has no beginning to go back to
        os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def status(path: str | os.PathLike[str]) -> os.stat_result:
    """What the system knows of a file: stat(2).

    Raises:
        OSError, ValueError: it cannot be had.
    """
    held = _get(path)
    return Path(path).stat() if held is None else os.fstat(held)


def is_held(path: str | os.PathLike[str]) -> bool:
    """Whether the file was opened beforehand."""
    return isinstance(_held.get(Path(path).absolute()), int)


def _get(path: str | os.PathLike[str]) -> int | None:
    held = _held.get(Path(path).absolute())
    if isinstance(held, OSError):
        raise held
    return held


FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)
