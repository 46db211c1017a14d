"""What a kitchen keeps of its dumplings until a hub has them."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple


class OutboxStatistics(NamedTuple):
    """What became of the messages so far: ``made == acknowledged + held + dropped``.

    Attributes:
        made: messages put in.
        acknowledged: messages that a hub has.
        held: messages in the outbox, those in flight included.
        dropped: messages lost: pushed out by younger ones, too big, or refused.
        held_bytes: bytes of the messages held.
    """

    made: int
    acknowledged: int
    held: int
    dropped: int
    held_bytes: int


class Outbox:
    """A bounded first-in first-out queue whose messages stay until they are acknowledged.

    A message is waiting, then in flight (taken, not yet acknowledged), then gone. Not thread-safe.

    Args:
        max_bytes: how many bytes it holds at most, waiting and in flight together.
    """

    def __init__(self, max_bytes: int) -> None:
        if max_bytes <= 0:
            raise ValueError(f"max_bytes must be positive, not {max_bytes}")
        self.max_bytes = max_bytes
        self._waiting: deque[bytes] = deque()
        self._in_flight: deque[bytes] = deque()
        self._held_bytes = 0
        self._made = 0
        self._acknowledged = 0
        self._dropped = 0

    def put(self, message: bytes) -> int:
        """Put a message in at the end.

        Where there is no room, the oldest waiting messages are dropped, in the worst case this
        one. Those in flight never are: the hub may have them already.

        Returns:
            how many messages were dropped.
        """
        self._made += 1
        self._waiting.append(message)
        self._held_bytes += len(message)
        dropped = 0
        while self._held_bytes > self.max_bytes and self._waiting:
            self._held_bytes -= len(self._waiting.popleft())
            dropped += 1
        self._dropped += dropped
        return dropped

    def has_room(self, size: int) -> bool:
        """Tell whether a message of so many bytes can be put in and nothing be dropped.

        A message that is larger than the whole outbox is said to have room when nothing is held:
        to wait longer would not help it.
        """
        return self._held_bytes + size <= self.max_bytes or not (self._waiting or self._in_flight)

    def take(self, max_messages: int, max_bytes: int) -> list[bytes]:
        """Take the oldest waiting messages; they are now in flight.

        Args:
            max_messages: how many at most.
            max_bytes: how many bytes at most; one message is taken however large it is.

        Returns:
            the messages, oldest first; none if none is waiting.
        """
        taken: list[bytes] = []
        size = 0
        while self._waiting and len(taken) < max_messages:
            size += len(self._waiting[0])
            if taken and size > max_bytes:
                break
            taken.append(self._waiting.popleft())
        self._in_flight.extend(taken)
        return taken

    def acknowledge(self, count: int) -> None:
        """Let go of the oldest messages in flight: a hub has them.

        Raises:
            ValueError: there are not so many in flight.
        """
        if not 0 <= count <= len(self._in_flight):
            raise ValueError(f"{count} acknowledged of {len(self._in_flight)} in flight")
        for _ in range(count):
            self._held_bytes -= len(self._in_flight.popleft())
        self._acknowledged += count

    def rewind(self) -> None:
        """Put everything in flight back to wait, in its old place: the connection was lost."""
        self._waiting.extendleft(reversed(self._in_flight))
        self._in_flight.clear()

    def drop_in_flight(self) -> int:
        """Drop all messages in flight, and count them: a hub refused them.

        Returns:
            how many there were.
        """
        dropped = len(self._in_flight)
        self._held_bytes -= sum(map(len, self._in_flight))
        self._in_flight.clear()
        self._dropped += dropped
        return dropped

    def statistics(self) -> OutboxStatistics:
        """Return what became of the messages so far, as a snapshot."""
        return OutboxStatistics(
            made=self._made,
            acknowledged=self._acknowledged,
            held=len(self._waiting) + len(self._in_flight),
            dropped=self._dropped,
            held_bytes=self._held_bytes,
        )
