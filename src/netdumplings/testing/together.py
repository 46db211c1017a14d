"""A hub, a kitchen and an eater that run in threads of their own while a test does.

They are the real ones, over loopback, and no port is fixed: any number of tests may run at once.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from .. import defaults
from ..dumpling import Dumpling
from ..eater import DumplingEater
from ..hub import DumplingHub
from ..kitchen import DumplingKitchen
from .packets import FedSource, source_of
from .workers import PATIENCE, Worker, working

if TYPE_CHECKING:
    from ..chef import DumplingChef
    from .packets import Packets

#: The hub's status is of no interest here, unless a test says that it is.
_STATUS_FREQ: Final = 3600.0


class RunningHub:
    """A hub that runs.

    Attributes:
        hub: the `DumplingHub`.
        in_port: its port for kitchens.
        out_port: its port for eaters.
        for_kitchens: its address, for kitchens.
        for_eaters: its address, for eaters.
    """

    def __init__(self, hub: DumplingHub) -> None:
        self.hub = hub
        self.in_port = hub.in_port
        self.out_port = hub.out_port
        scheme = "wss://" if hub.speaks_tls else ""
        self.for_kitchens = f"{scheme}localhost:{hub.in_port}"
        self.for_eaters = f"{scheme}localhost:{hub.out_port}"


@contextmanager
def running_hub(**settings: Any) -> Iterator[RunningHub]:
    """Run a hub on free ports of this host; it is stopped at the end.

    Args:
        **settings: arguments of `DumplingHub`. (It sends its status once an hour unless
            ``status_freq`` says otherwise.)
    """
    hub = DumplingHub(**{"in_port": 0, "out_port": 0, "status_freq": _STATUS_FREQ, **settings})
    serving, stopping = threading.Event(), threading.Event()

    async def serve() -> None:
        async with hub:
            serving.set()
            await asyncio.to_thread(stopping.wait)

    with working(Worker("hub", lambda: asyncio.run(serve()), serving), stopping.set):
        yield RunningHub(hub)


class RunningKitchen:
    """A kitchen that runs, and sniffs what the test feeds it.

    Attributes:
        kitchen: the `DumplingKitchen`.
    """

    def __init__(self, kitchen: DumplingKitchen, source: FedSource, thread: Worker) -> None:
        self.kitchen = kitchen
        self._source = source
        self._thread = thread
        self._ended = False

    def feed(self, packets: Packets) -> None:
        """Have the chefs given packets, soon.

        They are poked by the clock of the packets: when the first one comes, and each poke
        interval after that.

        Args:
            packets: as for `run_chef`.
        """
        fed = source_of(packets)
        fed.open()
        while not fed.ended:
            batch = fed.read(1.0)
            if batch is not None:
                self._source.feed(batch)

    def end(self) -> None:
        """Wait until all is handled, the chefs are poked a last time, and the hub has it all.

        Raises:
            AssertionError: a chef has made errors; the log has them.
            TimeoutError: it takes too long.
        """
        if self._ended:
            return
        self._ended = True
        self._source.end()
        self._thread.finish()
        errors = self.kitchen.statistics().errors
        if errors:
            said = ", ".join(f"{chef} {count}" for chef, count in errors.items())
            raise AssertionError(f"chefs made errors, which the log has: {said}")


@contextmanager
def running_kitchen(
    hub: RunningHub,
    *chefs: type[DumplingChef],
    name: str = "test_kitchen",
    poke_interval: float = defaults.POKE_INTERVAL,
    **settings: Any,
) -> Iterator[RunningKitchen]:
    """Run a kitchen that sends its dumplings to a hub; at the end it delivers what it has.

    Args:
        hub: the hub.
        *chefs: the classes of its chefs.
        name: its name.
        poke_interval: seconds, by the clock of its packets, between two pokes.
        **settings: further arguments of `DumplingKitchen`.

    Raises:
        AssertionError: at the end, that a chef has made errors; the log has them.
    """
    source = FedSource()
    access = hub.hub.own_access(name, "kitchen")
    kitchen = DumplingKitchen(
        name,
        hub=hub.for_kitchens,
        chefs=chefs,
        poke_interval=poke_interval,
        source=source,
        **access | settings,
    )
    thread = Worker(f"kitchen {name}", lambda: asyncio.run(kitchen.serve()))
    with working(thread, kitchen.stop):
        running = RunningKitchen(kitchen, source, thread)
        yield running
        running.end()


class CollectingEater:
    """An eater that keeps what it eats.

    Attributes:
        eater: the `DumplingEater`.
    """

    def __init__(self, name: str, hub: str, settings: dict[str, Any]) -> None:
        self.connected = threading.Event()
        self._changed = threading.Condition()
        self._dumplings: list[Dumpling] = []
        self.eater = DumplingEater(
            name, hub, on_connect=self._on_connect, on_dumpling=self._on_dumpling, **settings
        )

    @property
    def dumplings(self) -> list[Dumpling]:
        """What it has eaten so far, in the order in which it came."""
        with self._changed:
            return list(self._dumplings)

    def wait_for(self, count: int, timeout: float = PATIENCE) -> list[Dumpling]:
        """Wait until it has eaten so many dumplings, and return what it has eaten.

        Args:
            count: how many, at least.
            timeout: how many seconds they may take.

        Raises:
            TimeoutError: they did not come; it says what did.
        """
        return self.wait_until(lambda eaten: len(eaten) >= count, timeout)

    def wait_until(
        self, enough: Callable[[list[Dumpling]], bool], timeout: float = PATIENCE
    ) -> list[Dumpling]:
        """Wait until what it has eaten is enough, and return that.

        Args:
            enough: tells whether it is, whenever something has come.
            timeout: how many seconds that may take.

        Raises:
            TimeoutError: it was not enough; it says what came.
        """
        __tracebackhide__ = True
        with self._changed:
            if self._changed.wait_for(lambda: enough(self._dumplings), timeout):
                return list(self._dumplings)
            eaten = "\n".join(map(repr, self._dumplings[-10:]))
            raise TimeoutError(
                f"in {timeout:g} seconds there came {len(self._dumplings)} dumplings"
                + (f", the latest of them:\n{eaten}" if eaten else "")
            )

    async def _on_connect(self, *_: object) -> None:
        self.connected.set()

    async def _on_dumpling(self, dumpling: Dumpling) -> None:
        with self._changed:
            self._dumplings.append(dumpling)
            self._changed.notify_all()


@contextmanager
def collecting_eater(
    hub: RunningHub, name: str = "test_eater", **settings: Any
) -> Iterator[CollectingEater]:
    """Run an eater that keeps what it eats; it leaves at the end.

    It is connected when the body begins, and is given what the hub has in its history as well: it
    makes no difference which comes first, the eater or the dumplings.

    Args:
        hub: the hub.
        name: the eater's name.
        **settings: further arguments of `DumplingEater`. (If nothing is said, it eats of all
            kitchens, and not what the hub says of itself.)
    """
    access = hub.hub.own_access(name, "eater", "status")
    wishes = {"kitchen_filter": ["*"], "since": 0}
    eating = CollectingEater(name, hub.for_eaters, wishes | access | settings)
    with working(Worker(f"eater {name}", eating.eater.run, eating.connected), eating.eater.stop):
        yield eating
