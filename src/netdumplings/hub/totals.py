"""What all kitchens have counted, summed by their names; what is counted only ever grows.

A kitchen that goes takes its counts with it, and one that is started again begins at 0. A sum that
went down by that would be taken for another beginning by whoever looks at how fast it grows, so the
sums here keep what was counted by those who have gone.

A kitchen tells each hub all that it has counted since it was started. Where it may have been at
another hub before, of which somebody may sum up these sums and those here, only what it has counted
since then is counted here: from what it told there last, or else from what it tells here first.
"""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from .guests import Kitchen
from .places import OTHER, Name, Places, label
from .told import STEADY, Counts, Elsewhere, Key, counts_of, interface_of

#: How many kitchens are told apart, by name and interface; and how many chefs, of all kitchens.
MAX_KITCHENS: Final = 200
MAX_CHEFS: Final = 1000

#: How many kitchens that have left are remembered, for other hubs.
MAX_LEFT: Final = 200

_OF_THE_MOMENT: Final = ("packets_waiting", "dumplings_held", "dumplings_on_disk")


class Sum:
    """What the kitchens of one name and interface have counted.

    Attributes:
        name: the name, and the interface.
        grown: what only grows.
        here: how many of them are connected.
        chefs: the names of their chefs.
    """

    def __init__(self, name: Name) -> None:
        self.name = name
        self.grown: defaultdict[Key, float] = defaultdict(float)
        self.here = 0
        self.chefs: set[str] = set()


class SumNow(NamedTuple):
    """A sum, and what those who are connected say of this moment.

    Attributes:
        kitchen: the name.
        interface: likewise.
        here: how many of them are connected.
        grown: what only grows.
        now: what does not; 0 of those who have gone.
        quarantined: how many chefs are not run any more.
        behind: seconds by which the one that is behind most is behind its packets; None if none
            can be.
        not_wanted: how many chefs rest because nobody wants them.
    """

    kitchen: str
    interface: str
    here: int
    grown: dict[Key, float]
    now: dict[str, int]
    quarantined: int
    behind: float | None
    not_wanted: int = 0


class Totals:
    """Sums up what kitchens count.

    Args:
        max_kitchens: how many names are told apart; those that are too many are one.
        max_chefs: how many chefs are told apart, of all kitchens.

    Attributes:
        elsewhere: says what other hubs know of a kitchen's session, given its public name and when
            the kitchen came; None if there are no others.
    """

    def __init__(self, max_kitchens: int = MAX_KITCHENS, max_chefs: int = MAX_CHEFS) -> None:
        self.elsewhere: Callable[[str, float], Elsewhere] | None = None
        self._max_chefs = max_chefs
        self._sums: Places[Sum] = Places(max_kitchens, Sum, Sum((OTHER, OTHER)))
        self._of: dict[Kitchen, Sum] = {}
        self._unsettled: set[Kitchen] = set()
        self._left: deque[tuple[float, Kitchen]] = deque(maxlen=MAX_LEFT)
        self._chefs = 0  # that are told apart; they are too many to be counted for each of them

    def enter(self, kitchen: Kitchen) -> None:
        """Note that a kitchen is here."""
        name = label(kitchen.name), label(interface_of(kitchen.announced))
        self._of[kitchen] = self._sums.enter(name)
        # One that has gone may have made place, and with it its chefs.
        self._chefs = sum(len(one.chefs) for one in self._sums)
        if self.elsewhere is not None:
            self._unsettled.add(kitchen)
            self._add(kitchen, self._of[kitchen])

    def leave(self, kitchen: Kitchen) -> None:
        """Note that a kitchen has gone, or that another connection is in its place now.

        What it has counted is kept. It does not matter if this was noted already.
        """
        sum_ = self._of.get(kitchen)
        if sum_ is not None:
            self._add(kitchen, sum_, leaves=True)
            del self._of[kitchen]
            self._sums.leave(sum_)
            self._unsettled.discard(kitchen)
            if self.elsewhere is not None:
                self._left.append((time.monotonic(), kitchen))

    def left_within(self, seconds: float) -> Iterator[Kitchen]:
        """Yield those who have left within the last seconds, the last of them first."""
        now = time.monotonic()
        for at, kitchen in reversed(self._left):
            if now - at > seconds:
                return
            yield kitchen

    def now(self) -> list[SumNow]:
        """Sum up what has been counted so far."""
        moments: dict[Sum, list[Counts]] = {}
        for kitchen, sum_ in self._of.items():
            counts = self._add(kitchen, sum_)
            if counts is not None:
                moments.setdefault(sum_, []).append(counts)
        return [_now(sum_, moments.get(sum_, [])) for sum_ in self._sums if sum_.grown or sum_.here]

    def _add(self, kitchen: Kitchen, sum_: Sum, *, leaves: bool = False) -> Counts | None:
        """Add what a kitchen has counted since this was done last."""
        session = kitchen.session
        for name, number in session.intake.ledger._asdict().items():
            key = f"dumplings_{name}", ""
            sum_.grown[key] += number - session.summed.get(key, 0)
            session.summed[key] = number
        counts = counts_of(kitchen.announced, kitchen.counts)
        if counts is None:
            return None
        grown, told = dict(counts.growing()), session.told
        if kitchen in self._unsettled and not self._settle(kitchen, counts, leaves):
            for key in grown:
                sum_.grown[self._known(key, sum_)] += 0
            return counts
        if any(grown[key] < told.get(key, 0) for key in STEADY):
            told.clear()
        for key, number in grown.items():
            # (What was dropped may turn out not to have been: then it counts when it is again.)
            more = max(0, number - told.get(key, 0))
            # Also of nothing: what is not there cannot be seen to grow.
            sum_.grown[self._known(key, sum_)] += more
            if more:
                told[key] = number
        # Of a kitchen that has other chefs each time, nothing is kept of those of before.
        for key in told.keys() - grown.keys():
            del told[key]
        return counts

    def _settle(self, kitchen: Kitchen, counts: Counts, leaves: bool) -> bool:
        """See to it that what a kitchen has counted at another hub is not counted here, too.

        Returns:
            whether it is known what that is; who leaves is not waited for.
        """
        assert self.elsewhere is not None
        session = kitchen.session
        known = self.elsewhere(session.stream, kitchen.since)
        if not (known.final or leaves):
            return False
        self._unsettled.discard(kitchen)
        before = known.counts
        has_gone_on = session.began > 0 or counts.dumplings_acknowledged > 0
        if before is None and not session.told and has_gone_on:
            before = counts
        for key, number in before.growing() if before is not None else ():
            session.told[key] = max(number, session.told.get(key, 0))
        return True

    def _known(self, key: Key, sum_: Sum) -> Key:
        """Give the key by which a number is summed up; of a chef too many, that of all others."""
        name, what = key
        if not name.startswith("chef_"):
            return key
        chef = label(what)
        if chef not in sum_.chefs:
            if self._chefs >= self._max_chefs:
                chef = OTHER
            self._chefs += chef not in sum_.chefs
            sum_.chefs.add(chef)
        return name, chef


def _now(sum_: Sum, moments: list[Counts]) -> SumNow:
    kitchen, interface = sum_.name
    behind = [
        counts.behind for counts in moments if counts.behind is not None and counts.behind >= 0
    ]
    return SumNow(
        kitchen,
        interface,
        sum_.here,
        dict(sum_.grown),
        {name: sum(getattr(counts, name) for counts in moments) for name in _OF_THE_MOMENT},
        sum(len(counts.quarantined) for counts in moments),
        max(behind, default=None),
        sum(len(counts.not_wanted) for counts in moments),
    )
