"""Where packets are cooked: chefs are found, run over packets, and what they make is sent on."""

from ..whereabouts import Whereabout, Whereabouts
from .kitchen import DumplingKitchen
from .statistics import ChefStatistics, KitchenStatistics, StuckCall

__all__ = [
    "ChefStatistics",
    "DumplingKitchen",
    "KitchenStatistics",
    "StuckCall",
    "Whereabout",
    "Whereabouts",
]
