"""Which chefs of a kitchen are wanted: those that run only then rest while nobody does.

Until a hub has said who is wanted, everybody is. What it has said holds on until a hub says
something else, also while none is there: whoever was fed then finds it as it was.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Sequence
from typing import Final

from ..wire import MAX_NAME
from .stations import Station

logger = logging.getLogger(__name__)

#: Seconds that a chef is run on when nobody wants it any more: longer than an eater waits until it
#: tries a hub again. Who reloads a page, or comes over from another hub, finds it at work.
LINGER: Final = 15.0


class Demand:
    """Has chefs rest that nobody wants; asks the hub, and is told, as an `Asker`.

    Args:
        stations: the chefs at work; a list that others may change.
        linger: seconds that a chef is run on when nobody wants it any more; None for the usual.
        clock: seconds of a steady clock.
    """

    def __init__(
        self,
        stations: Sequence[Station],
        linger: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stations = stations
        self._linger = LINGER if linger is None else linger
        self._clock = clock
        self._asked: frozenset[str] = frozenset()
        self._wanted: frozenset[str] | None = None
        # Since when nobody has wanted them.
        self._unwanted: dict[Station, float] = {}

    def asks(self) -> Sequence[str]:
        """The names of those who run only when wanted; in the event loop's thread."""
        names = [one.name for one in _in_question(self._stations) if _sayable(one.name)]
        self._asked = frozenset(names)
        return names

    def told(self, wanted: Collection[str] | None) -> None:
        """Take what the hub says; in the event loop's thread.

        Args:
            wanted: the names of those that are wanted; None if it does not say, and all are run.
        """
        self._wanted = None if wanted is None else frozenset(wanted)

    def look(self) -> bool:
        """Have chefs rest or work as is wanted; in the thread that runs them, between two calls.

        Returns:
            whether that has changed for one of them.
        """
        now, wanted, changed = self._clock(), self._wanted, False
        before, self._unwanted = self._unwanted, {}
        for station in _in_question(self._stations):
            unwanted = (
                wanted is not None and station.name in self._asked and station.name not in wanted
            )
            if unwanted:
                since = self._unwanted[station] = before.get(station, now)
                unwanted = now - since >= self._linger
            if unwanted != station.resting:
                station.resting = unwanted
                changed = True
                said = "is not run: nobody wants its dumplings" if unwanted else "is wanted again"
                logger.info("chef %s %s", station.name, said)
        return changed


def _sayable(name: str) -> bool:
    """Whether a hub can be asked about a chef of this name."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return len(name) <= MAX_NAME


def _in_question(stations: Sequence[Station]) -> list[Station]:
    return [one for one in list(stations) if one.only_when_wanted and one.quarantined is None]
