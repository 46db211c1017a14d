"""Numbered messages in order, in runs without a hole."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple


class Burst(NamedTuple):
    """Messages whose numbers follow one another.

    Attributes:
        first: the number of the first.
        messages: the messages.
    """

    first: int
    messages: Sequence[bytes]

    @property
    def last(self) -> int:
        """The number of the last; ``first - 1`` if there is none."""
        return self.first + len(self.messages) - 1


class _Run:
    """Messages whose numbers follow one another, which come and go at both ends."""

    __slots__ = ("first", "messages")

    def __init__(self, first: int, messages: Sequence[bytes]) -> None:
        self.first = first
        self.messages = deque(messages)


class Runs:
    """A queue of numbered messages, whose numbers rise but may have holes.

    Attributes:
        count: how many messages there are.
        size: bytes of all of them.
    """

    __slots__ = ("_runs", "count", "size")

    def __init__(self) -> None:
        self._runs: deque[_Run] = deque()
        self.count = 0
        self.size = 0

    def __len__(self) -> int:
        return self.count

    @property
    def first(self) -> int | None:
        """The lowest number; None if there are no messages."""
        return self._runs[0].first if self._runs else None

    @property
    def last(self) -> int | None:
        """The highest number; None if there are no messages."""
        return self._runs[-1].first + len(self._runs[-1].messages) - 1 if self._runs else None

    def after(self, number: int, max_bytes: int) -> list[Burst]:
        """Look at the oldest messages whose numbers are higher than one; they stay.

        Args:
            number: the number.
            max_bytes: how many bytes of them at most, but for the last.
        """
        bursts: list[Burst] = []
        size = 0
        for run in self._runs:
            if run.first + len(run.messages) - 1 <= number:
                continue
            skipped = max(0, number + 1 - run.first)
            messages: list[bytes] = []
            for message in itertools.islice(run.messages, skipped, None):
                messages.append(message)
                size += len(message)
                if size >= max_bytes:
                    break
            bursts.append(Burst(run.first + skipped, messages))
            if size >= max_bytes:
                break
        return bursts

    def count_upto(self, number: int) -> int:
        """How many messages have this number or a lower one."""
        return sum(max(0, min(len(run.messages), number - run.first + 1)) for run in self._runs)

    def append(self, number: int, message: bytes) -> None:
        """Add a message at the end; its number is higher than all that are there."""
        self.count += 1
        self.size += len(message)
        if self._runs:
            run = self._runs[-1]
            if run.first + len(run.messages) == number:
                run.messages.append(message)
                return
        self._runs.append(_Run(number, (message,)))

    def extend(self, burst: Burst) -> None:
        """Add messages at the end; their numbers are higher than all that are there."""
        if not burst.messages:
            return
        self.count += len(burst.messages)
        self.size += sum(map(len, burst.messages))
        if self._runs:
            run = self._runs[-1]
            if run.first + len(run.messages) == burst.first:
                run.messages.extend(burst.messages)
                return
        self._runs.append(_Run(burst.first, burst.messages))

    def popleft(self) -> tuple[int, int]:
        """Take away the oldest message.

        Returns:
            its number, and its length in bytes.

        Raises:
            IndexError: there is none.
        """
        run = self._runs[0]
        number, length = run.first, len(run.messages.popleft())
        run.first += 1
        if not run.messages:
            self._runs.popleft()
        self.count -= 1
        self.size -= length
        return number, length

    def take(self, max_messages: int, max_bytes: int) -> Burst:
        """Take away the oldest messages, of which there is no hole between any two.

        Args:
            max_messages: how many at most.
            max_bytes: how many bytes at most; one message is taken however large it is.

        Returns:
            the messages; none if there are none, or none are asked for.
        """
        if not self._runs or max_messages <= 0:
            return Burst(0, ())
        run = self._runs[0]
        first, messages = run.first, run.messages
        taken: list[bytes] = []
        size = 0
        while messages and len(taken) < max_messages:
            size += len(messages[0])
            if taken and size > max_bytes:
                size -= len(messages[0])
                break
            taken.append(messages.popleft())
        run.first += len(taken)
        if not messages:
            self._runs.popleft()
        self.count -= len(taken)
        self.size -= size
        return Burst(first, taken)

    def discard(self, number: int) -> int:
        """Take away every message up to a number, that one included.

        Returns:
            how many there were.
        """
        before = self.count
        runs = self._runs
        while runs and runs[0].first <= number:
            run = runs[0]
            gone = min(len(run.messages), number - run.first + 1)
            for _ in range(gone):
                self.size -= len(run.messages.popleft())
            run.first += gone
            self.count -= gone
            if run.messages:
                break
            runs.popleft()
        return before - self.count

    def put_back(self, earlier: Runs) -> None:
        """Put messages whose numbers are all lower back in front; they leave where they were."""
        self.count += earlier.count
        self.size += earlier.size
        while earlier._runs:
            run = earlier._runs.pop()
            if self._runs and run.first + len(run.messages) == self._runs[0].first:
                self._runs[0].messages.extendleft(reversed(run.messages))
                self._runs[0].first = run.first
            else:
                self._runs.appendleft(run)
        earlier.clear()

    def clear(self) -> None:
        """Take away every message."""
        self._runs.clear()
        self.count = 0
        self.size = 0
