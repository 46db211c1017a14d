"""The sessions of kitchens: which dumplings the hub has, so that none is taken twice."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Iterator
from typing import Final, NamedTuple

from ..delivery import IntakeLedger
from ..wire import Metadata, stream_of
from .runs import Run
from .told import Key

#: How many sessions are remembered whose kitchens have gone, the youngest ones.
MAX_GONE: Final = 1000


class Intake:
    """Counts what came, of one session or of all."""

    __slots__ = ("duplicates", "lost", "received", "taken")

    def __init__(self) -> None:
        self.received = self.taken = self.duplicates = self.lost = 0

    @property
    def ledger(self) -> IntakeLedger:
        """The counts: a snapshot."""
        return IntakeLedger(self.received, self.taken, self.duplicates, self.lost)


class Numbers:
    """How far a stream has come.

    Attributes:
        last: the number of the last dumpling that the hub has, or will never have.
    """

    __slots__ = ("last",)

    def __init__(self, last: int) -> None:
        self.last = last


class Session:
    """A kitchen's session, over any number of its connections.

    Args:
        stream: its public name.
        name: the kitchen's.
        began: the number before the first that may come.
        total: counts what came of all sessions.
        numbers: those of the stream; its own if None.

    Attributes:
        intake: counts what came of it.
        summed: what of that has been summed up with others'.
        told: what its kitchen has counted, of what has been summed up with others'.
        stored: the number up to which the backbone has it, as far as this hub knows.
    """

    __slots__ = (
        "_numbers",
        "_total",
        "began",
        "intake",
        "name",
        "stored",
        "stream",
        "summed",
        "told",
    )

    def __init__(
        self, stream: str, name: str, began: int, total: Intake, numbers: Numbers | None = None
    ) -> None:
        self.stream = stream
        self.name = name
        self.began = began
        self._numbers = Numbers(began) if numbers is None else numbers
        self.intake = Intake()
        self.summed: dict[Key, float] = {}
        self.told: dict[Key, float] = {}
        self.stored = 0
        self._total = total

    @property
    def numbers(self) -> Numbers:
        """The numbers of its stream."""
        return self._numbers

    @property
    def last(self) -> int:
        """The number of the last dumpling that the hub has, or will never have."""
        return self._numbers.last

    def skip_stored(self, number: int) -> None:
        """Note that everything up to this number was sent to this hub or another."""
        self._numbers.last = max(self._numbers.last, number)

    def skip_to(self, first: int) -> int:
        """Note that dumplings will come from this number on, and none before it.

        Returns:
            how many are lost by that.
        """
        lost = max(0, first - 1 - self.last)
        self._numbers.last += lost
        self.count_lost(lost)
        return lost

    def count_lost(self, lost: int) -> None:
        """Count dumplings that will never come."""
        for intake in (self.intake, self._total):
            intake.lost += lost

    def take(self, first: int | None, body: bytes, metadata: list[Metadata]) -> Taken:
        """Take dumplings that came.

        Args:
            first: the number of the first; None for the next.
            body: the dumplings, a line each.
            metadata: what each says of itself.
        """
        numbers, received = self._numbers, len(metadata)
        if first is None or first == numbers.last + 1:
            # As nearly all come.
            run = Run(self.stream, numbers.last + 1, body, metadata)
            numbers.last += received
            self._count(received, 0)
            return Taken(run, 0)
        lost = self.skip_to(first)
        known = min(numbers.last - first + 1, received)
        if known:
            first, metadata = first + known, metadata[known:]
            body = b"\n".join(body.split(b"\n")[known:])
        numbers.last += len(metadata)
        self._count(received, known)
        return Taken(Run(self.stream, first, body, metadata) if metadata else None, lost)

    def _count(self, received: int, known: int) -> None:
        for intake in (self.intake, self._total):
            intake.received += received
            intake.taken += received - known
            intake.duplicates += known


class Taken(NamedTuple):
    """What came of dumplings that came.

    Attributes:
        run: those that are new, if any are.
        lost: how many before them will never come.
    """

    run: Run | None
    lost: int


class Sessions:
    """Every session that the hub knows, and what came of all there ever were."""

    def __init__(self) -> None:
        self._total = Intake()
        # Kitchens that do not number their dumplings share a stream: were it one for each of their
        # connections, an eater would soon have more streams to remember than it can.
        self._plain = Session(stream_of(secrets.token_hex()), "", 0, self._total)
        self._here: dict[str, Session] = {}
        self._gone: dict[str, Session] = {}

    @property
    def ledger(self) -> IntakeLedger:
        """What came, of all sessions there ever were: a snapshot."""
        return self._total.ledger

    def open(self, session: str, first: int, name: str) -> tuple[Session, bool]:
        """Begin a session, or go on with it.

        Args:
            session: the kitchen's secret name for it.
            first: the lowest number that may still be sent.
            name: the kitchen's name.

        Returns:
            the session, and whether it is new to this hub.
        """
        stream = stream_of(session)
        known = self._here.get(stream) or self._gone.pop(stream, None)
        opened = known or Session(stream, name, first - 1, self._total)
        opened.name = name
        self._here[stream] = opened
        return opened, known is None

    def plain(self, name: str) -> Session:
        """Begin the session of a kitchen that does not number its dumplings.

        Args:
            name: the kitchen's name.
        """
        plain = self._plain
        return Session(plain.stream, name, plain.began, self._total, plain.numbers)

    def known(self, stream: str) -> Session | None:
        """Give the session that has this public name; None if there is none of a kitchen's."""
        return self._here.get(stream) or self._gone.get(stream)

    def close(self, session: Session) -> None:
        """Note that the kitchen has gone; it may come back."""
        self._gone[session.stream] = self._here.pop(session.stream)
        while len(self._gone) > MAX_GONE:
            del self._gone[next(iter(self._gone))]

    def __iter__(self) -> Iterator[Session]:
        """Yield a session of every stream, those longest gone first."""
        plain = [self._plain] if self._plain.last else []
        return itertools.chain(self._gone.values(), self._here.values(), plain)

    def cursor(self, limit: int) -> dict[str, int]:
        """Say how far each stream has come; of more than a limit, the youngest."""
        return {session.stream: session.last for session in list(self)[-limit:]}
