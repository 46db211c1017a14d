"""What a spool has to tell whoever looks after its host, each in one line of the log."""

from __future__ import annotations

import errno
import logging
import sqlite3
from pathlib import Path

from ..exceptions import SpoolUnavailable

logger = logging.getLogger(__name__)


def inherited(path: Path, dumplings: int) -> None:
    """Former runs have left something."""
    logger.info("the spool %s has %d dumplings of former runs; they go first", path, dumplings)


def failing(path: Path, error: Exception, memory_bytes: int) -> None:
    """The disk cannot be written."""
    logger.error(
        "the spool %s cannot be written (%s): dumplings are kept in memory, up to %d bytes, and a "
        "crash would lose them; %s",
        path,
        error,
        memory_bytes,
        _advice(error),
    )


def recovered(path: Path, dropped: int) -> None:
    """The disk can be written again."""
    logger.warning(
        "the spool %s can be written again; %d dumplings were dropped meanwhile", path, dropped
    )


def set_aside(path: Path, aside: Path, lost: str) -> None:
    """A damaged file was renamed; ``lost`` says what was in it."""
    logger.error(
        "the spool %s was damaged: it is kept as %s, and a new one is begun; %s; check the disk",
        path,
        aside.name,
        lost,
    )


def damaged_batches(path: Path, lost: int) -> None:
    """Some of what was written cannot be read, and the rest can."""
    logger.error("the spool %s is damaged: %d dumplings in it are lost; check the disk", path, lost)


def given_up(path: Path, lost: int) -> None:
    """A damaged file cannot even be renamed."""
    logger.error(
        "the spool %s is damaged, and cannot be set aside: %d dumplings that it held are lost, and "
        "it is not used any more; move it away, and start again",
        path,
        lost,
    )


def _advice(error: Exception) -> str:
    """Say what to do about a disk that cannot be written."""
    if isinstance(error, SpoolUnavailable):
        return "see to that, and it is used again"
    full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        full = code == sqlite3.SQLITE_FULL
    if full:
        return "make room on its disk, and it is used again"
    return "check its disk; it is used again when that works"
