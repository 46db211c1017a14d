"""All that is known: what came from the hub, put where it belongs."""

from __future__ import annotations

import math
from collections import deque
from typing import Final

from netdumplings import Dumpling, Gap, InvalidDumpling
from netdumplings.defaults import MOST_JSON_DEPTH
from netdumplings.wire import Limits, Metadata, read_dumpling

from ..fleet import Fleet, HubStatus, is_status, read_status
from ..text import printable
from .feed import Feed
from .layers import Layers
from .names import Names

#: Seconds over which the rate of what comes in is measured.
RATE_OVER: Final = 5.0
#: What a dumpling may be at most: as the eater has it, that lets it through.
_LIMITS: Final = Limits(depth=MOST_JSON_DEPTH)
#: How many statuses' worth of packets lost a second are kept.
LOST: Final = 600


class Picture:
    """What is known, bounded whatever comes.

    Attributes:
        fleet: kitchens, eaters and the hub.
        layers: of the traffic.
        names: host names looked up.
        feed: the latest dumplings.
        lost: what all kitchens lost a second, at each status.
        changes: grows whenever anything changes.
    """

    def __init__(self) -> None:
        self.fleet = Fleet()
        self.layers = Layers()
        self.names = Names()
        self.feed = Feed()
        self.lost: deque[float] = deque(maxlen=LOST)
        self.changes = 0
        self._status_came = math.inf
        self._arrivals: deque[tuple[float, int]] = deque()

    def take(self, text: str, now: float) -> None:
        """Take a dumpling.

        Args:
            text: its JSON.
            now: seconds on any clock that only goes forward.
        """
        metadata = read_dumpling(text.encode(), _LIMITS, from_hub=True)
        if not isinstance(metadata, Metadata):
            return
        self.changes += 1
        if metadata.chef in _READ:
            try:
                dumpling = Dumpling.from_json(text)
            except InvalidDumpling:
                return
            if is_status(dumpling):
                self._status_came = now
                self._take_status(read_status(dumpling))
                return
            self._take_apart(dumpling, now)
        self._count_arrival(now)
        self.feed.take(
            metadata.creation_time, metadata.driver, metadata.chef, metadata.kitchen, text
        )

    def take_past(self, status: HubStatus) -> None:
        """Take a status of the time before, unless it is known already."""
        if self.fleet.hub is None or status.time > self.fleet.hub.time:
            self.changes += 1
            self._take_status(status)

    def take_gap(self, gap: Gap, now: float) -> None:
        """Take a gap, told at that time since the epoch."""
        self.changes += 1
        self.feed.take_gap(now, gap.missed, printable(str(gap)))

    def rate(self, now: float) -> float:
        """How many dumplings come a second, by the same clock as in `take`."""
        while self._arrivals and self._arrivals[0][0] < now - RATE_OVER:
            self._arrivals.popleft()
        return sum(many for _, many in self._arrivals) / RATE_OVER

    def _take_status(self, status: HubStatus) -> None:
        if self.fleet.hub is None:
            self.layers.restart()
        self.fleet.update(status)
        together = self.fleet.together()
        self.lost.append(together.lost if together is not None else 0.0)
        self.layers.sample(status.time, self.fleet)

    def _take_apart(self, dumpling: Dumpling, now: float) -> None:
        if dumpling.chef_name == "DNSLookupChef":
            self.names.take(dumpling.kitchen, dumpling.payload)
        elif dumpling.chef_name == "PacketCountChef":
            hub = self.fleet.hub
            # By the clock of a hub that tells no status nothing comes.
            came = now if hub is None else hub.time + max(0.0, now - self._status_came)
            made = came if self._replays(dumpling.kitchen) else dumpling.creation_time
            self.layers.count(dumpling.kitchen, made, dumpling.payload, came)
            if hub is None:
                self.layers.sample(came, self.fleet)

    def _replays(self, kitchen: str | None) -> bool:
        """Whether a kitchen goes by the clock of a capture, which may be faster than ours."""
        return any(
            one.status.name == kitchen
            and one.status.behind is None
            # Older ones do not tell either way.
            and one.status.version is not None
            for one in self.fleet.here
        )

    def _count_arrival(self, now: float) -> None:
        # A tenth of a second is one number, however much comes.
        if self._arrivals and now - self._arrivals[-1][0] < 0.1:
            at, many = self._arrivals[-1]
            self._arrivals[-1] = (at, many + 1)
        else:
            self._arrivals.append((now, 1))


#: Chefs whose payloads are read; the others' are shown as they come.
_READ: Final = frozenset({"SystemStatusChef", "DNSLookupChef", "PacketCountChef"})
