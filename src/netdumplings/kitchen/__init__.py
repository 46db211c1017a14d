"""Where packets are cooked: chefs are found, run over packets, and what they make is sent on."""

from .kitchen import DumplingKitchen, KitchenStatistics

__all__ = ["DumplingKitchen", "KitchenStatistics"]
