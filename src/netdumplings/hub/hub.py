"""`DumplingHub`: the hub, as programs use it."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Iterator
from types import TracebackType
from typing import Final, Self

from .. import defaults
from .service import Service, Settings

#: Seconds that a peer has for its handshake, and then for its first message.
HELLO_TIMEOUT: Final = 10.0


class DumplingHub:
    """Takes dumplings from any number of kitchens, and gives every one to every eater.

    Use `run` in a program of its own, ``async with`` (or `serve`) in one that has an event loop::

        async with DumplingHub(in_port=0, out_port=0) as hub:
            print("kitchens connect to", hub.in_port, "and eaters to", hub.out_port)
            ...

    Nothing that a peer sends ends it: who breaks the protocol is closed with a code and a
    reason, and one line in the log of ``netdumplings.hub``.

    Args:
        address: a name or IP address of this host. A name that has several addresses
            (``localhost`` has an IPv4 and an IPv6 one) is listened to on all of them.
        in_port: for kitchens; 0 takes one that is free.
        out_port: for eaters; 0 takes one that is free.
        status_freq: seconds between two status dumplings.
        hello_timeout: seconds that a peer has for its WebSocket handshake, and then again for its
            first message.
        eater_buffer: bytes the hub holds for an eater that does not read; beyond, its dumplings
            are dropped and counted until half of them are gone.
        eater_grace: seconds that an eater may be slow before it is sent away.
        history_bytes: how much memory the latest dumplings may take, which the hub keeps for
            eaters that come late or come back; 0 keeps none.
        max_connections: how many kitchens it takes, and again how many eaters; whoever is too many
            is refused.
    """

    def __init__(
        self,
        address: str = defaults.HUB_ADDRESS,
        in_port: int = defaults.HUB_IN_PORT,
        out_port: int = defaults.HUB_OUT_PORT,
        status_freq: float = defaults.STATUS_FREQ,
        *,
        hello_timeout: float = HELLO_TIMEOUT,
        eater_buffer: int = defaults.EATER_BUFFER,
        eater_grace: float = defaults.EATER_GRACE,
        history_bytes: int = defaults.HISTORY_BYTES,
        max_connections: int = defaults.MAX_CONNECTIONS,
    ) -> None:
        if not status_freq > 0:
            raise ValueError(f"status_freq is a number of seconds above 0, not {status_freq}")
        self.address = address
        self.status_freq = status_freq
        self._ports = (in_port, out_port)
        self._settings = Settings(
            status_freq=status_freq,
            hello_timeout=hello_timeout,
            eater_buffer=eater_buffer,
            eater_grace=eater_grace,
            history_bytes=history_bytes,
            max_connections=max_connections,
        )
        self._service: Service | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event
        self._stop_wanted = False

    @property
    def in_port(self) -> int:
        """The port for kitchens: the real one while serving, the one asked for otherwise."""
        return self._service.in_port if self._service else self._ports[0]

    @property
    def out_port(self) -> int:
        """The port for eaters: the real one while serving, the one asked for otherwise."""
        return self._service.out_port if self._service else self._ports[1]

    def run(self) -> None:
        """Serve until SIGINT or SIGTERM; then stop as `serve` does, and return.

        A second signal ends it at once, without waiting for any peer.

        Raises:
            CannotListen: a port cannot be had; neither is open then.
        """
        asyncio.run(self._run())

    async def serve(self) -> None:
        """Serve until `stop` is called or the task is cancelled.

        Then nobody is accepted any more, what has come in is written to the eaters, and every
        connection is closed with code 1001. Peers that do not answer delay that by some seconds.

        Raises:
            CannotListen: a port cannot be had; neither is open then.
        """
        async with self:
            await self._stopping.wait()

    def stop(self) -> None:
        """Make `serve` or `run` end, also one that is yet to begin; any thread may call it."""
        self._stop_wanted = True
        if self._loop is not None:
            # The loop may be closed by now: then there is nothing to stop.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._stopping.set)

    async def __aenter__(self) -> Self:
        if self._service is not None:
            raise RuntimeError("this hub is serving already")
        service = Service(self._settings)
        self._stopping = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        if self._stop_wanted:
            self._stopping.set()
        await service.start(self.address, *self._ports)
        self._service = service
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._service is not None
        try:
            await self._service.stop()
        finally:
            self._service = None
            self._loop = None
            self._stop_wanted = False

    async def _run(self) -> None:
        with self._signals():
            await self.serve()

    def _signal(self) -> None:
        if self._stop_wanted and self._service is not None:
            self._service.abort()
        self.stop()

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        caught = []
        try:
            # Windows has no such handlers, and only the main thread may have any: there, an
            # interrupt cancels the task, and a thread calls `stop`.
            with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
                for number in (signal.SIGINT, signal.SIGTERM):
                    loop.add_signal_handler(number, self._signal)
                    caught.append(number)
            yield
        finally:
            for number in caught:
                loop.remove_signal_handler(number)
