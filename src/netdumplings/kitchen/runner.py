"""Runs chefs over packets and intervals, and encodes what they return."""

from __future__ import annotations

import logging
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from threading import current_thread, main_thread
from types import GeneratorType, MappingProxyType
from typing import Any, Final

from ..chef import DumplingChef
from ..dumpling import Dumpling, DumplingDriver
from ..exceptions import InvalidDumplingPayload
from ..packets import AbsentRecord, PacketBatch, lazy  # noqa: F401 - now, not when packets wait
from ..whereabouts import CALL, CHEF, Whereabouts
from ..wire import check_dumpling
from .calls import Calls, Overdue
from .cells import Cells
from .errors import HandlerErrors
from .intake import PacketTally
from .isolated import Ended, Isolated
from .stations import Filtered, Filters, Station, forget
from .statistics import ChefStatistics

logger = logging.getLogger(__name__)

#: Seconds that closing handlers have in all, in a kitchen that was told to stop.
CLOSING: Final = 1.0
#: Handlers that may yield any number of payloads, and those whose dumplings are an interval's.
_GENERATORS: Final = frozenset({"batch_handler", "closing_handler"})
_OF_INTERVALS: Final = frozenset({"interval_handler", "closing_handler"})

#: How many packets are handled one by one before the counts are seen to change.
COUNT_EVERY: Final = 100


class ChefRunner:
    """Runs a kitchen's chefs.

    A chef that takes batches gets each batch whole. The others get packet after packet, each
    packet passing all of them before the next; it is dissected once for all. Either way a chef
    with a ``packet_filter`` gets only what that lets through.

    Whatever a handler raises or returns, the kitchen goes on: what is wrong goes to ``errors``.

    Args:
        chefs: the chefs, in the order in which they see a packet.
        poke_interval: seconds, told to interval handlers.
        errors: takes what handlers raise.
        stopping: asked between packets; True leaves the rest of a batch unhandled.
        clock: seconds of a steady clock, by which the chefs' time is taken.
        tally: where to note what became of the packets; one of its own if None.
        whereabouts: where to leave word whose handler runs; for nobody to see if None.
        quarantined: the names of chefs that are not to be run, and why.
        isolated: the processes of those chefs that have one, by their numbers; what is in
            ``chefs`` in their place only has their names.
        filtered: whether packets have passed the chefs' filters already.
        on_quarantine: called with the station of a chef that is not to be run any more.

    Attributes:
        calls: the calls of their handlers.
        dumplings_made: how many dumplings came of them.
        stations: each chef at its work, or what is left of it.
        position: the number, in its batch, of the packet that the latest dumpling was made of, for
            chefs that take one packet at a time.
        left_behind: the names of a chef and of its handler that had to be ended when the kitchen
            was to stop; None if all returned.

    Raises:
        InvalidFilter: libpcap refuses a chef's ``packet_filter``.
        BrokenChef: a chef's ``packet_filter`` is no text.
    """

    def __init__(
        self,
        chefs: Sequence[DumplingChef],
        poke_interval: float,
        errors: HandlerErrors,
        stopping: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] = time.perf_counter,
        tally: PacketTally | None = None,
        whereabouts: Whereabouts | None = None,
        quarantined: Mapping[str, str] = MappingProxyType({}),
        isolated: Mapping[int, Isolated] = MappingProxyType({}),
        filtered: bool = False,
        on_quarantine: Callable[[Station], object] = lambda _: None,
    ) -> None:
        self._tally = PacketTally() if tally is None else tally
        self.dumplings_made = 0
        self._poke_interval = poke_interval
        self._errors = errors
        self._stopping = stopping
        self._clock = clock
        self._on_quarantine = on_quarantine
        self.calls = Calls(whereabouts)
        self._depth = sys.getrecursionlimit()
        self.position = 0
        self.left_behind: tuple[str, str] | None = None
        self.stations = [
            Station(chef, number, quarantined.get(chef.name), isolated.get(number))
            for number, chef in enumerate(chefs, start=1)
        ]
        self._cells = self._cells_of(self.stations)
        if filtered:
            for station in self.stations:
                station.filter = None
        self._filters = Filters(self.stations)

    def handle(self, batch: PacketBatch, now: Callable[[], float] | None) -> Iterator[str]:
        """Give packets to the chefs.

        Args:
            batch: the packets.
            now: what time to put on dumplings, seconds since the epoch. None takes it from the
                packets, as a replay does.

        Yields:
            the dumplings, as JSON text.
        """
        self._begin()
        handled_before = self._tally.handled
        try:
            yield from self._handle(batch, now)
        finally:
            handled = self._tally.handled - handled_before
            if handled == len(batch):
                self._tally.note_traffic(batch)
            else:
                self._tally.note_traffic(batch[:handled])
                self._tally.note_left(len(batch) - handled)

    def _begin(self) -> None:
        self.calls.here()
        if sys.getrecursionlimit() < self._depth:
            sys.setrecursionlimit(self._depth)
            logger.error(
                "a chef has lowered Python's recursion limit, for everything in this process: it "
                "is %d again",
                self._depth,
            )

    def _handle(self, batch: PacketBatch, now: Callable[[], float] | None) -> Iterator[str]:
        if not len(batch):
            return
        filtered = self._filters.over(batch)
        self._cells.hand_out(filtered, replay=now is None)
        packet_stations = []
        for station in self.stations:
            if station.chef is None or station.resting or (station.isolated and now):
                continue
            if not station.takes_batches:
                packet_stations.append(station)
                continue
            if station.isolated:
                yield from self._cells.finish(station)
                continue
            packets = filtered.batch(station.filter)
            if len(packets):
                station.packets += len(packets)
                time = now() if now else int(packets.times_ns[-1]) / 1e9
                yield from self._cook(station, "batch_handler", packets, time)
        if packet_stations:
            yield from self._one_by_one(packet_stations, filtered, now)
            for station in packet_stations:
                if station.isolated and not self._stopping():
                    yield from self._cells.finish(station)
        else:
            self._tally.note_handled(len(batch))
        if now:
            yield from self._cells.collect()

    @property
    def packets_handled(self) -> int:
        """How many packets passed all chefs."""
        return self._tally.handled

    def poke(self, time: float, *, replay: bool = False) -> Iterator[str]:
        """Call the interval handlers.

        Args:
            time: what time to put on dumplings, seconds since the epoch.
            replay: whether to wait for isolated chefs.

        Yields:
            the dumplings, as JSON text.
        """
        self._begin()
        for station in self.stations:
            if station.chef is None or station.resting or self._stopping():
                continue
            if station.isolated:
                yield from self._cells.poke(station, time, replay=replay)
            else:
                yield from self._cook(station, "interval_handler", self._poke_interval, time)

    def closing(self, time: float, *, replay: bool = False) -> Iterator[str]:
        """Call the closing handlers: the kitchen ends.

        Args:
            time: what time to put on dumplings, seconds since the epoch.
            replay: whether to wait for isolated chefs, unless the kitchen is to stop.

        Yields:
            the dumplings, as JSON text.
        """
        self._begin()
        waits = replay and not self._stopping()
        until = self._clock() + CLOSING
        for station in self.stations:
            if station.chef is None or station.resting:
                continue
            if station.isolated:
                yield from self._cells.close_chef(station, time, wait=waits)
                continue
            for text in self._cook(station, "closing_handler", None, time):
                yield text
                if not waits and self._clock() > until:
                    break
            if not waits and self._clock() > until:
                logger.warning(
                    "the closing handlers have taken more than %g s: what chef %s and those after "
                    "it have to tell yet is left out",
                    CLOSING,
                    station.name,
                )
                break
        if not waits:
            yield from self._cells.farewell()

    def collect(self) -> Iterator[str]:
        """Take the dumplings that isolated chefs have made meanwhile."""
        yield from self._cells.collect()

    @property
    def busy(self) -> bool:
        """Whether isolated chefs are at work."""
        return self._cells.busy

    def farewell(self) -> Iterator[str]:
        """Let isolated chefs end what they are at, for a little while."""
        yield from self._cells.farewell()

    def close(self) -> None:
        """Let go of the chefs that are isolated."""
        self._cells.close()

    def finish(self, seconds: float) -> Iterator[str]:
        """Let isolated chefs end what they are at, for so many seconds."""
        yield from self._cells.farewell(seconds)

    def replace(self, stations: Sequence[Station], filters: Filters) -> None:
        """Run other chefs from now on; between two batches. Their counts go on by their names.

        Args:
            stations: the chefs, all of them.
            filters: their filters.
        """
        old = {station.name: station for station in self.stations}
        for station in self.stations:
            if station in stations:
                continue
            if station.isolated and station.chef is not None:
                station.missed += station.isolated.packets_under_way
                station.packets -= station.isolated.packets_under_way
                station.isolated.close()
            station.chef = None
        for number, station in enumerate(stations, start=1):
            station.number = number
            before = old.pop(station.name, None)
            if before is not None and before is not station:
                self._go_on(station, before)
        for name in old:
            self._errors.counts.pop(name, None)
        # The list stays the same one: others have it, too.
        self.stations[:] = stations
        self._cells = self._cells_of(stations)
        self._filters = filters

    def _go_on(self, station: Station, before: Station) -> None:
        """Have the counts of a chef go on from those of the one whose place it takes."""
        station.packets, station.missed = before.packets, before.missed
        station.seconds, station.dumplings = before.seconds, before.dumplings
        if before.isolated:
            self._errors.counts[before.name] += before.isolated.errors
        if station.isolated:
            station.isolated.seconds_before = before.seconds
        if station.chef is not None:
            station.chef.dumplings_sent_count = before.dumplings

    def _cells_of(self, stations: Sequence[Station]) -> Cells:
        isolated = [station for station in stations if station.isolated]
        return Cells(isolated, self._count_dumpling, self._ended)

    def statistics(self) -> dict[str, ChefStatistics]:
        """What each chef has done so far, by its name: a snapshot."""
        return {
            station.name: ChefStatistics(
                packets=station.packets,
                seconds=station.seconds,
                dumplings=station.dumplings,
                errors=self._errors.counts[station.name]
                + (station.isolated.errors if station.isolated else 0),
                packets_missed=station.missed,
            )
            for station in self.stations
        }

    def quarantined(self) -> dict[str, str]:
        """Why chefs are not run any more, by their name; of those that are not."""
        return {
            station.name: station.quarantined
            for station in self.stations
            if station.quarantined is not None
        }

    def resting(self) -> tuple[str, ...]:
        """The names of the chefs that rest because nobody wants them."""
        return tuple(
            station.name
            for station in self.stations
            if station.resting and station.quarantined is None
        )

    def _one_by_one(
        self, stations: Sequence[Station], filtered: Filtered, now: Callable[[], float] | None
    ) -> Iterator[str]:
        """Give the packets of a batch to the chefs that take one at a time."""
        union = filtered.union([station.filter for station in stations])
        line = [
            (station, station.number, self._packet_handler(station), wants)
            for station, wants in zip(stations, union.wanted, strict=True)
            if station.chef is not None
        ]
        clock, calls = self._clock, self.calls
        words = calls.words
        done = counted = passed = 0
        made, at = calls.made, 0  # as the words have them

        def count() -> None:
            nonlocal passed
            passed, before = union.passed(done), passed
            self._tally.note_handled(passed - before)
            for station, _, _, wants in line:
                if station.isolated:
                    continue  # it was handed them all at once
                station.packets += done - counted if wants is None else sum(wants[counted:done])

        calls.handler = "packet_handler"
        try:
            since = clock()
            for packet in union.packets:
                if self._stopping():
                    break
                words[CALL] = made = made + 1
                for station, number, handler, wants in line:
                    if wants is not None and not wants[done]:
                        continue
                    text = failure = None
                    if at != number:
                        words[CHEF] = at = number
                    # `Calls.call`, written out: this is where the time goes.
                    try:
                        calls.inside = number
                        try:
                            payload = handler(packet)
                            if payload is not None:
                                time = now() if now else packet.time
                                text = self._encode(station, "packet_handler", payload, time)
                            calls.inside = 0
                        except BaseException as error:
                            calls.inside = 0
                            failure = error
                        if calls.interrupting:
                            calls.settle()
                    except Overdue as error:
                        calls.inside = 0
                        failure = error
                        try:
                            calls.settle()
                        except Overdue:
                            calls.settle()
                    if failure is not None:
                        words[CHEF] = at = 0
                        calls.made = made
                        self._failed(station, "packet_handler", failure)
                        text = failure = payload = None
                        words[CALL] = made = calls.made + 1
                        if station.chef is None:
                            # It may have been at work on the packet: the others get a fresh one.
                            packet = union.packets[done]  # noqa: PLW2901
                            seen = slice(counted, done + 1)
                            if not station.isolated:
                                station.packets += sum(wants[seen]) if wants else done + 1 - counted
                            line = [entry for entry in line if entry[0].chef is not None]
                    # One look at the clock ends this chef's time and begins the next one's.
                    since, before = clock(), since
                    station.seconds += since - before
                    if text is not None:
                        words[CHEF] = at = 0
                        self._count_dumpling(station)
                        self.position = done
                        yield text
                        calls.here()
                        since = clock()
                done += 1
                if done % COUNT_EVERY == 0:
                    count()
                    counted = done
        finally:
            words[CHEF] = 0
            calls.made = made
            count()

    def _cook(self, station: Station, handler: str, argument: Any, time: float) -> Iterator[str]:
        """Call a handler, and make dumplings of what it returns or yields."""
        calls, clock = self.calls, self._clock
        several: Iterator[Any] | None = None

        def one() -> tuple[str | None, Iterator[Any] | None]:
            if several is not None:
                payload = next(several)
            else:
                function = getattr(station.chef, handler)
                payload = function() if handler == "closing_handler" else function(argument)
                if handler in _GENERATORS and isinstance(payload, GeneratorType):
                    return None, payload
            if payload is None:
                return None, several
            return self._encode(station, handler, payload, time), several

        more = True
        since = clock()
        while more:
            calls.handler = handler
            made, failure = calls.call(station.number, one)
            text, several = made or (None, several)
            if failure is None:
                more = several is not None
            elif several is not None and isinstance(failure, StopIteration):
                if type(failure) is StopIteration:
                    # Its frames hold it, and the packets: they would stay until Python looks for
                    # such circles, which is seldom.
                    failure.__traceback__ = None
                break
            else:
                self._failed(station, handler, failure)
                more = several is not None and isinstance(failure, InvalidDumplingPayload)
                more = more and station.chef is not None
                failure = None
            if text is not None:
                station.seconds += clock() - since
                self._count_dumpling(station)
                yield text
                calls.here()
                since = clock()
        station.seconds += clock() - since

    def _failed(self, station: Station, handler: str, error: BaseException) -> None:
        """Take what a handler raised, or what was wrong with what it returned."""
        # (An error of a chef's may say anything of its own class.)
        kind = type(error)
        if issubclass(kind, KeyboardInterrupt) and ctrl_c_comes_here():
            raise error
        if issubclass(kind, AbsentRecord):
            return
        if issubclass(kind, Ended):
            self._ended(station, str(error))
            return
        if issubclass(kind, Overdue):
            self._errors.counts[station.name] += 1
            self._quarantine(station, self.calls.reason or f"its {handler} was ended")
            if self._stopping():
                self.left_behind = station.name, handler
            return
        if issubclass(kind, MemoryError):
            self.calls.call(station.number, forget, station.chef, error)
        _, problem = self.calls.call(
            station.number, self._errors.report, station.name, handler, error
        )
        if problem is not None:
            logger.error("%s.%s raised what cannot be shown", station.name, handler)
        if issubclass(kind, MemoryError):
            self._quarantine(station, f"its {handler} found no memory left")
        elif problem is not None and issubclass(type(problem), Overdue):
            self._quarantine(station, f"its {handler} raised what cannot be shown in time")

    def _packet_handler(self, station: Station) -> Callable[[Any], Any]:
        """What to call with a packet."""
        if station.isolated is None:
            assert station.chef is not None
            handler: Callable[[Any], Any] = station.chef.packet_handler
            return handler
        return self._cells.packet_handler(station, self.calls)

    def _ended(self, station: Station, why: str) -> None:
        """The process of an isolated chef is no more."""
        assert station.isolated is not None
        station.missed += station.isolated.packets_under_way
        station.packets -= station.isolated.packets_under_way
        station.isolated.close()
        self._errors.counts[station.name] += 1
        self._quarantine(station, why)

    def _quarantine(self, station: Station, why: str) -> None:
        """Run a chef no more."""
        chef, station.chef, station.quarantined = station.chef, None, why
        self.calls.call(station.number, forget, chef)
        logger.error(
            "chef %s is quarantined: %s. The other chefs go on without it, until the kitchen is "
            "started again",
            station.name,
            why,
        )
        self._on_quarantine(station)

    def _count_dumpling(self, station: Station) -> None:
        if station.chef is not None:
            station.chef.dumplings_sent_count += 1
        station.dumplings += 1
        self.dumplings_made += 1

    def _encode(self, station: Station, handler: str, payload: Any, time: float) -> str:
        """Make a dumpling of a payload.

        Raises:
            InvalidDumplingPayload: it cannot be one.
        """
        if station.isolated is not None:
            return str(payload)  # it is one already
        assert station.chef is not None
        driver = DumplingDriver.interval if handler in _OF_INTERVALS else DumplingDriver.packet
        dumpling = Dumpling(chef=station.chef, driver=driver, creation_time=time, payload=payload)
        text = dumpling.to_json()
        # What the hub would refuse would cost us the connection, and others a burst.
        refusal = check_dumpling(text.encode())
        if refusal is not None:
            raise InvalidDumplingPayload("payload", f"no hub takes it: {refusal.reason}")
        return text


def ctrl_c_comes_here() -> bool:
    """Whether a KeyboardInterrupt may be the user's: elsewhere only a chef can have raised it."""
    return (
        current_thread() is main_thread()
        and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    )
