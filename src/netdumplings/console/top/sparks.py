"""The course of a number over time, as a row of blocks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

_EIGHTHS: Final = " ▁▂▃▄▅▆▇█"


def spark(values: Sequence[float], width: int, height: int = 1) -> list[str]:
    """Draw numbers as columns of blocks, the latest at the right.

    Args:
        values: 0 or more each; only as many of the latest are drawn as there are columns.
        width: how many columns.
        height: how many lines; the highest column fills them.

    Returns:
        ``height`` lines of ``width`` characters. A value over 0 is never drawn as nothing.
    """
    shown = list(values[-width:]) if width > 0 else []
    top = max(shown, default=0.0)
    steps = 8 * height
    heights = [
        0 if value <= 0 or top <= 0 else max(1, round(value / top * steps)) for value in shown
    ]
    left = " " * (width - len(shown))
    return [
        left + "".join(_EIGHTHS[min(8, max(0, high - 8 * below))] for high in heights)
        for below in reversed(range(height))
    ]
