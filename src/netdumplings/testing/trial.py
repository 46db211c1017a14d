"""Chefs at work in a test: the kitchen's own code runs them, step by step."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from .. import defaults
from ..chef import DumplingChef
from ..dumpling import Dumpling
from ..kitchen.cooking import cook_replay
from ..kitchen.errors import HandlerErrors
from ..kitchen.intake import Intake, PacketTally
from ..kitchen.loader import choose_chefs, load_modules
from ..kitchen.runner import ChefRunner
from ..kitchen.stations import make_chef
from ..kitchen.statistics import ChefStatistics
from ..kitchen.tracebacks import own_exc_info
from .packets import START, source_of

if TYPE_CHECKING:
    from ..capture import PacketSource
    from .packets import Packets


class HandlerError(NamedTuple):
    """Something that went wrong in a chef.

    Attributes:
        chef: the chef's name.
        handler: the name of the handler.
        error: what it raised, or what is wrong with what it returned.
    """

    chef: str
    handler: str
    error: BaseException


class TrialKitchen:
    """A kitchen for tests: it does one thing at a time, and hands over the dumplings of each.

    It runs the chefs by the code that runs them in every kitchen: a chef's ``packet_filter``
    holds, packets are dissected when somebody looks into them, and dumplings have been JSON. ::

        kitchen = TrialKitchen(PortChef)
        assert kitchen.poke() == []
        kitchen.handle([Ether() / IP() / TCP(dport=80, flags="S")])
        assert payloads(kitchen.poke()) == [{"opened": {"80": 1}}]

    What differs: there is no clock but that of the packets, nobody ends a handler that never
    returns, and what a handler raises, the test gets.

    Args:
        *chefs: the classes of the chefs, in the order in which they see a packet.
        name: the kitchen's name, in every dumpling.
        poke_interval: seconds between two calls of an interval handler.
        raising: whether what goes wrong in a handler is raised, at once; else it is logged and
            noted, and the chef goes on, as in any kitchen.

    Attributes:
        name: as given.
        chefs: the chefs that were made.
        errors: what went wrong so far.

    Raises:
        BrokenChef: a chef's class raised.
        InvalidFilter: libpcap refuses the ``packet_filter`` of a chef.
    """

    def __init__(
        self,
        *chefs: type[DumplingChef],
        name: str = "trial_kitchen",
        poke_interval: float = defaults.POKE_INTERVAL,
        raising: bool = True,
    ) -> None:
        if not poke_interval > 0:
            raise ValueError(f"the poke interval is {poke_interval} seconds: it must be over 0")
        self.name = name
        self.poke_interval = poke_interval
        self.chefs = [make_chef(chef, self) for chef in chefs]
        self._errors = _Errors(quiet=raising)
        self.errors = self._errors.noted
        self._raising = raising
        self._now = START
        self._tally = PacketTally()
        self._runner = _Runner(
            self.chefs, poke_interval, self._errors, stopping=self._failed, tally=self._tally
        )

    @property
    def chef(self) -> Any:
        """The only chef, to look at what it remembers."""
        (chef,) = self.chefs
        return chef

    def handle(
        self, packets: Packets, *, filter: str = "", batch_size: int | None = None
    ) -> list[Dumpling]:
        """Give packets to the chefs, and poke none of them.

        Args:
            packets: as for `run_chef`.
            filter: likewise.
            batch_size: likewise.

        Returns:
            the dumplings, with the times of their packets.
        """
        __tracebackhide__ = True
        return list(self._each(self._handled(source_of(packets, filter, batch_size))))

    def poke(self, time: float | None = None) -> list[Dumpling]:
        """Have the interval handlers called.

        Args:
            time: when that is, seconds since the epoch; None for when the latest packet came, and
                `START` before there was one.
        """
        __tracebackhide__ = True
        self._now = self._now if time is None else time
        return list(self._each(self._runner.poke(self._now, replay=True)))

    def close(self, time: float | None = None) -> list[Dumpling]:
        """Have the closing handlers called, as when a kitchen ends.

        Args:
            time: as for `poke`.
        """
        __tracebackhide__ = True
        self._now = self._now if time is None else time
        return list(self._each(self._runner.closing(self._now, replay=True)))

    def replay(
        self, packets: Packets, *, filter: str = "", batch_size: int | None = None
    ) -> list[Dumpling]:
        """Give packets to the chefs as ``nd-sniff --read`` would.

        They are poked by the clock of the packets: when the first one comes, each ``poke_interval``
        after that, and once more at the end; then they are closed.

        Args:
            packets: as for `run_chef`.
            filter: likewise.
            batch_size: likewise.

        Raises:
            CaptureError: the capture cannot be read, or breaks off; then its packets were handled.
        """
        __tracebackhide__ = True
        return list(self.each_of_replay(packets, filter=filter, batch_size=batch_size))

    def each_of_replay(
        self, packets: Packets, *, filter: str = "", batch_size: int | None = None
    ) -> Iterator[Dumpling]:
        """As `replay`, one dumpling at a time."""
        __tracebackhide__ = True
        source = source_of(packets, filter, batch_size)
        source.open()
        try:
            intake = Intake(source, self._tally)
            texts = cook_replay(intake, self._runner, self.poke_interval, self._failed)
            yield from self._each(texts)
        finally:
            source.close()

    def statistics(self) -> Mapping[str, ChefStatistics]:
        """What each chef has done so far, by its name."""
        return self._runner.statistics()

    def _handled(self, source: PacketSource) -> Iterator[str]:
        source.open()
        try:
            while not source.ended and not self._failed():
                batch = source.read(1.0)
                if batch is not None:
                    self._now = int(batch.times_ns[-1]) / 1e9
                    yield from self._runner.handle(batch, None)
        finally:
            source.close()

    def _each(self, texts: Iterable[str]) -> Iterator[Dumpling]:
        """Take dumplings as an eater gets them, and raise what went wrong with their making."""
        __tracebackhide__ = True
        for text in texts:
            yield Dumpling.from_json(text)
        if self._failed():
            failed = self._errors.take()
            # The test's own lines lead to it, and from there on it is the chef's.
            _, error, own = own_exc_info(failed.error)
            raise error.with_traceback(own)

    def _failed(self) -> bool:
        return self._raising and self._errors.to_raise is not None


class _Runner(ChefRunner):
    """Calls nothing any more once something has failed that is raised."""

    def closing(self, time: float, *, replay: bool = False) -> Iterator[str]:
        if not self._stopping():
            yield from super().closing(time, replay=replay)


class _Errors(HandlerErrors):
    """Notes what went wrong, besides logging it or instead."""

    def __init__(self, *, quiet: bool) -> None:
        super().__init__()
        self.noted: list[HandlerError] = []
        self.to_raise: HandlerError | None = None
        self._quiet = quiet

    def report(self, chef: str, handler: str, error: BaseException) -> None:
        noted = HandlerError(chef, handler, error)
        self.noted.append(noted)
        self.to_raise = self.to_raise or noted
        if not self._quiet:
            super().report(chef, handler, error)
            return
        self.counts[chef] += 1
        error.add_note(f"(chef {chef}, its {handler})")

    def take(self) -> HandlerError:
        assert self.to_raise is not None
        taken, self.to_raise = self.to_raise, None
        return taken


def run_chef(
    chef: type[DumplingChef],
    packets: Packets,
    *,
    poke_interval: float | None = defaults.POKE_INTERVAL,
    filter: str = "",
    batch_size: int | None = None,
    raising: bool = True,
    kitchen: str = "trial_kitchen",
) -> list[Dumpling]:
    """Run a chef over packets, as a kitchen would, and return its dumplings.

    It is poked by the clock of the packets: when the first one comes, each ``poke_interval`` after
    that, and once more at the end; then its closing handler is called. To say when yourself, use a
    `TrialKitchen`.

    Args:
        chef: its class.
        packets: scapy packets, the bytes of some (of Ethernet frames), batches; several in any
            mixture or just one; or the path of a capture file, or of several. `packet_batch` gives
            them times and another link type.
        poke_interval: seconds between two calls of its interval handler; None for none at all.
        filter: which packets the kitchen lets through, in pcap-filter(7) language; all, unlike
            ``nd-sniff``, if nothing is said.
        batch_size: how many packets there are in a batch at most, which must make no difference
            to what a chef tells; None for as many as there are.
        raising: whether what goes wrong in a handler is raised; else it is logged.
        kitchen: the kitchen's name.

    Returns:
        the dumplings, in the order in which they were made, as an eater gets them.

    Raises:
        BrokenChef: the class raised.
        InvalidFilter: libpcap refuses its ``packet_filter``, or ``filter``.
        InvalidDumplingPayload: a handler returned what JSON cannot hold.
        CaptureError: the capture cannot be read, or breaks off.
        Exception: whatever a handler raised.
    """
    __tracebackhide__ = True
    trial = TrialKitchen(
        chef,
        name=kitchen,
        poke_interval=poke_interval or defaults.POKE_INTERVAL,
        raising=raising,
    )
    if poke_interval is None:
        return trial.handle(packets, batch_size=batch_size, filter=filter) + trial.close()
    return trial.replay(packets, filter=filter, batch_size=batch_size)


def load_chef(module: str | os.PathLike[str], name: str | None = None) -> type[DumplingChef]:
    """Load a chef as ``nd-sniff --chef-module`` does.

    Args:
        module: a Python file, or the name of a module.
        name: the name of the chef; None if there is but one.

    Raises:
        ChefModuleError: the module does not import.
        UnknownChef: it has no such chef.
        NoChefs: it has none at all.
        ValueError: it has several, and none is named.
    """
    given = os.fspath(module)
    chefs = choose_chefs(
        load_modules([given]), [] if name is None else [name], defaults.MENU_OF_ALL
    )
    if len(chefs) > 1:
        raise ValueError(f"{given} has several chefs: {', '.join(chef.__name__ for chef in chefs)}")
    return chefs[0]
