"""What an eater is given, and what becomes of what it does not take in time."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol

from ..defaults import EATER_MESSAGES
from ..delivery import EaterLedger
from ..wire import Gap, GapReason, Matcher
from .formats import Format
from .history import Replay
from .runs import Hole

logger = logging.getLogger("netdumplings.hub")

#: How many kitchens' gaps are told apart while an eater is too slow to be told any.
MAX_GAPS: Final = 16


class Outlet(Protocol):
    """Where an eater's bytes go."""

    @property
    def open(self) -> bool:
        """Whether it takes bytes: neither closing nor closed."""

    @property
    def full(self) -> bool:
        """Whether it holds enough bytes for now."""

    @property
    def unsent(self) -> int:
        """How many bytes it holds."""

    def write(self, data: bytes) -> None:
        """Take bytes, without waiting."""

    def abort(self) -> None:
        """Cut the connection, without a word."""


class Feed:
    """An eater, as the router knows it.

    What its outlet does not take waits in a queue. The bytes in it are the same objects for every
    eater they wait for, so a thousand slow eaters take hardly more memory than one.

    At all times, as `ledger` tells::

        routed == sent + filtered_out + dropped + waiting

    Args:
        outlet: where its bytes go.
        label: what to call it in the log.
        format: how it is spoken to.
        matcher: what lets dumplings through to it; None for all.
        max_unsent: bytes beyond which it is slow.
        max_waiting: dumplings in its queue beyond which it is slow, too.
        clock: seconds of a steady clock.

    Attributes:
        replay: what it is still to be given of the history, before anything new.
        resumed: whether it has come back, to go on where it was.
        skip: of each stream named in it, numbers up to this one are not for it: it has had them
            from a hub before this one.
        slow_since: when it became slow, by the clock; None if it is not.
    """

    def __init__(
        self,
        outlet: Outlet,
        label: str,
        format: Format,
        matcher: Matcher | None = None,
        *,
        max_unsent: int,
        max_waiting: int = EATER_MESSAGES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.outlet = outlet
        self.label = label
        self.format = format
        self.matcher = matcher
        self.replay: Replay | None = None
        self.resumed = False
        self.skip: dict[str, int] = {}
        self.slow_since: float | None = None
        self._max_unsent = max_unsent
        self._max_waiting = max_waiting
        self._clock = clock
        self._queue: deque[tuple[bytes, int]] = deque()
        self._queued_bytes = 0
        self._routed = self._sent = self._filtered_out = self._dropped = self._waiting = 0
        self._gaps: dict[tuple[GapReason, str | None], int] = {}
        self._gap_cursor: dict[str, int] = {}

    @property
    def ledger(self) -> EaterLedger:
        """What became of everything that was routed past it: a snapshot."""
        return EaterLedger(
            routed=self._routed,
            sent=self._sent,
            filtered_out=self._filtered_out,
            dropped=self._dropped,
            waiting=self._waiting,
        )

    @property
    def idle(self) -> bool:
        """Whether nothing waits for it."""
        return not self._queue and self.replay is None

    @property
    def hungry(self) -> bool:
        """Whether it would take more at once."""
        return not self._queue and self.outlet.open and not self.outlet.full

    @property
    def _half_empty(self) -> bool:
        return (
            self._queued_bytes <= self._max_unsent // 2 and self._waiting <= self._max_waiting // 2
        )

    def offer(
        self,
        batch: bytes,
        wanted: int,
        total: int,
        cursor: Mapping[str, int],
        holes: Sequence[Hole] = (),
    ) -> None:
        """Give it dumplings.

        Args:
            batch: those it wants, in its format, and what it is told of holes; empty for nothing.
            wanted: how many dumplings those are.
            total: how many there were.
            cursor: up to where they go.
            holes: where some are missing.
        """
        self._routed += total
        self._filtered_out += total - wanted
        if not batch:
            return
        if not self._queue and not self.outlet.full:
            self._sent += wanted
            self.outlet.write(batch)
            return
        if self.slow_since is None:
            unsent = self._queued_bytes + self.outlet.unsent + len(batch)
            if unsent <= self._max_unsent and self._waiting + wanted <= self._max_waiting:
                self._enqueue(batch, wanted)
                return
            self.slow_since = self._clock()
            logger.warning("%s is slow: its dumplings are dropped until it catches up", self.label)
        self._dropped += wanted
        if wanted:
            self._note_gap("slow", wanted, None, cursor)
        for hole in holes:
            self._note_gap(hole.reason, hole.missed, hole.kitchen, cursor)

    def gap(
        self, reason: GapReason, missed: int, kitchen: str | None, cursor: Mapping[str, int]
    ) -> None:
        """Tell it that something is missing here; an eater that is slow is told when it is not."""
        self._note_gap(reason, missed, kitchen, cursor)
        if self.slow_since is None:
            self._tell_gaps()

    def tell(self, message: bytes) -> None:
        """Give it a message that is no dumpling; a slow eater gets none."""
        if message and self.slow_since is None:
            self._enqueue(message, 0)
            self.pump()

    def pump(self) -> None:
        """Write what waits, as far as the outlet takes it."""
        queue, outlet = self._queue, self.outlet
        while queue and outlet.open and not outlet.full:
            data, count = queue.popleft()
            self._queued_bytes -= len(data)
            self._waiting -= count
            self._sent += count
            outlet.write(data)
        if self.slow_since is not None and self._half_empty:
            seconds = self._clock() - self.slow_since
            self.slow_since = None
            logger.info(
                "%s has caught up after %.1f seconds; it missed %d dumplings so far",
                self.label,
                seconds,
                self._dropped,
            )
            self._tell_gaps()

    def end(self) -> None:
        """Drop what waits: the eater has gone, or is to go."""
        self._dropped += self._waiting
        self._waiting = self._queued_bytes = 0
        self._queue.clear()
        self.replay = None

    def _enqueue(self, data: bytes, count: int) -> None:
        self._queue.append((data, count))
        self._queued_bytes += len(data)
        self._waiting += count

    def _note_gap(
        self, reason: GapReason, missed: int, kitchen: str | None, cursor: Mapping[str, int]
    ) -> None:
        if (reason, kitchen) not in self._gaps and len(self._gaps) >= MAX_GAPS:
            kitchen = None
        self._gaps[reason, kitchen] = self._gaps.get((reason, kitchen), 0) + missed
        self._gap_cursor.update(cursor)

    def _tell_gaps(self) -> None:
        gaps, self._gaps = self._gaps, {}
        cursor, self._gap_cursor = self._gap_cursor, {}
        for (reason, kitchen), missed in gaps.items():
            self.tell(self.format.gap(Gap(missed, reason, kitchen, cursor)))
