"""What tests of spools share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from netdumplings.delivery import OutboxStatistics
from netdumplings.delivery.spool import Spool

SESSION = "0123456789abcdef" * 2


_made: list[Spool] = []


def spool_at(
    path: Path, session: str = SESSION, *, max_bytes: int = 10_000_000, memory: int = 1_000_000
) -> Spool:
    spool = Spool(path, session, max_bytes=max_bytes, memory_bytes=memory)
    _made.append(spool)
    return spool


@contextmanager
def spools_closed() -> Iterator[None]:
    """At the end, close every spool that was made: Python 3.13 warns of open databases."""
    _made.clear()
    yield
    for spool in _made:
        spool.close()
    _made.clear()


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
