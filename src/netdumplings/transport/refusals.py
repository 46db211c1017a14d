"""Connections that come, go and are refused: a few log lines, however many, and counts of all."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from typing import Final

from ..wire import Cause

logger = logging.getLogger(__name__)

#: Seconds that a count is for.
PERIOD: Final = 60.0
#: So many hosts are told apart within a period; all others together count as one.
HOSTS: Final = 50
#: So many refusals of a host get a line each, and of all hosts; the others are counted.
LINES: Final = 10
MOST_LINES: Final = 300
#: Likewise of peers that come and go.
NEWS_LINES: Final = 100
MOST_NEWS_LINES: Final = 200
_OTHERS: Final = "other hosts"


class Throttle:
    """Writes a line for each event, until a host has had enough of them, and then counts.

    A scanner, or a peer that is wrong and does not give up, would fill the disk otherwise. What
    was counted is logged when the period is over.

    Args:
        level: of the lines, a `logging` level.
        summary: the line for what was counted; it is given the count, the host and the period.
        lines: events of a host, within the period, that get a line each.
        most: events of all hosts that do.
        period: seconds.
        hosts: how many hosts are told apart within the period.
    """

    def __init__(
        self,
        level: int,
        summary: str,
        lines: int,
        most: int,
        period: float = PERIOD,
        hosts: int = HOSTS,
    ) -> None:
        self._level = level
        self._summary = summary
        self._lines = lines
        self._most = most
        self._period = period
        self._hosts = hosts
        #: Of each host, how many there were, and how many of them had a line.
        self._seen: dict[str, tuple[int, int]] = {}
        self._written = 0
        self._timer: asyncio.TimerHandle | None = None

    def log(self, by: logging.Logger, host: str, message: str, *arguments: object) -> None:
        """Log an event, or not; needs a running event loop.

        Args:
            by: whose logger it is.
            host: the address of whom it is about.
            message: as for `logging.Logger.log`.
            *arguments: likewise.
        """
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._period, self.flush)
        if host not in self._seen and len(self._seen) >= self._hosts:
            host = _OTHERS
        count, written = self._seen.get(host, (0, 0))
        if written < self._lines and self._written < self._most:
            written += 1
            self._written += 1
            by.log(self._level, message, *arguments)
        self._seen[host] = count + 1, written

    def flush(self) -> None:
        """Log what was counted, and begin anew."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        seen, self._seen = self._seen, {}
        self._written = 0
        for host, (count, written) in seen.items():
            if count > written:
                logger.log(self._level, self._summary, count - written, host, self._period)


class RefusalLog:
    """The log of a port's connections: who is refused, as WARNING, and who comes and goes, as INFO.

    Args:
        period: seconds that a count is for.
        lines: refusals of a host, within the period, that get a line each.
        hosts: how many hosts are told apart within the period.

    Attributes:
        counts: how many connections were refused so far, by cause.
    """

    def __init__(self, period: float = PERIOD, lines: int = LINES, hosts: int = HOSTS) -> None:
        self.counts: Counter[Cause] = Counter()
        self._refusals = Throttle(
            logging.WARNING,
            "refused %d more connections of %s within %g seconds",
            lines,
            MOST_LINES,
            period,
            hosts,
        )
        self._news = Throttle(
            logging.INFO,
            "%d more comings and goings of %s within %g seconds",
            NEWS_LINES,
            MOST_NEWS_LINES,
            period,
            hosts,
        )

    def log(
        self, by: logging.Logger, host: str, cause: Cause, message: str, *arguments: object
    ) -> None:
        """Count a refusal, and log it, or not; needs a running event loop.

        Args:
            by: whose logger it is.
            host: the address of who was refused.
            cause: what to count it by.
            message: as for `logging.Logger.warning`.
            *arguments: likewise.
        """
        self.counts[cause] += 1
        self._refusals.log(by, host, message, *arguments)

    def news(self, by: logging.Logger, host: str, message: str, *arguments: object) -> None:
        """Log that a peer has come or gone, or not; as `log`."""
        self._news.log(by, host, message, *arguments)

    def flush(self) -> None:
        """Log what was counted, and begin anew."""
        self._refusals.flush()
        self._news.flush()
