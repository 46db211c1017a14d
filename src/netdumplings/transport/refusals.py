"""Log lines about connections that are refused: few, however many there are."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

logger = logging.getLogger(__name__)

#: Seconds that a count of refusals is for.
PERIOD: Final = 60.0
#: So many refusals of a host get a line each; the others of the period are counted.
LINES: Final = 10
#: So many hosts are told apart within a period; all others together count as one.
HOSTS: Final = 100
_OTHERS: Final = "other hosts"


class RefusalLog:
    """Writes a line for each refusal, until a host has had enough of them, and then counts.

    A scanner, or a peer that is wrong and does not give up, would fill the disk otherwise. What
    was counted is logged when the period is over.

    Args:
        period: seconds.
        lines: refusals of a host, within the period, that get a line each.
        hosts: how many hosts are told apart within the period.
    """

    def __init__(self, period: float = PERIOD, lines: int = LINES, hosts: int = HOSTS) -> None:
        self._period = period
        self._lines = lines
        self._hosts = hosts
        self._refused: dict[str, int] = {}
        self._timer: asyncio.TimerHandle | None = None

    def log(self, by: logging.Logger, host: str, message: str, *arguments: object) -> None:
        """Log a refusal as a WARNING, or count it; needs a running event loop.

        Args:
            by: whose logger it is.
            host: the address of who was refused.
            message: as for `logging.Logger.warning`.
            *arguments: likewise.
        """
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._period, self.flush)
        if host not in self._refused and len(self._refused) >= self._hosts:
            host = _OTHERS
        count = self._refused[host] = self._refused.get(host, 0) + 1
        if count <= self._lines:
            by.warning(message, *arguments)

    def flush(self) -> None:
        """Log what was counted, and begin anew."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        refused, self._refused = self._refused, {}
        for host, count in refused.items():
            if count > self._lines:
                logger.warning(
                    "refused %d more connections of %s within %g seconds",
                    count - self._lines,
                    host,
                    self._period,
                )
