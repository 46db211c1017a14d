"""The eaters of `backbone`: one process, too cheap to be what is measured.

As those of `hub`, it shares a few numbers with the kitchens, which stay within a window ahead of
the slowest eater. What feeds them is several hubs, or the servers of NATS themselves.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from ctypes import Array
from functools import partial
from multiprocessing.connection import Connection

from _hub_dialects import SIZE, V2, BatchCounter
from _hub_drivers import OVER, PROGRESS, QUIET, SLACK, START, TOTAL, Eaten, settle
from _jetstream import MessageCounter, open_client

_TRUNC = getattr(socket, "MSG_TRUNC", 0)


class Eaters(ABC):
    """Eaters that one server feeds.

    Attributes:
        size: bytes that came, of all.
    """

    size = 0

    @abstractmethod
    def register(self, selector: selectors.BaseSelector) -> None:
        """Have a selector tell of each; what it tells is a function that reads."""

    @property
    @abstractmethod
    def counts(self) -> list[int]:
        """How many dumplings have come to each, or were told to be missing."""

    @property
    def missed(self) -> int:
        """How many dumplings the server said it had to leave out, of all of them."""
        return 0


class EatersOfHub(Eaters):
    """Eaters with one subscription, who are sent the same bytes; the first one looks at them.

    Args:
        port: the hub's.
        eaters: how many.
        buffer: for what they read.
    """

    def __init__(self, port: int, eaters: int, buffer: bytearray) -> None:
        dialect = V2()
        self._sockets = [dialect.open_eater(port) for _ in range(eaters)]
        self._buffer = buffer
        self._counter = BatchCounter()
        self._sizes = [0] * eaters
        # Who came first may have been sent more than who came last: a status of the hub.
        for index, sock in enumerate(self._sockets):
            with contextlib.suppress(BlockingIOError):
                while self._read(sock, index, socket.MSG_DONTWAIT):
                    pass
        self._sizes = [0] * eaters
        self._counter.count = 0

    def register(self, selector: selectors.BaseSelector) -> None:
        for index, sock in enumerate(self._sockets):
            selector.register(sock, selectors.EVENT_READ, (partial(self._read, sock), index))

    @property
    def counts(self) -> list[int]:
        first, count = self._sizes[0], self._counter.count + self._counter.missed
        behind = (max(0, first - size - SLACK) for size in self._sizes)
        return [count - -(-size // (SIZE + 1)) for size in behind]

    @property
    def missed(self) -> int:
        return self._counter.missed * len(self._sizes)

    @property
    def size(self) -> int:  # type: ignore[override]
        """Bytes that came, of all."""
        return sum(self._sizes)

    def _read(self, sock: socket.socket, index: int, flags: int = 0) -> int:
        # All are sent the same; to throw it away costs less than to look at it.
        size = sock.recv_into(self._buffer, 0, flags | (_TRUNC if index else 0))
        if not index:
            self._counter.feed(self._buffer, size)
        self._sizes[index] += size
        return size


class EatersOfNats(Eaters):
    """Eaters that have subscribed to subjects.

    Args:
        port: the server's.
        subjects: one of each eater.
        batch: dumplings in a message.
        buffer: for what they read.
    """

    def __init__(self, port: int, subjects: Sequence[str], batch: int, buffer: bytearray) -> None:
        self._sockets = [open_client(port, f"SUB {one} 1\r\n".encode()) for one in subjects]
        self._counters = [MessageCounter() for _ in subjects]
        self._batch = batch
        self._buffer = buffer

    def register(self, selector: selectors.BaseSelector) -> None:
        for index, sock in enumerate(self._sockets):
            selector.register(sock, selectors.EVENT_READ, (self._read, index))

    @property
    def counts(self) -> list[int]:
        return [self._batch * counter.count for counter in self._counters]

    @property
    def size(self) -> int:  # type: ignore[override]
        """Bytes that came, of all."""
        return sum(counter.size for counter in self._counters)

    def _read(self, index: int) -> int:
        return self._counters[index].read(self._sockets[index], self._buffer)


def run_eaters(
    result: Connection,
    numbers: Array[int],
    kind: str,
    where: Sequence[tuple[int, Sequence[str]]],
    batch: int,
    pause: float,
    allowed: set[int] | None,
) -> None:
    """Be eaters until all has arrived; send ``"ready"`` and then an `Eaten`, or what failed.

    Args:
        result: where to.
        numbers: those shared with the kitchens.
        kind: ``hubs`` or ``nats``.
        where: of each server its port, and of each eater there the subject (a hub needs none).
        batch: dumplings in a message.
        pause: seconds between two looks at what has come.
        allowed: the cores to run on.
    """
    settle(allowed, sum(len(subjects) for _, subjects in where))
    try:
        buffer = bytearray(16 * 1024 * 1024)
        tables: list[Eaters] = [
            EatersOfHub(port, len(subjects), buffer)
            if kind == "hubs"
            else EatersOfNats(port, subjects, batch, buffer)
            for port, subjects in where
            if subjects
        ]
        result.send("ready")
        result.send(_eat(tables, numbers, pause))
    except Exception as error:
        result.send(error)


def _eat(tables: Sequence[Eaters], numbers: Array[int], pause: float) -> Eaten:
    """Read until all has arrived, or nothing comes any more."""
    selector = selectors.DefaultSelector()
    for table in tables:
        table.register(selector)
    last = time.monotonic_ns()
    while True:
        if pause:
            time.sleep(pause)
        events = selector.select(0.1)
        for key, _ in events:
            read, index = key.data
            if not read(index):
                raise ConnectionError("a server has dropped an eater")
        now = time.monotonic_ns()
        counts = [count for table in tables for count in table.counts]
        numbers[PROGRESS] = progress = min(counts)
        total = numbers[TOTAL]
        if events:
            last = now
        if total >= 0 and (progress >= total or now - last > QUIET * 1e9):
            numbers[OVER] = last
            missing = sum(max(0, total - count) for count in counts)
            missing += sum(table.missed for table in tables)
            surplus = max(0, *(SIZE * (count - total) for count in counts))
            seconds = (last - numbers[START]) / 1e9
            size = sum(table.size for table in tables)
            return Eaten(len(counts), total, missing, surplus, size, seconds)
