"""How bad something is."""

from __future__ import annotations

import enum
from typing import Final


class Level(enum.IntEnum):
    """How bad it is."""

    fine = 0
    #: Something is not as it should be: chefs make errors, packets wait long.
    odd = 1
    #: Something was lost, or the kitchen itself.
    lost = 2
    #: A chef does not run any more, or does not return.
    broken = 3
    #: Something is being lost.
    losing = 4


#: How bad it is, as rich names colors. The words say the same.
COLORS: Final = {
    Level.fine: "green",
    Level.odd: "yellow",
    Level.lost: "red",
    Level.broken: "red",
    Level.losing: "bold red",
}
