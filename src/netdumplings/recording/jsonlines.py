"""Recordings of JSON lines, in one file or, finished from time to time, in several."""

from __future__ import annotations

import errno
import logging
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from .ends import End, find_end
from .entries import Cursor, Entry
from .groups import write_group
from .packing import MAX_GROUP, Packing
from .parts import Retention, Rotation, finished_name, remove_old, sync_directory

logger = logging.getLogger(__name__)

_FLAGS: Final = os.O_RDWR | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_CLOSED: Final = -1
_sync: Final = getattr(os, "fdatasync", os.fsync)


class JsonLines:
    """A `Recording` in groups of lines.

    Args:
        path: the file that is written; made if there is none.
        suffix: what its name ends in; the names of finished files end so, too.
        packing: how groups lie in it; None for as they are.
        rotation: when a file is finished.
        retention: what is kept of the finished files.
        now: seconds since the epoch.
        on_finished: called with each file that was finished, before old ones are deleted.
        others: what the names of other finished parts of the recording end in.

    Attributes:
        begun: when its first entries came, or else it was made, seconds since the epoch.
        dumplings: whether there is anything in the file but cursors.

    Raises:
        NoRecording: the file is none, or is damaged.
        OtherVersion: it is of a later version.
        OSError: it cannot be used.
    """

    def __init__(
        self,
        path: Path,
        suffix: str,
        packing: Packing | None,
        rotation: Rotation,
        retention: Retention,
        now: float,
        on_finished: Callable[[Path], None] = lambda _: None,
        others: Sequence[str] = (),
    ) -> None:
        self.path = path
        self.cursor: Cursor | None = None
        self.begun = now
        self.dumplings = False
        self._size = 0
        self._suffix = suffix
        self._packing = packing
        self._rotation = rotation
        self._retention = retention
        self._on_finished = on_finished
        self._others = others
        self._new = path.with_name(f"{path.name}.new")
        self._temporary = path.with_name(f"{path.name}.begun")
        self._temporary.unlink(missing_ok=True)
        if path.exists():
            self._new.unlink(missing_ok=True)
        elif self._new.exists() and self._whole_end(self._new).place is not None:
            self._new.rename(path)  # it ended while a file was being finished
        else:
            self._begin(None, now)
        self._descriptor = os.open(path, _FLAGS)
        try:
            self._open(now)
        except BaseException:
            self.close()
            raise

    def append(self, entries: Sequence[Entry], cursor: Cursor | None, now: float) -> None:
        """See `Recording`."""
        self._write(write_group(entries, cursor, now))
        self.cursor = cursor
        if entries and not self.dumplings:
            self.dumplings = True
            self.begun = now  # how long nothing came is nothing to it
        if self._rotation.due(self._size, 0):
            self.finish(now)

    def tend(self, now: float) -> None:
        """See `Recording`."""
        # Where the clock was set back, nothing would be old enough for as long as that.
        self.begun = min(self.begun, now)
        if self._rotation.due(self._size, now - self.begun):
            self.finish(now)
        self._remove_old(now)

    def finish(self, now: float) -> None:
        """Finish the file, if there is anything in it, and begin the next one.

        If that is interrupted, what is there can be opened again: the next file, which knows the
        cursor, is made ahead of the first change.
        """
        if not self.dumplings:
            return
        self._begin(self.cursor, now, self._new)
        finished = finished_name(self.path, self._suffix, self.begun, self._others)
        self.close()
        self.path.rename(finished)
        self._new.rename(self.path)
        self._descriptor = os.open(self.path, _FLAGS)
        sync_directory(self.path.parent)
        self._size = os.fstat(self._descriptor).st_size
        self.begun = now
        self.dumplings = False
        self._on_finished(finished)
        self._remove_old(now)

    def close(self) -> None:
        """See `Recording`."""
        descriptor, self._descriptor = self._descriptor, _CLOSED
        if descriptor != _CLOSED:
            os.close(descriptor)

    def _open(self, now: float) -> None:
        size = os.fstat(self._descriptor).st_size
        end = self._whole_end(self.path)
        if end.size < size:
            logger.warning(
                "%s: its last %d bytes had not been written to their end, and are cut off",
                self.path,
                size - end.size,
            )
            os.ftruncate(self._descriptor, end.size)
        self._size = end.size
        if end.place is None:
            self._write(write_group([], None, now))
        else:
            self.cursor = end.place.cursor
        first = self._first_end()
        self.begun = now if first.place is None else first.place.time
        self.dumplings = self._size > first.size

    def _whole_end(self, path: Path) -> End:
        # (Of each packed group only the header is read: a buffer would read much besides.)
        with path.open("rb", buffering=0) as file:
            return find_end(file, path.stat().st_size, self._packing)

    def _first_end(self) -> End:
        """Where the first group ends, which is empty and says when the file was begun."""
        with self.path.open("rb") as file:
            if self._packing is None:
                size = len(file.readline(MAX_GROUP))
            else:
                size = self._packing.length(file.read(self._packing.header_size)) or 0
            return find_end(file, size, self._packing)

    def _begin(self, cursor: Cursor | None, now: float, path: Path | None = None) -> None:
        """Make a file with nothing in it but a cursor, all of it or none."""
        path = path or self.path
        beginning = self._packed(write_group([], cursor, now))
        descriptor = os.open(self._temporary, _FLAGS | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            _write_all(descriptor, beginning)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        self._temporary.rename(path)
        sync_directory(path.parent)

    def _write(self, group: bytes) -> None:
        """Write a group at the end; what of it cannot be written is not left there."""
        packed = self._packed(group)
        try:
            os.lseek(self._descriptor, self._size, os.SEEK_SET)
            _write_all(self._descriptor, packed)
            _sync(self._descriptor)
        except BaseException:
            with suppress(OSError):
                os.ftruncate(self._descriptor, self._size)
            raise
        self._size += len(packed)

    def _packed(self, group: bytes) -> bytes:
        return group if self._packing is None else self._packing.pack(group)

    def _remove_old(self, now: float) -> None:
        removed = remove_old(self.path, self._suffix, self._retention, self.begun, self._size, now)
        if removed:
            logger.info("%s: deleted the oldest %d of its finished files", self.path, removed)


def _write_all(descriptor: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        written = os.write(descriptor, left)
        if not written:  # no system should say so, but it would keep us for ever
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        left = left[written:]
