"""How long to wait before trying again, as a pure function."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Final

#: The longest first wait, and the longest wait of all, in seconds.
FIRST: Final = 0.5
LONGEST: Final = 10.0


def delays(
    *,
    first: float = FIRST,
    longest: float = LONGEST,
    uniform: Callable[[float, float], float] = random.uniform,
) -> Iterator[float]:
    """Yield, for ever, how many seconds to wait before the next try.

    The bound doubles from ``first`` to ``longest``; each delay is picked between half the bound and
    all of it, so that a hundred kitchens which lose one hub do not all come back at once.

    Args:
        first: the bound of the first delay, in seconds.
        longest: where the bound stops growing.
        uniform: picks a number between two others.
    """
    bound = min(first, longest)
    while True:
        yield uniform(bound / 2, bound)
        bound = min(2 * bound, longest)
