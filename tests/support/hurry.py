"""An event loop whose clock can leave the real one behind, so that no test waits for a timeout."""

from __future__ import annotations

import asyncio
import selectors
import time
from typing import Any


class HurriedLoop(asyncio.SelectorEventLoop):
    """An event loop; after `hurry`, its clock goes on only while it has nothing to do.

    It then goes on at once to where the next thing is due. What the loop does takes no time by it,
    however long the machine takes over it: how late it is is the sum of what was waited for.
    """

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        """Return the loop's time."""
        return self._jumping.time()

    def hurry(self) -> None:
        """Wait for nothing from now on."""
        self._jumping.now = self.time()


class _JumpingSelector(selectors.DefaultSelector):
    #: Seconds; None for the real time.
    now: float | None = None
    #: Seconds in which what was sent on this machine has come.
    moment = 0.05

    def time(self) -> float:
        return time.monotonic() if self.now is None else self.now

    def select(self, timeout: float | None = None) -> list[Any]:
        if self.now is None or timeout is None or timeout <= 0:
            return super().select(timeout)
        found = super().select(min(timeout, self.moment))
        if not found:
            self.now += timeout
        return found
