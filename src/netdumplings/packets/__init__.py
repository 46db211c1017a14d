"""From bytes to packets: batches as they were captured, and scapy packets made of them."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .batch import PacketBatch

if TYPE_CHECKING:
    from .dissection import AbsentRecord, Packet, dissect
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

# Found on first use: these need scapy, which takes seconds to load, and capturing does not.
_LATER = {
    "AbsentRecord": "dissection",
    "ArpMessage": "messages",
    "Packet": "dissection",
    "arp_messages": "messages",
    "count_layers": "layers",
    "dissect": "dissection",
    "dns_questions": "messages",
    "layer_names": "layers",
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_LATER[name]}", __name__), name)
