"""What is made when somebody asks for it, but not more often than there is time for."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, Generic, TypeVar

#: The part of all time that may be spent on making one thing.
SHARE: Final = 0.05

T = TypeVar("T")


class Seldom(Generic[T]):
    """Makes something again each time, unless it has just taken long: then it is what it was.

    So nobody can keep a hub busy by asking: what takes a millisecond is made anew after twenty.

    Args:
        make: makes it.
        clock: seconds of a steady clock.
    """

    def __init__(self, make: Callable[[], T], clock: Callable[[], float] = time.monotonic) -> None:
        self._make = make
        self._clock = clock
        self._made: T | None = None
        self._next = clock()

    def get(self) -> T:
        """Return it, as it is now or was a moment ago."""
        began = self._clock()
        if self._made is None or began >= self._next:
            self._made = self._make()
            self._next = began + (self._clock() - began) / SHARE
        return self._made
