"""Which chef it was, when the process of the chefs is no more, or does not go on."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence

from ..whereabouts import Whereabout


def name_of(at: Whereabout, chefs: Sequence[str]) -> str | None:
    """The name of the chef whose handler runs, if it is one of these."""
    return chefs[at.chef - 1] if 0 < at.chef <= len(chefs) else None


class Stillness:
    """Notices when one call of a handler goes on and on.

    Args:
        now: seconds of a steady clock.
    """

    def __init__(self, now: float) -> None:
        self._call = Whereabout(0, 0)
        self._since = now
        self._beat = 0
        self._beaten = now

    def look(self, at: Whereabout, beat: int, now: float) -> tuple[float, float]:
        """Take how things are now.

        Args:
            at: whose handler runs.
            beat: see `whereabouts.BEAT`.
            now: seconds of the same clock.

        Returns:
            for how many seconds the same handler has been running, and for how many no thread of
            the process but its own.
        """
        if at.chef == 0 or at != self._call:
            self._call = at
            self._since = now
        if beat != self._beat:
            self._beat, self._beaten = beat, now
        return now - self._since, now - self._beaten


def ending(status: int) -> str:
    """Say how a process ended.

    Args:
        status: as waitpid(2) gives it.
    """
    code = os.waitstatus_to_exitcode(status)
    if code >= 0:
        return f"it ended the process with status {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    hint = ", as by a system that is out of memory" if -code == signal.SIGKILL else ""
    return f"its process was ended by {name}{hint}"
