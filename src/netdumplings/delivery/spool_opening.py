"""Where a spool lies, and what to do with a file that is there already."""

from __future__ import annotations

import errno
import hashlib
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Final
from urllib.parse import quote

from ..exceptions import SpoolUnavailable
from .spool_file import SpoolFile
from .spool_rows import CorruptSpool, ForeignSpool

#: Characters of a kitchen's name in a file's name; what is longer is cut, and made unique.
_MAX_STEM: Final = 120

#: What SQLite adds to the name of a database for files that belong to it.
_BESIDE: Final = ("-wal", "-shm", "-journal")

#: What time does not mend: the user must.
_NOT_OURS: Final = frozenset(
    {
        errno.EACCES,
        errno.EPERM,
        errno.EROFS,
        errno.ENOTDIR,
        errno.EISDIR,
        errno.ELOOP,
        errno.ENAMETOOLONG,
        errno.EEXIST,
    }
)
_NOT_OURS_TO_SQLITE: Final = frozenset(
    {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM}
)


def spool_path(directory: Path, kitchen: str) -> Path:
    """Where the spool of a kitchen lies: one file for each name, whatever characters it has."""
    stem = quote(kitchen, safe="", errors="surrogatepass")
    if stem.startswith("."):
        stem = "%2E" + stem[1:]
    if len(stem) > _MAX_STEM:
        digest = hashlib.sha256(stem.encode()).hexdigest()[:16]
        stem = f"{stem[: _MAX_STEM - 17]}~{digest}"
    return directory / f"{stem or '%'}.spool"


def open_spool(path: Path) -> tuple[SpoolFile, Path | None]:
    """Open a spool, or make it, its directory too; one that is damaged is set aside.

    Returns:
        the file; and what the damaged one is called now, if it was.

    Raises:
        SpoolUnavailable: it is in use, or the system does not let us have it.
        sqlite3.Error, OSError: the disk is full, or fails.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            return SpoolFile(path), None
        except CorruptSpool:
            aside = set_aside(path)
            return SpoolFile(path), aside
    except ForeignSpool as error:
        raise SpoolUnavailable(str(path), f"{error}: give another --spool directory") from None
    except CorruptSpool as error:
        raise SpoolUnavailable(str(path), f"{error}: give another --spool directory") from None
    except OSError as error:
        if error.errno in _NOT_OURS:
            reason = f"{error.strerror}: give a --spool directory that can be written"
            raise SpoolUnavailable(str(path), reason) from None
        raise
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        if code == sqlite3.SQLITE_BUSY:
            reason = (
                "another kitchen uses it: give each a --kitchen-name or a --spool directory of "
                "its own"
            )
            raise SpoolUnavailable(str(path), reason) from None
        if code in _NOT_OURS_TO_SQLITE:
            reason = f"{error}: give a --spool directory that can be written"
            raise SpoolUnavailable(str(path), reason) from None
        raise


def set_aside(path: Path) -> Path:
    """Rename a damaged spool, with what SQLite keeps beside it.

    Returns:
        its new name: the first free one of ``NAME.corrupt-1``, ``NAME.corrupt-2``, ...

    Raises:
        OSError: that is not possible.
    """
    number = 1
    while (aside := path.with_name(f"{path.name}.corrupt-{number}")).exists():
        number += 1
    path.rename(aside)
    for suffix in _BESIDE:
        with suppress(FileNotFoundError):
            path.with_name(path.name + suffix).rename(aside.with_name(aside.name + suffix))
    return aside


def remove(path: Path) -> None:
    """Delete a spool that is closed, with what SQLite keeps beside it.

    Raises:
        OSError: that is not possible.
    """
    path.unlink(missing_ok=True)
    for suffix in _BESIDE:
        path.with_name(path.name + suffix).unlink(missing_ok=True)
