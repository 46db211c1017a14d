"""What eaters want of kitchens, as little of it as decides which chefs are wanted."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ..defaults import STATUS_CHEF
from ..wire import Subscription
from ..wire.subscriptions import is_pattern, subscription

#: How many different wants are looked at, and characters of all their patterns: each is tried for
#: each chef that is asked about. If there are more, every chef is wanted.
MAX_WANTS: Final = 256
MAX_PATTERN_TEXT: Final = 4096

#: Subscriptions that differ in their chefs and kitchens; None where every chef is wanted.
Wants = frozenset[Subscription] | None
NOTHING: Final[Wants] = frozenset()


def wants_of(subscriptions: Iterable[Subscription]) -> Wants:
    """Say what is wanted of kitchens by those who have subscribed to something.

    Args:
        subscriptions: what each has subscribed to. Which drivers makes no difference.
    """
    found: set[Subscription] = set()
    for one in subscriptions:
        # What is the hub's own is no kitchen's.
        chefs = None if one.chefs is None else {name for name in one.chefs if name != STATUS_CHEF}
        kitchens = None if one.kitchens is None else set(one.kitchens) - {None}
        if chefs is None and kitchens is None:
            return None
        if chefs != set() and kitchens != set():
            found.add(subscription(chefs=chefs, kitchens=kitchens))
            if len(found) > MAX_WANTS:
                return None
    return bounded(found)


def merged(several: Iterable[Wants]) -> Wants:
    """Say what is wanted if each of several is."""
    found: set[Subscription] = set()
    for wants in several:
        if wants is None:
            return None
        found |= wants
        if len(found) > MAX_WANTS:
            return None
    return bounded(found)


def bounded(found: Iterable[Subscription]) -> Wants:
    """Give up telling wants apart if there are too many."""
    wants = frozenset(found)
    names = (name for one in wants for name in (*(one.chefs or ()), *(one.kitchens or ())))
    patterns = sum(len(name) for name in names if name is not None and is_pattern(name))
    return None if patterns > MAX_PATTERN_TEXT else wants
