"""The hub's port for eaters: dumplings go out."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Final

from ..defaults import STATUS_CHEF
from ..transport.admission import Admission
from ..transport.server import PeerConnection
from ..transport.tokens_file import Entry
from ..wire import (
    SUBPROTOCOL,
    CloseCode,
    EaterHello,
    EaterPeer,
    Event,
    Hello,
    Limits,
    Peer,
    Refusal,
    V2EaterPeer,
    refuse,
)
from .eater_totals import EaterTotals
from .feeds import Feed
from .formats import PLAIN, v2
from .guests import ConnectedEater
from .outlet import Outlet
from .port import label_of, send_away, serve
from .router import Router
from .runs import View

logger = logging.getLogger("netdumplings.hub")

#: How often a stopping hub looks whether the eaters have everything, seconds.
GLANCE: Final = 0.01


class Eaters:
    """The eaters that are connected.

    Args:
        router: feeds them.
        hello_timeout: seconds that one has for its first message.
        limits: how much is taken from one.
        grace: seconds that one may be slow before it is sent away.
        admission: who is let in; None for everybody.

    Attributes:
        totals: what they were sent and missed, summed by their names.
    """

    def __init__(
        self,
        router: Router,
        *,
        hello_timeout: float,
        limits: Limits,
        grace: float,
        admission: Admission | None = None,
    ) -> None:
        self._router = router
        self._hello_timeout = hello_timeout
        self._limits = limits
        self._grace = grace
        self._admission = admission
        self._eaters: dict[PeerConnection, ConnectedEater] = {}
        self.totals = EaterTotals()
        self._closing: set[asyncio.Task[None]] = set()

    @property
    def here(self) -> list[ConnectedEater]:
        """Those who have said hello."""
        return list(self._eaters.values())

    async def serve(self, connection: PeerConnection) -> None:
        """Talk with an eater until it goes or has to."""
        speaks_v2 = connection.subprotocol == SUBPROTOCOL
        peer: Peer = V2EaterPeer(self._limits) if speaks_v2 else EaterPeer(self._limits)
        label = label_of(peer, connection)

        def handle(event: Event) -> None:
            nonlocal label
            assert isinstance(event, EaterHello)
            label = label_of(peer, connection, event)
            connection.log_news(logger, "%s is here", label)
            permit = connection.permit
            told = event.packets and (permit is None or "packets" in permit.roles)
            format_ = v2(event.encoding, packets=told) if speaks_v2 else PLAIN
            view = _view(permit)
            feed = self._router.add(Outlet(connection), label, format_, event, view=view)
            connection.on_writable = lambda: self._router.pump(feed)
            eater = self._eaters[connection] = ConnectedEater(
                event.name, event.announcement, connection.host, connection.port, feed
            )
            self.totals.enter(eater)

        def leave() -> str:
            eater = self._eaters.pop(connection, None)
            if eater:
                self._router.remove(eater.feed)
                self.totals.leave(eater)
                ledger = eater.feed.ledger
                connection.log_news(
                    logger,
                    "%s has gone; it was sent %d dumplings and missed %d",
                    label,
                    ledger.sent,
                    ledger.dropped,
                )
            return label

        async def check(hello: Hello) -> Refusal | None:
            assert isinstance(hello, EaterHello)
            refusal = self._admission and await self._admission.at_hello(connection, hello)
            return refusal or _in_vain(hello, connection.permit)

        await serve(connection, peer, handle, leave, hello_timeout=self._hello_timeout, check=check)

    def send_overdue_away(self) -> None:
        """Close the connections of those whose tokens are good no more."""
        for connection, eater in self._eaters.items() if self._admission else ():
            assert self._admission is not None
            refusal = self._admission.overdue(connection)
            if refusal:
                connection.permit = None
                self._send_away(connection, eater, refusal)

    def send_slow_ones_away(self) -> None:
        """Close the connections of those who have been slow for longer than the grace."""
        now = time.monotonic()
        for connection, eater in self._eaters.items():
            since = eater.feed.slow_since
            if since is not None and now - since > self._grace:
                # It is fed no more, so this is not done twice.
                eater.feed.slow_since = None
                reason = f"too slow for {self._grace:g} seconds"
                refusal = Refusal(CloseCode.TOO_SLOW, reason, "too slow")
                self._send_away(connection, eater, refusal)

    def _send_away(
        self, connection: PeerConnection, eater: ConnectedEater, refusal: Refusal
    ) -> None:
        self._router.remove(eater.feed)
        closing = asyncio.create_task(send_away(connection, refusal, eater.feed.label))
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


def _view(permit: Entry | None) -> View:
    """Say what an eater may be given that was let in by a token; without tokens, everything."""
    if permit is None or {"eater", "status"}.issubset(permit.roles):
        return View.ALL
    return View.KITCHENS if "eater" in permit.roles else View.STATUS


def _in_vain(hello: EaterHello, permit: Entry | None) -> Refusal | None:
    """Refuse an eater that wants nothing but what it may not have: it would wait for ever."""
    wanted = hello.subscription
    only_status = wanted.kitchens == (None,) or wanted.chefs == (STATUS_CHEF,)
    if only_status and _view(permit) is View.KITCHENS:
        assert permit is not None
        reason = f"its token {permit.name!r} is not for the hub's status: it lacks the role status"
        return refuse(CloseCode.NOT_ALLOWED, "role", reason)
    return None
