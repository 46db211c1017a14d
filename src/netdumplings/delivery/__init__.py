"""Policies of delivery, pure: no socket, no clock, no event loop.

- `outbox`: what a kitchen keeps until a hub has it, how much of it, and what became of it.
- `spool`: the same on disk, so that it survives a crash (`spool_jobs`, `spool_file`, `spool_rows`,
  `spool_opening` and `spool_reports` are parts of it). Only kitchens need it and SQLite, so it is
  not imported here.
- `backoff`: how long to wait before trying again; `rotation`: and which hub to try.
- `ledger`: what came in and what became of it: the identities that must hold of all counts.
"""

from __future__ import annotations

from .backoff import delays
from .ledger import (
    BackboneLedger,
    DumplingLedger,
    EaterLedger,
    HubBooks,
    IntakeLedger,
    PacketLedger,
    ReturnLedger,
)
from .outbox import Outbox, OutboxStatistics, Store
from .rotation import Rotation
from .runs import Burst

__all__ = [
    "BackboneLedger",
    "Burst",
    "DumplingLedger",
    "EaterLedger",
    "HubBooks",
    "IntakeLedger",
    "Outbox",
    "OutboxStatistics",
    "PacketLedger",
    "ReturnLedger",
    "Rotation",
    "Store",
    "delays",
]
