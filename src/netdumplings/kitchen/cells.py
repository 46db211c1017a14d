"""The isolated chefs of a kitchen: what they are handed, and what comes back."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

from ..whereabouts import CHEF
from .calls import Calls
from .isolated import Ended, Isolated
from .stations import Filtered, Station

#: Seconds that isolated chefs have for what they are at, when a live kitchen ends.
FAREWELL: Final = 0.5
_GLANCE: Final = 0.01


class Cells:
    """Hands isolated chefs what they are to handle, and takes their dumplings.

    Args:
        stations: the chefs that are isolated.
        on_dumpling: told of each dumpling, whose it is.
        on_end: told whose process has ended, and why.
    """

    def __init__(
        self,
        stations: Sequence[Station],
        on_dumpling: Callable[[Station], object],
        on_end: Callable[[Station, str], object],
    ) -> None:
        self._stations = stations
        self._on_dumpling = on_dumpling
        self._on_end = on_end

    @property
    def busy(self) -> bool:
        """Whether there is something that they are to do yet."""
        return any(process.busy for _, process in self._alive())

    def hand_out(self, filtered: Filtered, *, replay: bool) -> None:
        """Give each the packets that its filter lets through.

        Args:
            filtered: a batch of packets.
            replay: False for live packets: those that one cannot take, it misses.
        """
        for station, process in self._alive():
            if station.resting:
                continue
            packets = filtered.batch(station.filter)
            if not len(packets):
                continue
            if process.ask(packets, 0.0, replay=replay):
                station.packets += len(packets)
            else:
                station.missed += len(packets)

    def poke(self, station: Station, time: float, *, replay: bool) -> Iterator[str]:
        """Have one call its interval handler."""
        if station.isolated is not None:
            station.isolated.ask(None, time, replay=replay)
            if replay:
                yield from self.finish(station)

    def close_chef(self, station: Station, time: float, *, wait: bool) -> Iterator[str]:
        """Have one call its closing handler."""
        if station.isolated is not None:
            station.isolated.ask(None, time, replay=True, closing=True)
            if wait:
                yield from self.finish(station)

    def packet_handler(self, station: Station, calls: Calls) -> Callable[[Any], str | None]:
        """Something to be called with one packet after the other: it returns their dumplings."""
        process = station.isolated
        assert process is not None
        index = -1

        def handler(_: Any) -> str | None:
            # No handler of this process runs: it is the other one that is watched.
            calls.inside = calls.words[CHEF] = 0
            nonlocal index
            index += 1
            return process.of_packet(index)

        return handler

    def finish(self, station: Station) -> Iterator[str]:
        """Wait until one has done all it was given, and take its dumplings."""
        if station.isolated is not None and station.chef is not None:
            yield from self._take(station, station.isolated, station.isolated.finish())

    def collect(self) -> Iterator[str]:
        """Take the dumplings that there are."""
        for station, process in self._alive():
            yield from self._take(station, process, process.collect())

    def farewell(self, seconds: float = FAREWELL) -> Iterator[str]:
        """Take what dumplings come within a little while."""
        until = time.monotonic() + seconds
        while self.busy and time.monotonic() < until:
            yield from self.collect()
            time.sleep(_GLANCE)

    def close(self) -> None:
        """End them all."""
        for station, process in self._alive():
            station.missed += process.packets_under_way
            station.packets -= process.packets_under_way
            process.close()

    def _alive(self) -> list[tuple[Station, Isolated]]:
        return [
            (station, station.isolated)
            for station in self._stations
            if station.chef is not None and station.isolated is not None
        ]

    def _take(self, station: Station, process: Isolated, texts: Iterable[str]) -> Iterator[str]:
        try:
            for text in texts:
                self._on_dumpling(station)
                yield text
        except Ended as error:
            self._on_end(station, str(error))
        station.seconds = process.seconds
