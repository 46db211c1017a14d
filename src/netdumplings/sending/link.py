"""A kitchen's end of the wire: keeps dumplings until a hub has taken them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import aclosing
from typing import Final

from ..delivery import OutboxStatistics, Store
from ..delivery.spool import Spool
from ..transport import ConnectionClosed, HubAccess, HubAddress, HubConnection, connections
from ..wire import SUBPROTOCOL
from .asking import Asker, NotAsking
from .packets import PacketAnswers
from .stock import Position, Stock
from .talks import PlainTalk, Talk, V2Talk, say_refused
from .tending import SpoolTender

logger = logging.getLogger(__name__)

#: Close codes (RFC 6455 section 7.4.1) with which a hub refuses what it was sent.
REFUSALS: Final = frozenset({1003, 1007, 1008, 1009})


class HubLink:
    """Carries dumplings from the thread that makes them to a hub.

    Dumplings wait in a store, hub or no hub. Sent, they stay there until the hub has acknowledged
    them; what it had not when a connection was lost is sent again on the next one. A hub that
    speaks ``netdumplings.v2`` gets batches with numbers, and nothing twice. Another hub gets them
    one by one, and may see some twice.

    Several hubs are tried in turn. Each gets what no hub has acknowledged.

    Args:
        hubs: where to: one hub, or several.
        hello: writes the kitchen's announcement, the first thing said on every connection.
        counts: writes the message that tells the kitchen's counts, which is said every few
            seconds, if it is another one than before, and once more at the end.
        store: keeps the dumplings.
        wait_for_room: what a full store does to `put`; see `Stock`.
        stopping: asked while waiting for room; True makes `put` give up waiting.
        access: what to show the hubs, and to know them by.
        packets: answers hubs that ask for packets; None if there are none to be had.
        asker: who wants to know whether anybody wants what it makes.
    """

    def __init__(
        self,
        hubs: HubAddress | Sequence[HubAddress],
        hello: Callable[[], str],
        counts: Callable[[], bytes],
        store: Store,
        *,
        wait_for_room: bool,
        stopping: Callable[[], bool],
        access: HubAccess | None = None,
        packets: PacketAnswers | None = None,
        asker: Asker | None = None,
    ) -> None:
        self._hubs = hubs
        self._packets = packets
        self._asker: Asker = asker or NotAsking()
        self._access = access
        self._hello = hello
        self._counts = counts
        self._stock = Stock(store, wait_for_room=wait_for_room, stopping=stopping)
        self._tender = SpoolTender(store, self._stock) if isinstance(store, Spool) else None
        self._talk: Talk | None = None
        # What hubs have said to what is next, and where it stood then.
        self._refusals: dict[HubAddress, str] = {}
        self._refused_at: Position | None = None
        self._ending = False
        self.put = self._stock.put
        self.statistics: Callable[[], OutboxStatistics] = self._stock.statistics
        self.settled = self._stock.settled

    async def run(self) -> None:
        """Keep a connection to the hub and send what there is, until `end` or cancelled."""
        tasks = {asyncio.create_task(self._send())}
        if self._tender:
            tasks.add(asyncio.create_task(self._tender.run()))
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            try:
                await asyncio.wait(tasks)
            except asyncio.CancelledError:  # there is no time to say goodbye
                for task in tasks:
                    task.cancel()
                raise

    def end(self) -> bool:
        """Have `run` tell the hub the last counts, and return.

        Returns:
            whether there is a hub to tell; if not, there is no need to wait.
        """
        self._ending = True
        if self._talk is None:
            return False
        self._talk.end()
        return True

    def tell_counts(self) -> None:
        """Have the hub told the counts now; from any thread."""

        def tell() -> None:
            if isinstance(self._talk, V2Talk):
                self._talk.tell_counts_soon()

        self._stock.in_loop(tell)

    def announce_again(self) -> None:
        """Have the hub told anew what the kitchen is; from any thread.

        A hub of the plain protocol is told when the kitchen connects the next time.
        """

        def tell() -> None:
            if isinstance(self._talk, V2Talk):
                self._talk.greet_again()

        self._stock.in_loop(tell)

    async def close(self) -> None:
        """Close the store, when `run` has ended."""
        if self._tender:
            await self._tender.close()

    async def _send(self) -> None:
        made = connections(
            self._hubs, subprotocols=[SUBPROTOCOL], logger=logger, access=self._access
        )
        async with aclosing(made) as lives:
            async for connection in lives:
                self._talk = self._begin(connection)
                if self._ending:
                    self._talk.end()
                try:
                    await self._talk.run()
                    return
                except ConnectionClosed as closed:
                    self._lost(connection.hub, closed)
                except MemoryError:  # a chef took it all; it will be found out, and let go of it
                    logger.warning("no memory is left: the connection to the hub is made anew")
                    self._stock.rewind()
                finally:
                    self._talk = None

    def _begin(self, connection: HubConnection) -> Talk:
        if self._refused_at != self._stock.position:
            self._refusals.clear()  # it has come further since
        # Another hub may think better of it.
        refused = self._refusals.pop(connection.hub, None)
        if connection.subprotocol != SUBPROTOCOL:
            self._asker.told(None)
            return PlainTalk(connection, self._stock, self._hello)
        return V2Talk(
            connection,
            self._stock,
            self._hello,
            counts=self._counts,
            refused=refused,
            packets=self._packets,
            asker=self._asker,
        )

    def _lost(self, hub: HubAddress, closed: ConnectionClosed) -> None:
        stock, reason = self._stock, None
        # (When it was we who closed, the hub's code is an echo of ours.)
        if closed.rcvd and closed.rcvd_then_sent and closed.rcvd.code in REFUSALS:
            if isinstance(self._talk, PlainTalk):
                # Sent again it would be refused again: a hub of another mind than ours.
                say_refused(hub, closed.rcvd.reason, stock.drop_in_flight())
            elif stock.in_flight_bytes:
                reason = closed.rcvd.reason
        stock.rewind()
        if reason is not None:
            self._refusals[hub], self._refused_at = reason, stock.position
