"""`Replayer`: sends recorded dumplings to a hub, as the kitchens that they were of."""

from __future__ import annotations

import asyncio
import logging
import secrets
import threading
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, Final

from ..delivery import Outbox
from ..sending import HubLink
from ..transport import HubAccess, HubAddresses
from ..wire import Metadata, Refusal, counts_message, kitchen_hello, read_dumpling
from .selecting import Chosen

logger = logging.getLogger("netdumplings.recorder")

#: What stands for the kitchen of dumplings that have none.
NAMELESS: Final = "nd-replay"
#: How many kitchens it is at most, each with a connection of its own.
MAX_KITCHENS: Final = 64
#: Bytes that wait for the hub at most, of each of them.
OUTBOX_BYTES: Final = 8 * 1024 * 1024
#: Seconds to deliver what was sent when it is told to stop, and to say goodbye.
GRACE: Final = 2.0
FAREWELL: Final = 1.0


class Replayer:
    """Sends dumplings to a hub; each is acknowledged, and sent again where that is needed.

    Each kitchen has a connection; those of one come in their order. What no hub takes from a
    kitchen is left out: the hub's own dumplings, and those that are nested too deeply.

    Args:
        dumplings: what to send; iterated over in a thread of its own, and may wait there.
        hub: the hub's in port, or those of several; as of `DumplingKitchen`.
        kitchen: sends all as this kitchen, by one connection, so that all keep their order. (What
            the dumplings themselves say of their kitchen stays.)
        stopping: is set when it is to end; whoever waits between dumplings should look at it.
        **access: of `HubAccess`.

    Attributes:
        sent: dumplings that were given to a connection.
        left_out: those that no hub takes.

    Raises:
        NetDumplingsError: the address is none, or a token or certificate of no use.
        ValueError: no hub takes the kitchen's name.
    """

    def __init__(
        self,
        dumplings: Iterable[Chosen],
        hub: str | Iterable[str],
        *,
        kitchen: str | None = None,
        stopping: threading.Event | None = None,
        **access: Any,
    ) -> None:
        self._dumplings = dumplings
        self._hubs = HubAddresses.parse(hub)
        self._access = HubAccess(self._hubs, **access)
        self._kitchen = kitchen
        if kitchen is not None:
            _hello(kitchen)
        self._links: dict[str, HubLink] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._stopping = stopping or threading.Event()
        self._crowded = False
        self.sent = 0
        self.left_out = 0

    @property
    def delivered(self) -> int:
        """How many dumplings a hub has."""
        return sum(link.statistics().acknowledged for link in self._links.values())

    async def run(self) -> None:
        """Send everything, until the hub has it, or until cancelled.

        Raises:
            Exception: what iterating raised; what came before it was delivered, unless it was
                cancelled.
        """
        loop = asyncio.get_running_loop()
        finished: asyncio.Future[None] = loop.create_future()
        threading.Thread(
            target=self._read, args=(loop, finished), name="replay", daemon=True
        ).start()
        try:
            await self._until(finished)
            for link in self._links.values():
                await self._until(link.settled())
        except asyncio.CancelledError:
            await self._hurry(finished)
            if finished.done():
                finished.result()  # what was wrong is told though nobody waits for the rest
            raise
        finally:
            self._stopping.set()
            await self._say_goodbye()
        finished.result()

    def _read(self, loop: asyncio.AbstractEventLoop, finished: asyncio.Future[None]) -> None:
        """Give each dumpling to its connection; the life of the thread."""
        error: Exception | None = None
        try:
            for metadata, line in self._dumplings:
                if self._stopping.is_set():
                    break
                if isinstance(read_dumpling(line), Refusal):
                    self.left_out += 1
                    continue
                self._link_of(metadata, loop).put(line)
                self.sent += 1
        except Exception as raised:
            error = raised
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(_resolve, finished, error)

    def _link_of(self, metadata: Metadata, loop: asyncio.AbstractEventLoop) -> HubLink:
        name = self._kitchen
        if name is None:
            name = NAMELESS if metadata.kitchen is None else metadata.kitchen
        link = self._links.get(name)
        if link is None and len(self._links) >= MAX_KITCHENS:
            if not self._crowded:
                logger.warning(
                    "there are more than %d kitchens: further ones share a connection", MAX_KITCHENS
                )
            self._crowded = True
            link = next(iter(self._links.values()))
        if link is None:
            link = asyncio.run_coroutine_threadsafe(self._connect(name), loop).result()
        return link

    async def _connect(self, name: str) -> HubLink:
        link = HubLink(
            self._hubs,
            lambda: _hello(name),
            lambda: _counts(link),
            Outbox(OUTBOX_BYTES, secrets.token_hex(16)),
            wait_for_room=True,
            stopping=self._stopping.is_set,
            access=self._access,
        )
        self._links[name] = link
        task = asyncio.create_task(link.run())
        self._running.add(task)
        return link

    async def _until(self, done: Any) -> None:
        """Wait until something is done, or a connection fails for good."""
        waited_for = asyncio.ensure_future(done)
        try:
            while not waited_for.done():
                await asyncio.wait(
                    {waited_for, *self._running}, return_when=asyncio.FIRST_COMPLETED, timeout=1.0
                )
                for task in self._running:
                    if task.done():
                        task.result()
        finally:
            if waited_for is not done:
                waited_for.cancel()

    async def _hurry(self, finished: asyncio.Future[None]) -> None:
        """Deliver what was sent already, if that does not take long."""
        self._stopping.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(GRACE):
                await asyncio.wait({finished})
                for link in self._links.values():
                    await link.settled()

    async def _say_goodbye(self) -> None:
        told = [link.end() for link in self._links.values()]
        if any(told):
            await asyncio.wait(self._running, timeout=FAREWELL)
        for task in self._running:
            task.cancel()
        if self._running:
            await asyncio.wait(self._running, timeout=FAREWELL)


def _hello(name: str) -> str:
    return kitchen_hello(name, "a recording", "", [], 0.0)


def _counts(link: HubLink) -> bytes:
    done = link.statistics()
    return counts_message(
        {
            "dumplings_made": done.made,
            "dumplings_acknowledged": done.acknowledged,
            "dumplings_held": done.held,
            "dumplings_on_disk": 0,
            "dumplings_dropped": done.dropped,
        }
    )


def _resolve(finished: asyncio.Future[None], error: Exception | None) -> None:
    if finished.done():
        return
    if error is None:
        finished.set_result(None)
    else:
        finished.set_exception(error)
