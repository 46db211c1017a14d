"""Policies of delivery, pure: no socket, no clock, no event loop.

- `outbox`: what a kitchen keeps until a hub has it, how much of it, and what became of it.
- `spool`: the same on disk, so that it survives a crash; `spool_file`, `spool_opening`: its file.
- `backoff`: how long to wait before trying again.
- `ledger`: what came in and what became of it: the identities that must hold of all counts.
"""

from __future__ import annotations

from .backoff import delays
from .ledger import DumplingLedger, EaterLedger, IntakeLedger, PacketLedger
from .outbox import Outbox, OutboxStatistics, Store
from .runs import Burst
from .spool import Spool
from .spool_opening import spool_path

__all__ = [
    "Burst",
    "DumplingLedger",
    "EaterLedger",
    "IntakeLedger",
    "Outbox",
    "OutboxStatistics",
    "PacketLedger",
    "Spool",
    "Store",
    "delays",
    "spool_path",
]
