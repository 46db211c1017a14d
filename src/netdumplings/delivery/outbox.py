"""What a kitchen keeps of its dumplings until a hub has them."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from .ledger import DumplingLedger
from .runs import Burst, Runs


class OutboxStatistics(NamedTuple):
    """What became of the messages so far: ``made == acknowledged + held + dropped``.

    Attributes:
        made: messages put in.
        acknowledged: messages that a hub has.
        held: messages in the outbox, those in flight included.
        dropped: messages lost: pushed out by younger ones, too big, or refused.
        held_bytes: bytes of the messages held.
        held_on_disk: how many of those held would be there after a crash.
    """

    made: int
    acknowledged: int
    held: int
    dropped: int
    held_bytes: int
    held_on_disk: int = 0

    @property
    def ledger(self) -> DumplingLedger:
        """The same as books that must balance."""
        return DumplingLedger(self.made, self.acknowledged, self.held, self.dropped)


class Store(Protocol):
    """Where numbered messages stay until they are acknowledged; in memory, or on disk too.

    A message is waiting, then in flight (taken, not yet acknowledged), then gone. Its number is one
    more than that of the message before, within its session, from 1. Not thread-safe.
    """

    @property
    def session(self) -> str:
        """In which session the messages are numbered that are to be sent next; a secret."""
        ...

    @property
    def first(self) -> int:
        """The lowest number that may still be sent: all below are acknowledged or dropped.

        With nothing to send, the number that the next message will get.
        """
        ...

    @property
    def acknowledged(self) -> int:
        """The highest number of the session that was acknowledged, or less; 0 for none.

        Below ``first``. What lies between was dropped: no hub will ever get it.
        """
        ...

    @property
    def in_flight_bytes(self) -> int:
        """Bytes of the messages in flight."""
        ...

    def put(self, message: bytes) -> int:
        """Put a message in at the end; it gets the next number.

        Where there is no room, the oldest waiting messages are dropped, in the worst case this
        one. Those in flight never are: the hub may have them already.

        Returns:
            how many messages were dropped.
        """
        ...

    def has_room(self, size: int) -> bool:
        """Tell whether a message of so many bytes can be put in and nothing be dropped.

        A message that is larger than there is room at all is said to have room when nothing is
        held: to wait longer would not help it.
        """
        ...

    def take(self, max_messages: int, max_bytes: int) -> Burst:
        """Take the oldest waiting messages; they are now in flight.

        Args:
            max_messages: how many at most.
            max_bytes: how many bytes at most; one message is taken however large it is.

        Returns:
            messages that follow one another, oldest first; none if none is waiting.
        """
        ...

    def acknowledge(self, seq: int) -> None:
        """Let go of every message up to a number, in flight or waiting again: a hub has them.

        Raises:
            ValueError: such a message was never sent.
        """
        ...

    def rewind(self) -> None:
        """Put everything in flight back to wait, in its old place: the connection was lost."""
        ...

    def drop_in_flight(self) -> int:
        """Drop all messages in flight, and count them: a hub refused them.

        Returns:
            how many there were.
        """
        ...

    def statistics(self) -> OutboxStatistics:
        """Return what became of the messages so far, as a snapshot."""
        ...


class Outbox:
    """A `Store` in memory: a bounded first-in first-out queue.

    Args:
        max_bytes: how many bytes it holds at most, waiting and in flight together.
        session: the session's name.
    """

    def __init__(self, max_bytes: int, session: str = "") -> None:
        if max_bytes <= 0:
            raise ValueError(f"max_bytes must be positive, not {max_bytes}")
        self.max_bytes = max_bytes
        self.session = session
        self._waiting = Runs()
        self._in_flight = Runs()
        self._made = 0
        self._acknowledged = 0
        self._dropped = 0
        self._sent = 0
        self._acknowledged_upto = 0
        # Messages that were in flight when a connection was lost, and dropped since: the hub may
        # have them, and will say so before anything more is sent. Runs of numbers, both ends in.
        self._doubtful: list[tuple[int, int]] = []

    @property
    def first(self) -> int:
        """See `Store`; what was dropped and may have arrived counts as if it could be sent."""
        if self._doubtful:
            return self._doubtful[0][0]
        return self._in_flight.first or self._waiting.first or self._made + 1

    @property
    def acknowledged(self) -> int:
        """See `Store`."""
        return self._acknowledged_upto

    @property
    def in_flight_bytes(self) -> int:
        """See `Store`."""
        return self._in_flight.size

    def put(self, message: bytes) -> int:
        """See `Store`."""
        self._made += 1
        self._waiting.append(self._made, message)
        dropped = 0
        while self._waiting.count and self._in_flight.size + self._waiting.size > self.max_bytes:
            number, _ = self._waiting.popleft()
            if number <= self._sent and not self._in_flight:
                self._doubt(number)
            dropped += 1
        self._dropped += dropped
        return dropped

    def has_room(self, size: int) -> bool:
        """See `Store`."""
        held = self._in_flight.size + self._waiting.size
        return held + size <= self.max_bytes or not (self._waiting or self._in_flight)

    def take(self, max_messages: int, max_bytes: int) -> Burst:
        """See `Store`."""
        taken = self._waiting.take(max_messages, max_bytes)
        if taken.messages:
            self._doubtful.clear()
            self._in_flight.extend(taken)
            self._sent = max(self._sent, taken.last)
        return taken

    def acknowledge(self, seq: int) -> None:
        """See `Store`."""
        if not 0 <= seq <= self._sent:
            raise ValueError(f"dumpling {seq} acknowledged, and the latest sent is {self._sent}")
        self._acknowledged_upto = max(self._acknowledged_upto, seq)
        self._acknowledged += self._in_flight.discard(seq) + self._waiting.discard(seq)
        for first, last in self._doubtful:
            arrived = max(0, min(last, seq) - first + 1)
            self._acknowledged += arrived
            self._dropped -= arrived
        self._doubtful.clear()

    def rewind(self) -> None:
        """See `Store`."""
        self._waiting.put_back(self._in_flight)

    def drop_in_flight(self) -> int:
        """See `Store`."""
        dropped = self._in_flight.count
        self._in_flight.clear()
        self._dropped += dropped
        return dropped

    def statistics(self) -> OutboxStatistics:
        """See `Store`."""
        return OutboxStatistics(
            made=self._made,
            acknowledged=self._acknowledged,
            held=self._waiting.count + self._in_flight.count,
            dropped=self._dropped,
            held_bytes=self._waiting.size + self._in_flight.size,
        )

    def _doubt(self, number: int) -> None:
        if self._doubtful and self._doubtful[-1][1] == number - 1:
            self._doubtful[-1] = (self._doubtful[-1][0], number)
        else:
            self._doubtful.append((number, number))
