"""Recordings as Parquet files, which DuckDB writes.

A Parquet file is of use when it is finished, not before. So what comes goes into a journal, which
is a recording of JSON lines; from time to time that is finished, and made a Parquet file, which
gets its name when it is whole. A finished journal that is still there when the recording is opened
had not come so far.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any, Final

from .entries import Cursor, Entry, Missed, fields_of
from .groups import Place, read_line
from .jsonlines import JsonLines
from .parts import Retention, Rotation, finished_parts, remove_old, sync_directory

logger = logging.getLogger(__name__)

SUFFIX: Final = ".parquet"
JOURNAL: Final = ".parquet.journal"
#: When a file is finished if nobody says so: bytes of its journal.
ROTATION: Final = Rotation(max_bytes=64 * 1024 * 1024)
COLUMNS: Final = {
    "creation_time": "DOUBLE",
    "chef": "VARCHAR",
    "kitchen": "VARCHAR",
    "driver": "VARCHAR",
    "payload": "VARCHAR",
    "extra": "VARCHAR",
    "recorded": "DOUBLE",
    "missed": "BIGINT",
    "reason": "VARCHAR",
}
#: Rows that DuckDB is given at once.
_AT_ONCE: Final = 8192
#: The creation time as a timestamp, where the calendar reaches so far.
_TIME: Final = "CASE WHEN abs(creation_time) < 9e9 THEN to_timestamp(creation_time) END AS time"
_MAX_INTEGER: Final = 2**63 - 1


class DuckDbMissing(Exception):
    """DuckDB is not installed."""


class Parquet:
    """A `Recording` in Parquet files.

    Args:
        path: such as ``dumplings.parquet``; the files are called ``dumplings.TIME.parquet``, and
            the journal ``dumplings.parquet.journal``.
        rotation: when a file is finished, by the size of its journal and its age.
        retention: what is kept of the files.
        now: seconds since the epoch.

    Raises:
        DuckDbMissing: DuckDB is not installed.
        NoRecording, OtherVersion, OSError: the journal cannot be used, as of `JsonLines`.
        duckdb.Error: a file cannot be written.
    """

    def __init__(self, path: Path, rotation: Rotation, retention: Retention, now: float) -> None:
        load_duckdb()
        self.path = path
        self._retention = retention
        self._now = now
        self._journal = JsonLines(
            journal_of(path),
            JOURNAL,
            None,
            rotation if rotation.wanted else ROTATION,
            Retention(),
            now,
            self._convert,
            (SUFFIX,),
        )
        try:
            for part in finished_parts(self._journal.path, JOURNAL):
                self._convert(part.path)
        except BaseException:
            self._journal.close()
            raise

    @property
    def cursor(self) -> Cursor | None:
        """See `Recording`."""
        return self._journal.cursor

    def append(self, entries: Sequence[Entry], cursor: Cursor | None, now: float) -> None:
        """See `Recording`."""
        self._now = now
        self._journal.append(entries, cursor, now)

    def tend(self, now: float) -> None:
        """See `Recording`."""
        self._now = now
        self._journal.tend(now)
        self._remove_old()

    def close(self) -> None:
        """See `Recording`; what is in the journal becomes a file."""
        try:
            self._journal.finish(self._now)
        finally:
            self._journal.close()

    def _convert(self, journal: Path) -> None:
        """Make a finished journal a Parquet file; one that has been made already is left."""
        target = journal.with_name(journal.name.removesuffix(JOURNAL) + SUFFIX)
        if not target.exists():
            part = target.with_name(f"{target.name}.part")
            part.unlink(missing_ok=True)
            # DuckDB writes into a file that is there, and leaves it its mode.
            os.close(os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
            try:
                rows = write_parquet(journal, part)
                with part.open("rb+") as file:
                    os.fsync(file.fileno())
                part.rename(target)
            except BaseException:
                with suppress(OSError):
                    part.unlink(missing_ok=True)
                raise
            sync_directory(target.parent)
            logger.info("%s: finished, with %d rows", target, rows)
        journal.unlink()
        self._remove_old()

    def _remove_old(self) -> None:
        size = self._journal.path.stat().st_size
        begun = self._journal.begun
        removed = remove_old(self.path, SUFFIX, self._retention, begun, size, self._now)
        if removed:
            logger.info("%s: deleted the oldest %d of its finished files", self.path, removed)


def journal_of(path: Path) -> Path:
    """Where the journal of a recording is."""
    return path.with_name(path.name.removesuffix(SUFFIX) + JOURNAL)


def write_parquet(journal: Path, target: Path) -> int:
    """Write what is in a journal as a Parquet file.

    Returns:
        how many rows it has.

    Raises:
        OSError: the journal cannot be read.
        duckdb.Error: the file cannot be written.
    """
    columns = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
    taken = ", ".join(f"unnest(?::{kind}[])" for kind in COLUMNS.values())
    count = 0
    with connect() as database:
        database.execute(f"CREATE TABLE entries ({columns})")
        rows = _rows(journal)
        while some := list(islice(rows, _AT_ONCE)):
            values = [list(column) for column in zip(*some, strict=True)]
            database.execute(f"INSERT INTO entries SELECT {taken}", values)
            count += len(some)
        database.execute(
            f"COPY (SELECT {_TIME}, * FROM entries) "  # noqa: S608
            f"TO {quoted(str(target.absolute()))} "
            "(FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false)"
        )
    return count


def connect() -> Any:
    """Open a database in memory, which fetches nothing from the network."""
    return load_duckdb().connect(
        config={
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "threads": 2,
        }
    )


def load_duckdb() -> Any:
    """Load DuckDB when it is first needed.

    Raises:
        DuckDbMissing: it is not installed.
    """
    try:
        import duckdb
    except ImportError:
        raise DuckDbMissing from None
    return duckdb


def is_of_duckdb(error: BaseException) -> bool:
    """Tell whether an error is one of DuckDB's."""
    duckdb = sys.modules.get("duckdb")
    return duckdb is not None and isinstance(error, duckdb.Error)


def quoted(text: str) -> str:
    """Write a text as SQL has it."""
    return "'" + text.replace("'", "''") + "'"


def _rows(journal: Path) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a journal: those of a group have the time at which that was written."""
    group: list[Entry] = []
    with journal.open("rb") as file:
        for line in file:
            entry = read_line(line.rstrip(b"\n"))
            if not isinstance(entry, Place):
                group.append(entry)
                continue
            for one in group:
                yield _row(one, entry.time)
            group.clear()


def _row(entry: Entry, now: float) -> tuple[Any, ...]:
    if isinstance(entry, Missed):
        missed = min(entry.missed, _MAX_INTEGER)
        return (None, None, entry.kitchen, None, None, None, entry.time, missed, entry.reason)
    return (*fields_of(entry), now, None, None)
