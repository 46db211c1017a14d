"""The kitchens of a hub as a small table for a terminal, losses first."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Final

from .figures import bits, share, short
from .fleet import COLORS, Fleet, Kitchen, Level, level, troubles, worst_first
from .text import printable

#: How wide a terminal must be for a column to be there.
_WIDE: Final = {"packets/s": 46, "bit/s": 60, "dumplings/s": 92, "interface": 110}
#: Characters of a name that are shown at least, and of what is wrong.
_NAME: Final = 12


def board(fleet: Fleet, width: int, height: int, *, with_colors: bool) -> list[str]:
    """Write the kitchens as lines for a terminal.

    Args:
        fleet: what is known.
        width: columns of the terminal.
        height: how many lines there is room for.
        with_colors: whether they may have colors.

    Returns:
        a line of headings and one for each kitchen, the worst first; if there are more than there
        is room for, the last line says how many. No line is wider than ``width``. Nothing if
        there are no kitchens, or there is no room for one.
    """
    kitchens = worst_first(fleet.kitchens)
    if not kitchens or height < 2 or fleet.hub is None:
        return []
    # The headings take a line, and so does what is left over.
    room = height - 1 if len(kitchens) <= height - 1 else height - 2
    shown, left = kitchens[:room], kitchens[room:]
    lines = _table(shown, fleet.hub.time, width, with_colors)
    if left:
        bad = sum(level(kitchen) > Level.fine for kitchen in left)
        well = f"{bad} of them not well" if bad else "all well"
        lines.append(f"and {len(left)} more, {well}"[:width])
    return lines


def _table(kitchens: Sequence[Kitchen], now: float, width: int, with_colors: bool) -> list[str]:
    # rich takes its time to load, and --help does without.
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold", expand=True)
    columns = ["kitchen", "lost", *(name for name, least in _WIDE.items() if width >= least)]
    for name in columns:
        left = name in ("kitchen", "interface")
        table.add_column(
            Text(name),
            justify="left" if left else "right",
            no_wrap=True,
            overflow="ellipsis",
            max_width=max(_NAME, width // 5) if left else None,
        )
    table.add_column(Text("what is wrong"), no_wrap=True, overflow="ellipsis", ratio=1)
    for kitchen in kitchens:
        color = COLORS[level(kitchen)]
        dim = "dim" if kitchen.gone else ""
        # Text, and not str: what it holds means nothing to rich.
        cells = [Text(value, dim) for value in _figures(kitchen, columns)]
        if kitchen.status.losses.everything:
            cells[1].stylize("red")
        wrong = ", ".join(troubles(kitchen, now)) or "nothing"
        table.add_row(*cells, Text(wrong, color))
    console = Console(
        file=io.StringIO(),
        width=width,
        color_system="standard" if with_colors else None,
        force_terminal=True,
        legacy_windows=False,
        _environ={},  # what it says has been heeded already
    )
    console.print(table)
    written = console.file
    assert isinstance(written, io.StringIO)
    return written.getvalue().splitlines()


def _figures(kitchen: Kitchen, columns: Sequence[str]) -> list[str]:
    status, rates = kitchen.status, None if kitchen.gone else kitchen.rates
    lost = short(status.losses.everything)
    if status.loss_share:
        lost += f" {share(status.loss_share)}"
    figures = {
        "kitchen": printable(status.name) if status.name is not None else "?",
        "lost": lost,
        "packets/s": short(rates.packets) if rates else "-",
        "bit/s": bits(rates.bits) if rates and rates.bits is not None else "-",
        "dumplings/s": short(rates.dumplings) if rates else "-",
        "interface": printable(", ".join(status.interfaces)),
    }
    return [figures[column] for column in columns]
