"""What the status dumplings of a hub tell of all that is connected to it: the fleet.

`reading` turns one status into values, whatever it holds; `fleet` follows one status after the
other, which gives rates, and remembers who has gone; `words` says what is wrong, and in what order.
Nothing here has a clock or a terminal.
"""

from .fleet import Eater, Fleet, Kitchen, Rates
from .reading import (
    ChefStatus,
    EaterStatus,
    HubStatus,
    KitchenStatus,
    Losses,
    is_status,
    read_status,
)
from .words import COLORS, Level, level, troubles, worst_first

__all__ = [
    "COLORS",
    "ChefStatus",
    "Eater",
    "EaterStatus",
    "Fleet",
    "HubStatus",
    "Kitchen",
    "KitchenStatus",
    "Level",
    "Losses",
    "Rates",
    "is_status",
    "level",
    "read_status",
    "troubles",
    "worst_first",
]
