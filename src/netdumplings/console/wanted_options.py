"""The options that say which dumplings an eater wants, and from when on."""

from __future__ import annotations

import fnmatch
import functools
from collections.abc import Callable, Sequence
from typing import Any, Final

import click

from netdumplings import DumplingDriver

from .options import SINCE, Decorator

#: What stands for the kitchen of a dumpling that has none: it was made by the hub.
NO_KITCHEN: Final = "hub"


def wanted_options(verb: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the options that say which dumplings; it gets them as ``wanted``.

    Args:
        verb: what the command does with dumplings, as in ``Record``.

    Returns:
        a decorator. ``wanted`` are the filters of `DumplingEater`.
    """
    options = (
        click.option(
            "-c",
            "--chef",
            metavar="NAME",
            multiple=True,
            help=f"{verb} only this chef's dumplings; repeatable. A shell pattern may name "
            "several: 'DNS*'.  [default: every chef's]",
        ),
        click.option(
            "-k",
            "--kitchen",
            metavar="NAME",
            multiple=True,
            help=f"{verb} only dumplings from this kitchen, or from those that match; repeatable. "
            f"The hub's own status dumplings come from {NO_KITCHEN!r}.  "
            "[default: from every kitchen]",
        ),
        click.option(
            "--interval-dumplings/--no-interval-dumplings",
            default=True,
            help=f"{verb} the dumplings that chefs make at intervals.",
        ),
        click.option(
            "--packet-dumplings/--no-packet-dumplings",
            default=True,
            help=f"{verb} the dumplings that chefs make of packets.",
        ),
    )

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(function)
        def with_filters(**given: Any) -> None:
            drivers = [
                driver for driver in DumplingDriver if given.pop(f"{driver.value}_dumplings")
            ]
            wanted = {
                "chef_filter": given.pop("chef") or None,
                "kitchen_filter": kitchen_filter(given.pop("kitchen")),
                "driver_filter": drivers if len(drivers) < len(DumplingDriver) else None,
            }
            function(wanted=wanted, **given)

        decorated: Callable[..., None] = with_filters
        for option in reversed(options):
            decorated = option(decorated)
        return decorated

    return decorate


def past_options(unless: str = "") -> Decorator[Any]:
    """Give a command ``--last`` and ``--since``.

    Args:
        unless: what there is to add, at the end of each help text.
    """
    options = (
        click.option(
            "--last",
            type=click.IntRange(min=0),
            metavar="N",
            help=f"Begin with the latest so many dumplings that the hub still has{unless}.",
        ),
        click.option(
            "--since",
            type=SINCE,
            help=f"Begin with those that the hub still has from then on{unless}: a time, in UTC "
            "unless it says otherwise, or 30s, 5m, 2h or 1d ago.",
        ),
    )

    def decorate(function: Any) -> Any:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


def kitchen_filter(kitchens: Sequence[str]) -> list[str | None] | None:
    """Return the filter for these kitchens, of which ``hub`` also means the hub itself."""
    if not kitchens:
        return None
    hub = any(fnmatch.fnmatchcase(NO_KITCHEN, pattern) for pattern in kitchens)
    return [*kitchens, None] if hub else [*kitchens]
