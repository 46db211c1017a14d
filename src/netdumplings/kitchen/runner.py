"""Runs chefs over packets and intervals, and encodes what they return."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from types import GeneratorType
from typing import Any, Final

from ..chef import DumplingChef
from ..dumpling import Dumpling, DumplingDriver
from ..exceptions import InvalidDumplingPayload
from ..packets import AbsentRecord, PacketBatch
from ..wire import check_dumpling
from .errors import HandlerErrors
from .intake import PacketTally
from .stations import Filtered, Filters, Station
from .statistics import ChefStatistics

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

    Attributes:
        dumplings_made: how many dumplings came of them.
        stations: each chef at its work.

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
    ) -> None:
        self._tally = PacketTally() if tally is None else tally
        self.dumplings_made = 0
        self._poke_interval = poke_interval
        self._errors = errors
        self._stopping = stopping
        self._clock = clock
        self.stations = [Station(chef) for chef in chefs]
        self._filters = Filters(self.stations)
        self._batch_stations = [station for station in self.stations if station.takes_batches]
        self._packet_stations = [station for station in self.stations if not station.takes_batches]

    def handle(self, batch: PacketBatch, now: Callable[[], float] | None) -> Iterator[str]:
        """Give packets to the chefs.

        Args:
            batch: the packets.
            now: what time to put on dumplings, seconds since the epoch. None takes it from the
                packets, as a replay does.

        Yields:
            the dumplings, as JSON text.
        """
        handled_before = self._tally.handled
        try:
            yield from self._handle(batch, now)
        finally:
            handled = self._tally.handled - handled_before
            if handled != len(batch):
                self._tally.note_left(len(batch) - handled)

    def _handle(self, batch: PacketBatch, now: Callable[[], float] | None) -> Iterator[str]:
        if not len(batch):
            return
        filtered = self._filters.over(batch)
        for station in self._batch_stations:
            packets = filtered.batch(station.filter)
            if len(packets):
                station.packets += len(packets)
                time = now() if now else int(packets.times_ns[-1]) / 1e9
                yield from self._cook(station, "batch_handler", packets, time)
        if self._packet_stations:
            yield from self._one_by_one(filtered, now)
        else:
            self._tally.note_handled(len(batch))

    @property
    def packets_handled(self) -> int:
        """How many packets passed all chefs."""
        return self._tally.handled

    def poke(self, time: float) -> Iterator[str]:
        """Call the interval handlers.

        Args:
            time: what time to put on dumplings, seconds since the epoch.

        Yields:
            the dumplings, as JSON text.
        """
        for station in self.stations:
            yield from self._cook(station, "interval_handler", self._poke_interval, time)

    def statistics(self) -> dict[str, ChefStatistics]:
        """What each chef has done so far, by its name: a snapshot."""
        return {
            station.chef.name: ChefStatistics(
                packets=station.packets,
                seconds=station.seconds,
                dumplings=station.dumplings,
                errors=self._errors.counts[station.chef.name],
            )
            for station in self.stations
        }

    def _one_by_one(self, filtered: Filtered, now: Callable[[], float] | None) -> Iterator[str]:
        """Give the packets of a batch to the chefs that take one at a time."""
        union = filtered.union([station.filter for station in self._packet_stations])
        line = [
            (station, station.chef.packet_handler, wants)
            for station, wants in zip(self._packet_stations, union.wanted, strict=True)
        ]
        clock = self._clock
        done = counted = passed = 0

        def count() -> None:
            nonlocal passed
            passed, before = union.passed(done), passed
            self._tally.note_handled(passed - before)
            for station, _, wants in line:
                station.packets += done - counted if wants is None else sum(wants[counted:done])

        try:
            since = clock()
            for packet in union.packets:
                if self._stopping():
                    break
                for station, handler, wants in line:
                    if wants is not None and not wants[done]:
                        continue
                    try:
                        payload = handler(packet)
                    except (Exception, SystemExit) as error:
                        self._failed(station, "packet_handler", error)
                        payload = None
                    text = None
                    if payload is not None:
                        time = now() if now else packet.time
                        text = self._plate(station, "packet_handler", payload, time)
                    # One look at the clock ends this chef's time and begins the next one's.
                    since, before = clock(), since
                    station.seconds += since - before
                    if text is not None:
                        yield text
                        since = clock()
                done += 1
                if done % COUNT_EVERY == 0:
                    count()
                    counted = done
        finally:
            count()

    def _cook(self, station: Station, handler: str, argument: Any, time: float) -> Iterator[str]:
        """Call a handler, and make dumplings of what it returns or yields."""
        since = self._clock()
        for payload in self._payloads(station, handler, argument):
            text = None if payload is None else self._plate(station, handler, payload, time)
            if text is not None:
                station.seconds += self._clock() - since
                yield text
                since = self._clock()
        station.seconds += self._clock() - since

    def _payloads(self, station: Station, handler: str, argument: Any) -> Iterator[Any]:
        try:
            returned = getattr(station.chef, handler)(argument)
            if handler == "batch_handler" and isinstance(returned, GeneratorType):
                yield from returned
            else:
                yield returned
        except (Exception, SystemExit) as error:
            self._failed(station, handler, error)

    def _failed(self, station: Station, handler: str, error: BaseException) -> None:
        if not isinstance(error, AbsentRecord):
            self._errors.report(station.chef.name, handler, error)

    def _plate(self, station: Station, handler: str, payload: Any, time: float) -> str | None:
        """Make a dumpling of a payload; None if it cannot be one."""
        driver = DumplingDriver.interval if handler == "interval_handler" else DumplingDriver.packet
        dumpling = Dumpling(chef=station.chef, driver=driver, creation_time=time, payload=payload)
        try:
            text = dumpling.to_json()
            # What the hub would refuse would cost us the connection, and others a burst.
            refusal = check_dumpling(text.encode())
            if refusal is not None:
                raise InvalidDumplingPayload("payload", f"no hub takes it: {refusal.reason}")
        except InvalidDumplingPayload as error:
            self._errors.report(station.chef.name, handler, error)
            return None
        station.chef.dumplings_sent_count += 1
        station.dumplings += 1
        self.dumplings_made += 1
        return text
