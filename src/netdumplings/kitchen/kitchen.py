"""The kitchen: a source of packets, chefs, and somewhere for their dumplings to go."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from .. import defaults
from ..capture import CaptureOptions, PacketSource, Progress, file_source, live_source
from ..chef import DumplingChef
from ..delivery import Outbox, OutboxStatistics, Store
from ..delivery.spool import Spool
from ..delivery.spool_opening import spool_path
from ..dumpling import Dumpling
from ..exceptions import Undelivered
from ..transport import HubAddress
from ..wire import MAX_HELLO, counts_message, kitchen_hello
from .cooking import cook_live, cook_replay
from .errors import HandlerErrors
from .intake import Intake, PacketTally
from .link import HubLink
from .loader import choose_chefs, load_modules, public_name
from .runner import ChefRunner
from .stations import make_chef
from .statistics import (
    KitchenStatistics,
    announced,
    chef_summary,
    kitchen_statistics,
    summary,
)

logger = logging.getLogger(__name__)

#: How long a kitchen that is stopped goes on trying to deliver what it has, seconds.
GRACE: Final = 5.0
#: How long it may take to tell the hub the last counts, and to close the connection.
FAREWELL: Final = 2.0
#: Bytes of the message that tells the counts: hubs take no more than of a hello.
_MAX_COUNTS: Final = MAX_HELLO - 1024

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
        hub: the hub's in port, ``HOST:PORT``; used by `run`.
        interface: an interface, several, or ``"all"``.
        filter: what to sniff, in pcap-filter(7) language; empty for everything.
        chefs: the classes of the chefs; the chefs in the box if None.
        poke_interval: seconds between two calls of a chef's interval handler.
        read: capture files to replay instead of sniffing, one or several; ``"-"`` is standard
            input. pcap and pcapng, also gzipped.
        speed: the pace of a replay: 1 is the capture's own, 2 twice as fast, None as fast as
            the chefs are.
        loop: start a replay again at its end, for ever.
        snaplen: bytes kept of a packet.
        promiscuous: whether to see traffic that is not for this host.
        buffer_size: bytes of kernel buffer, for each interface.
        immediate: whether to be handed every packet as it comes; else the kernel holds it back
            for up to a tenth of a second, to hand over many at once, which takes less time.
        outbox_size: bytes of dumplings kept in memory while no hub takes them; beyond, the oldest
            are dropped. (A replay waits instead.)
        spool: a directory in which to keep dumplings until a hub has them, so that they survive a
            crash of the kitchen; in a file named after the kitchen. None keeps them in memory.
        spool_size: bytes of dumplings kept there; beyond, the oldest are dropped.

    Raises:
        BrokenChef: a chef's class raised.
        InvalidFilter: libpcap refuses the ``packet_filter`` of a chef.
        NoChefs: there are none.
        InvalidAddress: ``hub`` is not an address.
        ValueError: an argument that makes no sense.
    """

    def __init__(
        self,
        name: str = defaults.KITCHEN_NAME,
        *,
        hub: str = defaults.KITCHEN_HUB,
        interface: str | Sequence[str] = defaults.ALL_INTERFACES,
        filter: str = defaults.PACKET_FILTER,
        chefs: Sequence[type[DumplingChef]] | None = None,
        poke_interval: float = defaults.POKE_INTERVAL,
        read: PathLike | Sequence[PathLike] | None = None,
        speed: float | None = None,
        loop: bool = False,
        snaplen: int = defaults.SNAPLEN,
        promiscuous: bool = True,
        buffer_size: int = defaults.CAPTURE_BUFFER,
        immediate: bool = False,
        outbox_size: int = defaults.OUTBOX_BYTES,
        spool: PathLike | None = None,
        spool_size: int = defaults.SPOOL_BYTES,
    ) -> None:
        if not poke_interval > 0:
            raise ValueError(f"the poke interval is {poke_interval} seconds: it must be over 0")
        for what, size in (("outbox", outbox_size), ("spool", spool_size)):
            if size <= 0:
                raise ValueError(f"the size of the {what} is {size} bytes: it must be over 0")
        self._outbox_size = outbox_size
        self._spool = None if spool is None else Path(spool)
        self._spool_size = spool_size
        self.name = name
        self.hub = HubAddress.parse(hub)
        self.filter = filter
        self.poke_interval = poke_interval
        if chefs is None:
            chefs = choose_chefs(load_modules([defaults.CHEF_MODULE]))
        self.chefs = [make_chef(chef, self) for chef in chefs]
        options = CaptureOptions(
            filter=filter,
            snaplen=snaplen,
            promiscuous=promiscuous,
            buffer_size=buffer_size,
            immediate=immediate,
        )
        self._source: PacketSource
        if read is None:
            self._source = live_source(_several(interface), options)
        else:
            paths = [os.fspath(path) for path in _several(read)]
            self._source = file_source(paths, options, speed=speed, loop=loop)
        self._stopped = threading.Event()
        self._errors = HandlerErrors()
        tally = PacketTally()
        self._intake = Intake(self._source, tally)
        self._runner = ChefRunner(
            self.chefs, poke_interval, self._errors, stopping=self._stopped.is_set, tally=tally
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
        self._open()
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
            yield from cook(self._intake, self._runner, self.poke_interval, self._stopped.is_set)
        finally:
            self._source.close()
            self._log_summary()

    def run(self) -> None:
        """Cook, and send the dumplings to the hub; blocks.

        A hub that is not there is waited for: dumplings are kept, as many as the outbox holds.
        A replay ends when the hub has taken its last dumpling. SIGINT and SIGTERM end it sooner,
        after a few seconds' grace to deliver what is there; a second one ends it at once.

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
            self.hub,
            self._hello,
            self._counts,
            store,
            wait_for_room=not self._source.live,
            stopping=self._stopped.is_set,
        )
        try:
            await asyncio.to_thread(self._open)
            self._hello()  # what is wrong with it is raised here
            await self._deliver(self._link)
        finally:
            await self._link.close()
        left = self._link.statistics()
        if left.held > left.held_on_disk:
            raise Undelivered(str(self.hub), left.held - left.held_on_disk)
        if left.held:
            logger.info(
                "%d dumplings stay in the spool: they are sent when the kitchen is started again",
                left.held,
            )

    def stop(self) -> None:
        """End the kitchen soon and cleanly; from any thread, any number of times."""
        self._stopped.set()
        with suppress(RuntimeError):  # the event loop is closed: it has ended
            self._on_stop()

    def progress(self) -> Progress | None:
        """How far a replay has come; None for live capture."""
        return self._source.progress()

    def statistics(self) -> KitchenStatistics:
        """What the kitchen has done so far: a snapshot."""
        # The chefs first: what they had was received by then.
        chefs, made = self._runner.statistics(), self._runner.dumplings_made
        return kitchen_statistics(
            self._intake.ledger(),
            self._link.statistics() if self._link else OutboxStatistics(made, made, 0, 0, 0),
            dict(self._errors.counts),
            chefs,
        )

    def _hello(self) -> str:
        """Write the kitchen's announcement, with the counts as they are now.

        Raises:
            ValueError: a hub would refuse it.
        """
        done = self.statistics()

        def write(**counts: Any) -> str:
            return kitchen_hello(
                self.name,
                self._source.name,
                self.filter,
                [public_name(type(chef)) for chef in self.chefs],
                self.poke_interval,
                **counts,
            )

        # With hundreds of chefs it would be too long; who the kitchen is comes first.
        for with_chefs in (True, False):
            with suppress(ValueError):
                return write(counts=announced(done, with_chefs=with_chefs))
        return write()

    def _counts(self) -> bytes:
        """Write the message that tells the counts as they are now."""
        done = self.statistics()
        message = counts_message(announced(done))
        if len(message) <= _MAX_COUNTS:
            return message
        return counts_message(announced(done, with_chefs=False))

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
        """
        loop = asyncio.get_running_loop()
        stopped = asyncio.Event()
        self._on_stop = lambda: loop.call_soon_threadsafe(stopped.set)
        if self._stopped.is_set():  # while it was opening
            stopped.set()
        cooked: asyncio.Future[BaseException | None] = loop.create_future()
        # A daemon: a chef that never comes back must not keep the process.
        threading.Thread(
            target=self._work, args=(link, loop, cooked), name=f"kitchen {self.name}", daemon=True
        ).start()
        tasks = [
            sending := asyncio.create_task(link.run()),
            stopping := asyncio.create_task(stopped.wait()),
        ]
        try:
            await _first_of(cooked, sending)
            tasks.append(delivered := asyncio.create_task(link.settled()))
            await _first_of(delivered, stopping, sending)
            await _first_of(delivered, sending, within=GRACE)
            if link.end():
                await _first_of(sending, within=FAREWELL)
        finally:
            self.stop()
            await _cancel(tasks)
        if error := cooked.result():
            raise error

    def _log_summary(self) -> None:
        done = self.statistics()
        logger.info("kitchen %s %s", self.name, summary(done))
        for name, chef in done.chefs.items():
            logger.info("chef %s: %s", name, chef_summary(chef))

    def _open(self) -> None:
        if not self._opened:
            self._source.open()
            self._opened = True

    def _work(
        self,
        link: HubLink,
        loop: asyncio.AbstractEventLoop,
        cooked: asyncio.Future[BaseException | None],
    ) -> None:
        """Cook for the hub; the life of the worker thread."""
        error: BaseException | None = None
        try:
            for text in self.cook():
                link.put(text.encode())
        except BaseException as raised:
            error = raised
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(_resolve, cooked, error)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()

        def first_signal(number: int) -> None:
            loop.remove_signal_handler(number)  # the second has its usual effect
            self.stop()

        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                with suppress(NotImplementedError):  # Windows
                    loop.add_signal_handler(number, first_signal, number)
        await self.serve()


async def _first_of(*futures: asyncio.Future[Any], within: float | None = None) -> None:
    """Wait for the first of some futures; the error of one that failed is raised."""
    done, _ = await asyncio.wait(futures, timeout=within, return_when=asyncio.FIRST_COMPLETED)
    for future in done:
        future.result()


async def _cancel(tasks: list[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


def _resolve(cooked: asyncio.Future[BaseException | None], error: BaseException | None) -> None:
    if not cooked.done():
        cooked.set_result(error)


def _several(one_or_many: Any) -> list[Any]:
    return [one_or_many] if isinstance(one_or_many, str | os.PathLike) else list(one_or_many)
