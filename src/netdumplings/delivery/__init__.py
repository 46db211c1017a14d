"""Policies of delivery, pure: no socket, no clock, no event loop.

- `outbox`: what a kitchen keeps while its hub is away, how much of it, and what became of it.
- `backoff`: how long to wait before trying again.
"""

from __future__ import annotations

from .backoff import delays
from .outbox import Outbox, OutboxStatistics

__all__ = ["Outbox", "OutboxStatistics", "delays"]
