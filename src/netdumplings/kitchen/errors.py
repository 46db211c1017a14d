"""What goes wrong in chefs: logged once a minute for the same error, counted always."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable
from typing import Final, NamedTuple

from ..exceptions import InvalidDumplingPayload
from .tracebacks import one_line, own_exc_info, own_traceback, where

logger = logging.getLogger(__name__)

#: Seconds for which the same error is counted instead of logged again.
QUIET: Final = 60.0


class _Episode(NamedTuple):
    logged_at: float
    since_then: int


class HandlerErrors:
    """Takes what handlers raise, and says so without flooding the log.

    Two errors are the same if they are of one type and come from the same line of the same
    handler; what their messages say may differ with every packet.

    Args:
        clock: seconds of a steady clock.

    Attributes:
        counts: how many errors each chef has made, by its name.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.counts: Counter[str] = Counter()
        self._clock = clock
        self._episodes: dict[tuple[object, ...], _Episode] = {}

    def report(self, chef: str, handler: str, error: BaseException) -> None:
        """Log an error of a handler, unless the same was logged within the last minute.

        Args:
            chef: the chef's name.
            handler: the handler's name.
            error: what it raised, or what was wrong with what it returned.
        """
        self.counts[chef] += 1
        now = self._clock()
        kind = (chef, handler, type(error), *where(error))
        last = self._episodes.get(kind)
        if last is not None and now - last.logged_at < QUIET:
            self._episodes[kind] = last._replace(since_then=last.since_then + 1)
            return
        self._episodes[kind] = _Episode(now, 0)
        # Showing it runs code of whoever raised it, which may never end: not within the logging,
        # which others would wait for.
        shown = one_line(error)
        own_traceback(error)
        again = f" (and {last.since_then} times more since it was last said)" if last else ""
        if isinstance(error, InvalidDumplingPayload):
            # The handler returned long ago: the key says more than a traceback could.
            logger.error("%s.%s returned what is no payload%s: %s", chef, handler, again, error)
        else:
            logger.error(
                "%s.%s raised %s%s",
                chef,
                handler,
                shown,
                again,
                exc_info=own_exc_info(error),
            )
