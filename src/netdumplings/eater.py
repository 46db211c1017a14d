"""`DumplingEater`: receives every dumpling from a hub."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Collection
from contextlib import aclosing
from types import TracebackType
from typing import Any, Self

from . import defaults
from .dumpling import Dumpling
from .exceptions import InvalidDumpling
from .transport import ConnectionClosed, HubAddress, HubConnection, connections
from .wire import chef_of, eater_hello

logger = logging.getLogger("netdumplings.eater")

ConnectHandler = Callable[[str, HubConnection], Awaitable[Any]]
DumplingHandler = Callable[[Dumpling], Awaitable[Any]]
ConnectionLostHandler = Callable[[Exception], Awaitable[Any]]


class DumplingEater:
    """Receives dumplings from a hub.

    Give it ``async`` handlers, or override those of this class, and let it run::

        async def show(dumpling):
            print(dumpling.chef_name, dumpling.payload)

        DumplingEater(on_dumpling=show).run()

    Or, where an event loop runs already, loop over the dumplings (`on_dumpling` is not called
    then, the loop's body does its work)::

        async with DumplingEater(hub="localhost:11348") as eater:
            async for dumpling in eater:
                ...

    A hub that is absent or goes away is waited for, and the log of ``netdumplings.eater`` says so
    once each way. An exception that a handler raises ends `run`, which raises it.

    Args:
        name: what it calls itself, at most 256 characters; shown in the hub's status.
        hub: the hub's out port, as ``HOST:PORT``.
        chef_filter: the names of the chefs whose dumplings it wants; None: of all chefs.
        on_connect: called as `on_connect` would be.
        on_dumpling: called as `on_dumpling` would be.
        on_connection_lost: called as `on_connection_lost` would be.
        reconnect: False makes do with one connection.

    Raises:
        InvalidAddress: ``hub`` is no ``HOST:PORT``.
        ValueError: the name is too long.
    """

    def __init__(
        self,
        name: str = defaults.EATER_NAME,
        hub: str = defaults.EATER_HUB,
        *,
        chef_filter: Collection[str] | None = None,
        on_connect: ConnectHandler | None = None,
        on_dumpling: DumplingHandler | None = None,
        on_connection_lost: ConnectionLostHandler | None = None,
        reconnect: bool = True,
    ) -> None:
        if isinstance(chef_filter, str):
            raise TypeError(f"chef_filter is a list of chef names: [{chef_filter!r}]")
        self.name = name
        self.hub = hub
        self.chef_filter = chef_filter
        self.reconnect = reconnect
        self._address = HubAddress.parse(hub)
        self._hello = eater_hello(name)
        self._wanted = None if chef_filter is None else frozenset(chef_filter)
        self._on_connect = on_connect or self.on_connect
        self._on_dumpling = on_dumpling or self.on_dumpling
        self._on_connection_lost = on_connection_lost or self.on_connection_lost
        self._iterator: AsyncGenerator[Dumpling] | None = None
        self._running: tuple[asyncio.AbstractEventLoop, asyncio.Event] | None = None
        self._lock = threading.Lock()

    async def on_connect(self, hub_uri: str, websocket: HubConnection) -> None:
        """Handle having connected to the hub; the hub has been told this eater's name.

        Args:
            hub_uri: the hub's address, ``ws://host:port``.
            websocket: the connection, of the ``websockets`` library.
        """

    async def on_dumpling(self, dumpling: Dumpling) -> None:
        """Handle a dumpling."""
        logger.debug("%r", dumpling)

    async def on_connection_lost(self, exc: Exception) -> None:
        """Handle the loss of the hub, before connecting again.

        Args:
            exc: the ``websockets`` library's ``ConnectionClosed``, which has the close code.
        """

    def run(self, dumpling_count: int | None = None) -> None:
        """Eat, and block until enough is eaten.

        With ``reconnect=False`` it also returns once the connection is lost and
        `on_connection_lost` has been called.

        Args:
            dumpling_count: return after so many dumplings (of the chefs in ``chef_filter``);
                None: go on for ever.

        Raises:
            HubUnavailable: there is no hub, and ``reconnect`` is False.
            ValueError: ``dumpling_count`` is negative.
            RuntimeError: an event loop runs in this thread already.
            Exception: whatever a handler raised.
        """
        if dumpling_count is not None and dumpling_count < 0:
            raise ValueError(f"dumpling_count is how many dumplings to eat, not {dumpling_count}")
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            asyncio.run(self._run(dumpling_count))
            return
        raise RuntimeError(
            "an event loop is running already; here, use: "
            "async with DumplingEater(...) as eater: async for dumpling in eater: ..."
        )

    def stop(self) -> None:
        """Make a `run` under way return; any thread, and any handler, may call it."""
        with self._lock:
            if self._running:
                loop, stopping = self._running
                loop.call_soon_threadsafe(stopping.set)

    async def __aenter__(self) -> Self:
        if self._iterator is not None:
            raise RuntimeError("this eater is eating already")
        self._iterator = self._dumplings()
        return self

    def __aiter__(self) -> AsyncIterator[Dumpling]:
        if self._iterator is None:
            raise RuntimeError(
                "use: async with DumplingEater(...) as eater: async for ... in eater"
            )
        return self._iterator

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._iterator is not None
        iterator, self._iterator = self._iterator, None
        await iterator.aclose()

    async def _run(self, dumpling_count: int | None) -> None:
        """Eat until enough is eaten or `stop` is called, whichever comes first."""
        stopping = asyncio.Event()
        with self._lock:
            self._running = (asyncio.get_running_loop(), stopping)
        eating = asyncio.create_task(self._eat(dumpling_count))
        stopped = asyncio.create_task(stopping.wait())
        try:
            await asyncio.wait({eating, stopped}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            with self._lock:
                self._running = None
            stopped.cancel()
            if not eating.done():
                eating.cancel()
                await asyncio.wait({eating})
        if not eating.cancelled():
            eating.result()

    async def _eat(self, dumpling_count: int | None) -> None:
        eaten = 0
        async with aclosing(self._dumplings()) as dumplings:
            while dumpling_count is None or eaten < dumpling_count:
                try:
                    dumpling = await anext(dumplings)
                except StopAsyncIteration:
                    return
                await self._on_dumpling(dumpling)
                eaten += 1

    async def _dumplings(self) -> AsyncGenerator[Dumpling]:
        """Yield the dumplings of one connection after the other, calling the other handlers."""
        async with aclosing(
            connections(self._address, reconnect=self.reconnect, logger=logger)
        ) as lives:
            async for connection in lives:
                # Only the library's own calls are guarded: what a handler raises is the user's,
                # even if it comes from using the connection.
                lost: ConnectionClosed | None = None
                try:
                    await connection.send(self._hello)
                except ConnectionClosed as closed:
                    lost = closed
                else:
                    await self._on_connect(self._address.uri, connection)
                puzzled = False
                while lost is None:
                    try:
                        message = await connection.recv()
                    except ConnectionClosed as closed:
                        lost = closed
                        break
                    if self._unwanted(message):
                        continue
                    try:
                        dumpling = _read(message)
                    except InvalidDumpling as error:
                        if not puzzled:
                            logger.warning("skipped what the hub at %s sent: %s", self.hub, error)
                        puzzled = True
                    else:
                        puzzled = False
                        yield dumpling
                await self._on_connection_lost(lost)

    def _unwanted(self, message: str | bytes) -> bool:
        """Tell whether a message is a dumpling of another chef than those asked for."""
        if self._wanted is None:
            return False
        chef = chef_of(message)
        return chef is not None and chef not in self._wanted


def _read(message: str | bytes) -> Dumpling:
    if isinstance(message, bytes):
        raise InvalidDumpling("not a dumpling: a binary message")
    return Dumpling.from_json(message)
