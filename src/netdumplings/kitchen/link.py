"""The kitchen's end of the wire: keeps dumplings until a hub has taken them."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from contextlib import aclosing
from typing import Any, Final

from ..delivery import Outbox, OutboxStatistics
from ..transport import ConnectionClosed, HubAddress, HubConnection, connections

logger = logging.getLogger(__name__)

#: Dumplings sent before the hub's acknowledgement is awaited, and how many bytes of them.
BURST_MESSAGES: Final = 512
BURST_BYTES: Final = 256 * 1024
#: Close codes (RFC 6455 section 7.4.1) with which a hub refuses what it was sent.
REFUSALS: Final = frozenset({1003, 1007, 1008, 1009})
#: Seconds between two announcements on a connection.
ANNOUNCE_EVERY: Final = 5.0
#: How often a worker that waits for room looks whether it is to stop, seconds.
GLANCE: Final = 0.2


class HubLink:
    """Carries dumplings from the thread that makes them to the hub.

    Dumplings wait in a bounded outbox, hub or no hub. They are sent in bursts; a burst leaves the
    outbox when the hub has answered the ping sent after it (RFC 6455 section 5.5.3), for by then
    it has received what came before. What was not acknowledged when a connection is lost is sent
    again on the next one: none is lost on the way, though a hub may see a burst twice.

    Args:
        hub: where to.
        hello: writes the kitchen's announcement, the first message of every connection. While
            one lasts, it is asked again every few seconds, and what has changed is told to hubs
            that take it.
        outbox_bytes: how much the outbox holds.
        wait_for_room: what a full outbox does to `put`. True makes it wait, as a replay can; False
            drops the oldest dumplings and counts them, as live packets do not wait.
        stopping: asked while waiting for room; True makes `put` give up waiting.
    """

    def __init__(
        self,
        hub: HubAddress,
        hello: Callable[[], str],
        *,
        outbox_bytes: int,
        wait_for_room: bool,
        stopping: Callable[[], bool],
    ) -> None:
        self._hub = hub
        self._hello = hello
        self._outbox = Outbox(outbox_bytes)
        self._wait_for_room = wait_for_room
        self._stopping = stopping
        # Guards the outbox, between the worker's thread and the event loop's.
        self._changed = threading.Condition()
        self._loop = asyncio.get_running_loop()
        self._filled = asyncio.Event()
        self._emptied = asyncio.Event()
        self._emptied.set()
        self._dropping = False

    def put(self, dumpling: str) -> None:
        """Take a dumpling to be sent; called from any thread but the event loop's.

        Args:
            dumpling: its JSON text.
        """
        message = dumpling.encode()
        with self._changed:
            while (
                self._wait_for_room
                and not self._outbox.has_room(len(message))
                and not self._stopping()
            ):
                self._changed.wait(GLANCE)
            was_empty = not self._outbox.statistics().held
            dropped = self._outbox.put(message)
        if dropped and not self._dropping:
            logger.warning(
                "no hub takes dumplings and the outbox is full: from now on the oldest are dropped"
            )
        self._dropping = bool(dropped)
        if was_empty:
            self._loop.call_soon_threadsafe(self._note_filled)

    async def run(self) -> None:
        """Keep a connection to the hub and send what there is, until cancelled."""
        async with aclosing(connections(self._hub, logger=logger)) as made:
            async for connection in made:
                try:
                    await self._serve(connection)
                except ConnectionClosed as closed:
                    self._lost(closed)

    async def drained(self) -> None:
        """Wait until the hub has taken every dumpling."""
        await self._emptied.wait()

    def statistics(self) -> OutboxStatistics:
        """How many dumplings were made, acknowledged, dropped, and are held."""
        with self._changed:
            return self._outbox.statistics()

    async def _serve(self, connection: HubConnection) -> None:
        hello = self._hello()
        await connection.send(hello)
        announcing = False
        announce_at = self._loop.time() + ANNOUNCE_EVERY
        closed = asyncio.ensure_future(connection.wait_closed())
        try:
            while True:
                if announcing and self._loop.time() >= announce_at:
                    announce_at = self._loop.time() + ANNOUNCE_EVERY
                    hello, before = self._hello(), hello
                    if hello != before:
                        await connection.send(hello)
                with self._changed:
                    burst = self._outbox.take(BURST_MESSAGES, BURST_BYTES)
                if not burst.messages:
                    patience = announce_at - self._loop.time() if announcing else None
                    await self._more(closed, patience)
                    if closed.done():
                        # Sending says with which error the connection ended.
                        await connection.ping()
                    continue
                for message in burst.messages:
                    await connection.send(message, text=True)
                await (await connection.ping())
                self._acknowledge(burst.last)
        finally:
            closed.cancel()

    async def _more(self, closed: asyncio.Future[Any], patience: float | None) -> None:
        """Wait until there are dumplings or the connection is closed, for so many seconds."""
        filled: asyncio.Future[Any] = asyncio.ensure_future(self._filled.wait())
        try:
            await asyncio.wait(
                (filled, closed), timeout=patience, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            filled.cancel()

    def _acknowledge(self, seq: int) -> None:
        with self._changed:
            self._outbox.acknowledge(seq)
            self._note_level()
            self._changed.notify_all()

    def _lost(self, closed: ConnectionClosed) -> None:
        refusal = closed.rcvd if closed.rcvd and closed.rcvd.code in REFUSALS else None
        with self._changed:
            if refusal is None:
                self._outbox.rewind()
            else:
                # Sent again they would be refused again: a hub of another mind than ours.
                dropped = self._outbox.drop_in_flight()
                logger.error(
                    "the hub refuses what it was sent (%r): %d dumplings are dropped",
                    refusal.reason,
                    dropped,
                )
            self._note_level()
            self._changed.notify_all()

    def _note_filled(self) -> None:
        with self._changed:
            self._note_level()

    def _note_level(self) -> None:
        """Set the events that say whether the outbox holds anything; in the event loop's thread."""
        if self._outbox.statistics().held:
            self._filled.set()
            self._emptied.clear()
        else:
            self._filled.clear()
            self._emptied.set()
