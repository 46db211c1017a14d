"""What became of every dumpling that was made."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from netdumplings.delivery import (
    BackboneLedger,
    EaterLedger,
    HubBooks,
    IntakeLedger,
    ReturnLedger,
)

from ..books import balance
from .fleet import EATERS, Fleet, Wanting


@dataclass
class Outcome:
    """The account of everything.

    Attributes:
        made: how many dumplings were made, as far as that is known of kitchens that were killed.
        acknowledged: of how many their kitchen was told that they are stored.
        eaten: how many eaters have eaten them, all together.
        missing: how many an eater should have eaten and has not, summed over the eaters; those
            missing within a connection of a legacy eater with them.
        twice: how many an eater has eaten again; of a legacy eater, within a connection.
        disorder: how many came to an eater after one that its kitchen had made later.
        told: how many eaters were told that they missed.
        dropped: how many kitchens have dropped.
        wrong: what else is wrong, in words.
    """

    made: int = 0
    acknowledged: int = 0
    eaten: int = 0
    missing: int = 0
    twice: int = 0
    disorder: int = 0
    told: int = 0
    dropped: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """Whether nothing was lost, given twice, or out of order."""
        return not (
            self.missing or self.twice or self.disorder or self.told or self.dropped or self.wrong
        )

    def table(self) -> list[tuple[str, int]]:
        """What is counted, and how much there is of each."""
        return [
            ("dumplings made", self.made),
            ("acknowledged", self.acknowledged),
            ("eaten, by all eaters together", self.eaten),
            ("missing", self.missing),
            ("eaten twice", self.twice),
            ("out of order", self.disorder),
            ("told to be missed", self.told),
            ("dropped by kitchens", self.dropped),
        ]

    def __str__(self) -> str:
        counts = ", ".join(f"{count} {name}" for name, count in self.table())
        return "\n    ".join([counts, *self.wrong])


def outcome_of(fleet: Fleet) -> Outcome:
    """Make the account of a fleet that has finished."""
    outcome = Outcome(wrong=list(_violations(fleet)))
    books = {wanting: json.loads(fleet.books_of(wanting).read_text()) for wanting in EATERS}
    for life in fleet.lives:
        counts = _counts(life, books)
        outcome.made += sum(counts.values())
        outcome.acknowledged += life.get("acknowledged", 0)
        outcome.dropped += life.get("dropped", 0)
        if "ended" in life and life["acknowledged"] != sum(life["made"].values()):
            outcome.wrong.append(f"not all that was made is acknowledged: {life}")
        for wanting in EATERS:
            if not wanting.legacy:
                _check(outcome, wanting, life, counts, books[wanting])
    for wanting, kept in books.items():
        outcome.disorder += kept["eaten"]["disorder"]
        outcome.told += sum(kept["missed"].values())
        outcome.eaten += kept["count"]
        for connection in kept["connections"]:
            _check_connection(outcome, wanting, connection)
    return outcome


def _counts(life: dict[str, Any], books: dict[Wanting, Any]) -> Counter[str]:
    """How many dumplings of each chef of a life must have been eaten by who wants them.

    Of a life that was killed, nobody knows what it has made; but what anybody has eaten of it,
    everybody must have. (And all of them what it was told is stored: see `_check`.)
    """
    counts = Counter(life["made"]) if "ended" in life else Counter()
    for kept in books.values():
        eaten = [kept["eaten"], *kept["connections"]]
        for chefs in (one["lives"][life["life"]]["chefs"] for one in eaten
                      if life.get("life") in one["lives"]):  # fmt: skip
            for chef, runs in chefs.items():
                counts[chef] = max(counts[chef], *(last for _, last in runs))
    return counts


def _check(
    outcome: Outcome, wanting: Wanting, life: dict[str, Any], counts: Counter[str], kept: Any
) -> None:
    if not life:  # it was killed before it said anything
        return
    eaten = kept["eaten"]["lives"].get(life["life"], {"last": 0, "chefs": {}})
    everything = not (wanting.chefs or wanting.kitchens)
    if everything and eaten["last"] < life["acknowledged"]:
        outcome.wrong.append(f"{wanting.name} has {eaten['last']} of {life}")
    for chef, count in counts.items():
        runs = eaten["chefs"].pop(chef, [])
        found = balance(runs, count if wanting.wants(life["kitchen"], chef) else 0)
        outcome.twice += found.twice
        outcome.missing += found.missing
        if found.holes:
            outcome.wrong.append(f"{wanting.name} lacks {found.holes[:5]} of {chef} of {life}")
        if runs and not wanting.wants(life["kitchen"], chef):
            outcome.wrong.append(f"{wanting.name} was given {found.eaten} of {chef} of {life}")


def _check_connection(outcome: Outcome, wanting: Wanting, connection: Any) -> None:
    outcome.disorder += connection["disorder"]
    outcome.missing += connection["holes"]
    for life, eaten in connection["lives"].items():
        for chef, runs in eaten["chefs"].items():
            found = balance(runs)
            outcome.twice += found.twice
            if connection["holes"] or found.twice:
                outcome.wrong.append(f"{wanting.name} was given {runs} of {chef} of {life}")


def _violations(fleet: Fleet) -> Iterator[str]:
    """Say which books of the hubs do not balance."""
    for number in fleet.hubs:
        status = fleet.status(number)
        [own] = [one for one in status["hubs"] if one["name"] == status["hub"]]
        for whose, told in ((f"hub {number}", own), ("all hubs", status)):
            for line in _books(told).violations():
                yield f"{whose}: {line}"


def _books(told: dict[str, Any]) -> HubBooks:
    def read(kind: Any, counts: dict[str, int]) -> Any:
        return kind(**{name: counts[name] for name in kind._fields})

    ledger, backbone = told["ledger"], told["backbone"]
    return HubBooks(
        intake=read(IntakeLedger, ledger),
        eaters=read(EaterLedger, ledger),
        storing=read(BackboneLedger, backbone["storing"]),
        returning=read(ReturnLedger, backbone["returning"]),
    )
