"""The watch over the chefs: a thread that sees to it that no call of a handler takes for ever."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from ..whereabouts import Whereabout
from .calls import Calls
from .isolated import Isolated
from .stacks import holds_locks, where_it_stands
from .stations import Station
from .statistics import StuckCall
from .watch import LONG, TRIES, CallWatch, Returned, Spent, Stuck

logger = logging.getLogger(__name__)

#: Seconds between two looks.
LOOK_EVERY: Final = 0.25
#: Seconds that a call may go on when the kitchen was told to stop.
LAST_CALL: Final = 1.25


class Watched(Protocol):
    """Somewhere that handlers are called."""

    def look(self) -> Whereabout:
        """The call that runs now."""

    def name(self, call: Whereabout) -> tuple[str, str]:
        """The names of its chef and of its handler."""

    def stands(self) -> str:
        """Where in the chef's code it is; empty if nobody knows."""

    def end(self, spent: Spent) -> None:
        """End a call that has used up its time."""


class Thread:
    """The thread of this process that calls handlers, to be watched.

    Args:
        calls: its calls.
        stations: its chefs.
    """

    def __init__(self, calls: Calls, stations: Sequence[Station]) -> None:
        self._calls = calls
        self._stations = stations
        self.look = calls.look

    def name(self, call: Whereabout) -> tuple[str, str]:
        """The names of a call's chef and of its handler."""
        name = self._stations[call.chef - 1].name if call.chef <= len(self._stations) else "?"
        return name, self._calls.handler

    def stands(self) -> str:
        """Where in the chef's code the thread is."""
        return where_it_stands(self._calls.thread)

    def end(self, spent: Spent) -> None:
        """Have an exception raised in a call."""
        # What holds locks now will soon have let go of them, if it is not that which is stuck.
        chef, handler = self.name(spent.call)
        if spent.tries >= TRIES or not holds_locks(self._calls.thread):
            stands = f" (it was in {stands})" if (stands := self.stands()) else ""
            self._calls.end(
                spent.call, f"its {handler} had not returned after {spent.seconds:.0f} s{stands}"
            )
        if spent.tries == TRIES:
            logger.error(
                "chef %s: its %s cannot be ended from within Python, and keeps the kitchen: it "
                "does not come back from code that is not Python, or will not be ended; run the "
                "chef in a process of its own: --isolate %s",
                chef,
                handler,
                chef,
            )


class Cell:
    """The process of an isolated chef, to be watched.

    Args:
        process: the process.
    """

    def __init__(self, process: Isolated) -> None:
        self._process = process
        self.look = process.look

    def name(self, _: Whereabout) -> tuple[str, str]:
        """The names of the chef and of its handler."""
        return self._process.name, self._process.handler()

    def stands(self) -> str:
        """Nothing is known of that."""
        return ""

    def end(self, spent: Spent) -> None:
        """End the process."""
        self._process.kill(
            f"its {self._process.handler()} had not returned after {spent.seconds:.0f} s, so its "
            "process was ended"
        )


class Watchman:
    """Watches over calls of handlers, and has those ended that take too long.

    Args:
        watched: where handlers are called.
        budget: how many seconds one call may take; 0 for any number.
        news: called when a call is found to be stuck, and when it is no longer.
    """

    def __init__(
        self,
        watched: Sequence[Watched],
        budget: float,
        news: Callable[[], object],
    ) -> None:
        self._watched = [(one, CallWatch()) for one in watched]
        self._budget = budget
        self._news = news
        self._over = threading.Event()
        self._last_call: float | None = None
        self._stuck: dict[Watched, tuple[str, str, float]] = {}
        self._thread: threading.Thread | None = None

    def watch(self, watched: Sequence[Watched]) -> None:
        """Watch over others; what is watched already stays so."""
        looks = dict(self._watched)
        self._watched = [(one, looks.get(one) or CallWatch()) for one in watched]
        for one in [one for one in self._stuck if one not in watched]:
            self._stuck.pop(one, None)

    def start(self) -> None:
        """Begin to watch."""
        self._thread = threading.Thread(target=self._run, name="watch over chefs", daemon=True)
        self._thread.start()

    def last_call(self) -> None:
        """The kitchen was told to stop: whatever runs may go on for `LAST_CALL` seconds more."""
        if self._last_call is None:
            self._last_call = time.monotonic() + LAST_CALL

    def end(self) -> None:
        """Watch no more."""
        self._over.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(LOOK_EVERY)

    def stuck(self) -> StuckCall | None:
        """A call that has not returned for long, if there is one."""
        for chef, handler, since in list(self._stuck.values()):
            return StuckCall(chef, handler, round(time.monotonic() - since, 1))
        return None

    def running(self) -> tuple[str | None, str | None]:
        """The names of a chef and of its handler that runs right now; None if none does."""
        for watched, _ in self._watched:
            if (call := watched.look()).chef:
                return watched.name(call)
        return None, None

    def _run(self) -> None:
        while not self._over.wait(LOOK_EVERY):
            for watched, watch in self._watched:
                try:
                    self._look(watched, watch)
                except Exception:  # memory is short, say: whoever watches must not fall asleep
                    logger.exception("the watch over the chefs stumbled")

    def _look(self, watched: Watched, watch: CallWatch) -> None:
        now = time.monotonic()
        last_call = self._last_call is not None and now >= self._last_call
        told = watch.look(now, watched.look(), LOOK_EVERY if last_call else self._budget)
        if isinstance(told, Returned):
            if (stuck := self._stuck.pop(watched, None)) is not None:
                if not told.ended:
                    logger.warning("chef %s: its %s took %.1f s", *stuck[:2], told.seconds)
                self._news()
        elif told is not None:
            chef, handler = watched.name(told.call)
            if isinstance(told, Stuck):
                logger.warning(
                    "chef %s: its %s has not returned for %.0f s%s",
                    chef,
                    handler,
                    told.seconds,
                    f"; it is in {stands}" if (stands := watched.stands()) else "",
                )
            if told.seconds >= LONG and watched not in self._stuck:
                self._stuck[watched] = (chef, handler, now - told.seconds)
                self._news()
            if isinstance(told, Spent):
                watched.end(told)
