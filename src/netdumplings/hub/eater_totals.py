"""What eaters were sent and missed, summed by their names; as the kitchens' counts, in `totals`."""

from __future__ import annotations

from typing import Final, NamedTuple

from .guests import ConnectedEater
from .places import OTHER, Name, Places, label

#: How many eaters are told apart, by name.
MAX_EATERS: Final = 200


class EaterSum:
    """What the eaters of one name that have gone were sent, and missed.

    Attributes:
        name: the name.
        here: how many of that name are connected.
        sent: dumplings.
        dropped: likewise.
    """

    def __init__(self, name: Name) -> None:
        self.name = name
        self.here = self.sent = self.dropped = 0


class EaterSumNow(NamedTuple):
    """A sum, with what those have been sent so far who are connected.

    Attributes:
        name: the name.
        here: how many of that name are connected.
        sent: dumplings that they were sent.
        dropped: those that they missed.
        waiting: those that wait for them.
    """

    name: str
    here: int
    sent: int
    dropped: int
    waiting: int


class EaterTotals:
    """Sums up what eaters are sent.

    Args:
        limit: how many names are told apart.
    """

    def __init__(self, limit: int = MAX_EATERS) -> None:
        self._sums: Places[EaterSum] = Places(limit, EaterSum, EaterSum((OTHER,)))
        self._of: dict[ConnectedEater, EaterSum] = {}

    def enter(self, eater: ConnectedEater) -> None:
        """Note that an eater is here."""
        self._of[eater] = self._sums.enter((label(eater.name),))

    def leave(self, eater: ConnectedEater) -> None:
        """Note that an eater has gone, and what it was sent."""
        sum_, ledger = self._of.pop(eater), eater.feed.ledger
        sum_.sent += ledger.sent
        sum_.dropped += ledger.dropped
        self._sums.leave(sum_)

    def now(self) -> list[EaterSumNow]:
        """Sum up what they were sent so far."""
        ledgers: dict[EaterSum, list[tuple[int, int, int]]] = {}
        for eater, sum_ in self._of.items():
            ledger = eater.feed.ledger
            counts = ledger.sent, ledger.dropped, ledger.waiting
            ledgers.setdefault(sum_, []).append(counts)
        found = []
        for sum_ in self._sums:
            sent, dropped, waiting = map(sum, zip((0, 0, 0), *ledgers.get(sum_, ()), strict=True))
            sent, dropped = sent + sum_.sent, dropped + sum_.dropped
            if sum_.here or sent or dropped or sum_.name != (OTHER,):
                found.append(EaterSumNow(sum_.name[0], sum_.here, sent, dropped, waiting))
        return found
