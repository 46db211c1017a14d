"""Which dumplings an eater wants."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable
from typing import Final

import msgspec

from .dumplings import Metadata

#: How many kinds of dumpling a `Matcher` remembers its answer for. Names come from the network,
#: and a kitchen could invent a new one for each dumpling.
MAX_REMEMBERED: Final = 10_000
_PATTERN: Final = frozenset("*?[")


class Subscription(msgspec.Struct, frozen=True):
    """What an eater has subscribed to; make one with `subscription`.

    Each part lists names or shell patterns (``*``, ``?``, ``[...]``, as of fnmatch(3), upper and
    lower case distinguished); a dumpling must be matched by one of each part. None matches all.

    Attributes:
        chefs: names of chefs.
        kitchens: names of kitchens; None in the list stands for the hub's own dumplings.
        drivers: of ``packet`` and ``interval``.
    """

    chefs: tuple[str, ...] | None = None
    kitchens: tuple[str | None, ...] | None = None
    drivers: tuple[str, ...] | None = None


EVERYTHING: Final = Subscription()


def is_pattern(entry: str) -> bool:
    """Tell whether an entry of a subscription is more than a name."""
    return not _PATTERN.isdisjoint(entry)


def subscription(
    *,
    chefs: Iterable[str] | None = None,
    kitchens: Iterable[str | None] | None = None,
    drivers: Iterable[str] | None = None,
) -> Subscription:
    """Make a subscription; those that list the same in another order are equal."""
    return Subscription(
        chefs=None if chefs is None else tuple(sorted(set(chefs))),
        kitchens=None
        if kitchens is None
        else tuple(sorted(set(kitchens), key=lambda name: (name is None, name or ""))),
        drivers=None if drivers is None else tuple(sorted(set(drivers))),
    )


class Matcher:
    """Tells which dumplings a subscription lets through, with one look into a table for each.

    Args:
        wanted: the subscription.
    """

    def __init__(self, wanted: Subscription) -> None:
        self._chef = _one_of(wanted.chefs)
        self._kitchen = _one_of(wanted.kitchens)
        self._driver = _one_of(wanted.drivers)
        self._remembered: dict[tuple[str, str | None, str], bool] = {}

    def __call__(self, metadata: Metadata) -> bool:
        """Tell whether a dumpling with this metadata is wanted."""
        kind = (metadata.chef, metadata.kitchen, metadata.driver)
        answer = self._remembered.get(kind)
        if answer is None:
            if len(self._remembered) >= MAX_REMEMBERED:
                self._remembered.clear()
            answer = (
                self._chef(metadata.chef)
                and self._kitchen(metadata.kitchen)
                and self._driver(metadata.driver)
            )
            self._remembered[kind] = answer
        return answer

    def wants_chef(self, chef: str, kitchen: str) -> bool:
        """Tell whether it may want dumplings of a chef, whatever drives it; remembers nothing."""
        return self._chef(chef) and self._kitchen(kitchen)


class _one_of:  # noqa: N801  # reads as the function it is used as
    """Tells whether a name is one of several names or patterns; None for any name at all."""

    def __init__(self, patterns: tuple[str | None, ...] | None) -> None:
        self._any = patterns is None
        self._nameless = None in (patterns or ())
        named = [pattern for pattern in patterns or () if pattern is not None]
        self._names = frozenset(name for name in named if not is_pattern(name))
        # A pattern cannot keep the hub busy: its stars are atomic groups, which never try again.
        self._patterns = [
            re.compile(fnmatch.translate(pattern)) for pattern in named if is_pattern(pattern)
        ]

    def __call__(self, name: str | None) -> bool:
        if self._any:
            return True
        if name is None:
            return self._nameless
        return name in self._names or any(pattern.match(name) for pattern in self._patterns)
