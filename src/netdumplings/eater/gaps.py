"""What an eater missed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Gap:
    """Dumplings that an eater did not get; ``str(gap)`` says so in a sentence.

    Attributes:
        missed: how many. Of an eater that was too slow, of those it had asked for; otherwise of
            all, for nobody knows what they were.
        reason: why: ``slow``, the eater did not read as fast as they came; ``kitchen``, a kitchen
            had no room to keep them until the hub could take them; ``history``, the hub no
            longer had them when the eater came back; ``hub``, another hub had them: one that has
            gone, or one that the kitchen was at meanwhile. Others may be added.
        kitchen: whose they were, if they were one kitchen's and the hub knows its name. As it came
            from the network: escape it before you show it.
    """

    missed: int
    reason: str
    kitchen: str | None = None

    def __str__(self) -> str:
        many = f"{self.missed:,} {'dumpling' if self.missed == 1 else 'dumplings'}"
        # Quoted by repr(), a name cannot pass for more than a name.
        by_whom = "" if self.kitchen is None else f" of kitchen {self.kitchen!r:.300}"
        why = _WHY.get(self.reason, f"the hub says {self.reason!r:.80}")
        return f"missed {many}{by_whom}: {why}"


_WHY = {
    "slow": "this eater was too slow",
    "kitchen": "the kitchen had no room to keep more",
    "history": "the hub's history does not go back so far",
    "hub": "another hub had them, and this one does not",
}
