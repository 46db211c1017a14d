"""The list of dumplings."""

from __future__ import annotations

import time
from collections.abc import Hashable, Sequence
from typing import Final

from ..figures import short
from ..text import iso_time, printable
from .feed import Entry
from .lines import Cell, Column, Lines, name_of
from .picture import Picture

_SHORT: Final = {"packet": "pkt", "interval": "int"}


class FeedPane(Lines[Entry]):
    """Dumplings, the latest first."""

    paused_at: int | None = None

    def columns(self) -> Sequence[Column]:
        """Say what columns there are."""
        width = self.width
        return (
            Column("time", 8 if width < 100 else 12),
            Column("", 3 if width < 100 else 8),
            Column("chef", max(10, min(24, width // 5))),
            Column("kitchen", max(8, min(20, width // 7))),
            Column("payload"),
        )

    def cells(self, item: Entry, widths: Sequence[int], line: int) -> Sequence[Cell]:
        """Write a dumpling, or a gap."""
        clock = Cell(iso_time(item.time).partition("T")[2].rstrip("Z")[: widths[0]] or "?", "dim")
        if item.is_gap:
            return (clock, Cell("!", "yellow"), Cell(f"GAP: {item.text}", "bold yellow"))
        return (
            clock,
            Cell(item.driver if widths[1] > 3 else _SHORT.get(item.driver, "?"), "yellow"),
            Cell(printable(item.chef), "bold"),
            Cell(name_of(item.kitchen, "hub"), "cyan"),
            # What is cut off anyway need not be made harmless.
            Cell(printable(payload_of(item.text)[: widths[-1] + 1])),
        )

    def key(self, item: Entry) -> Hashable:
        """Tell dumplings apart."""
        return item.number

    def was_chosen(self) -> None:
        """Nobody can read what moves on."""
        if self.paused_at is None:
            self.app.action_pause()  # type: ignore[attr-defined]

    def on_mouse_scroll_down(self) -> None:
        """Whoever scrolls, reads."""
        self.was_chosen()

    def take(self, picture: Picture) -> None:
        """Show what came, unless that is paused."""
        feed = picture.feed
        title = f"dumplings {short(picture.rate(time.monotonic()))}/s"
        if feed.wanted.text:
            title += f", only {printable(feed.wanted.text)}"
        if feed.missed:
            title += f", MISSED {short(feed.missed)}"
        if self.paused_at is not None:
            title += f", PAUSED, {feed.taken - self.paused_at:,} came since"
        else:
            self.show(feed.latest())
        self.entitle(title)


def payload_of(text: str) -> str:
    """Return the payload's part of a dumpling's JSON; all of it if it is not where it mostly is."""
    head, found, payload = text.partition('"payload":')
    if found and head.lstrip().startswith('{"metadata"'):
        return payload.strip().removesuffix("}")
    return text
