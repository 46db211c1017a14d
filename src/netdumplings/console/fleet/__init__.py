"""What the status dumplings of a hub tell of all that is connected to it: the fleet.

`reading` and `hubs` turn one status into values, whatever it holds; `fleet` follows one status
after the other, which gives rates, and remembers who has gone; `words` and `hub_words` say what is
wrong, and in what order.
Nothing here has a clock or a terminal.
"""

from .fleet import Eater, Fleet, Hub, Kitchen, Rates
from .hub_words import backbone_troubles, books_out, hub_level, hub_troubles, worst_hubs_first
from .hubs import BackboneStatus, OneHub
from .levels import COLORS, Level
from .reading import (
    ChefStatus,
    EaterStatus,
    HubStatus,
    KitchenStatus,
    Losses,
    is_status,
    read_status,
)
from .words import level, said_of, troubles, worst_first

__all__ = [
    "COLORS",
    "BackboneStatus",
    "ChefStatus",
    "Eater",
    "EaterStatus",
    "Fleet",
    "Hub",
    "HubStatus",
    "Kitchen",
    "KitchenStatus",
    "Level",
    "Losses",
    "OneHub",
    "Rates",
    "backbone_troubles",
    "books_out",
    "hub_level",
    "hub_troubles",
    "is_status",
    "level",
    "read_status",
    "said_of",
    "troubles",
    "worst_first",
    "worst_hubs_first",
]
