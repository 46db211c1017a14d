"""What is in the file of a spool: its tables, what a row holds, and what is known of a session."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterator
from typing import Final, NamedTuple

from .runs import Burst

#: Bytes of a row's body, save where a single message is larger.
ROW_BYTES: Final = 256 * 1024
#: Says that an SQLite database is a spool; "ndSP".
APPLICATION: Final = 0x6E645350
VERSION: Final = 1
SCHEMA: Final = f"""
    BEGIN;
    CREATE TABLE sessions (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        session TEXT NOT NULL UNIQUE,
        done INTEGER NOT NULL,
        dropped INTEGER NOT NULL,
        acknowledged INTEGER
    );
    CREATE TABLE batches (
        id INTEGER PRIMARY KEY,
        session INTEGER NOT NULL,
        first INTEGER NOT NULL,
        last INTEGER NOT NULL,
        size INTEGER NOT NULL,
        crc INTEGER NOT NULL,
        body BLOB NOT NULL
    );
    CREATE UNIQUE INDEX batches_in_order ON batches (session, first, last, size);
    PRAGMA application_id = {APPLICATION};
    PRAGMA user_version = {VERSION};
    COMMIT;
"""
#: Files of an earlier version lack this column, which is NULL where such a version has written; it
#: goes on with files that have it.
ADD_ACKNOWLEDGED: Final = "ALTER TABLE sessions ADD COLUMN acknowledged INTEGER"

#: Primary result codes (https://www.sqlite.org/rescode.html) that leave no doubt about the file.
_CORRUPT: Final = frozenset(
    {
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
        # Our statements are right; where a table is missing or a row is out of shape, the file is
        # not as we left it.
        sqlite3.SQLITE_ERROR,
        sqlite3.SQLITE_CONSTRAINT,
        sqlite3.SQLITE_MISMATCH,
        sqlite3.SQLITE_FORMAT,
    }
)
#: Extended ones: what was written cannot be read.
_UNREADABLE: Final = frozenset(
    {
        sqlite3.SQLITE_IOERR_READ,
        sqlite3.SQLITE_IOERR_SHORT_READ,
        sqlite3.SQLITE_IOERR_CORRUPTFS,
    }
)


class CorruptSpool(Exception):
    """The file is not what was written."""


class ForeignSpool(Exception):
    """The file is a spool of a version that is not known."""


class Left(NamedTuple):
    """What a file has of a session.

    Attributes:
        number: the session's number in the file; they rise.
        session: its name.
        done: everything up to this message is acknowledged, or dropped.
        dropped: how many of its messages were dropped.
        first: the first message after ``done``; 0 if there is none.
        last: the last one.
        messages: how many there are after ``done``.
        acknowledged: the highest number that a hub has acknowledged, as far as it was written
            down; 0 for none.
    """

    number: int
    session: str
    done: int
    dropped: int
    first: int
    last: int
    messages: int
    acknowledged: int


class Place(NamedTuple):
    """How far a session has come.

    Attributes:
        number: its number in the file.
        done: everything up to this message is gone, or may go.
        loaded: everything up to this message is in memory, or gone.
        acknowledged: the highest number that a hub has acknowledged; 0 for none.
    """

    number: int
    done: int
    loaded: int
    acknowledged: int


class Lost(NamedTuple):
    """What was dropped of a session for want of room.

    Attributes:
        messages: how many.
        last: the last of them.
    """

    messages: int
    last: int


class Removed(NamedTuple):
    """What a write has removed.

    Attributes:
        settled: how many messages of the place were done without ever being loaded.
        lost: what was dropped for want of room, by the session's number.
    """

    settled: int
    lost: dict[int, Lost]


class Read(NamedTuple):
    """Messages that were read.

    Attributes:
        bursts: the messages, in order.
        unreadable: how many there were between them that are damaged.
        upto: the last message read, or found to be damaged; 0 if there was none.
    """

    bursts: list[Burst]
    unreadable: int
    upto: int


class told_apart:  # noqa: N801  # used as a function
    """Turns what says that the file is damaged into `CorruptSpool`."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        if isinstance(error, sqlite3.DatabaseError):
            code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
            if code & 0xFF in _CORRUPT or code in _UNREADABLE:
                raise CorruptSpool(str(error)) from error
        elif isinstance(error, TypeError | ValueError | OverflowError | UnicodeError):
            raise CorruptSpool("a value in it is of the wrong kind") from error


def pieces(burst: Burst) -> Iterator[Burst]:
    """Cut a burst into what a row holds."""
    start = size = 0
    for index, message in enumerate(burst.messages):
        if size and size + len(message) > ROW_BYTES:
            yield Burst(burst.first + start, burst.messages[start:index])
            start, size = index, 0
        size += len(message) + 1
    yield Burst(burst.first + start, burst.messages[start:])


def row_of(session: int, burst: Burst) -> tuple[int, int, int, int, int, bytes]:
    """What is written of a burst: session, first, last, size, crc and body."""
    body = b"\n".join(burst.messages)
    return session, burst.first, burst.last, len(body) + 1, crc_of(burst.first, body), body


def crc_of(first: int, body: bytes) -> int:
    """The checksum of a row; it tells a body from one that belongs elsewhere, too."""
    return zlib.crc32(body, first & 0xFFFFFFFF)
