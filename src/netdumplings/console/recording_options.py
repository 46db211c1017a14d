"""The options of recordings: which dumplings, how much of them, and for how long."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Any, Final

import click

from netdumplings import DumplingDriver

from .options import SINCE
from .print import NO_KITCHEN, kitchen_filter


class SizeType(click.ParamType):  # type: ignore[type-arg]  # not generic in older clicks
    """A number of bytes, as in ``500k``, ``100M`` or ``2G``; its value is an int."""

    name = "size"
    _units: Final = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}
    _form: Final = re.compile(
        r"(\d{1,15}(?:\.\d{1,9})?)([kmgt]?)(?:i?b)?", re.ASCII | re.IGNORECASE
    )

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the bytes, or fail with a usage error."""
        found = self._form.fullmatch(str(value).strip())
        size = float(found[1]) * self._units[found[2].lower()] if found else 0
        if not 1 <= size < 2**63:
            self.fail(f"{value!r} is not a size, as in 500k, 100M or 2G", param, ctx)
        return int(size)


class SpanType(click.ParamType):  # type: ignore[type-arg]  # likewise
    """A span of time, as in ``30s``, ``15m``, ``1h30m`` or ``7d``; its value is in seconds."""

    name = "span"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the seconds, or fail with a usage error."""
        from datetime import timedelta

        if isinstance(value, float):
            return value
        try:
            span = SINCE.convert(value, param, ctx)
        except click.UsageError:
            span = None
        if not isinstance(span, timedelta) or span <= timedelta():
            self.fail(f"{value!r} is not a span of time, as in 30s, 15m, 1h30m or 7d", param, ctx)
        return span.total_seconds()


SIZE: Final = SizeType()
SPAN: Final = SpanType()


def filter_options(verb: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
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
