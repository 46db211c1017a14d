"""What a kitchen tells its hub of itself, short enough for a hub to take it."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Final

from ..wire import LIMITS, counts_message, kitchen_hello
from .statistics import KitchenStatistics, announced

#: Bytes of the message that tells the counts: hubs take no more than of a hello.
_MAX_COUNTS: Final = LIMITS.hello - 1024


def hello(done: KitchenStatistics, *who: Any) -> str:
    """Write a kitchen's announcement, with its counts as they are now.

    Args:
        done: the counts.
        *who: the other arguments of `kitchen_hello`.

    Raises:
        ValueError: a hub would refuse it.
    """
    # With hundreds of chefs it would be too long; who the kitchen is comes first.
    for with_chefs in (True, False):
        with suppress(ValueError):
            return kitchen_hello(*who, counts=announced(done, with_chefs=with_chefs))
    return kitchen_hello(*who, cut=True, counts=announced(done, with_chefs=False))


def counts(done: KitchenStatistics) -> bytes:
    """Write the message that tells the counts as they are now."""
    told = announced(done)
    # With hundreds of chefs it would be too long; what is left out, the log has.
    for key in ("chefs", "quarantined", "stuck"):
        if len(counts_message(told)) <= _MAX_COUNTS:
            break
        told.pop(key, None)
    return counts_message(told)
