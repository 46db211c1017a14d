"""Distributed network packet sniffing and processing.

Kitchens (``nd-sniff``) sniff packets and hand them to chefs, small Python classes; what those
return becomes dumplings, JSON documents that a hub (``nd-hub``) forwards to every eater.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._version import __version__
from .chef import DumplingChef
from .dumpling import Dumpling, DumplingDriver
from .exceptions import InvalidDumpling, InvalidDumplingPayload, NetDumplingsError

if TYPE_CHECKING:
    from .eater import DumplingBatch, DumplingEater, Gap
    from .hub import DumplingHub
    from .kitchen import DumplingKitchen

__all__ = [
    "Dumpling",
    "DumplingBatch",
    "DumplingChef",
    "DumplingDriver",
    "DumplingEater",
    "DumplingHub",
    "DumplingKitchen",
    "Gap",
    "InvalidDumpling",
    "InvalidDumplingPayload",
    "NetDumplingsError",
    "__version__",
]

# Found on first use, so that a program that wants one of them does not wait for the libraries
# (scapy, numpy, websockets) of the others.
_LATER = {
    "DumplingBatch": "eater",
    "DumplingEater": "eater",
    "DumplingHub": "hub",
    "DumplingKitchen": "kitchen",
    "Gap": "eater",
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_LATER[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
