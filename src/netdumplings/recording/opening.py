"""Opens recordings to be written, and says in a line what is wrong with one."""

from __future__ import annotations

import errno
import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from ..exceptions import RecordingUnavailable
from .base import Recording
from .ends import NoRecording
from .entries import Cursor, Entry
from .formats import Format, Plan, plan
from .groups import OtherVersion
from .jsonlines import JsonLines
from .lock import Lock, Taken
from .packing import Compression, packing
from .parquet import DuckDbMissing, Parquet, is_of_duckdb
from .parts import Retention, Rotation, is_finished_part
from .sqlite import Sqlite

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
#: (Where a limit on the size of files is met, SQLite takes it for a disk that fails.)
_FULL_TO_SQLITE: Final = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR})
_MAKE_ROOM: Final = "make room on its disk and start again, and it goes on where it stopped"


def open_recording(
    path: str | os.PathLike[str],
    *,
    format: Format | None = None,
    compression: Compression | None = None,
    rotation: Rotation | None = None,
    retention: Retention | None = None,
) -> Recording:
    """Open a recording to be written, or make it: see `formats.plan`.

    What a process that was killed had begun to write is cut off, or taken up; nobody else can open
    it meanwhile. New files can be read by their owner alone.

    Raises:
        RecordingUnavailable: it cannot be used.
        ValueError: the arguments do not go together.
    """
    planned = plan(
        path, format=format, compression=compression, rotation=rotation, retention=retention
    )
    with telling(planned.path):
        if os.fspath(path).endswith(("/", os.sep)):
            planned.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return _Guarded(planned)


class _Guarded:
    """A recording that is locked, and whose errors are told in a line."""

    def __init__(self, planned: Plan) -> None:
        self.path = path = planned.path
        if is_finished_part(path, planned.suffix):
            raise NoRecording("it is a finished part of another recording")
        try:
            # By whichever name it is given, it is one file.
            self._lock = Lock(Path(os.path.realpath(path)))
        except Taken:
            raise NoRecording("another nd-record is recording into it") from None
        try:
            self._inner = _open(planned)
        except BaseException:
            self._lock.release()
            raise

    @property
    def cursor(self) -> Cursor | None:
        """See `Recording`."""
        return self._inner.cursor

    def append(self, entries: Sequence[Entry], cursor: Cursor | None, now: float) -> None:
        """See `Recording`."""
        with telling(self.path):
            self._inner.append(entries, cursor, now)

    def tend(self, now: float) -> None:
        """See `Recording`."""
        with telling(self.path):
            self._inner.tend(now)

    def close(self) -> None:
        """See `Recording`."""
        try:
            with telling(self.path):
                self._inner.close()
        finally:
            self._lock.release()


def _open(planned: Plan) -> Recording:
    path, now = planned.path, time.time()
    if planned.format == "sqlite":
        return Sqlite(path, planned.retention)
    if planned.format == "parquet":
        return Parquet(path, planned.rotation, planned.retention, now)
    return JsonLines(
        path,
        planned.suffix,
        packing(planned.compression),
        planned.rotation,
        planned.retention,
        now,
    )


@contextmanager
def telling(path: Path, *, reading: bool = False) -> Iterator[None]:
    """Turn whatever is wrong with a recording into `RecordingUnavailable`.

    Args:
        path: the recording.
        reading: whether it is only read.
    """
    make_room, another = ("", "") if reading else (f"; {_MAKE_ROOM}", "; give another name")
    try:
        yield
    except (NoRecording, OtherVersion) as error:
        raise RecordingUnavailable(str(path), f"{error}{another}") from None
    except DuckDbMissing:
        problem = "Parquet takes DuckDB: pip install 'netdumplings[parquet]'"
        raise RecordingUnavailable(str(path), problem) from None
    except OSError as error:
        hint = make_room if error.errno in _FULL else ""
        raise RecordingUnavailable(str(path), f"{error.strerror or error}{hint}") from error
    except sqlite3.Error as error:
        code = int(getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)) & 0xFF
        hint = make_room if code in _FULL_TO_SQLITE else "; check the file and its disk"
        raise RecordingUnavailable(str(path), f"{error}{hint}") from error
    except Exception as error:
        if not is_of_duckdb(error):
            raise
        # What DuckDB says may go on for lines, with statements of ours.
        said = next(iter(str(error).splitlines()), "")[:300]
        raise RecordingUnavailable(str(path), f"DuckDB: {said}{make_room}") from error
