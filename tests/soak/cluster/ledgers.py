"""What an eater has eaten of each life of each kitchen, and whether in its order."""

from __future__ import annotations

import time
from typing import Any, Final

#: Seconds in which an eater may be given what was made before it came.
SETTLED: Final = 3.0


class Eaten:
    """The account of an eater, or of one connection of a legacy eater.

    What is consecutive takes as much room as a single dumpling.

    Attributes:
        lives: of each life, the number of the last dumpling; and of each of its chefs, in their
            order, the numbers of that chef: pairs of the first and the last of consecutive ones.
        disorder: how many dumplings came after one that has a higher number.
        holes: how many were missing between others, when it had eaten for `SETTLED` seconds.

    When it begins to eat, it may be given some that were made before, though not all of those: what
    another hub has stored again, because it did not know that they were stored.
    """

    def __init__(self, kept: dict[str, Any] | None = None) -> None:
        kept = kept or {"lives": {}, "disorder": 0, "holes": 0}
        self.lives: dict[str, dict[str, Any]] = kept["lives"]
        self.disorder: int = kept["disorder"]
        self.holes: int = kept["holes"]
        self._began = 0.0

    def eat(self, chef: str, life: str, number: int, of_chef: int) -> str:
        """Note a dumpling.

        Returns:
            what is wrong with that; empty if all is well.
        """
        wrong = ""
        self._began = self._began or time.monotonic()
        one = self.lives.setdefault(life, {"last": 0, "chefs": {}})
        if number <= one["last"]:
            self.disorder += 1
            wrong = f"{number} of {life} after {one['last']}"
        one["last"] = max(number, one["last"])
        runs = one["chefs"].setdefault(chef, [])
        if runs and runs[-1][1] == of_chef - 1:
            runs[-1][1] = of_chef
        else:
            if runs or of_chef > 1:
                last = runs[-1][1] if runs else 0
                wrong = wrong or f"{of_chef} of {chef} of {life} after {last}"
            if runs and time.monotonic() - self._began > SETTLED:
                self.holes += max(0, of_chef - runs[-1][1] - 1)
            runs.append([of_chef, of_chef])
        return wrong

    def kept(self) -> dict[str, Any]:
        """What `Eaten` makes the same of."""
        return {"lives": self.lives, "disorder": self.disorder, "holes": self.holes}
