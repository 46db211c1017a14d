"""Reads recordings, of any format and whole or not: dumplings, gaps, and what is damaged."""

from __future__ import annotations

import glob
import sqlite3
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple
from urllib.parse import quote

from ..defaults import MAX_MESSAGE
from .ends import NoRecording
from .entries import Fields, Missed, checked, line_of
from .files import STDIN
from .groups import MAX_PLACE, OtherVersion, Place, read_line
from .opening import telling
from .parquet import connect, quoted
from .sqlite import APPLICATION, VERSION
from .unpacking import unpacked

#: Bytes of a line; a dumpling has no more than `MAX_MESSAGE`.
MAX_LINE: Final = 2 * max(MAX_MESSAGE, MAX_PLACE)
_BREAKS_OFF: Final = "it breaks off here: it is being written, or was not written to its end"
#: Rows that are read at once: each may have as many bytes as a message.
_ROWS: Final = 100
_FIELDS: Final = ", ".join(Fields._fields)
_NULLS: Final = ", ".join("NULL" for _ in Fields._fields)
#: What SQLite says where it can make no file beside a database.
_NOTHING_BESIDE: Final = frozenset({sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN})
_MAX_ID: Final = 2**63 - 1
#: The last of the next rows of a database.
_LAST_OF_STEP: Final = (
    f"SELECT max(id) FROM (SELECT id FROM dumplings WHERE id > ? ORDER BY id LIMIT {_ROWS})"  # noqa: S608
)
#: These rows, each with its number; what was missed in its place.
_STEP: Final = f"""
    SELECT id AS number, {_FIELDS}, recorded, NULL, NULL, NULL, 0 AS gap FROM dumplings
    WHERE id > :after AND id <= :last
    UNION ALL
    SELECT after_dumpling, {_NULLS}, recorded, missed, reason, kitchen, id FROM gaps
    WHERE after_dumpling > :after AND after_dumpling <= :last
    ORDER BY number, gap
"""  # noqa: S608


class Damage(NamedTuple):
    """Something in a recording that is no dumpling, and should be one.

    Attributes:
        path: the file; ``-`` is standard input.
        where: where in it, such as ``line 17``.
        problem: what is wrong.
    """

    path: Path
    where: str
    problem: str


#: What there is in a recording: a dumpling's JSON, in UTF-8 and on one line; or something else.
Found = bytes | Missed | Damage


def read_recording(path: Path) -> Iterator[Found]:
    """Read a file of a recording; what is not damaged in it is yielded whatever else is.

    Args:
        path: the file, in any of the formats; ``-`` is standard input, of JSON lines.

    Raises:
        RecordingUnavailable: it cannot be read at all.
    """
    with telling(path, reading=True):
        if path == STDIN:
            yield from read_lines(path, _standard_input())
            return
        with path.open("rb") as file:
            # (A pipe, such as the shell's <(...), cannot be sought in.)
            beginning = file.peek(16)
            if not beginning.startswith((b"SQLite format 3\0", b"PAR1")):
                yield from read_lines(path, file)
                return
        rows = _sqlite_rows(path) if beginning.startswith(b"SQLite") else _parquet_rows(path)
        for number, row in rows:
            yield _read_row(path, number, row)


def _standard_input() -> BinaryIO:
    # Python's own is locked while it is read: a process that ends meanwhile would be aborted.
    try:
        return open(sys.stdin.fileno(), "rb", closefd=False)
    except OSError:  # somebody has put something else in its place
        return sys.stdin.buffer


def read_lines(path: Path, file: BinaryIO) -> Iterator[Found]:
    """Read a recording of JSON lines, compressed or not; as `read_recording`.

    Args:
        path: what to call it.
        file: the file.
    """
    number = 0
    lines = _lines(unpacked(file))
    while True:
        number += 1
        try:
            line, ended = next(lines, (None, True))
        except ValueError as error:
            yield Damage(path, f"line {number}", f"from here on it is damaged: {error}")
            return
        if line is None:
            return
        found = _read_line(line)
        if isinstance(found, ValueError):
            yield Damage(path, f"line {number}", str(found) if ended else _BREAKS_OFF)
        elif found is not None:
            yield found


def _read_line(line: bytes) -> bytes | Missed | ValueError | None:
    """Read a line; None for one that is neither a dumpling nor a gap, nor should be."""
    if len(line) > MAX_LINE:
        return ValueError("a line that is too long")
    try:
        entry = read_line(line)
        if isinstance(entry, Place) or not entry or (isinstance(entry, bytes) and entry.isspace()):
            return None
        if isinstance(entry, bytes):
            checked(entry)
    except ValueError as error:
        return error
    return entry


def _lines(pieces: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Cut pieces into lines; of one that is too long, only the beginning.

    Yields:
        each line without its end, and whether it had one.

    Raises:
        ValueError: as the pieces do; a line that was begun is then lost.
    """
    held: list[bytes] = []
    size = 0
    for piece in pieces:
        *whole, rest = piece.split(b"\n")
        for line in whole:
            yield b"".join((*held, line)).removesuffix(b"\r"), True
            held, size = [], 0
        if rest and size <= MAX_LINE:
            held.append(rest)
        size += len(rest)
    if held:  # files that others wrote may do without the last line end
        yield b"".join(held), False


def _read_row(path: Path, number: int, row: Sequence[Any]) -> Found:
    """Read a row: the columns of `Fields`, then those of `Missed`."""
    fields = Fields(*row[: len(Fields._fields)])
    try:
        if fields.chef is None:
            return _missed(*row[len(fields) : len(fields) + len(Missed._fields)])
        line = line_of(fields)
        checked(line)
    except (ValueError, TypeError, AttributeError) as error:
        return Damage(path, f"row {number}", str(error))
    return line


def _missed(time: Any, missed: Any, reason: Any, kitchen: Any) -> Missed:
    """Read what was missed; a database holds what others have put there, of any type."""
    if not (
        isinstance(time, int | float)
        and isinstance(missed, int)
        and missed >= 0
        and isinstance(reason, str)
        and isinstance(kitchen, str | None)
    ):
        raise ValueError("neither a dumpling nor a gap")
    return Missed(time, missed, reason, kitchen)


def _sqlite_rows(path: Path) -> Iterator[tuple[int, Sequence[Any]]]:
    """Yield the rows of a database, each with its number; what was missed in its place."""
    with closing(_connect_to_read(path)) as database:
        (tables,) = database.execute("SELECT count(*) FROM sqlite_master").fetchone()
        (application,) = database.execute("PRAGMA application_id").fetchone()
        if not tables and not application:
            return  # it is being begun
        if application != APPLICATION:
            raise NoRecording("it is a database, but no recording of nd-record")
        (version,) = database.execute("PRAGMA user_version").fetchone()
        if version != VERSION:
            raise OtherVersion(f"it is of version {version}, and {VERSION} is known here")
        # (Text that is no UTF-8 was not written by us.)
        database.text_factory = lambda text: text.decode(errors="replace")
        # In steps, so that whoever records meanwhile need not keep all that was there at first.
        done, more = -1, True
        while more:
            (last,) = database.execute(_LAST_OF_STEP, (done,)).fetchone()
            more = last is not None
            rows = database.execute(_STEP, {"after": done, "last": last if more else _MAX_ID})
            for number, *row in rows.fetchall():
                yield number, row
            done = last


def _connect_to_read(path: Path) -> sqlite3.Connection:
    uri = f"file:{quote(str(path.absolute()))}?mode=ro"
    database = sqlite3.connect(uri, uri=True, isolation_level=None)
    try:
        database.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.OperationalError as error:
        database.close()
        # Even to be read it takes files beside it; where there can be none, nobody writes either.
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        log = path.with_name(f"{path.name}-wal")
        if code not in _NOTHING_BESIDE or (log.exists() and log.stat().st_size):
            raise
        return sqlite3.connect(f"{uri}&immutable=1", uri=True, isolation_level=None)
    except BaseException:
        database.close()
        raise
    return database


def _parquet_rows(path: Path) -> Iterator[tuple[int, Sequence[Any]]]:
    """Yield the rows of a Parquet file, each with its number, counted from 1."""
    # In the name of a file, DuckDB takes some characters for a pattern.
    file = quoted(glob.escape(str(path.absolute())))
    with connect() as database:
        database.execute(
            f"SELECT {_FIELDS}, recorded, missed, reason, kitchen "  # noqa: S608
            f"FROM read_parquet({file})"
        )
        number = 0
        while rows := database.fetchmany(_ROWS):
            for row in rows:
                number += 1
                yield number, row
