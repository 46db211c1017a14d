"""Writes what is eaten into a recording, in a thread of its own, while the event loop goes on."""

from __future__ import annotations

import asyncio
import logging
import math
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Final, NamedTuple

from ..recording import Cursor, Entry, Recording

logger = logging.getLogger("netdumplings.recorder")

#: Bytes that may wait to be written; when there are more, no more is taken from the hub.
QUEUE_BYTES: Final = 16 * 1024 * 1024
#: Bytes that are written at once without waiting for more.
ENOUGH: Final = 2 * 1024 * 1024
#: Seconds between two times that the recording is tended.
TEND_EVERY: Final = 1.0
#: Seconds between two writes of nothing but a cursor. (What it passes over is not wanted: if the
#: latest is lost, the hub passes over it again.)
CURSOR_EVERY: Final = 10.0
#: What an entry takes in memory beside its bytes, about.
_OVERHEAD: Final = 100


class _Batch(NamedTuple):
    entries: list[Entry]
    cursor: Cursor | None
    size: int


class Writer:
    """Writes into a recording; made where the event loop runs.

    Args:
        recording: where to.
        every: seconds between two writes, unless much comes.

    Attributes:
        finished: is done when the thread has ended, the recording closed; its exception is what
            ended it.
        dumplings: how many have been written.
    """

    def __init__(self, recording: Recording, every: float) -> None:
        self._recording = recording
        self._every = every
        self._loop = asyncio.get_running_loop()
        self.finished: asyncio.Future[None] = self._loop.create_future()
        self.dumplings = 0
        self._room = asyncio.Event()
        self._changed = threading.Condition()
        # The rest is shared by both threads, under the condition.
        self._entries: list[Entry] = []
        self._cursor = recording.cursor
        self._moved = False
        self._waiting_bytes = 0
        self._held_bytes = 0
        self._ending = False
        # The first cursor is written at once: what has only begun can go on, too.
        self._written_at = -math.inf
        # A daemon: a disk that hangs must not keep the process for ever.
        self._thread = threading.Thread(target=self._run, name="recording", daemon=True)
        self._thread.start()

    async def put(self, entries: Sequence[Entry], cursor: Cursor | None) -> None:
        """Have entries written, and how far the eater has come with them.

        It waits as long as the disk is behind. If writing fails, it waits for ever: see `finished`.
        """
        if self._held_bytes > QUEUE_BYTES:
            await self._wait_for_room()
        size = sum(_size(entry) for entry in entries)
        with self._changed:
            # What wakes it up otherwise is time.
            wake = self._waiting_bytes < ENOUGH <= self._waiting_bytes + size
            wake = wake or (not self._entries and not self._moved)
            self._entries += entries
            self._moved = self._moved or cursor != self._cursor
            self._cursor = cursor
            self._waiting_bytes += size
            self._held_bytes += size
            if wake:
                self._changed.notify()

    async def close(self) -> None:
        """Write what waits, close the recording, and wait for that."""
        with self._changed:
            self._ending = True
            self._changed.notify()
        await asyncio.shield(self.finished)

    async def _wait_for_room(self) -> None:
        began = self._loop.time()
        logger.warning(
            "%s: its disk is slow, or fails to keep up: nothing more is taken from the hub for now",
            self._recording.path,
        )
        while self._held_bytes > QUEUE_BYTES // 2:
            self._room.clear()
            await self._room.wait()
        logger.warning(
            "%s: the disk has caught up, after %.1f seconds",
            self._recording.path,
            self._loop.time() - began,
        )

    def _run(self) -> None:
        """Write until it is told to end; the life of the thread."""
        error: BaseException | None = None
        try:
            try:
                self._write_until_the_end()
            finally:
                self._recording.close()
        except BaseException as raised:
            error = raised
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(self._finish, error)

    def _write_until_the_end(self) -> None:
        tended_at = 0.0
        while True:
            with self._changed:
                if not self._ending:
                    patience = min(TEND_EVERY, self._due_at() - time.monotonic())
                    self._changed.wait(max(0.0, patience))
                ending = self._ending
                batch = self._take() if ending or self._due_at() <= time.monotonic() else None
            if batch is not None:
                self._write(batch)
            elif ending:
                return
            if time.monotonic() >= tended_at + TEND_EVERY:
                tended_at = time.monotonic()
                self._recording.tend(time.time())

    def _due_at(self) -> float:
        """When there is something to write, by the steady clock."""
        if self._waiting_bytes >= ENOUGH:
            return 0.0
        if self._entries:
            return self._written_at + self._every
        return self._written_at + CURSOR_EVERY if self._moved else math.inf

    def _take(self) -> _Batch | None:
        """Take what is to be written; None if there is nothing."""
        if not self._entries and not self._moved:
            return None
        batch = _Batch(self._entries, self._cursor, self._waiting_bytes)
        self._entries, self._moved, self._waiting_bytes = [], False, 0
        return batch

    def _write(self, batch: _Batch) -> None:
        self._recording.append(batch.entries, batch.cursor, time.time())
        self.dumplings += sum(isinstance(entry, bytes) for entry in batch.entries)
        with self._changed:
            self._written_at = time.monotonic()
            self._held_bytes -= batch.size
        self._loop.call_soon_threadsafe(self._room.set)

    def _finish(self, error: BaseException | None) -> None:
        if self.finished.done():
            return
        if error is None:
            self.finished.set_result(None)
        else:
            self.finished.set_exception(error)


def _size(entry: Entry) -> int:
    return _OVERHEAD + (len(entry) if isinstance(entry, bytes) else 0)
