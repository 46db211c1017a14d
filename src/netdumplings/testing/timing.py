"""How long a chef takes: the kitchen's own code runs it, again and again, by the clock."""

from __future__ import annotations

import gc
import inspect
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from .. import defaults
from ..kitchen.cooking import cook_replay
from ..kitchen.errors import HandlerErrors
from ..kitchen.intake import Intake, PacketTally
from ..kitchen.runner import ChefRunner
from ..kitchen.stations import make_chef
from ..packets import Packet, PacketBatch
from ..packets.dissections import Dissections, counting_dissections
from .packets import FedSource
from .rounds import first_packets, repeated

if TYPE_CHECKING:
    from ..chef import DumplingChef

#: A capture of fewer packets is repeated until there are so many in a round.
FEWEST: Final = 20_000
#: Rounds that are wanted within the time, and those that there are in any case.
_ROUNDS: Final = 7
LEAST_ROUNDS: Final = 3
_MOST_ROUNDS: Final = 1000
#: Packets from which the first guess is made how many a round can have.
FIRST: Final = 500
#: Packets of the round in which it is counted what scapy does.
_COUNTED: Final = 5000
_PACKAGE: Final = Path(__file__).parent.parent
_CHEFS: Final = _PACKAGE / "dumplingchefs"


class Round(NamedTuple):
    """One round: a new chef, and all the packets.

    Attributes:
        seconds: all that it took of the processor's time, the kitchen's own work with it. That of
            other programs is not in it, nor time in which the chef waits.
        elapsed: what it took by the clock.
        packets: of that, in the chef's handler of packets.
        intervals: of that, in its interval handler.
    """

    seconds: float
    elapsed: float
    packets: float
    intervals: float


class Timing(NamedTuple):
    """What was measured of a chef.

    Attributes:
        chef: its name.
        handler: the name of its handler of packets.
        filter: its ``packet_filter``.
        packets: how many packets there were in each round.
        of: how many of the capture's packets these were.
        handed: how many of them its filter let through.
        dumplings: how many dumplings it made of each round.
        errors: how many errors.
        rounds: each round.
        dissected: what scapy has dissected in one more round, of ``dissected_of`` packets that
            took ``dissected_in`` seconds.
        dissected_of: how many packets that round had.
        dissected_in: and how long it took.
    """

    chef: str
    handler: str
    filter: str | None
    packets: int
    of: int
    handed: int
    dumplings: int
    errors: int
    rounds: Sequence[Round]
    dissected: Dissections
    dissected_of: int
    dissected_in: float

    @property
    def seconds(self) -> float:
        """What a round takes: the median."""
        return statistics.median(each.seconds for each in self.rounds)

    @property
    def delay(self) -> float:
        """How many times as long rounds took by the clock as by the processor's time."""
        return sum(each.elapsed for each in self.rounds) / sum(each.seconds for each in self.rounds)

    @property
    def quartiles(self) -> tuple[float, float]:
        """Between what half of the rounds took."""
        low, _, high = statistics.quantiles([each.seconds for each in self.rounds], n=4)
        return low, high

    @property
    def noise(self) -> float:
        """How far those are apart, as a part of what a round takes."""
        low, high = self.quartiles
        return (high - low) / self.seconds

    def share(self, of: Callable[[Round], float]) -> float:
        """Which part of its time something took in all rounds, 0 to 1."""
        return sum(map(of, self.rounds)) / sum(each.elapsed for each in self.rounds)


def time_chef(
    chef: type[DumplingChef],
    batches: Sequence[PacketBatch],
    *,
    seconds: float = 3.0,
    poke_interval: float = defaults.POKE_INTERVAL,
    errors: HandlerErrors | None = None,
    clock: Callable[[], float] = time.perf_counter,
    processor: Callable[[], float] = time.thread_time,
) -> Timing:
    """Measure how long a chef takes over packets.

    Args:
        chef: its class.
        batches: the packets; repeated if there are few, and not all of them if there are many.
        seconds: about how long to measure.
        poke_interval: seconds, by the packets' clock, between two calls of its interval handler.
        errors: takes what the chef raises.
        clock: seconds of a steady clock.
        processor: seconds of the processor that this thread has had.

    Raises:
        BrokenChef, InvalidFilter: it cannot be run.
        ValueError: there are no packets.
    """
    there = sum(map(len, batches))
    if not there:
        raise ValueError("there are no packets")
    errors = HandlerErrors() if errors is None else errors
    bench = _Bench(chef, poke_interval, errors, clock, processor)
    # What is there already is looked through for garbage once, and not before each round.
    gc.collect()
    gc.freeze()
    try:
        return _timed(bench, batches, there, seconds)
    finally:
        gc.unfreeze()


def _timed(bench: _Bench, batches: Sequence[PacketBatch], there: int, seconds: float) -> Timing:
    first = first_packets(batches, FIRST)
    bench.round(first)  # what is only done once is done
    guess = bench.round(first).elapsed / sum(map(len, first))
    # As many as fit into the time, if there are so many; few are repeated, so that what is done
    # once a batch is not done for each of them.
    fitting = max(FIRST, int(seconds / _ROUNDS / max(guess, 1e-9)))
    wanted = min(fitting, max(there, FEWEST))
    over = first_packets(batches, wanted) if wanted <= there else repeated(batches, wanted)
    rounds: list[Round] = []
    spent = 0.0
    while len(rounds) < LEAST_ROUNDS or (spent < seconds and len(rounds) < _MOST_ROUNDS):
        rounds.append(bench.round(over))
        spent += rounds[-1].elapsed
    handed, dumplings, failed = bench.handed, bench.dumplings, bench.failed
    counted = first_packets(over, _COUNTED)
    with counting_dissections(_is_own) as dissected:
        counting = bench.round(counted)
    station = bench.station
    return Timing(
        chef=station.name,
        handler="batch_handler" if station.takes_batches else "packet_handler",
        filter=station.filter,
        packets=sum(map(len, over)),
        of=min(there, wanted),
        handed=handed,
        dumplings=dumplings,
        errors=failed,
        rounds=rounds,
        dissected=dissected,
        dissected_of=sum(map(len, counted)),
        dissected_in=counting.elapsed,
    )


class _Bench:
    """Runs rounds, each with a new chef."""

    def __init__(
        self,
        chef: type[DumplingChef],
        poke_interval: float,
        errors: HandlerErrors,
        clock: Callable[[], float],
        processor: Callable[[], float],
    ) -> None:
        self._chef = chef
        self._poke_interval = poke_interval
        self._errors = errors
        self._clock = clock
        self._processor = processor
        self.name = "bench"

    def round(self, batches: Iterable[PacketBatch]) -> Round:
        source = FedSource()
        for batch in batches:
            source.feed(batch[:])  # what was computed of it in a former round is forgotten
        source.end()
        tally = PacketTally()
        before = self._errors.counts[self._chef.__name__]
        chefs = [make_chef(self._chef, self)]
        runner = _TimedRunner(
            chefs, self._poke_interval, self._errors, clock=self._clock, tally=tally
        )
        gc.collect()
        began, had = self._clock(), self._processor()
        self.dumplings = 0
        intake = Intake(source, tally)
        for _ in cook_replay(intake, runner, self._poke_interval, lambda: False):
            self.dumplings += 1
        # A clock that stands still for so short a time is not divided by.
        seconds = max(self._processor() - had, 1e-9)
        elapsed = max(self._clock() - began, seconds)
        (self.station,) = runner.stations
        self.handed = self.station.packets
        self.failed = self._errors.counts[self._chef.__name__] - before
        handling = self.station.seconds - runner.intervals
        return Round(seconds, elapsed, handling, runner.intervals)


class _TimedRunner(ChefRunner):
    """Notes how much of the chefs' time their interval handlers take."""

    intervals = 0.0

    def closing(self, time: float, *, replay: bool = False) -> Iterator[str]:
        """Call no closing handler: there is one end, however many packets there are."""
        del time, replay
        yield from ()

    def poke(self, time: float, *, replay: bool = False) -> Iterator[str]:
        before = self._seconds()
        yield from super().poke(time, replay=replay)
        self.intervals += self._seconds() - before

    def _seconds(self) -> float:
        return sum(station.seconds for station in self.stations)


@cache
def _is_own(filename: str) -> bool:
    """Whether a file may have a chef's code: it is neither ours, unless in the box, nor scapy's."""
    path, scapy = Path(filename), Path(inspect.getfile(Packet)).parent
    if path.is_relative_to(_PACKAGE):
        return path.is_relative_to(_CHEFS)
    return not path.is_relative_to(scapy)
