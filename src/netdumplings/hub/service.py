"""A hub at work: its two ports, the router between them, and what it does now and then."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Final

import msgspec

from .. import defaults
from ..transport.server import listen
from ..wire import MAX_V2_MESSAGE, SUBPROTOCOL, CloseCode, Refusal, read_dumpling
from .eaters import Eaters
from .kitchens import Kitchens
from .router import Router
from .runs import Run
from .sessions import Sessions
from .status import status_dumpling

logger = logging.getLogger("netdumplings.hub")

#: Seconds that a stopping hub gives kitchens, then eaters, to answer its goodbye. By then an
#: eater has everything that was waiting for it, or is too slow to wait for.
GOODBYE_PATIENCE: Final = 3.0
GOODBYE: Final = "the hub is stopping"
#: Bytes of a message from an eater; only the first one matters, with the cursor it comes back to.
MAX_FROM_EATER: Final = 128 * 1024
#: Bytes read of an eater at a time: it has nothing to say that is urgent.
READ_FROM_EATER: Final = 16 * 1024
#: Bytes that a peer's connection holds for it; what is more waits in its feed, where equal bytes
#: of several eaters are the same object.
WRITE_LIMIT: Final = 64 * 1024
#: Seconds between two rounds of the housekeeping.
ROUND: Final = 1.0


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How a hub behaves; `DumplingHub` says what each means."""

    status_freq: float = defaults.STATUS_FREQ
    hello_timeout: float = 10.0
    eater_buffer: int = defaults.EATER_BUFFER
    eater_grace: float = defaults.EATER_GRACE
    history_bytes: int = defaults.HISTORY_BYTES
    max_connections: int = defaults.MAX_CONNECTIONS


class Service:
    """Listens on both ports from `start` to `stop`; make it where an event loop runs."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        sessions = Sessions()
        self._router = Router(
            asyncio.get_running_loop().call_soon,
            sessions,
            history_bytes=settings.history_bytes,
            eater_buffer=settings.eater_buffer,
        )
        self._sessions = sessions
        self._kitchens = Kitchens(self._router, sessions, hello_timeout=settings.hello_timeout)
        self._eaters = Eaters(
            self._router, hello_timeout=settings.hello_timeout, grace=settings.eater_grace
        )
        self._own = 0
        self._started = time.monotonic()

    async def start(self, address: str, in_port: int, out_port: int) -> None:
        """Listen, and send status dumplings.

        Raises:
            CannotListen: a port cannot be had; neither is open then.
        """
        self._in = await listen(
            self._kitchens.serve,
            address,
            in_port,
            max_size=MAX_V2_MESSAGE,
            open_timeout=self._settings.hello_timeout,
            max_connections=self._settings.max_connections,
            subprotocols=[SUBPROTOCOL],
        )
        try:
            self._out = await listen(
                self._eaters.serve,
                address,
                out_port,
                max_size=MAX_FROM_EATER,
                open_timeout=self._settings.hello_timeout,
                max_connections=self._settings.max_connections,
                read_size=READ_FROM_EATER,
                write_limit=WRITE_LIMIT,
                subprotocols=[SUBPROTOCOL],
            )
        except BaseException:
            await self._in.stop()
            raise
        self._tasks = [
            asyncio.create_task(self._send_status()),
            asyncio.create_task(self._keep_house()),
        ]
        logger.info(
            "hub is up on %s: kitchens on port %d, eaters on port %d",
            address,
            self._in.port,
            self._out.port,
        )

    @property
    def in_port(self) -> int:
        """The port for kitchens."""
        return self._in.port

    @property
    def out_port(self) -> int:
        """The port for eaters."""
        return self._out.port

    async def stop(self) -> None:
        """Accept nobody any more, give the eaters what has come in, and close every connection."""
        for task in self._tasks:
            task.cancel()
        try:
            await self._in.stop()
            await self._out.stop()
            self._kitchens.finish()
            # What is on its way from kitchens that do not number it still goes to the eaters.
            await self._in.close(CloseCode.GOING_AWAY, GOODBYE, GOODBYE_PATIENCE, discard=False)
            self._router.flush()
            await self._eaters.drained(GOODBYE_PATIENCE)
            await self._out.close(CloseCode.GOING_AWAY, GOODBYE, GOODBYE_PATIENCE, discard=True)
        finally:
            self.abort()
        ledger = self._router.ledger
        logger.info(
            "hub has stopped: %d dumplings in, %d out, %d dropped",
            self._sessions.ledger.received,
            ledger.sent,
            ledger.dropped,
        )

    def abort(self) -> None:
        """Cut every connection, without a word."""
        self._in.abort()
        self._out.abort()

    async def _send_status(self) -> None:
        while True:
            await asyncio.sleep(self._settings.status_freq)
            line = status_dumpling(
                creation_time=time.time(),
                uptime=time.monotonic() - self._started,
                intake=self._sessions.ledger,
                own=self._own,
                ledger=self._router.ledger,
                kitchens=self._kitchens.here,
                eaters=self._eaters.here,
            )
            metadata = read_dumpling(line)
            assert not isinstance(metadata, Refusal)
            self._own += 1
            self._router.route(Run(None, 0, line, [metadata]))

    async def _keep_house(self) -> None:
        while True:
            await asyncio.sleep(ROUND)
            self._router.tell_cursors()
            self._eaters.send_slow_ones_away()
