"""Policies of delivery, pure: no socket, no clock, no event loop.

- `outbox`: what a kitchen keeps while its hub is away, how much of it, and what became of it.
- `backoff`: how long to wait before trying again.
- `ledger`: what came in and what became of it: the identities that must hold of all counts.
"""

from __future__ import annotations

from .backoff import delays
from .ledger import DumplingLedger, EaterLedger, PacketLedger
from .outbox import Outbox, OutboxStatistics

__all__ = [
    "DumplingLedger",
    "EaterLedger",
    "Outbox",
    "OutboxStatistics",
    "PacketLedger",
    "delays",
]
