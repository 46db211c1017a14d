"""A hub at work: its two ports, the router between them, and what it does now and then."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import msgspec

from .. import defaults
from .._version import __version__
from ..backbone import BackboneSettings
from ..transport.answers import Answers, Resource, json_answer
from ..transport.server import listen
from ..wire import LIMITS, MAX_SECONDS, SUBPROTOCOL, CloseCode, Limits, metadata_of
from .access import Access
from .demand import Demand
from .eaters import Eaters
from .fleet import REPORT_EVERY, Fleet
from .kitchens import Kitchens
from .metrics import Metrics
from .onward import Onward, ToEaters
from .packet_asks import PATIENCE
from .packets import PATH, Packets
from .picture import Picture
from .reporting import backbone_told, report_of
from .reports import MOST, HubTold, Report, sayable
from .router import Router
from .runs import Run
from .seldom import Seldom
from .sessions import Sessions
from .site import Page, address_of_page, healthy, page_resources
from .status import fleet_payload, status_dumpling, status_payload
from .statuses import Statuses

if TYPE_CHECKING:
    from .joined import Joined

logger = logging.getLogger("netdumplings.hub")

#: Seconds that a hub gives its peers when it stops, whatever they do. With all the rest it has
#: ended within five.
STOP_WITHIN: Final = 3.5
#: Of those, what kitchens have to answer its goodbye, and what is left for eaters to answer it at
#: least. What is between is for eaters to take what waits for them, or to be too slow to wait for.
KITCHENS_HAVE: Final = 1.5
EATERS_HAVE: Final = 1.0
#: Seconds of those of the kitchens for a backbone to store what they have sent.
STORED_WITHIN: Final = 1.0
GOODBYE: Final = "the hub is stopping"
#: Bytes read of an eater at a time: it has nothing to say that is urgent.
READ_FROM_EATER: Final = 16 * 1024
#: Bytes that a peer's connection holds for it; what is more waits in its feed, where equal bytes
#: of several eaters are the same object.
WRITE_LIMIT: Final = 64 * 1024
#: Seconds between two status dumplings at least, however much news there is.
NEWS_GAP: Final = 1.0
#: Seconds that it may take to get packets: the longest span has yet to go by, and more.
PACKETS_WITHIN: Final = 2 * MAX_SECONDS + 2 * PATIENCE
#: Seconds between two rounds of the housekeeping.
ROUND: Final = 1.0


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How a hub behaves; `DumplingHub` says what each means."""

    status_freq: float = defaults.STATUS_FREQ
    hello_timeout: float = defaults.FIRST_MESSAGE_TIMEOUT
    limits: Limits = LIMITS
    eater_buffer: int = defaults.EATER_BUFFER
    eater_grace: float = defaults.EATER_GRACE
    history_bytes: int = defaults.HISTORY_BYTES
    eater_messages: int = defaults.EATER_MESSAGES
    max_connections: int = defaults.MAX_CONNECTIONS
    max_per_address: int = defaults.MAX_PER_ADDRESS
    write_deadline: float = defaults.WRITE_DEADLINE
    backbone: BackboneSettings | None = None
    name: str = ""


class Service:
    """Listens on both ports from `start` to `stop`; make it where an event loop runs."""

    def __init__(self, settings: Settings, access: Access, page: Page) -> None:
        self._settings = settings
        self._access = access
        self._page = page
        sessions = Sessions()
        onward = self._make_router(sessions)
        self._sessions = sessions
        self._demand = self._make_demand()
        self._kitchens = Kitchens(
            onward,
            sessions,
            hello_timeout=settings.hello_timeout,
            limits=settings.limits,
            demand=self._demand,
            admission=access.kitchen_admission,
        )
        if self._joined is not None:
            self._joined.kitchens = self._kitchens
            self._kitchens.totals.elsewhere = self._joined.fleet.elsewhere
        self._eaters = Eaters(
            self._router,
            hello_timeout=settings.hello_timeout,
            limits=settings.limits,
            grace=settings.eater_grace,
            admission=access.eater_admission,
        )
        self._own = 0
        self._report_every = min(settings.status_freq, REPORT_EVERY)
        self._sums = Seldom(self._kitchens.totals.now)
        self._statuses = Statuses()
        self._answers = Answers(self._resources(), access.eater_admission)
        self._started = time.monotonic()

    async def start(self, address: str, in_port: int, out_port: int) -> None:
        """Listen, and send status dumplings.

        Raises:
            CannotListen: a port cannot be had; neither is open then.
            Unprotected: others would reach it, and something is missing for that.
            TokenError: the file of tokens is of no use.
            BackboneError: the settings of the backbone are of no use, or a package is missing.
        """
        access = self._access
        access.begin()
        self._host = address
        if self._joined is not None:
            await self._joined.start()
        try:
            await self._listen(address, in_port, out_port)
        except BaseException:
            if self._joined is not None:
                await self._joined.stop()
            raise
        self._tasks = [
            asyncio.create_task(self._send_status()),
            asyncio.create_task(self._keep_house()),
            asyncio.create_task(self._demand.run()),
        ]
        if self._joined is not None:
            self._tasks.append(asyncio.create_task(self._tell_fleet(self._joined.fleet)))
        if access.missing and not (self._in.is_private and self._out.is_private):
            logger.warning(
                "without %s, whoever reaches %s can read every dumpling and send forged ones",
                " and ".join(access.missing),
                address,
            )
        logger.info(
            "hub is up on %s: kitchens on port %d, eaters on port %d",
            address,
            self._in.port,
            self._out.port,
        )
        page = address_of_page(address, self._out.port, tls=access.tls is not None)
        logger.info("the page to look at is %s", page)

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
        loop = asyncio.get_running_loop()
        end = loop.time() + STOP_WITHIN
        try:
            await self._in.stop()
            await self._out.stop()
            self._kitchens.finish()
            if self._joined is not None:
                self._kitchens.go_on()
                await self._joined.store(STORED_WITHIN)
            # What is on its way from kitchens that do not number it still goes to the eaters.
            patience = KITCHENS_HAVE if self._joined is None else KITCHENS_HAVE - STORED_WITHIN
            await self._in.close(CloseCode.GOING_AWAY, GOODBYE, patience, discard=False)
            if self._joined is not None:
                await self._joined.store(end - EATERS_HAVE - loop.time())
            self._router.flush()
            await self._eaters.drained(end - EATERS_HAVE - loop.time())
            left = max(end - loop.time(), EATERS_HAVE)
            await self._out.close(CloseCode.GOING_AWAY, GOODBYE, left, discard=True)
        finally:
            self.abort()
            if self._joined is not None:
                self._report_to(self._joined.fleet, stopped=True)
                await self._joined.stop()
        ledger = self._router.ledger
        logger.info(
            "hub has stopped: %d dumplings in, %d out, %d dropped",
            self._sessions.ledger.received,
            ledger.sent,
            ledger.dropped,
        )

    async def _listen(self, address: str, in_port: int, out_port: int) -> None:
        access = self._access
        self._in = await listen(
            self._kitchens.serve,
            address,
            in_port,
            max_size=self._settings.limits.from_kitchen,
            max_hello=self._settings.limits.hello,
            open_timeout=self._settings.hello_timeout,
            max_connections=self._settings.max_connections,
            max_per_address=self._settings.max_per_address,
            write_deadline=self._settings.write_deadline,
            subprotocols=[SUBPROTOCOL],
            doorman=access.kitchens,
            tls=access.tls,
            lacks=access.lacks,
            admission=access.kitchen_admission,
        )
        try:
            self._out = await listen(
                self._eaters.serve,
                address,
                out_port,
                max_size=self._settings.limits.from_eater,
                max_hello=self._settings.limits.from_eater,
                open_timeout=self._settings.hello_timeout,
                max_connections=self._settings.max_connections,
                max_per_address=self._settings.max_per_address,
                write_deadline=self._settings.write_deadline,
                read_size=READ_FROM_EATER,
                write_limit=WRITE_LIMIT,
                subprotocols=[SUBPROTOCOL],
                doorman=access.eaters,
                tls=access.tls,
                lacks=access.lacks,
                admission=access.eater_admission,
                answers=self._answers,
            )
        except BaseException:
            await self._in.stop()
            raise

    def abort(self) -> None:
        """Cut every connection, without a word."""
        self._in.abort()
        self._out.abort()

    def _make_router(self, sessions: Sessions) -> Onward:
        """Make what feeds the eaters.

        Returns:
            where dumplings of kitchens go.
        """
        settings = self._settings
        call_soon = asyncio.get_running_loop().call_soon
        buffers: dict[str, Any] = {
            "history_bytes": settings.history_bytes,
            "eater_buffer": settings.eater_buffer,
            "eater_messages": settings.eater_messages,
        }
        self._joined: Joined | None = None
        if settings.backbone is None:
            self._router = Router(call_soon, sessions, **buffers)
            return ToEaters(self._router)
        from .joined import Joined
        from .joined_router import JoinedRouter

        router = JoinedRouter(call_soon, **buffers)
        self._router = router
        self._joined = Joined(settings.backbone, settings.name, router)
        return self._joined.onward

    def _make_demand(self) -> Demand:
        """Make what tells kitchens which chefs are wanted."""
        router, joined = self._router, self._joined
        if joined is None:
            demand = Demand(lambda: router.subscriptions)
        else:
            demand = Demand(lambda: router.subscriptions, lambda: joined.fleet.wants)
            demand.on_growth = joined.fleet.news.set
        router.on_wants = demand.stir
        return demand

    def _resources(self) -> dict[str, Resource]:
        """Say what may be asked for at the port for eaters."""
        status = Seldom(lambda: json_answer(self._payload()))
        metrics = Metrics(self._picture)
        statuses = Seldom(lambda: json_answer(self._statuses.text(time.monotonic())))
        wants_token = self._access.eater_admission is not None
        return {
            **page_resources(self._page),
            "/healthz": Resource(partial(healthy, wants_token=wants_token)),
            "/api/status": Resource(lambda _: status.get(), "status"),
            "/api/statuses": Resource(lambda _: statuses.get(), "status"),
            "/metrics": Resource(metrics.answer, "status"),
            PATH: Resource(
                Packets(self._kitchens, self._hub_of).answer, "packets", within=PACKETS_WITHIN
            ),
        }

    def _hub_of(self, kitchen: str) -> str | None:
        """Say at which other hub of the fleet a kitchen is."""
        others = self._joined.fleet.hubs(self._report())[1:] if self._joined else ()
        for hub in others:
            if any(one.name == kitchen for one in hub.kitchens):
                return f"{hub.name!r} ({hub.told.host} port {hub.told.out_port})"
        return None

    def _picture(self) -> Picture:
        """Take the counts that are scraped."""
        return Picture(
            uptime=time.monotonic() - self._started,
            intake=self._sessions.ledger,
            own=self._own,
            ledger=self._router.ledger,
            refused=self._in.refused + self._out.refused,
            answered=self._answers.counts.copy(),
            connected={"kitchen": len(self._kitchens.here), "eater": len(self._eaters.here)},
            history_bytes=self._router.history.size,
            history_dumplings=self._router.history.end - self._router.history.begin,
            kitchens=self._kitchens.totals.now(),
            eaters=self._eaters.totals.now(),
            fleet=self._joined.fleet.hubs(self._report()) if self._joined else (),
            unreadable=self._joined.fleet.unreadable if self._joined else 0,
        )

    def _payload(self) -> bytes:
        """Write how the hub is now, and the fleet it belongs to."""
        if self._joined is None:
            return status_payload(self._report())
        fleet = self._joined.fleet
        return fleet_payload(fleet.hubs(self._report()), fleet.past)

    def _report(self) -> Report:
        """Put together what there is to tell of the hub and its peers."""
        return report_of(self._told(), self._kitchens.here, self._eaters.here)

    def _told(self, *, stopped: bool = False) -> HubTold:
        """Put together what the hub says of itself."""
        fleet = self._joined and self._joined.fleet
        intake = self._sessions.ledger
        refused = self._in.refused + self._out.refused
        # (Kitchens say themselves how many are lost.)
        ledger = {**intake._replace(lost=min(intake.lost, MOST))._asdict(), "own": self._own}
        return HubTold(
            id=fleet.id if fleet else "",
            name=fleet.name if fleet else "",
            host=sayable(self._host),
            in_port=self._in.port,
            out_port=self._out.port,
            version=__version__,
            uptime=time.monotonic() - self._started,
            every=fleet.pace(self._report_every) if fleet else self._report_every,
            stopped=stopped,
            kitchens=len(self._kitchens.here),
            eaters=len(self._eaters.here),
            ledger={**ledger, **self._router.ledger._asdict()},
            refused={str(cause): count for cause, count in refused.items()},
            backbone=backbone_told(self._joined.state()) if self._joined else None,
        )

    async def _send_status(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._settings.status_freq):
                    await self._kitchens.news.wait()
                    await asyncio.sleep(NEWS_GAP)
            if self._kitchens.news.is_set() and self._joined is not None:
                self._joined.fleet.news.set()
            self._kitchens.news.clear()
            line = status_dumpling(self._payload(), time.time())
            self._statuses.keep(line, time.monotonic())
            self._own += 1
            self._router.route(Run(None, 0, line, [metadata_of(line)]))

    async def _tell_fleet(self, fleet: Fleet) -> None:
        while True:
            self._report_to(fleet)
            with suppress(TimeoutError):
                async with asyncio.timeout(fleet.pace(self._report_every)):
                    await fleet.news.wait()
                    await asyncio.sleep(NEWS_GAP)
            fleet.news.clear()

    def _report_to(self, fleet: Fleet, *, stopped: bool = False) -> None:
        totals = self._kitchens.totals
        fleet.tell(
            report_of(
                self._told(stopped=stopped),
                self._kitchens.here,
                self._eaters.here,
                # So that a report may be lost.
                totals.left_within(3 * fleet.pace(self._report_every)),
                self._sums.get(),
                self._demand.wanted_here,
            )
        )

    async def _keep_house(self) -> None:
        while True:
            await asyncio.sleep(ROUND)
            self._router.tell_cursors()
            self._eaters.send_slow_ones_away()
            self._access.refresh()
            self._kitchens.send_overdue_away()
            self._kitchens.reassure()
            self._eaters.send_overdue_away()
