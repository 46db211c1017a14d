"""From bytes to packets: batches as they were captured, and scapy packets made of them."""

from .batch import PacketBatch
from .dissect import AbsentRecord, Packet, dissect
from .layers import count_layers, layer_names
from .messages import ArpMessage, arp_messages, dns_questions

__all__ = [
    "AbsentRecord",
    "ArpMessage",
    "Packet",
    "PacketBatch",
    "arp_messages",
    "count_layers",
    "dissect",
    "dns_questions",
    "layer_names",
]
