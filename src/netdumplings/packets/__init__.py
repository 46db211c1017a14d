"""From bytes to packets: batches as they were captured, and scapy packets made of them."""

from .batch import PacketBatch
from .dissect import AbsentRecord, Packet, dissect
from .layers import layer_names

__all__ = ["AbsentRecord", "Packet", "PacketBatch", "dissect", "layer_names"]
