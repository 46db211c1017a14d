"""Recordings as an SQLite database.

It is in WAL mode (https://www.sqlite.org/wal.html), so that it can be read while it is written, and
each batch is a transaction, which has the cursor in it.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from .ends import NoRecording
from .entries import Cursor, Entry, Missed, fields_of
from .groups import OtherVersion
from .parts import Retention

#: Says that an SQLite database is a recording; "ndRC".
APPLICATION: Final = 0x6E645243
VERSION: Final = 1
SCHEMA: Final = f"""
    BEGIN;
    CREATE TABLE dumplings (
        id INTEGER PRIMARY KEY,
        creation_time REAL NOT NULL,
        chef TEXT NOT NULL,
        kitchen TEXT,
        driver TEXT NOT NULL,
        payload TEXT NOT NULL,
        extra TEXT,
        recorded REAL NOT NULL
    );
    CREATE INDEX dumplings_by_time ON dumplings (creation_time);
    CREATE INDEX dumplings_by_chef ON dumplings (chef, creation_time);
    CREATE INDEX dumplings_by_kitchen ON dumplings (kitchen, creation_time);
    CREATE TABLE gaps (
        id INTEGER PRIMARY KEY,
        recorded REAL NOT NULL,
        missed INTEGER NOT NULL,
        reason TEXT NOT NULL,
        kitchen TEXT,
        after_dumpling INTEGER NOT NULL
    );
    CREATE TABLE place (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        cursor TEXT,
        last_id INTEGER NOT NULL
    );
    INSERT INTO place VALUES (1, NULL, 0);
    PRAGMA application_id = {APPLICATION};
    PRAGMA user_version = {VERSION};
    COMMIT;
"""  # noqa: S608  # numbers of ours
#: Rows that are deleted at once.
_DELETED_AT_ONCE: Final = 10_000
#: Numbers of more bits than SQLite holds.
_MAX_INTEGER: Final = 2**63 - 1


class Sqlite:
    """A `Recording` in a database.

    Args:
        path: the database; made if there is none.
        retention: what is kept: of the file's size, ``max_bytes`` are those that are in use.

    Raises:
        NoRecording: it is a database of something else, or none.
        OtherVersion: it is of a later version.
        sqlite3.Error, OSError: it cannot be used.
    """

    def __init__(self, path: Path, retention: Retention) -> None:
        self.path = path
        self.cursor: Cursor | None = None
        self._last = 0
        self._retention = retention
        # Whoever could read it would know the traffic. SQLite gives what it puts beside it the
        # same mode.
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        self._database = sqlite3.connect(
            path, timeout=10, isolation_level=None, check_same_thread=False
        )
        try:
            self._open()
        except BaseException:
            self._database.close()
            raise

    def append(self, entries: Sequence[Entry], cursor: Cursor | None, now: float) -> None:
        """See `Recording`."""
        rows: list[tuple[object, ...]] = []
        gaps: list[tuple[object, ...]] = []
        last = self._last
        for entry in entries:
            if isinstance(entry, Missed):
                missed = min(entry.missed, _MAX_INTEGER)
                gaps.append((entry.time, missed, entry.reason, entry.kitchen, last))
            else:
                last += 1
                rows.append((last, *fields_of(entry), now))
        run = self._database.execute
        try:
            run("BEGIN IMMEDIATE")
            self._database.executemany(
                "INSERT INTO dumplings VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows
            )
            self._database.executemany(
                "INSERT INTO gaps (recorded, missed, reason, kitchen, after_dumpling) "
                "VALUES (?, ?, ?, ?, ?)",
                gaps,
            )
            known = None if cursor is None else json.dumps(dict(cursor))
            run("UPDATE place SET cursor = ?, last_id = ?", (known, last))
            run("COMMIT")
        except BaseException:
            self._roll_back()
            raise
        self._last = last
        self.cursor = cursor

    def tend(self, now: float) -> None:
        """See `Recording`."""
        keep = self._retention
        if keep.max_seconds is not None:
            self._delete_until(now - keep.max_seconds)
        if keep.max_bytes is not None:
            while self._bytes_in_use() > keep.max_bytes and self._delete_oldest():
                pass

    def close(self) -> None:
        """See `Recording`."""
        self._database.close()

    def _open(self) -> None:
        run = self._database.execute
        try:
            (tables,) = run("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlite3.DatabaseError as error:
            if _code(error) == sqlite3.SQLITE_NOTADB:
                raise NoRecording("it is no recording of nd-record") from None
            raise
        (application,) = run("PRAGMA application_id").fetchone()
        (version,) = run("PRAGMA user_version").fetchone()
        new = not tables and not application
        if new:
            # What is deleted is given back to the disk.
            run("PRAGMA auto_vacuum = INCREMENTAL")
        elif application != APPLICATION:
            raise NoRecording("it is a database, but no recording of nd-record")
        elif version != VERSION:
            raise OtherVersion(f"it is of version {version}, and {VERSION} is known here")
        run("PRAGMA journal_mode = WAL")
        run("PRAGMA synchronous = FULL")
        run("PRAGMA journal_size_limit = 16777216")
        if new:
            try:
                self._database.executescript(SCHEMA)
            except BaseException:
                self._roll_back()
                raise
        cursor, self._last = run("SELECT cursor, last_id FROM place").fetchone()
        try:
            self.cursor = None if cursor is None else dict(json.loads(cursor))
        except (ValueError, TypeError):
            raise NoRecording("the cursor in it is damaged") from None
        (self._page_size,) = run("PRAGMA page_size").fetchone()

    def _bytes_in_use(self) -> int:
        (pages,) = self._database.execute("PRAGMA page_count").fetchone()
        (free,) = self._database.execute("PRAGMA freelist_count").fetchone()
        return int((pages - free) * self._page_size)

    def _delete_until(self, time: float) -> None:
        """Delete what was recorded before a time."""
        # (Rows are in the order of recording.)
        oldest = "SELECT recorded < ? FROM dumplings ORDER BY id LIMIT 1"
        while self._database.execute(oldest, (time,)).fetchone() == (1,):
            (last,) = self._database.execute(
                "SELECT max(id) FROM (SELECT id, recorded FROM dumplings ORDER BY id LIMIT ?) "
                "WHERE recorded < ?",
                (_DELETED_AT_ONCE, time),
            ).fetchone()
            self._delete(last)

    def _delete_oldest(self) -> bool:
        """Delete some of the oldest rows; return whether there were any but the latest."""
        (first, last, count) = self._database.execute(
            "SELECT min(id), max(id), coalesce(max(id) - min(id) + 1, 0) FROM dumplings"
        ).fetchone()
        some = min(_DELETED_AT_ONCE, count // 20 + 1)
        if count <= 1:
            return False
        self._delete(min(first + some - 1, last - 1))
        return True

    def _delete(self, upto: int) -> None:
        run = self._database.execute
        try:
            run("BEGIN IMMEDIATE")
            run("DELETE FROM dumplings WHERE id <= ?", (upto,))
            run("DELETE FROM gaps WHERE after_dumpling < ?", (upto,))
            run("COMMIT")
        except BaseException:
            self._roll_back()
            raise
        # What is free is used again; only where it is much is it given back to the disk.
        (free,) = run("PRAGMA freelist_count").fetchone()
        if free > run("PRAGMA page_count").fetchone()[0] // 4:
            # As a script: its one step a page has no row to show, at which `execute` stops.
            self._database.executescript("PRAGMA incremental_vacuum")

    def _roll_back(self) -> None:
        if self._database.in_transaction:
            with suppress(sqlite3.Error):
                self._database.execute("ROLLBACK")


def _code(error: sqlite3.Error) -> int:
    return int(getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)) & 0xFF
