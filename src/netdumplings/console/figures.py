"""Numbers as people read them: short, and of one width as far as that goes."""

from __future__ import annotations

import math
from typing import Final

_THOUSANDS: Final = ("", "k", "M", "G", "T", "P", "E")


def short(number: float) -> str:
    """Write a number in five characters or fewer: ``0``, ``0.3``, ``42``, ``12.3k``, ``456M``.

    Args:
        number: 0 or more.
    """
    if not math.isfinite(number) or number < 0:
        return "?"
    if 0 < number < 10 and number != int(number):
        # So few that the fraction matters; but what is not nothing never reads as 0.
        return f"{max(number, 0.1):.1f}"
    for unit in _THOUSANDS:
        if round(number) < 1000 or unit == _THOUSANDS[-1]:
            whole = not unit or number >= 99.95
            return f"{number:.0f}{unit}" if whole else f"{number:.1f}{unit}"
        number /= 1000
    raise AssertionError("the last unit is for all that is left")


def bits(rate: float) -> str:
    """Write bits a second: ``1.2 Mbit/s``."""
    text = short(rate)
    unit = text[-1] if text[-1].isalpha() else ""
    return f"{text.removesuffix(unit)} {unit}bit/s"


def share(part: float) -> str:
    """Write a share of 0 to 1 in percent; what is not nothing never reads as 0, nor 100 as all."""
    percent = part * 100
    if percent <= 0:
        return "0 %"
    if percent < 0.01:
        return "<0.01 %"
    if percent < 10:
        return f"{percent:.2f} %"
    return f"{min(percent, 99.9) if percent < 100 else 100:.3g} %"


def span(seconds: float) -> str:
    """Write how long: ``0.4 s``, ``12 s``, ``5 min``, ``3 h``, ``2 d``."""
    if not math.isfinite(seconds) or seconds < 0:
        return "? s"
    if seconds < 10:
        return f"{seconds:.1f} s" if seconds != int(seconds) else f"{seconds:.0f} s"
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def clock(seconds: float) -> str:
    """Write a time span as ``1d 02:03:04``, without the days if there are none."""
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    text = f"{hour:02}:{minute:02}:{second:02}"
    return f"{days}d {text}" if days else text
