"""The hubs that share a backbone, as each of them knows them: who is there, and who has gone.

Every hub tells all others at its own pace how it is (`reports`), and puts what it hears beside what
it knows of itself. Nobody is asked, nobody leads, and what was not heard is heard the next time.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final, Literal, NamedTuple

from .reporting import wants_told
from .reports import (
    MAX_REPORT,
    HubTold,
    PeerTold,
    Report,
    SumTold,
    read_report,
    sayable,
    write_report,
)
from .sums import Sums
from .told import Counts, Elsewhere, counts_of
from .wants import Wants

logger = logging.getLogger("netdumplings.hub")

#: How many other hubs are known at a time.
MAX_HUBS: Final = 64
#: Seconds from one report to the next, of small fleets; a hub whose status is more frequent reports
#: as often.
REPORT_EVERY: Final = 3.0
#: Bytes of reports that a hub hears a second, if it can be helped: in a large fleet each hub
#: reports more seldom, but after so many seconds at least.
REPORT_BYTES: Final = 1_000_000
REPORT_AT_LEAST: Final = 60.0
#: A hub is gone when it has been silent for so many of its reports, and so many seconds more.
SILENT_REPORTS: Final = 3
SILENT_FOR: Final = 2.0
#: Seconds for which a hub that has gone is shown.
REMEMBERED: Final = 300.0
#: Seconds by which the times of two hubs may differ, of what one has heard and the other done.
SLACK: Final = 1.0
#: How many of those that are shown no more are known again, should they come back.
MAX_PUT_AWAY: Final = 128
#: How many kitchens are remembered that have left other hubs, the latest of them.
MAX_LEFT: Final = 1000

#: Bytes of a message that are not for the report.
HEADERS: Final = 1024

State = Literal["up", "stopped", "silent"]


class HubNow(NamedTuple):
    """A hub of the fleet, at this moment.

    Attributes:
        name: what it is called, so that no other has the name.
        told: what it said of itself last.
        heard: how many seconds ago that was; 0 of the hub itself.
        state: whether it is up; if not, whether it said so or has only been silent.
        kitchens: those connected to it; of one that has moved, only at the hub that it came to
            last. None of a hub that has gone.
        eaters: those connected to it; none of a hub that has gone.
        kitchen_count: how many kitchens are connected; the list may name fewer.
        eater_count: likewise.
        sums: what its kitchens have counted, by name.
    """

    name: str
    told: HubTold
    heard: float
    state: State
    kitchens: Sequence[PeerTold]
    eaters: Sequence[PeerTold]
    kitchen_count: int
    eater_count: int
    sums: Sequence[SumTold]


class Fleet:
    """What a hub knows of the others, and tells them of itself.

    Args:
        name: what the hub is called; of a long name, its beginning.
        id_: tells it from every other, and from what it was before it was started again: 8 to 64
            letters, digits, ``-`` and ``_``.
        send: hands a report to the backbone, which gives it to all other hubs. It may be lost.
        max_report: says how many bytes a message to the others may have now.
        clock: seconds of a steady clock: `time.monotonic`, but for tests.

    Attributes:
        news: set when another hub has come, that should not wait to hear of this one.
        unreadable: how many reports came that are none.
    """

    def __init__(
        self,
        name: str,
        id_: str,
        send: Callable[[bytes], None],
        *,
        max_report: Callable[[], int] = lambda: MAX_REPORT,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = sayable(name)
        self.id = id_
        self.news = asyncio.Event()
        self.unreadable = 0
        self._send = send
        self._max_report = max_report
        self._clock = clock
        self._others: dict[str, _Other] = {}
        self._put_away: dict[str, HubTold] = {}
        self._forgotten = Sums()
        self._left: dict[str, Counts] = {}
        self._size = 0  # of this hub's latest report
        self._has_told_of_too_many = False

    def tell(self, report: Report) -> None:
        """Tell the other hubs how this one is."""
        data = write_report(report, min(self._max_report() - HEADERS, MAX_REPORT))
        self._size = len(data)
        self._send(data)

    def pace(self, least: float) -> float:
        """Say how many seconds should go by from one report to the next.

        Args:
            least: as many as these at least.
        """
        size = self._size + sum(other.size for other in self._others.values())
        return min(max(least, size / REPORT_BYTES), REPORT_AT_LEAST)

    def hear(self, data: bytes) -> None:
        """Take a report that came, which may be anything, or the hub's own."""
        report = read_report(data)
        if isinstance(report, str):
            if not self.unreadable:
                said = "what came as the report of another hub is none, and is left out: %s"
                logger.warning(said, report)
            self.unreadable += 1
            return
        told = report.hub
        if told.id == self.id:
            return
        now = self._clock()
        self._tidy(now)
        if told.id in self._others:
            self._others[told.id] = _Other(report, now, len(data))
        elif not told.stopped:
            self._meet(_Other(report, now, len(data)), now)
        for left in report.left:
            counts = counts_of(b"{}", bytes(left.counts))
            if counts is not None:
                self._left.pop(left.stream, None)
                self._left[left.stream] = counts
        while len(self._left) > MAX_LEFT:
            del self._left[next(iter(self._left))]

    def hubs(self, own: Report) -> list[HubNow]:
        """Say which hubs there are.

        Args:
            own: what there is to tell of this one.

        Returns:
            this one, then the others by their names.
        """
        now = self._clock()
        self._tidy(now)
        here = _Other(own, now)
        everyone = [here, *self._others.values()]
        latest = _latest([other for other in everyone if other.state(now) == "up"])
        names = Counter(other.told.name for other in everyone)

        def as_it_is(other: _Other) -> HubNow:
            told, state, kitchens = other.told, other.state(now), other.report.kitchens
            name = told.name if names[told.name] == 1 else f"{told.name} ({told.id[:8]})"
            if state != "up":
                gone = other.report.sums
                return HubNow(name, told, now - other.heard, state, (), (), 0, 0, gone)
            stay = [one for one in kitchens if latest.get(one.stream, told.id) == told.id]
            return HubNow(
                name,
                told,
                now - other.heard,
                state,
                stay,
                other.report.eaters,
                max(len(stay), told.kitchens - (len(kitchens) - len(stay))),
                told.eaters,
                other.report.sums,
            )

        others = sorted(map(as_it_is, everyone[1:]), key=lambda one: one.name)
        return [as_it_is(here), *others]

    @property
    def wants(self) -> list[Wants]:
        """What the eaters of each of the other hubs want of kitchens; of those that are up."""
        now = self._clock()
        return [other.wants for other in self._others.values() if other.state(now) == "up"]

    @property
    def past(self) -> Sums:
        """What those hubs had counted that are shown no more.

        Sums without them would go down, as if all hubs had been started again.
        """
        past = Sums()
        past.add_sums(self._forgotten)
        for told in self._put_away.values():
            past.add(told, ended=True)
        return past

    def elsewhere(self, stream: str, since: float) -> Elsewhere:
        """Say what other hubs know of a kitchen's session.

        Args:
            stream: its public name.
            since: when the kitchen came to this hub, by the clock.
        """
        now = self._clock()
        final, found = True, self._left.get(stream)
        for other in self._others.values():
            final = final and (other.heard > since or other.state(now) != "up")
            kitchen = other.kitchen(stream)
            if kitchen is None:
                continue
            counts = counts_of(bytes(kitchen.info), b"")
            if found is None or (counts is not None and _progress(counts) > _progress(found)):
                found = counts
        return Elsewhere(final, found)

    def _meet(self, stranger: _Other, now: float) -> None:
        """Make the acquaintance of a hub, unless there are too many."""
        told = stranger.told
        # One that was killed and started again is there already; nobody need wait until it is
        # silent.
        came = now - told.uptime
        for other in list(self._others.values()):
            if other.told.name == told.name and came > other.heard - SLACK:
                self._put(other)
        if len(self._others) >= MAX_HUBS:
            gone = [other for other in self._others.values() if other.state(now) != "up"]
            if not gone:
                if not self._has_told_of_too_many:
                    said = "there are more than %d other hubs: those that are too many are left out"
                    logger.warning(said, MAX_HUBS)
                self._has_told_of_too_many = True
                return
            self._put(min(gone, key=lambda other: other.heard))
        # It may have been cut off for long.
        self._put_away.pop(told.id, None)
        self._others[told.id] = stranger
        self.news.set()

    def _tidy(self, now: float) -> None:
        """Put those away that have been gone for long."""
        for other in list(self._others.values()):
            if other.state(now) != "up" and now - other.heard > REMEMBERED:
                self._put(other)

    def _put(self, other: _Other) -> None:
        """Put a hub away."""
        del self._others[other.told.id]
        self._put_away[other.told.id] = other.told
        while len(self._put_away) > MAX_PUT_AWAY:
            oldest = next(iter(self._put_away))
            self._forgotten.add(self._put_away.pop(oldest), ended=True)


class _Other:
    """A hub, and what it said last.

    Attributes:
        report: that.
        heard: when it came, by the clock.
        size: bytes of it.
        wants: what its eaters want of kitchens.
    """

    def __init__(self, report: Report, heard: float, size: int = 0) -> None:
        self.report = report
        self.wants = wants_told(report)
        self.heard = heard
        self.size = size
        self._kitchens: dict[str, PeerTold] | None = None

    @property
    def told(self) -> HubTold:
        """What it said of itself."""
        return self.report.hub

    def state(self, now: float) -> State:
        """Say whether it is there."""
        if self.told.stopped:
            return "stopped"
        silent = now - self.heard > SILENT_REPORTS * self.told.every + SILENT_FOR
        return "silent" if silent else "up"

    def kitchen(self, stream: str) -> PeerTold | None:
        """Find a kitchen by its session."""
        if self._kitchens is None:
            self._kitchens = {one.stream: one for one in self.report.kitchens if one.stream}
        return self._kitchens.get(stream)


def _latest(hubs: Sequence[_Other]) -> dict[str, str]:
    """Say of each kitchen that several hubs tell of to which of them it came last.

    Returns:
        the hub's id, by the public name of the kitchen's session.
    """
    came: dict[str, tuple[float, str]] = {}
    several = set()
    for hub in hubs:
        for kitchen in hub.report.kitchens:
            if not kitchen.stream:
                continue
            at = (hub.heard - kitchen.since, hub.told.id)
            before = came.setdefault(kitchen.stream, at)
            if before[1] != hub.told.id:
                several.add(kitchen.stream)
            came[kitchen.stream] = max(before, at)
    return {stream: came[stream][1] for stream in several}


def _progress(counts: Counts) -> tuple[int, int]:
    """Say how far a kitchen had come when it told these."""
    return counts.packets_received, counts.dumplings_made
