"""The lists of layers and of names."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Final

from ..figures import bits, short, span
from ..text import printable
from .layers import Layer
from .lines import Cell, Column, Lines
from .names import Name
from .picture import Picture
from .sparks import spark

#: How many names are listed.
MOST_NAMES: Final = 500
_COLORS: Final = {
    "TCP": "green",
    "UDP": "magenta",
    "ICMP": "yellow",
    "ICMPv6": "yellow",
    "ARP": "yellow",
    "DNS": "magenta",
    "IPv6": "blue",
}


class LayersPane(Lines[tuple[str, Layer]]):
    """Layers of the traffic, and their course."""

    by_bits = False
    course = 1

    def columns(self) -> Sequence[Column]:
        """Say what columns there are."""
        unit = "bit/s" if self.by_bits else "packets/s"
        return (
            Column("layer", 10),
            Column(unit, 11 if self.by_bits else 9, right=True),
            Column("packets/s" if self.by_bits else "bit/s", 11, right=True, least=60),
            Column("highest", 11, right=True, least=60),
            Column("the last minutes"),
        )

    def cells(self, item: tuple[str, Layer], widths: Sequence[int], line: int) -> Sequence[Cell]:
        """Write a layer, in one line or several."""
        name, layer = item
        self.course = widths[-1]
        counted, other = list(layer.packets), list(layer.bits)
        if self.by_bits:
            counted, other = other, counted
        lines = spark(counted, widths[-1], self.lines_each())
        color = _COLORS.get(name, "cyan")
        course = Cell(lines[line], color)
        if line < self.lines_each() - 1:
            return (Cell(""), Cell(""), Cell(""), Cell(""), course)
        silent = not any(counted[-60:])
        packets, of_bits = (other, counted) if self.by_bits else (counted, other)
        figures = {
            False: short(packets[-1] if packets else 0),
            True: bits(of_bits[-1] if of_bits else 0) if layer.counts_bytes else "-",
        }
        write = bits if self.by_bits else short
        return (
            Cell(printable(name), "dim" if silent else f"bold {color}"),
            Cell(figures[self.by_bits], "dim" if silent else ""),
            Cell(figures[not self.by_bits], "dim" if silent else ""),
            Cell(write(max(counted[-max(1, widths[-1]) :], default=0)), "dim"),
            course,
        )

    def key(self, item: tuple[str, Layer]) -> Hashable:
        """Tell layers apart."""
        return item[0]

    def lines_each(self) -> int:
        """As many lines as there is room for."""
        if not self.items:
            return 1
        return max(1, min(4, (self.size.height - 1) // len(self.items)))

    def take(self, picture: Picture) -> None:
        """Show what is known now."""
        layers = picture.layers
        shown = layers.sorted(by_bits=self.by_bits)
        times = list(layers.times)[-max(1, self.course) :]
        over = f", {span(times[-1] - times[0])}" if len(times) > 1 else ""
        unit = "bits" if self.by_bits else "packets"
        self.entitle(f"layers by {unit}{over}")
        self.show(shown)


class NamesPane(Lines[tuple[str, Name]]):
    """The host names looked up most."""

    now = 0.0
    search = ""
    _summed: tuple[float, str] | None = None

    def columns(self) -> Sequence[Column]:
        """Say what columns there are."""
        return (
            Column("lookups", 7, right=True),
            Column("name"),
            Column("latest", 9, right=True, least=34),
        )

    def cells(self, item: tuple[str, Name], widths: Sequence[int], line: int) -> Sequence[Cell]:
        """Write a name."""
        hostname, name = item
        ago = self.now - name.latest
        return (
            Cell(short(name.count), "bold"),
            Cell(printable(hostname), "green"),
            Cell(f"{span(max(0.0, round(ago)))}" if name.latest and ago < 1e7 else "-", "dim"),
        )

    def key(self, item: tuple[str, Name]) -> Hashable:
        """Tell names apart."""
        return item[0]

    def take(self, picture: Picture, now: float) -> None:
        """Show what is known now; to add up what all kitchens tell, once a second is enough."""
        self.now = now
        if self._summed is not None:
            at, search = self._summed
            if search == self.search and 0 <= now - at < 1:
                self.refresh()
                return
        self._summed = now, self.search
        top, many = picture.names.top(MOST_NAMES, self.search)
        title = f"DNS names {many:,}"
        if picture.names.forgotten:
            title += f", forgotten {short(picture.names.forgotten)}"
        if self.search:
            title += f", with {printable(self.search)}"
        self.entitle(title)
        self.show(top)
