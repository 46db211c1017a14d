"""What tests of spools share."""

from __future__ import annotations

from pathlib import Path

from netdumplings.delivery import OutboxStatistics
from netdumplings.delivery.spool import Spool

SESSION = "0123456789abcdef" * 2


def spool_at(
    path: Path, session: str = SESSION, *, max_bytes: int = 10_000_000, memory: int = 1_000_000
) -> Spool:
    return Spool(path, session, max_bytes=max_bytes, memory_bytes=memory)


def work(spool: Spool) -> None:
    """Do what is to be done on the disk; what fails is tried once."""
    while (job := spool.job()) is not None:
        outcome = spool.run(job)
        spool.finish(outcome)
        if outcome.error is not None:
            return


def drain(spool: Spool) -> list[tuple[str, int, bytes]]:
    """Take, as a hub would, all that can be taken, and acknowledge it; with session and number."""
    taken: list[tuple[str, int, bytes]] = []
    while True:
        session = spool.session
        burst = spool.take(100, 10_000)
        if not burst.messages:
            if not spool.hungry:
                return taken
            work(spool)
            continue
        numbers = range(burst.first, burst.last + 1)
        taken += [(session, *pair) for pair in zip(numbers, burst.messages, strict=True)]
        spool.acknowledge(burst.last)


def balanced(spool: Spool) -> OutboxStatistics:
    """The books, which must balance."""
    now = spool.statistics()
    assert now.ledger.violations() == []
    assert 0 <= now.held_on_disk <= now.held
    return now
