"""A hub at work: its listeners, its guests, the router between them."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Final

from websockets.protocol import State

from ..defaults import MAX_MESSAGE
from ..transport.closing import close
from ..transport.server import PeerConnection, converse, listen
from ..wire import (
    ACCEPTS_HEADER,
    ANNOUNCEMENTS,
    MAX_HELLO,
    CloseCode,
    DumplingReceived,
    EaterPeer,
    Event,
    Hello,
    KitchenPeer,
    Peer,
)
from .guests import ConnectedEater, Kitchen
from .router import Router
from .status import status_dumpling

logger = logging.getLogger("netdumplings.hub")

#: Seconds that a stopping hub gives kitchens, then eaters, to answer its goodbye. By then an
#: eater has everything that was waiting for it, or is too slow to wait for.
GOODBYE_PATIENCE: Final = 3.0
GOODBYE: Final = "the hub is stopping"


class Outlet:
    """Writes ready-made frames to an eater, past the WebSocket library.

    That is safe because the library, too, writes whole frames in one call each, and keeps no
    state about text messages sent: without compression a frame depends on nothing before it.
    Once either side has begun to close, nothing may follow (RFC 6455, section 5.5.1), hence
    `open`.
    """

    def __init__(self, connection: PeerConnection) -> None:
        self._connection = connection
        self.write = connection.transport.write

    @property
    def open(self) -> bool:
        """Whether text may be sent."""
        connection = self._connection
        return connection.state is State.OPEN and not connection.transport.is_closing()

    @property
    def full(self) -> bool:
        """Whether more than the hub's limit waits to be sent."""
        return self._connection.full


class Service:
    """Listens on both ports from `start` to `stop`; make it where an event loop runs.

    Args:
        status_freq: seconds between two status dumplings.
        hello_timeout: seconds that a peer has for its handshake, then for its first message.
        eater_buffer: bytes held for an eater that does not read.
    """

    def __init__(self, *, status_freq: float, hello_timeout: float, eater_buffer: int) -> None:
        self._status_freq = status_freq
        self._hello_timeout = hello_timeout
        self._eater_buffer = eater_buffer
        self._router = Router(asyncio.get_running_loop().call_soon)
        self._kitchens: dict[PeerConnection, Kitchen] = {}
        self._eaters: dict[PeerConnection, ConnectedEater] = {}
        self._dumplings_in = 0
        self._started = time.monotonic()

    async def start(self, address: str, in_port: int, out_port: int) -> None:
        """Listen, and send status dumplings.

        Raises:
            CannotListen: a port cannot be had; neither is open then.
        """
        self._in = await listen(
            self._serve_kitchen,
            address,
            in_port,
            max_size=MAX_MESSAGE,
            open_timeout=self._hello_timeout,
            headers={ACCEPTS_HEADER: ANNOUNCEMENTS},
        )
        try:
            self._out = await listen(
                self._serve_eater,
                address,
                out_port,
                max_size=MAX_HELLO,
                open_timeout=self._hello_timeout,
                write_limit=self._eater_buffer,
            )
        except BaseException:
            await self._in.stop()
            raise
        self._status = asyncio.create_task(self._send_status())
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
        self._status.cancel()
        try:
            await self._in.stop()
            await self._out.stop()
            # Kitchens first: what is on its way from them still goes to the eaters.
            await self._in.close(CloseCode.GOING_AWAY, GOODBYE, GOODBYE_PATIENCE, discard=False)
            self._router.flush()
            await self._out.close(CloseCode.GOING_AWAY, GOODBYE, GOODBYE_PATIENCE, discard=True)
        finally:
            self.abort()
        logger.info(
            "hub has stopped: %d dumplings in, %d out, %d dropped",
            self._dumplings_in,
            self._router.sent,
            self._router.dropped,
        )

    def abort(self) -> None:
        """Cut every connection, without a word."""
        self._in.abort()
        self._out.abort()

    async def _send_status(self) -> None:
        while True:
            await asyncio.sleep(self._status_freq)
            self._router.route(
                status_dumpling(
                    creation_time=time.time(),
                    uptime=time.monotonic() - self._started,
                    dumplings_in=self._dumplings_in,
                    dumplings_out=self._router.sent,
                    dumplings_dropped=self._router.dropped,
                    kitchens=self._kitchens.values(),
                    eaters=self._eaters.values(),
                )
            )

    async def _serve_kitchen(self, connection: PeerConnection) -> None:
        peer = KitchenPeer()
        label = _label(peer, connection)
        kitchen: Kitchen

        def handle(event: Event) -> None:
            nonlocal kitchen, label
            if isinstance(event, DumplingReceived):
                kitchen.dumplings_in += 1
                self._dumplings_in += 1
                self._router.route(event.text)
            elif isinstance(event, Hello) and connection in self._kitchens:
                kitchen.hello = event
            elif isinstance(event, Hello):
                label = _label(peer, connection, event)
                kitchen = Kitchen(event, connection.host, connection.port)
                self._kitchens[connection] = kitchen
                logger.info("%s is here", label)

        def leave() -> str:
            if self._kitchens.pop(connection, None):
                logger.info("%s has gone; it sent %d dumplings", label, kitchen.dumplings_in)
            return label

        await self._serve(connection, peer, handle, leave)

    async def _serve_eater(self, connection: PeerConnection) -> None:
        peer = EaterPeer()
        label = _label(peer, connection)
        eater: ConnectedEater

        def handle(event: Event) -> None:
            nonlocal eater, label
            if isinstance(event, Hello):
                label = _label(peer, connection, event)
                feed = self._router.add(Outlet(connection), label)
                eater = ConnectedEater(event, connection.host, connection.port, feed)
                self._eaters[connection] = eater
                logger.info("%s is here", label)

        def leave() -> str:
            if self._eaters.pop(connection, None):
                self._router.remove(eater.feed)
                logger.info(
                    "%s has gone; it was sent %d dumplings and missed %d",
                    label,
                    eater.feed.sent,
                    eater.feed.dropped,
                )
            return label

        await self._serve(connection, peer, handle, leave)

    async def _serve(
        self,
        connection: PeerConnection,
        peer: Peer,
        handle: Callable[[Event], None],
        leave: Callable[[], str],
    ) -> None:
        """Talk with a peer until it goes or has to.

        Args:
            connection: with whom.
            peer: a fresh state machine.
            handle: takes its events.
            leave: forgets the peer, and tells what it was called.
        """
        try:
            refusal = await converse(connection, peer, handle, hello_timeout=self._hello_timeout)
        except Exception:
            logger.exception("a fault of the hub's own while serving %s", connection.where)
            raise
        finally:
            label = leave()
        if refusal:
            logger.warning("refused %s: %s (close code %d)", label, refusal.reason, refusal.code)
            await close(connection, refusal.code, refusal.reason)


def _label(peer: Peer, connection: PeerConnection, hello: Hello | None = None) -> str:
    """Name a peer for the log; what it calls itself is escaped."""
    name = f" {hello.name!r}" if hello else ""
    return f"{peer.kind}{name} at {connection.where}"
