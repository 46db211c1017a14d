"""The kitchens of a hub as a small table for a terminal, losses first; and hubs, if several."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, TypeVar

from .figures import bits, share, short
from .fleet import (
    COLORS,
    Fleet,
    Kitchen,
    Level,
    OneHub,
    hub_level,
    hub_troubles,
    level,
    said_of,
    worst_first,
    worst_hubs_first,
)
from .text import printable

#: How wide a terminal must be for a column to be there.
_WIDE: Final = {"hub": 70, "packets/s": 46, "bit/s": 60, "dumplings/s": 92, "interface": 110}
_HUBS_WIDE: Final = {"kitchens": 40, "eaters": 50, "in/s": 60, "out/s": 70}
#: Columns that are no numbers.
_TEXTS: Final = ("kitchen", "hub", "interface")
#: Characters of a name that are shown at least, and of what is wrong.
_NAME: Final = 12


def board(fleet: Fleet, width: int, height: int, *, with_colors: bool) -> list[str]:
    """Write the hubs, if there are several or they have a backbone, and the kitchens as lines.

    Args:
        fleet: what is known.
        width: columns of the terminal.
        height: how many lines there is room for.
        with_colors: whether they may have colors.

    Returns:
        of hubs and of kitchens each a line of headings and one for each of them, the worst first;
        if there are more than there is room for, the last line says how many. No line is wider than
        ``width``. Nothing if there are none, or there is no room for one.
    """
    if fleet.hub is None:
        return []
    kitchens = worst_first(fleet.kitchens)
    hubs = worst_hubs_first((hub.status for hub in fleet.hubs), fleet.hub.name)
    # The kitchens are more, and need the room more; but not if there are few of them.
    of_kitchens = len(kitchens) + 2 if kitchens else 0
    lines = _hubs(fleet, hubs, width, max(height // 3, height - of_kitchens), with_colors)
    if lines and kitchens:
        lines.append("")
    return lines + _kitchens(fleet, kitchens, width, height - len(lines), with_colors)


def _kitchens(
    fleet: Fleet, kitchens: Sequence[Kitchen], width: int, height: int, with_colors: bool
) -> list[str]:
    if not kitchens or height < 2:
        return []
    assert fleet.hub is not None
    now = fleet.hub.time
    shown, left = _that_fit(kitchens, height)
    names = ["kitchen", "lost", *(name for name, least in _WIDE.items() if width >= least)]
    if not fleet.spread and "hub" in names:
        names.remove("hub")
    rows = []
    for kitchen in shown:
        lossy = {"lost": "red"} if kitchen.status.losses.everything else {}
        wrong = said_of(kitchen, now)
        look = COLORS[level(kitchen)], "dim" if kitchen.gone else "", lossy
        rows.append(_Row(_figures(kitchen, names), wrong, *look))
    lines = _table(names, rows, width, with_colors)
    return lines + _and_more([level(kitchen) for kitchen in left], width)


def _hubs(
    fleet: Fleet, hubs: Sequence[OneHub], width: int, height: int, with_colors: bool
) -> list[str]:
    if not hubs or height < 2:
        return []
    shown, left = _that_fit(hubs, height)
    names = ["hub", *(name for name, least in _HUBS_WIDE.items() if width >= least)]
    rates = {hub.status.key: hub.rates for hub in fleet.hubs}
    rows = []
    for hub in shown:
        rate = rates.get(hub.key)
        figures = {
            "hub": printable(hub.name) if hub.name is not None else "?",
            "kitchens": _count(hub.kitchens),
            "eaters": _count(hub.eaters),
            "in/s": short(rate.dumplings_in) if rate else "-",
            "out/s": short(rate.dumplings_out) if rate else "-",
        }
        wrong = ", ".join(hub_troubles(hub)) or "nothing"
        look = COLORS[hub_level(hub)], "" if hub.state == "up" else "dim"
        rows.append(_Row([figures[name] for name in names], wrong, *look))
    lines = _table(names, rows, width, with_colors)
    return lines + _and_more([hub_level(hub) for hub in left], width)


T = TypeVar("T")


def _that_fit(items: Sequence[T], height: int) -> tuple[Sequence[T], Sequence[T]]:
    """Part those for which there is room from the others: headings take a line, and so do these."""
    room = height - 1 if len(items) <= height - 1 else height - 2
    return items[:room], items[room:]


def _and_more(levels: Sequence[Level], width: int) -> list[str]:
    if not levels:
        return []
    bad = sum(one > Level.fine for one in levels)
    well = f"{bad} of them not well" if bad else "all well"
    return [f"and {len(levels)} more, {well}"[:width]]


class _Row(NamedTuple):
    """A line of a table.

    Attributes:
        cells: what is in it, and can be shown.
        wrong: what is wrong, likewise.
        color: of that.
        style: of the cells.
        styles: of some of them besides, by their columns.
    """

    cells: Sequence[str]
    wrong: str
    color: str
    style: str = ""
    styles: Mapping[str, str] = {}  # never written to


def _table(names: Sequence[str], rows: Sequence[_Row], width: int, with_colors: bool) -> list[str]:
    # rich takes its time to load, and --help does without.
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold", expand=True)
    for name in names:
        left = name in _TEXTS
        table.add_column(
            Text(name),
            justify="left" if left else "right",
            no_wrap=True,
            overflow="ellipsis",
            max_width=max(_NAME, width // 5) if left else None,
        )
    table.add_column(Text("what is wrong"), no_wrap=True, overflow="ellipsis", ratio=1)
    for row in rows:
        # Text, and not str: what it holds means nothing to rich.
        cells = [Text(value, row.style) for value in row.cells]
        for name, cell in zip(names, cells, strict=True):
            cell.stylize(row.styles.get(name, ""))
        table.add_row(*cells, Text(row.wrong, row.color))
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


def _count(number: int | None) -> str:
    return "?" if number is None else str(number)


def _figures(kitchen: Kitchen, columns: Sequence[str]) -> list[str]:
    status, rates = kitchen.status, None if kitchen.gone else kitchen.rates
    lost = short(status.losses.everything)
    if status.loss_share:
        lost += f" {share(status.loss_share)}"
    figures = {
        "kitchen": printable(status.name) if status.name is not None else "?",
        "lost": lost,
        "hub": printable(status.hub) if status.hub is not None else "?",
        "packets/s": short(rates.packets) if rates else "-",
        "bit/s": bits(rates.bits) if rates and rates.bits is not None else "-",
        "dumplings/s": short(rates.dumplings) if rates else "-",
        "interface": printable(", ".join(status.interfaces)),
    }
    return [figures[column] for column in columns]
