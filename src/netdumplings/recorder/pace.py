"""When the dumplings of a replay are due; pure arithmetic, no clock."""

from __future__ import annotations

from typing import Final

#: Seconds that a kitchen's dumplings may go back: more, and it has begun anew, with another capture
#: or another clock.
_BACK: Final = 1.0
#: How many kitchens are told apart; what names them may be hostile.
_MAX_KITCHENS: Final = 10_000


class Pace:
    """Spaces dumplings as they were made, keeping their order.

    Each kitchen has a clock of its own, for one may replay a capture of years ago, and the hub's
    status dumplings come between those of its kitchens: the first dumpling of a kitchen is due
    when its turn comes, and the others by the time from it.

    Args:
        speed: how many seconds of the recording go by in one second.
        max_wait: seconds between two dumplings at most; None for any.
    """

    def __init__(self, speed: float, max_wait: float | None = None) -> None:
        self._speed = speed
        self._max_wait = max_wait
        self._due: float | None = None
        self._latest: dict[str | None, tuple[float, float]] = {}

    def restart(self) -> None:
        """Begin anew: the next dumpling of each kitchen is due when its turn comes."""
        self._latest.clear()

    def wait(self, kitchen: str | None, time: float, now: float) -> float:
        """How many seconds it is until the next dumpling is due.

        Args:
            kitchen: whose it is.
            time: its time, seconds.
            now: the time by any steady clock, seconds.
        """
        before = now if self._due is None else self._due
        latest, due = self._latest.get(kitchen, (time, before))
        if time < latest - _BACK:
            latest, due = time, before
        due += max(0.0, time - latest) / self._speed
        if self._max_wait is not None:
            # Those behind it move up.
            due = min(due, max(before, now) + self._max_wait)
        self._due = max(before, due)
        if len(self._latest) >= _MAX_KITCHENS:
            self._latest.clear()
        self._latest[kitchen] = max(time, latest), self._due
        return max(0.0, self._due - now)
