"""What the hubs of a fleet have counted, summed up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from ..delivery import BackboneLedger, EaterLedger, HubBooks, IntakeLedger, ReturnLedger
from ..wire import CAUSES
from .reports import LEDGER, HubTold

#: A sum is at most what is still a whole number to everybody.
_MOST: Final = 2**63 - 1


class Sums:
    """Sums of what hubs tell; they balance as each hub's own books do.

    Attributes:
        ledger: what became of every dumpling, by the keys of `LEDGER`.
        refused: connections that were refused, by cause.
        has_backbone: whether any of the hubs has told of one.
        storing: what became of what kitchens sent, by the names of a `BackboneLedger`.
        returning: what became of what the backbone gave, by the names of a `ReturnLedger`.
    """

    def __init__(self) -> None:
        self.ledger = dict.fromkeys(LEDGER, 0)
        self.refused: dict[str, int] = {}
        self.has_backbone = False
        self.storing = dict.fromkeys(BackboneLedger._fields, 0)
        self.returning = dict.fromkeys(ReturnLedger._fields, 0)

    def add(self, told: HubTold, *, ended: bool = False) -> None:
        """Add what a hub has counted.

        Args:
            told: what it said.
            ended: whether it is there no more: then what waited in it waits no more.
        """
        ledger, backbone = told.ledger, told.backbone
        _add(self.ledger, _ended(ledger, "dropped") if ended else ledger, LEDGER)
        _add(self.refused, told.refused, CAUSES)
        if backbone is not None:
            storing = _ended(backbone.storing, "left") if ended else backbone.storing
            self.has_backbone = True
            _add(self.storing, storing, BackboneLedger._fields)
            _add(self.returning, backbone.returning, ReturnLedger._fields)

    def add_sums(self, other: Sums) -> None:
        """Add other sums."""
        self.has_backbone |= other.has_backbone
        _add(self.ledger, other.ledger, LEDGER)
        _add(self.refused, other.refused, CAUSES)
        _add(self.storing, other.storing, BackboneLedger._fields)
        _add(self.returning, other.returning, ReturnLedger._fields)

    @property
    def books(self) -> HubBooks:
        """The same as books, which can say whether they balance."""
        return HubBooks(
            IntakeLedger(*(self.ledger[name] for name in IntakeLedger._fields)),
            EaterLedger(*(self.ledger[name] for name in EaterLedger._fields)),
            BackboneLedger(**self.storing) if self.has_backbone else None,
            ReturnLedger(**self.returning) if self.has_backbone else None,
        )


def _add(sums: dict[str, int], counts: Mapping[str, int], names: Iterable[str]) -> None:
    for name in names:
        if number := counts.get(name):
            sums[name] = min(sums.get(name, 0) + number, _MOST)


def _ended(counts: Mapping[str, int], instead: str) -> dict[str, int]:
    """Count what is waiting as something else."""
    waiting = counts.get("waiting", 0)
    return {**counts, "waiting": 0, instead: counts.get(instead, 0) + waiting}
