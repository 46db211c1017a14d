"""The dumplings of a kitchen between the thread that makes them and the event loop that sends."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final, NamedTuple

from ..delivery import Burst, OutboxStatistics, Store

logger = logging.getLogger(__name__)

#: How often a worker that waits for room looks whether it is to stop, seconds.
GLANCE: Final = 0.2


class Position(NamedTuple):
    """Where a store stands: what a hello says of it.

    Attributes:
        session: the session whose dumplings are next.
        first: the lowest number of it that may still be sent.
        acknowledged: the highest number of it that any hub has acknowledged.
    """

    session: str
    first: int
    acknowledged: int


class Stock:
    """A `Store` that threads share: one puts dumplings in, the event loop takes them out.

    Made in the event loop's thread; only `put` and `statistics` are for other threads.

    Args:
        store: keeps the dumplings.
        wait_for_room: what a full store does to `put`. True makes it wait, as a replay can; False
            drops the oldest dumplings and counts them, as live packets do not wait.
        stopping: asked while waiting for room; True makes `put` give up waiting.

    Attributes:
        news: is set when there may be something new to send, or less is held.
        stirred: is set when there may be work to do on a disk.
        idle: whether whoever does that work waits to be told of a put; to be set under `lock`.
    """

    def __init__(self, store: Store, *, wait_for_room: bool, stopping: Callable[[], bool]) -> None:
        self._store = store
        self._wait_for_room = wait_for_room
        self._stopping = stopping
        self._changed = threading.Condition()
        self._loop = asyncio.get_running_loop()
        self.news = asyncio.Event()
        self.stirred = asyncio.Event()
        self.idle = True
        self._settled = asyncio.Event()
        self._asleep = True  # nobody looks for new dumplings until told of one
        self._dropping = False
        self._dropped = 0

    def put(self, dumpling: bytes) -> None:
        """Take a dumpling to be sent; called from any thread but the event loop's.

        Args:
            dumpling: its JSON in UTF-8.
        """
        with self._changed:
            if self._wait_for_room:
                while not self._store.has_room(len(dumpling)) and not self._stopping():
                    self._changed.wait(GLANCE)
            dropped = self._store.put(dumpling)
            wake = self._asleep or self.idle
            self._asleep = self.idle = False
        if dropped:
            self._note_dropping()
        if wake:
            self._loop.call_soon_threadsafe(self._on_put)

    def in_loop(self, function: Callable[[], object]) -> None:
        """Have something done in the event loop's thread; from any thread."""
        with suppress(RuntimeError):  # the loop is closed: it has ended
            self._loop.call_soon_threadsafe(function)

    def statistics(self) -> OutboxStatistics:
        """How many dumplings were made, acknowledged, dropped, and are held."""
        with self._changed:
            return self._store.statistics()

    @property
    def position(self) -> Position:
        """What to tell a hub."""
        with self._changed:
            return Position(self._store.session, self._store.first, self._store.acknowledged)

    @property
    def session(self) -> str:
        """The session whose dumplings are next; another one when a former run's are done."""
        with self._changed:
            return self._store.session

    @property
    def in_flight_bytes(self) -> int:
        """Bytes of what was taken and is not acknowledged."""
        with self._changed:
            return self._store.in_flight_bytes

    def take(self, max_messages: int, max_bytes: int) -> Burst:
        """Take dumplings to be sent; see `Store.take`. If there are none, `news` will tell."""
        with self._changed:
            burst = self._store.take(max_messages, max_bytes)
            self._asleep = not burst.messages
        self.stirred.set()
        return burst

    def acknowledge(self, seq: int) -> None:
        """Let go of what a hub has.

        Raises:
            ValueError: it cannot have that.
        """
        with self._tell():
            self._store.acknowledge(seq)
            self._dropping = False

    def rewind(self) -> None:
        """Keep what was on its way, to be sent again."""
        with self._tell():
            self._store.rewind()

    def drop_in_flight(self) -> int:
        """Drop what was on its way, and return how much it was."""
        with self._tell():
            return self._store.drop_in_flight()

    def lock(self) -> threading.Condition:
        """Keep all others from the store, in a ``with`` statement."""
        return self._changed

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Do to the store what only some need to have done, and tell whom it may concern."""
        with self._tell():
            yield
            dropped = self._store.statistics().dropped
            dropping, self._dropped = dropped > self._dropped, dropped
        if dropping:
            self._note_dropping()

    async def settled(self) -> None:
        """Wait until nothing is held any more."""
        while self.statistics().held:
            self._settled.clear()
            await self._settled.wait()

    @contextmanager
    def _tell(self) -> Iterator[None]:
        with self._changed:
            yield
            settled = not self._store.statistics().held
            self._changed.notify_all()
        self.news.set()
        self.stirred.set()
        if settled:
            self._settled.set()

    def _on_put(self) -> None:
        self.news.set()
        self.stirred.set()

    def _note_dropping(self) -> None:
        if not self._dropping:
            logger.warning(
                "no hub takes dumplings and the outbox is full: from now on the oldest are dropped"
            )
        self._dropping = True
