"""The kitchen: a source of packets, chefs, and somewhere for their dumplings to go."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any

from .. import defaults
from ..capture import CaptureOptions, PacketSource, Progress, file_source, live_source
from ..capture.own_traffic import own_traffic
from ..capture.ring_reader import RingReader
from ..chef import DumplingChef
from ..delivery import Outbox, OutboxStatistics, Store
from ..delivery.spool import Spool
from ..delivery.spool_opening import spool_path
from ..dumpling import Dumpling
from ..exceptions import StuckChef, Undelivered, UnknownChef
from ..sending import HubLink
from ..transport import HubAccess, HubAddress, HubAddresses, Token
from ..whereabouts import Whereabouts
from . import telling
from .cooking import cook_live, cook_replay
from .delivering import Delivery, tidy
from .demand import Demand
from .displays import displays_of
from .errors import HandlerErrors
from .intake import Intake, PacketTally
from .isolated import Isolated
from .keeping import ring_of
from .loader import choose_chefs, load_modules, public_name
from .narrowing import Narrowable, Narrowing
from .packet_answers import PacketsKept
from .reloading import ChefMenu
from .runner import ChefRunner
from .signals import ending_signals
from .stations import Station, make_chef, stand_in
from .statistics import (
    KitchenStatistics,
    chef_summary,
    kitchen_statistics,
    summary,
)
from .swapping import Swapper
from .watching import Cell, Thread, Watched, Watchman

logger = logging.getLogger(__name__)

PathLike = str | os.PathLike[str]


class DumplingKitchen:
    """Sniffs packets, or replays them from files, and has chefs make dumplings of them.

    Iterating over it gives the dumplings, with no hub anywhere::

        for dumpling in DumplingKitchen(read="office.pcap", chefs=[MyChef]):
            print(dumpling.payload)

    `run` sends them to a hub instead. A kitchen is for one use, of either kind.

    Replays are as their capture was: pokes are counted by its clock, dumplings bear its times, and
    the same file always gives the same dumplings. At its end every chef is poked once more. A
    capture that breaks off gives what came before; the error is raised at the end.

    Args:
        name: the kitchen's name, in every dumpling.
        hub: the hub's in port, ``HOST:PORT``, or ``wss://HOST:PORT`` if it speaks TLS; used by
            `run`. Several, as text with commas between them or as a list, are tried in turn, in
            that order; after a loss, from the one behind it.
        interface: an interface, several, or ``"all"``.
        filter: what to sniff, in pcap-filter(7) language; empty for everything.
        chefs: the classes of the chefs; None for those of the chefs in the box that are on the
            menu.
        menu: which those are: ``"usual"`` for those that need not be asked for, ``"all"`` for
            those too that run ``by_request``.
        poke_interval: seconds between two calls of a chef's interval handler.
        read: capture files to replay instead of sniffing, one or several; ``"-"`` is standard
            input. pcap and pcapng, also gzipped.
        speed: the pace of a replay: 1 is the capture's own, 2 twice as fast, None as fast as
            the chefs are.
        loop: start a replay again at its end, for ever.
        snaplen: bytes kept of a packet.
        promiscuous: whether to see traffic that is not for this host.
        buffer_size: bytes of kernel buffer, for each interface.
        capture_all: whether the kernel is to pass on all packets that pass the filter, also those
            that no chef is for. Else it does not, if every chef has a ``packet_filter``: then they
            are not counted either. With a ``ring`` it does anyway.
        immediate: whether to be handed every packet as it comes; else the kernel holds it back
            for up to a tenth of a second, to hand over many at once, which takes less time.
        outbox_size: bytes of dumplings kept in memory while no hub takes them; beyond, the oldest
            are dropped. (A replay waits instead.)
        spool: a directory in which to keep dumplings until a hub has them, so that they survive a
            crash of the kitchen; in a file named after the kitchen. None keeps them in memory.
        spool_size: bytes of dumplings kept there; beyond, the oldest are dropped.
        ring: bytes of memory in which to keep the latest packets, so that whoever may can ask the
            hub for those around a dumpling, at least 1 MiB; 0 for none. Or what reads the ring of
            another process.
        source: where packets come from, in place of ``interface``, ``read`` and all that is said
            of capturing: for sources of your own.
        chef_budget: seconds that one call of a handler may take. A call that takes longer is ended,
            and its chef quarantined: the kitchen goes on without it. 0 for any number of seconds.
        isolate: the names of chefs that each run in a process of their own: whatever one of them
            does, the others go on. Its ``kitchen`` only has a name. Live, it misses packets that
            come faster than it takes them, and only it; they are counted. Needs fork(2).
        whereabouts: memory in which the thread that runs the chefs leaves word whose handler runs.
        quarantined: the names of chefs that are not even made, and why: the kitchen announces
            them, and runs the others.
        demand: whether chefs that run ``only_when_wanted`` rest while the hub says that nobody
            wants them; else they are run always. A replay runs all of them.
        reload: whether to look about once a second if the files of the chefs' modules were edited,
            and have chefs of the edited ones take over, between two batches. True for the chefs
            that were given, a `netdumplings.kitchen.ChefMenu` for those that it chooses each time.
            An edit that is broken is logged, and not taken.
        token: what the hub lets it in by, if it wants one; None for that of the environment
            variable ``NETDUMPLINGS_TOKEN``, if there is one.
        tls_ca: a file with the hub's certificate, or with that of an authority, in PEM: no other
            hub is trusted. (With several hubs, with the certificates of all of them.) None trusts
            the authorities that the system does.
        tls_cert: a file with a certificate to show the hub, if it wants one of everybody.
        tls_key: a file with its key; None if that is in the same file.
        own_ports: TCP ports of the hubs' hosts that are not sniffed on, so that nothing is told of
            the packets that carry dumplings; none of them for sniffing on those too. None is the
            ports of ``hub``, and that of eaters, where one is the usual one.
        insecure: send the token without TLS, too, to another host than this one; and take hubs
            without TLS beside others with it.

    Attributes:
        chefs: the chefs, in the order in which they see a packet. One that is quarantined has
            something in its place that has its name and does nothing.
        stopping: set when it was told to `stop`.

    Raises:
        BrokenChef: a chef's class raised.
        InvalidFilter: libpcap refuses the ``packet_filter`` of a chef.
        NoChefs: there are none.
        InvalidAddress: ``hub`` is not an address, or has more than 16 of them.
        TlsError: a certificate or key is of no use, or some hubs are without TLS, others with it.
        TokenError: the token is none, or would be sent where others can read it.
        ValueError: an argument that makes no sense.
    """

    def __init__(
        self,
        name: str = defaults.KITCHEN_NAME,
        *,
        hub: str | Iterable[str] = defaults.KITCHEN_HUB,
        interface: str | Sequence[str] = defaults.ALL_INTERFACES,
        filter: str = defaults.PACKET_FILTER,
        chefs: Sequence[type[DumplingChef]] | None = None,
        menu: str = defaults.MENU,
        poke_interval: float = defaults.POKE_INTERVAL,
        read: PathLike | Sequence[PathLike] | None = None,
        speed: float | None = None,
        loop: bool = False,
        snaplen: int = defaults.SNAPLEN,
        promiscuous: bool = True,
        buffer_size: int = defaults.CAPTURE_BUFFER,
        capture_all: bool = False,
        immediate: bool = False,
        outbox_size: int = defaults.OUTBOX_BYTES,
        spool: PathLike | None = None,
        spool_size: int = defaults.SPOOL_BYTES,
        ring: int | RingReader = 0,
        source: PacketSource | None = None,
        chef_budget: float = defaults.CHEF_BUDGET,
        isolate: Sequence[str] = (),
        whereabouts: Whereabouts | None = None,
        quarantined: Mapping[str, str] = MappingProxyType({}),
        demand: bool = True,
        reload: bool | ChefMenu = False,
        token: Token | str | None = None,
        tls_ca: PathLike | None = None,
        tls_cert: PathLike | None = None,
        tls_key: PathLike | None = None,
        own_ports: Collection[int] | None = None,
        insecure: bool = False,
    ) -> None:
        if not poke_interval > 0:
            raise ValueError(f"the poke interval is {poke_interval} seconds: it must be over 0")
        if not chef_budget >= 0:
            raise ValueError(f"a chef's budget is {chef_budget} seconds: it must be 0 or more")
        for what, size in (("outbox", outbox_size), ("spool", spool_size)):
            if size <= 0:
                raise ValueError(f"the size of the {what} is {size} bytes: it must be over 0")
        self._outbox_size = outbox_size
        self._spool = None if spool is None else Path(spool)
        self._spool_size = spool_size
        self.name = name
        self._hubs = HubAddresses.parse(hub)
        self.hub = str(self._hubs)
        self._own_ports = _usual_ports(self._hubs) if own_ports is None else own_ports
        self._access = HubAccess(
            self._hubs,
            token=token,
            tls_ca=tls_ca,
            tls_cert=tls_cert,
            tls_key=tls_key,
            insecure=insecure,
        )
        self.filter = filter
        self.poke_interval = poke_interval
        if chefs is None:
            chefs = choose_chefs(load_modules([defaults.CHEF_MODULE]), menu=menu)
        self._public_names = [public_name(chef) for chef in chefs]
        self._displays = displays_of(chefs)
        options = CaptureOptions(
            filter=filter,
            snaplen=snaplen,
            promiscuous=promiscuous,
            buffer_size=buffer_size,
            immediate=immediate,
        )
        self._source: PacketSource
        if source is not None:
            self._source = source
        elif read is None:
            self._source = live_source(_several(interface), options)
        else:
            paths = [os.fspath(path) for path in _several(read)]
            self._source = file_source(paths, options, speed=speed, loop=loop)
        self.stopping = threading.Event()
        self._stopped = threading.Event()
        self._errors = HandlerErrors()
        self._isolate = frozenset(isolate)
        self._chef_budget = chef_budget
        tally = PacketTally()
        self._ring, keep = ring_of(ring)
        self._intake = Intake(self._source, tally, keep)
        with ExitStack() as undo:
            # These first: the others may begin threads, which are better not there when a process
            # is copied.
            isolated = {}
            for number, chef in _chosen(chefs, isolate):
                if chef.__name__ not in quarantined:
                    isolated[number] = self._isolated(chef)
                    undo.callback(isolated[number].close)
            self.chefs = [
                stand_in(chef.__name__, self)
                if number in isolated or chef.__name__ in quarantined
                else make_chef(chef, self)
                for number, chef in enumerate(chefs, start=1)
            ]
            self._runner = ChefRunner(
                self.chefs,
                poke_interval,
                self._errors,
                stopping=self._stopped.is_set,
                tally=tally,
                whereabouts=whereabouts,
                quarantined=quarantined,
                isolated=isolated,
                on_quarantine=self._note_quarantine,
            )
            self._thread = Thread(self._runner.calls, self._runner.stations)
            self._watch = Watchman(self._watched(), chef_budget, self._tell_news)
            undo.pop_all()
        # The packets of a replay do not wait for the word of a hub.
        live = self._source.live
        self._demand = Demand(self._runner.stations) if demand and live else None
        self._narrowing: Narrowing | None = None
        # Those around a dumpling are asked for because of what no chef is for.
        capture_all |= self._ring is not None
        if live and not capture_all and isinstance(self._source, Narrowable):
            self._narrowing = Narrowing(self._source, self._runner.stations)
        self._swapper: Swapper | None = None
        if reload:
            self._swapper = Swapper(
                ChefMenu.of(chefs) if reload is True else reload,
                self._runner,
                self,
                chefs,
                self.chefs,
                lambda chef, state: (
                    self._isolated(chef, state) if chef.__name__ in self._isolate else None
                ),
                self._chefs_taken_over,
            )
        self._link: HubLink | None = None
        self._opened = False
        self._on_stop: Callable[[], object] = lambda: None

    def __iter__(self) -> Iterator[Dumpling]:
        """Cook, and yield each dumpling as an eater would receive it.

        Raises:
            CaptureError: there are no packets to be had; or, at the end, a capture broke off.
        """
        for text in self.cook():
            yield Dumpling.from_json(text)

    def cook(self) -> Iterator[str]:
        """Cook, and yield the JSON text of each dumpling.

        Raises:
            CaptureError: as for iterating.
        """
        try:
            self._open()
        except BaseException:
            self._runner.close()
            raise
        self._watch.start()
        try:
            logger.info(
                "kitchen %s %s %s, filter %r, chefs %s",
                self.name,
                "sniffs on" if self._source.live else "replays",
                self._source.name,
                self.filter,
                ", ".join(chef.name for chef in self.chefs),
            )
            cook = cook_live if self._source.live else cook_replay
            yield from cook(
                self._intake,
                self._runner,
                self.poke_interval,
                self._stopped.is_set,
                self._between,
            )
        finally:
            self._watch.end()
            self._runner.close()
            self._source.close()
            self._log_summary()
        if self._runner.left_behind is not None:
            raise StuckChef(*self._runner.left_behind)

    def run(self) -> None:
        """Cook, and send the dumplings to the hub; blocks.

        A hub that is not there is waited for: dumplings are kept, as many as the outbox holds.
        A replay ends when the hub has taken its last dumpling. SIGINT, SIGTERM and SIGHUP end it
        sooner, after a few seconds' grace to deliver what is there; a second one ends it at once.

        Raises:
            CaptureError: as for iterating.
            Undelivered: it was stopped with dumplings left that no hub had taken.
        """
        asyncio.run(self._run())

    async def serve(self) -> None:
        """As `run`, in an event loop that is there already, and leaving signals alone.

        `stop` ends it gracefully; cancelling it ends it at once.
        """
        store = await asyncio.to_thread(self._make_store)
        self._link = HubLink(
            self._hubs,
            self._hello,
            self._counts,
            store,
            wait_for_room=not self._source.live,
            stopping=self._stopped.is_set,
            access=self._access,
            packets=PacketsKept(self._ring, self.name, live=self._source.live)
            if self._ring
            else None,
            asker=self._demand,
        )
        stuck: StuckChef | None = None
        try:
            await asyncio.to_thread(self._open_for_hub)
            self._hello()  # what is wrong with it is raised here
            await self._deliver(self._link)
        except StuckChef as error:
            stuck = error
        finally:
            self._runner.close()
            await tidy(self._link, in_a_hurry=self.stopping.is_set())
        left = self._link.statistics()
        if left.held > left.held_on_disk:
            undelivered = Undelivered(self.hub, left.held - left.held_on_disk)
            if stuck is None:
                raise undelivered
            logger.error("%s", undelivered)
        if stuck is not None:
            raise stuck
        if left.held:
            logger.info(
                "%d dumplings stay in the spool: they are sent when the kitchen is started again",
                left.held,
            )

    def stop(self) -> None:
        """End the kitchen soon and cleanly; from any thread, any number of times.

        A handler that runs has `LAST_CALL` seconds to return, and is ended then.
        """
        self.stopping.set()
        self._stop()

    def _stop(self) -> None:
        self._stopped.set()
        self._watch.last_call()
        with suppress(RuntimeError):  # the event loop is closed: it has ended
            self._on_stop()

    def progress(self) -> Progress | None:
        """How far a replay has come; None for live capture."""
        return self._source.progress()

    def statistics(self) -> KitchenStatistics:
        """What the kitchen has done so far: a snapshot."""
        # The chefs first: what they had was received by then.
        chefs, made = self._runner.statistics(), self._runner.dumplings_made
        packets, traffic = self._intake.ledger(), self._intake.tally.traffic()
        behind = traffic.behind(time.time(), waiting=packets.waiting > 0)
        return kitchen_statistics(
            packets,
            traffic,
            behind if self._source.live else None,
            self._link.statistics() if self._link else OutboxStatistics(made, made, 0, 0, 0),
            {name: chef.errors for name, chef in chefs.items() if chef.errors},
            chefs,
            self._runner.quarantined(),
            self._watch.stuck(),
            self._runner.resting(),
            self._narrowing.filter if self._narrowing else None,
        )

    def _hello(self) -> str:
        """Write the kitchen's announcement, with the counts as they are now.

        Raises:
            ValueError: a hub would refuse it.
        """
        return telling.hello(
            self.statistics(),
            self.name,
            self._source.name,
            self.filter,
            self._public_names,
            self.poke_interval,
            displays=self._displays,
            **({"ring": {"bytes": self._ring.size}} if self._ring else {}),
        )

    def _counts(self) -> bytes:
        """Write the message that tells the counts as they are now."""
        return telling.counts(self.statistics(), self._ring.kept() if self._ring else None)

    def _make_store(self) -> Store:
        """Make what keeps the dumplings until a hub has them.

        Raises:
            SpoolUnavailable: the spool cannot be used.
        """
        session = secrets.token_hex(16)
        if self._spool is None:
            return Outbox(self._outbox_size, session)
        return Spool(
            spool_path(self._spool, self.name),
            session,
            max_bytes=self._spool_size,
            memory_bytes=self._outbox_size,
        )

    async def _deliver(self, link: HubLink) -> None:
        """Cook, and send what comes of it, until all is delivered or it is to stop.

        Raises:
            CaptureError: as for iterating.
            StuckChef: a chef does not return.
        """
        delivery = Delivery(self.name, link, self.cook)
        self._on_stop = delivery.stop
        if self._stopped.is_set():  # while it was opening
            delivery.stop()
        if not await delivery.run(self._stop):
            raise StuckChef(*self._watch.running())

    def _isolated(self, chef: type[DumplingChef], state: bytes | None = None) -> Isolated:
        return Isolated(chef, self.name, self.poke_interval, self._chef_budget, state)

    def _watched(self) -> list[Watched]:
        """Where handlers are called."""
        stations = self._runner.stations
        return [self._thread, *(Cell(one.isolated) for one in stations if one.isolated)]

    def _chefs_taken_over(self, chefs: Sequence[type[DumplingChef]]) -> None:
        """Go on with other chefs, which are at work already."""
        self._watch.watch(self._watched())
        self._public_names = [public_name(chef) for chef in chefs]
        self._displays = displays_of(chefs)
        try:
            self._hello()
        except ValueError as error:
            logger.error("the hub is not told of the edited chefs: %s", error)
            return
        if self._link is not None:
            self._link.announce_again()

    def _note_quarantine(self, station: Station) -> None:
        self.chefs[station.number - 1] = stand_in(station.name, self)
        self._tell_news()

    def _tell_news(self) -> None:
        """Have the hub told at once what there is to be said of the chefs; from any thread."""
        if self._link is not None:
            self._link.tell_counts()

    def _between(self) -> Iterator[str]:
        """Do what is to be done between two batches; yields dumplings."""
        if self._swapper is not None:
            yield from self._swapper.look()
        if self._demand is not None and self._demand.look():
            self._tell_news()
        if self._narrowing is not None:
            self._narrowing.look()

    def _log_summary(self) -> None:
        done = self.statistics()
        logger.info("kitchen %s %s", self.name, summary(done))
        for name, chef in done.chefs.items():
            logger.info("chef %s: %s", name, chef_summary(chef, done.quarantined.get(name)))

    def _open(self) -> None:
        if not self._opened:
            if self._narrowing is not None:
                self._narrowing.look()
            self._source.open()
            self._opened = True

    def _open_for_hub(self) -> None:
        if self._source.live and self._own_ports:
            hosts = dict.fromkeys(hub.host for hub in self._hubs)
            self._source.leave_out(own_traffic(hosts, self._own_ports))
        self._open()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()

        def first_signal(number: int) -> None:
            loop.remove_signal_handler(number)  # the second has its usual effect
            self.stop()

        if threading.current_thread() is threading.main_thread():
            for number in ending_signals():
                with suppress(NotImplementedError):  # Windows
                    loop.add_signal_handler(number, first_signal, number)
        await self.serve()


def _chosen(
    chefs: Sequence[type[DumplingChef]], wanted: Sequence[str]
) -> Iterator[tuple[int, type[DumplingChef]]]:
    """Some chefs of several, with their numbers, counted from 1.

    Raises:
        UnknownChef: one of them is not there.
    """
    names = [chef.__name__ for chef in chefs]
    for name in wanted:
        if name not in names:
            raise UnknownChef(name, names)
    return ((n, chef) for n, chef in enumerate(chefs, start=1) if chef.__name__ in wanted)


def _several(one_or_many: Any) -> list[Any]:
    return [one_or_many] if isinstance(one_or_many, str | os.PathLike) else list(one_or_many)


def _usual_ports(hubs: Sequence[HubAddress]) -> list[int]:
    """The ports of hubs that take dumplings there, as far as one can know."""
    ports = list(dict.fromkeys(hub.port for hub in hubs))
    return [*ports, defaults.HUB_OUT_PORT] if defaults.HUB_IN_PORT in ports else ports
