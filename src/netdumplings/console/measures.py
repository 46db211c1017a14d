"""The types of options that say how much, and for how long."""

from __future__ import annotations

import re
from typing import Any, Final

import click

from .options import SINCE


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

        # As a file of settings may have it, and what is converted already.
        if isinstance(value, float) and 0 < value <= timedelta.max.total_seconds():
            return value
        try:
            span = SINCE.convert(str(value), param, ctx)
        except click.UsageError:
            span = None
        if not isinstance(span, timedelta) or span <= timedelta():
            self.fail(f"{value!r} is not a span of time, as in 30s, 15m, 1h30m or 7d", param, ctx)
        return span.total_seconds()


class SizeOrNoneType(SizeType):
    """As `SizeType`; 0 is for no limit."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the bytes, or fail with a usage error."""
        return 0 if value in (0, "0") else super().convert(value, param, ctx)


class RingSizeType(SizeOrNoneType):
    """As `SizeType`, at least 1 MiB; 0 is for none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the bytes, or fail with a usage error."""
        size = super().convert(value, param, ctx)
        if 0 < size < 2**20:
            self.fail(f"{value!r} is too little: a ring has at least 1MiB", param, ctx)
        return size


class SpanOrNoneType(SpanType):
    """As `SpanType`; 0 is for no limit."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the seconds, or fail with a usage error."""
        return 0.0 if value in (0, "0") else super().convert(value, param, ctx)


SIZE: Final = SizeType()
SIZE_OR_NONE: Final = SizeOrNoneType()
SPAN: Final = SpanType()
SPAN_OR_NONE: Final = SpanOrNoneType()
