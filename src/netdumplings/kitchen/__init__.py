"""Where packets are cooked: chefs are found, run over packets, and what they make is sent on."""

from .kitchen import DumplingKitchen
from .statistics import ChefStatistics, KitchenStatistics

__all__ = ["ChefStatistics", "DumplingKitchen", "KitchenStatistics"]
