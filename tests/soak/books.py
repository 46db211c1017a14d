"""What was made, what was eaten, what was missed; and whether the one is the sum of the others."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Books:
    """The account of one life of a kitchen.

    Attributes:
        made: the highest number that is known to have been made.
        eaten: how many different numbers have been eaten.
        twice: how many were eaten again.
        holes: numbers that were not eaten, as pairs of the first and the last.
    """

    made: int
    eaten: int = 0
    twice: int = 0
    holes: list[tuple[int, int]] = field(default_factory=list)

    @property
    def missing(self) -> int:
        """How many were made and not eaten."""
        return sum(last - first + 1 for first, last in self.holes)


def balance(runs: list[list[int]], made: int | None = None) -> Books:
    """Make the account of a life.

    Args:
        runs: what was eaten, in its order: pairs of the first and the last of consecutive numbers.
        made: how many were made; None for as many as the highest that was eaten.
    """
    highest = max((last for _, last in runs), default=0)
    books = Books(made=highest if made is None else made)
    beyond = 0
    for first, last in sorted(runs):
        if first > beyond + 1:
            books.holes.append((beyond + 1, first - 1))
        books.twice += max(0, min(last, beyond) - first + 1)
        books.eaten += max(0, last - max(beyond, first - 1))
        beyond = max(beyond, last)
    if beyond < books.made:
        books.holes.append((beyond + 1, books.made))
    return books
