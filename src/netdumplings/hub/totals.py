"""What all kitchens have counted, summed by their names; what is counted only ever grows.

A kitchen that goes takes its counts with it, and one that is started again begins at 0. A sum that
went down by that would be taken for another beginning by whoever looks at how fast it grows, so the
sums here keep what was counted by those who have gone.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Final, NamedTuple

from .guests import Kitchen
from .told import STEADY, Counts, Key, counts_of, interface_of

#: How many kitchens are told apart, by name and interface; and how many chefs, of all kitchens.
MAX_KITCHENS: Final = 200
MAX_CHEFS: Final = 1000
#: Characters of a name.
MAX_LABEL: Final = 64
#: What those are called that are too many to be told apart.
OTHER: Final = "other"

Name = tuple[str, str]

_OF_THE_MOMENT: Final = ("packets_waiting", "dumplings_held", "dumplings_on_disk")


class Sum:
    """What the kitchens of one name and interface have counted.

    Attributes:
        kitchen: the name.
        interface: likewise.
        grown: what only grows.
        here: how many of them are connected.
        chefs: the names of their chefs.
    """

    def __init__(self, kitchen: str, interface: str) -> None:
        self.kitchen = kitchen
        self.interface = interface
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
    """

    kitchen: str
    interface: str
    here: int
    grown: dict[Key, float]
    now: dict[str, int]
    quarantined: int
    behind: float | None


class Totals:
    """Sums up what kitchens count.

    Args:
        max_kitchens: how many names are told apart; those that are too many are one. When a name
            is new and there is no room, one whose kitchens have all gone makes place.
        max_chefs: how many chefs are told apart, of all kitchens.
    """

    def __init__(self, max_kitchens: int = MAX_KITCHENS, max_chefs: int = MAX_CHEFS) -> None:
        self._max_kitchens = max_kitchens
        self._max_chefs = max_chefs
        self._sums: dict[Name, Sum] = {}
        self._other = Sum(OTHER, OTHER)
        self._of: dict[Kitchen, Sum] = {}

    def enter(self, kitchen: Kitchen) -> None:
        """Note that a kitchen is here."""
        name = label(kitchen.name), label(interface_of(kitchen.announced))
        found = self._sums.get(name)
        if found is None and len(self._sums) < self._max_kitchens:
            found = self._sums[name] = Sum(*name)
        if found is None:
            longest_gone = next((name for name, one in self._sums.items() if not one.here), None)
            if longest_gone is not None:
                del self._sums[longest_gone]
                found = self._sums[name] = Sum(*name)
        found = found or self._other
        found.here += 1
        self._of[kitchen] = found

    def leave(self, kitchen: Kitchen) -> None:
        """Note that a kitchen has gone, or that another connection is in its place now.

        What it has counted is kept. It does not matter if this was noted already.
        """
        sum_ = self._of.get(kitchen)
        if sum_ is None:
            return
        self._add(kitchen, sum_)
        del self._of[kitchen]
        sum_.here -= 1
        if not sum_.here and sum_ is not self._other:
            # At the end: the first that has nobody here is the one that has been so longest.
            name = sum_.kitchen, sum_.interface
            self._sums[name] = self._sums.pop(name)

    def now(self) -> list[SumNow]:
        """Sum up what has been counted so far."""
        moments: dict[Sum, list[Counts]] = {}
        for kitchen, sum_ in self._of.items():
            counts = self._add(kitchen, sum_)
            if counts is not None:
                moments.setdefault(sum_, []).append(counts)
        sums = [*self._sums.values(), self._other]
        return [_now(sum_, moments.get(sum_, [])) for sum_ in sums if sum_.grown or sum_.here]

    def _add(self, kitchen: Kitchen, sum_: Sum) -> Counts | None:
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
        if any(grown[key] < told.get(key, 0) for key in STEADY):
            told.clear()
        for key, number in grown.items():
            # (What was dropped may turn out not to have been: then it counts when it is again.)
            more = max(0, number - told.get(key, 0))
            # Also of nothing: what is not there cannot be seen to grow.
            sum_.grown[self._known(key, sum_)] += more
            if more:
                told[key] = number
        return counts

    def _known(self, key: Key, sum_: Sum) -> Key:
        """Give the key by which a number is summed up; of a chef too many, that of all others."""
        name, what = key
        if not name.startswith("chef_"):
            return key
        chef = label(what)
        if chef not in sum_.chefs:
            if sum(len(one.chefs) for one in self._sums.values()) >= self._max_chefs:
                chef = OTHER
            sum_.chefs.add(chef)
        return name, chef


def label(name: str) -> str:
    """Write what somebody calls itself so that it can be shown, if it is long, not all of it."""
    if not name.isprintable():
        name = "".join(
            one if one.isprintable() else one.encode("unicode_escape").decode() for one in name
        )
    return name if len(name) <= MAX_LABEL else f"{name[: MAX_LABEL - 3]}..."


def _now(sum_: Sum, moments: list[Counts]) -> SumNow:
    behind = [
        counts.behind for counts in moments if counts.behind is not None and counts.behind >= 0
    ]
    return SumNow(
        sum_.kitchen,
        sum_.interface,
        sum_.here,
        dict(sum_.grown),
        {name: sum(getattr(counts, name) for counts in moments) for name in _OF_THE_MOMENT},
        sum(len(counts.quarantined) for counts in moments),
        max(behind, default=None),
    )
