"""Where packets are cooked: chefs are found, run over packets, and what they make is sent on."""

from ..whereabouts import Whereabout, Whereabouts
from .kitchen import DumplingKitchen
from .reloading import ChefMenu
from .statistics import ChefStatistics, KitchenStatistics, StuckCall

__all__ = [
    "ChefMenu",
    "ChefStatistics",
    "DumplingKitchen",
    "KitchenStatistics",
    "StuckCall",
    "Whereabout",
    "Whereabouts",
]
