"""What a kitchen tells its hub of itself, short enough for a hub to take it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from .._version import __version__
from ..capture.ring_reader import Kept
from ..wire import LIMITS, counts_message, kitchen_hello
from .statistics import KitchenStatistics, announced

#: Bytes of the message that tells the counts: hubs take no more than of a hello.
_MAX_COUNTS: Final = LIMITS.hello - 1024


def hello(done: KitchenStatistics, *who: Any, displays: Mapping[str, Any], **more: Any) -> str:
    """Write a kitchen's announcement, with its counts as they are now.

    Args:
        done: the counts.
        *who: the other arguments of `kitchen_hello`.
        displays: how its chefs want to be shown.
        **more: what else it announces; any JSON values, which are short.

    Raises:
        ValueError: a hub would refuse it.
    """
    shown: dict[str, Any] = {"displays": displays} if displays else {}
    # With hundreds of chefs it would be too long; who the kitchen is comes first.
    for most, with_chefs in (({**more, **shown}, True), (more, True), (more, False)):
        with suppress(ValueError):
            told = announced(done, with_chefs=with_chefs)
            return kitchen_hello(*who, version=__version__, **most, counts=told)
    told = announced(done, with_chefs=False)
    return kitchen_hello(*who, cut=True, version=__version__, **more, counts=told)


def counts(done: KitchenStatistics, kept: Kept | None = None) -> bytes:
    """Write the message that tells the counts as they are now.

    Args:
        done: the counts.
        kept: how many packets are kept; None if none are to be.
    """
    told = announced(done)
    if kept is not None:
        since = None if kept.since is None else kept.since / 1e9
        told["ring"] = {"packets": kept.packets, "since": since}
    # With hundreds of chefs it would be too long; what is left out, the log has.
    for key in ("chefs", "quarantined", "stuck", "not_wanted", "kernel_filter"):
        if len(counts_message(told)) <= _MAX_COUNTS:
            break
        told.pop(key, None)
    return counts_message(told)
