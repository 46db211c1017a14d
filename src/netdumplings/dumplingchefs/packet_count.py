"""Counts packets by layer."""

from __future__ import annotations

from collections import Counter
from typing import Any

from ..chef import DumplingChef
from ..packets import PacketBatch, count_layers


class PacketCountChef(DumplingChef):
    """Tells how many packets of which kind went by, each layer of each packet counted.

    Per interval: ``{"packet_counts": {"Ethernet": 1426745, "IP": 1423352, ...}}``, counted since
    the kitchen started, by the names scapy gives its layers (see `layer_names` for which).
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._counts: Counter[str] = Counter()

    def batch_handler(self, packets: PacketBatch) -> None:
        """Count."""
        self._counts.update(count_layers(packets))

    def interval_handler(self, interval: float | None = None) -> dict[str, Any]:
        """Tell the counts."""
        return {"packet_counts": dict(self._counts)}
