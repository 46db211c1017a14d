"""The hub's port for eaters: dumplings go out."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Final

from ..transport.server import PeerConnection
from ..wire import SUBPROTOCOL, CloseCode, EaterHello, EaterPeer, Event, Peer, V2EaterPeer
from .feeds import Feed
from .formats import PLAIN, v2
from .guests import ConnectedEater
from .outlet import Outlet
from .port import label_of, send_away, serve
from .router import Router

logger = logging.getLogger("netdumplings.hub")

#: How often a stopping hub looks whether the eaters have everything, seconds.
GLANCE: Final = 0.01


class Eaters:
    """The eaters that are connected.

    Args:
        router: feeds them.
        hello_timeout: seconds that one has for its first message.
        grace: seconds that one may be slow before it is sent away.
    """

    def __init__(self, router: Router, *, hello_timeout: float, grace: float) -> None:
        self._router = router
        self._hello_timeout = hello_timeout
        self._grace = grace
        self._eaters: dict[PeerConnection, ConnectedEater] = {}
        self._closing: set[asyncio.Task[None]] = set()

    @property
    def here(self) -> list[ConnectedEater]:
        """Those who have said hello."""
        return list(self._eaters.values())

    async def serve(self, connection: PeerConnection) -> None:
        """Talk with an eater until it goes or has to."""
        speaks_v2 = connection.subprotocol == SUBPROTOCOL
        peer: Peer = V2EaterPeer() if speaks_v2 else EaterPeer()
        label = label_of(peer, connection)

        def handle(event: Event) -> None:
            nonlocal label
            assert isinstance(event, EaterHello)
            label = label_of(peer, connection, event)
            logger.info("%s is here", label)
            format_ = v2(event.encoding) if speaks_v2 else PLAIN
            feed = self._router.add(Outlet(connection), label, format_, event)
            connection.on_writable = lambda: self._router.pump(feed)
            self._eaters[connection] = ConnectedEater(
                event.name, event.announcement, connection.host, connection.port, feed
            )

        def leave() -> str:
            eater = self._eaters.pop(connection, None)
            if eater:
                self._router.remove(eater.feed)
                ledger = eater.feed.ledger
                logger.info(
                    "%s has gone; it was sent %d dumplings and missed %d",
                    label,
                    ledger.sent,
                    ledger.dropped,
                )
            return label

        await serve(connection, peer, handle, leave, hello_timeout=self._hello_timeout)

    def send_slow_ones_away(self) -> None:
        """Close the connections of those who have been slow for longer than the grace."""
        now = time.monotonic()
        for connection, eater in self._eaters.items():
            since = eater.feed.slow_since
            if since is not None and now - since > self._grace:
                # It is fed no more, so this is not done twice.
                eater.feed.slow_since = None
                self._router.remove(eater.feed)
                reason = f"too slow for {self._grace:g} seconds"
                closing = asyncio.create_task(
                    send_away(connection, CloseCode.TOO_SLOW, reason, eater.feed.label)
                )
                self._closing.add(closing)
                closing.add_done_callback(self._closing.discard)

    async def drained(self, patience: float) -> None:
        """Wait until every eater has been written everything, but no longer than so many seconds.

        Those that are slow are not waited for.
        """

        def waiting(feed: Feed) -> bool:
            return feed.outlet.open and feed.slow_since is None and not feed.idle

        try:
            async with asyncio.timeout(patience):
                # They are many, and are waited for only once.
                while any(waiting(eater.feed) for eater in self._eaters.values()):  # noqa: ASYNC110
                    await asyncio.sleep(GLANCE)
        except TimeoutError:
            return
