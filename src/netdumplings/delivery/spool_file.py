"""The file of a spool: numbered messages of several sessions, in an SQLite database.

The database is in WAL mode with ``synchronous=NORMAL`` (https://www.sqlite.org/wal.html): what was
committed survives the end of the process, however it comes; a power failure may take the latest
commits, and nothing else. It is locked as long as it is open. Rows are batches, not messages: the
bodies are what takes time, and one of 256 KiB takes hardly more than one of 256 bytes.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from .runs import Burst
from .spool_rows import (
    ADD_ACKNOWLEDGED,
    APPLICATION,
    SCHEMA,
    VERSION,
    CorruptSpool,
    ForeignSpool,
    Left,
    Lost,
    Place,
    Read,
    Removed,
    crc_of,
    pieces,
    row_of,
    told_apart,
)

#: Pages that are free in a file with nothing in it, from which on they are given back.
_FREE_PAGES: Final = 256


class SpoolFile:
    """An open spool file. One thread at a time may use it.

    Args:
        path: where it is; made if there is none.

    Attributes:
        size: bytes of all bodies in it.
        left: what there was of each session when it was opened, oldest first.

    Raises:
        CorruptSpool: it is none, or damaged.
        ForeignSpool: it is of a version not known here.
        sqlite3.Error: it cannot be opened, or is locked (``SQLITE_BUSY``).
        OSError: it cannot be made.
    """

    def __init__(self, path: Path) -> None:
        # Whoever could read it would know the traffic, and the session. A file that is there is
        # not touched: closing it would give up a lock that this process may have on it.
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        self._database = sqlite3.connect(
            path, timeout=0, isolation_level=None, check_same_thread=False
        )
        self.size = 0
        self.left: list[Left] = []
        try:
            with told_apart():
                self._open()
        except BaseException:
            self._database.close()
            raise

    def _open(self) -> None:
        run = self._database.execute
        run("PRAGMA locking_mode = EXCLUSIVE")
        # To open a file that is there nothing is written: its disk may be full.
        if not run("PRAGMA page_count").fetchone()[0]:
            run("PRAGMA auto_vacuum = INCREMENTAL")
        run("PRAGMA journal_mode = WAL")
        run("PRAGMA synchronous = NORMAL")
        run("PRAGMA journal_size_limit = 4194304")
        run("PRAGMA wal_autocheckpoint = 256")
        run("BEGIN EXCLUSIVE")
        run("COMMIT")  # the lock stays
        (application,) = run("PRAGMA application_id").fetchone()
        (version,) = run("PRAGMA user_version").fetchone()
        (tables,) = run("SELECT count(*) FROM sqlite_master").fetchone()
        if not tables and not application:
            self._database.executescript(SCHEMA)
        elif application != APPLICATION:
            raise CorruptSpool("it is a database, but no spool")
        elif version != VERSION:
            raise ForeignSpool(f"it is of version {version}, and this one knows {VERSION}")
        (size,) = run("SELECT coalesce(sum(size), 0) FROM batches").fetchone()
        self.size = int(size)
        columns = [name for _, name, *_ in run("PRAGMA table_info(sessions)")]
        self._lacks_acknowledged = "acknowledged" not in columns
        acknowledged = "NULL" if self._lacks_acknowledged else "acknowledged"
        rows = run(
            f"""
            SELECT number, sessions.session, done, dropped,
                   min(max(first, done + 1)), max(last),
                   coalesce(sum(last - max(first - 1, done)), 0),
                   min(coalesce({acknowledged}, done), done)
            FROM sessions LEFT JOIN batches ON batches.session = number AND last > done
            GROUP BY number ORDER BY number
            """  # noqa: S608
        ).fetchall()
        self.left = [
            Left(
                number=int(number),
                session=str(session),
                done=int(done),
                dropped=int(dropped),
                first=first or 0,
                last=last or 0,
                messages=messages,
                acknowledged=int(acknowledged),
            )
            for number, session, done, dropped, first, last, messages, acknowledged in rows
        ]

    def add_session(self, session: str) -> int:
        """Add a session, if it is not there, and return its number."""
        with told_apart():
            find = "SELECT number FROM sessions WHERE session = ?"
            found = self._database.execute(find, (session,)).fetchone()
            if found is None:
                self._database.execute(
                    "INSERT INTO sessions (session, done, dropped) VALUES (?, 0, 0)", (session,)
                )
                found = self._database.execute(find, (session,)).fetchone()
            return int(found[0])

    def write(
        self,
        own: int,
        new: Sequence[Burst],
        *,
        after: int,
        dropped: int,
        place: Place,
        finished: Iterable[int],
        max_bytes: int,
    ) -> Removed:
        """Bring the file up to date, all at once or, if it raises, not at all.

        Args:
            own: the number of the session that messages are added to.
            new: the messages.
            after: the last message of that session that is known to be in the file. What is there
                beyond it is taken away first: of a write that failed nobody can be sure.
            dropped: how many messages of that session were dropped in memory since the last write.
            place: how far the session that is being sent has come.
            finished: sessions to be forgotten.
            max_bytes: how many bytes of bodies there may be. Beyond, the oldest batches are
                dropped; never those that were loaded, nor the new ones.

        Raises:
            CorruptSpool: the file is damaged.
            sqlite3.Error: it cannot be written.
        """
        run = self._database.execute
        size_before = self.size
        with told_apart():
            try:
                run("BEGIN IMMEDIATE")
                if self._lacks_acknowledged:
                    run(ADD_ACKNOWLEDGED)
                for number in finished:
                    self._delete("session = ?", (number,))
                    run("DELETE FROM sessions WHERE number = ?", (number,))
                self._delete("session = ? AND first > ?", (own, after))
                settled = self._remove_done(place)
                bodies = [row_of(own, piece) for burst in new for piece in pieces(burst)]
                added = sum(size for _, _, _, size, _, _ in bodies)
                lost = self._make_room(max_bytes - added, place)
                run(
                    "UPDATE sessions SET dropped = dropped + ? WHERE number = ? AND ?",
                    (dropped, own, dropped),
                )
                self._database.executemany(
                    "INSERT INTO batches (session, first, last, size, crc, body) "
                    "VALUES (?, ?, ?, ?, ?, ?)",
                    bodies,
                )
                run("COMMIT")
                self._lacks_acknowledged = False
            except BaseException:
                self.size = size_before
                if self._database.in_transaction:
                    run("ROLLBACK")
                raise
            self.size += added
            return Removed(settled, lost)

    def read(self, number: int, after: int, max_bytes: int, upto: int | None = None) -> Read:
        """Read messages of a session.

        Args:
            number: the session's.
            after: the last message that is not wanted.
            max_bytes: how many bytes, about; one batch is read however large it is.
            upto: the last message that is wanted; None for all.

        Raises:
            CorruptSpool: the file is damaged.
            sqlite3.Error: it cannot be read.
        """
        bursts: list[Burst] = []
        size = bad = reached = 0
        with told_apart():
            rows = self._database.execute(
                "SELECT first, last, crc, body FROM batches WHERE session = ? AND last > ? "
                "AND first >= coalesce((SELECT max(first) FROM batches"
                " WHERE session = ? AND first <= ?), 0) ORDER BY first",
                (number, after, number, after + 1),
            )
            for first, last, crc, body in rows:
                if upto is not None and last > upto:
                    break
                wanted = max(first, after + 1)
                messages = body.split(b"\n")
                if crc_of(first, body) != crc or len(messages) != last - first + 1:
                    bad += last - wanted + 1
                else:
                    bursts.append(Burst(wanted, messages[wanted - first :]))
                reached = last
                size += len(body)
                if size >= max_bytes:
                    break
            rows.close()
        return Read(bursts, bad, reached)

    def first_after(self, number: int, after: int) -> int:
        """The first message of a session after another one; 0 if there is none."""
        with told_apart():
            (first,) = self._database.execute(
                "SELECT min(first) FROM batches WHERE session = ? AND first > ?", (number, after)
            ).fetchone()
            (straddling,) = self._database.execute(
                "SELECT count(*) FROM batches WHERE session = ? AND first <= ? AND last > ?",
                (number, after, after),
            ).fetchone()
        return after + 1 if straddling else int(first or 0)

    def tidy(self) -> None:
        """Give the disk back what a file with nothing in it takes.

        Raises:
            sqlite3.Error: that is not possible now.
        """
        if self.size:
            return
        (free,) = self._database.execute("PRAGMA freelist_count").fetchone()
        if free >= _FREE_PAGES:
            # As a script: its one step a page has no row to show, at which `execute` stops.
            self._database.executescript("PRAGMA incremental_vacuum")
            self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def close(self) -> None:
        """Close it; what was not written stays as it was before."""
        self._database.close()

    def _delete(self, where: str, values: tuple[int, ...]) -> None:
        """Delete batches; the condition is one of ours."""
        (size,) = self._database.execute(
            f"SELECT coalesce(sum(size), 0) FROM batches WHERE {where}",  # noqa: S608
            values,
        ).fetchone()
        if size:
            self._database.execute(f"DELETE FROM batches WHERE {where}", values)  # noqa: S608
            self.size -= size

    def _remove_done(self, place: Place) -> int:
        run = self._database.execute
        settled = 0
        if place.done > place.loaded:
            (settled,) = run(
                "SELECT coalesce(sum(min(last, :done) - max(first - 1, :loaded)), 0) FROM batches "
                "WHERE session = :number AND first <= :done AND last > :loaded",
                place._asdict(),
            ).fetchone()
        self._delete(
            "session = ? AND first <= ? AND last <= ?", (place.number, place.done, place.done)
        )
        run(
            "UPDATE sessions SET done = :done, acknowledged = :acknowledged WHERE number = :number",
            place._asdict(),
        )
        return int(settled)

    def _make_room(self, max_bytes: int, place: Place) -> dict[int, Lost]:
        """Drop the oldest batches until so many bytes are left, or none that may be dropped."""
        lost: dict[int, Lost] = {}
        if self.size <= max_bytes:
            return lost
        rows = self._database.execute(
            "SELECT id, session, first, last, size FROM batches "
            "WHERE session <> ? OR first > ? ORDER BY session, first",
            (place.number, max(place.loaded, place.done)),
        )
        gone: list[tuple[int]] = []
        for identity, session, first, last, size in rows:
            gone.append((identity,))
            before = lost[session].messages if session in lost else 0
            lost[session] = Lost(before + last - first + 1, last)
            self.size -= size
            if self.size <= max_bytes:
                break
        rows.close()
        self._database.executemany("DELETE FROM batches WHERE id = ?", gone)
        self._database.executemany(
            "UPDATE sessions SET dropped = dropped + ? WHERE number = ?",
            [(gone_of.messages, session) for session, gone_of in lost.items()],
        )
        return lost
