"""Which chefs are wanted, by eaters of this hub or of another: kitchens that ask are told.

A chef is wanted if there is an eater, at any hub of the fleet, whose subscription names it and its
kitchen, or might. Kitchens are told when that changes, not each time that an eater comes or goes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Final

from ..wire import Matcher, Subscription, Wanted, write
from .wants import NOTHING, Wants, merged, wants_of

#: Seconds until kitchens are told of a change, so that of many at once they are told once.
SETTLE: Final = 0.05
#: Seconds between two looks at what other hubs say.
LOOK_EVERY: Final = 1.0


class Demand:
    """Tells kitchens which of the chefs that they ask about are wanted.

    Args:
        here: says what eaters of this hub have subscribed to.
        elsewhere: says what is wanted at each other hub.

    Attributes:
        wanted_here: what eaters of this hub want.
        on_growth: called when they want more than before, for other hubs to be told soon.
    """

    def __init__(
        self,
        here: Callable[[], Iterable[Subscription]],
        elsewhere: Callable[[], Iterable[Wants]] = tuple,
    ) -> None:
        self._here = here
        self._elsewhere = elsewhere
        self._askers: dict[Hashable, _Asker] = {}
        self._wants: Wants = NOTHING
        self._matchers: dict[Subscription, Matcher] = {}
        self._changed = False
        self._stirred = asyncio.Event()
        self.wanted_here: Wants = NOTHING
        self.on_growth: Callable[[], object] = lambda: None

    def stir(self) -> None:
        """Note that eaters of this hub may want something else now."""
        self._stirred.set()

    def ask(
        self, who: Hashable, kitchen: str, chefs: Sequence[str], send: Callable[[bytes], object]
    ) -> list[str] | None:
        """Take a kitchen's question, in place of the one before.

        Args:
            who: tells this kitchen from all others.
            kitchen: its name.
            chefs: the chefs it asks about.
            send: sends it a message.

        Returns:
            those of them that are wanted now; None if it asks about none.
        """
        if not chefs:
            self._askers.pop(who, None)
            return None
        self._refresh()
        asker = self._askers[who] = _Asker(kitchen, chefs, send)
        asker.told = list(self._wanted_of(asker))
        return asker.told

    def leave(self, who: Hashable) -> None:
        """Tell a kitchen nothing more."""
        self._askers.pop(who, None)

    async def run(self) -> None:
        """Tell kitchens of changes, until cancelled."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY):
                    await self._stirred.wait()
                    await asyncio.sleep(SETTLE)
            self._refresh()
            self._stirred.clear()
            while self._changed:
                self._changed = False
                await self._tell()

    def _refresh(self) -> None:
        """See what is wanted now."""
        if self._stirred.is_set():
            before, self.wanted_here = self.wanted_here, wants_of(self._here())
            if _more(before, self.wanted_here):
                self.on_growth()
        wants = merged([self.wanted_here, *self._elsewhere()])
        if wants == self._wants:
            return
        self._wants = wants
        self._changed = True
        self._matchers = {
            one: self._matchers.get(one) or Matcher(one) for one in wants or frozenset()
        }

    async def _tell(self) -> None:
        """Tell those for whom it makes a difference."""
        for who, asker in list(self._askers.items()):
            if self._askers.get(who) is not asker:
                continue
            wanted = list(self._wanted_of(asker))
            if wanted != asker.told:
                asker.told = wanted
                asker.send(write(Wanted(wanted)))
            # Others have their turn: kitchens and wants may both be many.
            await asyncio.sleep(0)

    def _wanted_of(self, asker: _Asker) -> Iterator[str]:
        for chef in asker.chefs:
            if self._wants is None or any(
                matcher.wants_chef(chef, asker.kitchen) for matcher in self._matchers.values()
            ):
                yield chef


class _Asker:
    """A kitchen that asks.

    Attributes:
        told: what it was told last.
    """

    def __init__(self, kitchen: str, chefs: Sequence[str], send: Callable[[bytes], object]) -> None:
        self.kitchen = kitchen
        self.chefs = chefs
        self.send = send
        self.told: list[str] = []


def _more(before: Wants, now: Wants) -> bool:
    """Tell whether something is wanted now that was not before."""
    if before is None:
        return False
    return now is None or not now <= before
