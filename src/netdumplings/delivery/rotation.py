"""Which of several hubs to try next, and how long to wait before, as a pure policy."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from . import backoff


class Rotation:
    """Goes round several hubs, in their order; it waits when all were tried in vain.

    With one hub there is a wait before each further try.

    Args:
        count: how many hubs.
        delays: makes the seconds to wait, as `backoff.delays` does.

    Attributes:
        current: which of them to try now, from 0.
    """

    def __init__(self, count: int, delays: Callable[[], Iterator[float]] = backoff.delays) -> None:
        self.current = 0
        self._count = count
        self._delays = delays
        self._waits = delays()
        self._tried = 0

    def go_on(self, *, lasted: bool = False, soon_back: bool = False) -> float:
        """Go on to the next one: this one was tried in vain, or the connection to it was lost.

        Args:
            lasted: the connection was a good one, so all is as in the beginning.
            soon_back: the hub said that it goes, so that it may be back soon. Where there is
                another one, nobody waits for that.

        Returns:
            seconds to wait before that one is tried. More than 0 only if all have been tried since
            the last wait, or since a good connection. So hubs that take every connection and end
            it at once are no more hurried than one of them would be.
        """
        if lasted or (soon_back and self._count == 1):
            self._waits = self._delays()
        self._tried = 1 if lasted else self._tried + 1
        self.current = (self.current + 1) % self._count
        if self._tried < self._count:
            return 0.0
        self._tried = 0
        return next(self._waits)
