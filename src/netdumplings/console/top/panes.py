"""The lists: kitchens, layers, names, dumplings and eaters."""

from __future__ import annotations

import time
from collections.abc import Hashable, Sequence
from typing import Final

from textual.content import Content

from ..figures import bits, share, short, span
from ..fleet import Eater, Kitchen, Level, level, troubles, worst_first
from ..text import iso_time, printable
from .feed import Entry
from .layers import Layer
from .lines import Cell, Column, Lines
from .names import Name
from .picture import Picture
from .sparks import spark

#: How bad it is, as a color and as a sign; the words say the same.
COLORS: Final = {
    Level.fine: "green",
    Level.odd: "yellow",
    Level.lost: "red",
    Level.broken: "red",
    Level.losing: "bold red",
}
SIGNS: Final = {
    Level.fine: "●",
    Level.odd: "▲",
    Level.lost: "▲",
    Level.broken: "■",
    Level.losing: "■",
}
#: How many names are listed.
MOST_NAMES: Final = 500


class Kitchens(Lines[Kitchen]):
    """Kitchens, those that lose something first."""

    now = 0.0

    def columns(self) -> Sequence[Column]:
        """Say what columns there are."""
        width = self.width
        return (
            Column("", 1),
            Column("kitchen", max(12, min(28, width // 5))),
            Column("lost", 12, right=True),
            Column("packets/s", 9, right=True),
            Column("", 20, least=130),
            Column("bit/s", 11, right=True, least=64),
            Column("dumplings/s", 11, right=True, least=100),
            Column("interface", 14, least=150),
            Column("version", 10, least=170),
            Column("what is wrong"),
        )

    def cells(self, item: Kitchen, widths: Sequence[int], line: int) -> Sequence[Cell]:
        """Write a kitchen."""
        status, how_bad = item.status, level(item)
        rates = None if item.gone else item.rates
        dim = "dim" if item.gone else ""
        lost = short(status.losses.everything)
        if status.loss_share:
            lost += f" {share(status.loss_share)}"
        [course] = spark(list(item.recent), widths[4])
        return (
            Cell("○" if item.gone else SIGNS[how_bad], COLORS[how_bad]),
            Cell(name_of(status.name), dim or "bold"),
            Cell(lost, "red" if status.losses.everything else "dim"),
            Cell(short(rates.packets) if rates else "-", dim),
            Cell(course, "cyan"),
            Cell(bits(rates.bits) if rates and rates.bits is not None else "-", dim),
            Cell(short(rates.dumplings) if rates else "-", dim),
            Cell(printable(", ".join(status.interfaces)), dim),
            Cell(printable(status.version or "?"), dim),
            Cell(", ".join(troubles(item, self.now)) or "nothing", COLORS[how_bad]),
        )

    def key(self, item: Kitchen) -> Hashable:
        """Tell kitchens apart."""
        return id(item)

    def take(self, picture: Picture, now: float) -> None:
        """Show what is known now."""
        self.now = now
        gone = len(picture.fleet.kitchens) - len(picture.fleet.here)
        self.border_title = _title(
            f"kitchens {len(picture.fleet.here)}" + (f", gone {gone}" if gone else "")
        )
        self.show(worst_first(picture.fleet.kitchens))


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
        color = _LAYER_COLORS.get(name, "cyan")
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
        self.border_title = _title(f"layers by {unit}{over}")
        self.show(shown)


class NamesPane(Lines[tuple[str, Name]]):
    """The host names looked up most."""

    now = 0.0
    search = ""

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
        """Show what is known now."""
        self.now = now
        top, many = picture.names.top(MOST_NAMES, self.search)
        title = f"DNS names {many:,}"
        if picture.names.forgotten:
            title += f", forgotten {short(picture.names.forgotten)}"
        if self.search:
            title += f", with {printable(self.search)}"
        self.border_title = _title(title)
        self.show(top)


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
        self.border_title = _title(title)


class Eaters(Lines[Eater]):
    """Eaters, and what they missed."""

    now = 0.0

    def columns(self) -> Sequence[Column]:
        """Say what columns there are."""
        return (
            Column("eater"),
            Column("from", 20, least=90),
            Column("dumplings/s", 11, right=True),
            Column("out", 6, right=True, least=50),
            Column("waiting", 7, right=True, least=60),
            Column("dropped", 8, right=True),
        )

    def cells(self, item: Eater, widths: Sequence[int], line: int) -> Sequence[Cell]:
        """Write an eater."""
        status = item.status
        dim = "dim" if item.gone else ""
        name = name_of(status.name)
        if item.gone:
            name += f", gone {span(max(0.0, self.now - item.seen))}"
        dropped = status.dropped
        return (
            Cell(name, dim or "bold"),
            Cell(printable(f"{status.host or '?'}:{status.port or '?'}"), "dim"),
            Cell("-" if item.gone or item.rate is None else short(item.rate), dim),
            Cell(_count(status.dumplings_out), dim),
            Cell(_count(status.waiting), dim),
            Cell(_count(dropped), "bold red" if dropped else "dim"),
        )

    def key(self, item: Eater) -> Hashable:
        """Tell eaters apart."""
        return id(item)

    def take(self, picture: Picture, now: float) -> None:
        """Show what is known now."""
        self.now = now
        eaters = picture.fleet.eaters
        self.border_title = _title(f"eaters {sum(not one.gone for one in eaters)}")
        self.show(
            sorted(
                eaters,
                key=lambda one: (one.gone, -(one.status.dropped or 0), one.status.name or ""),
            )
        )


def name_of(name: str | None, nobody: str = "?") -> str:
    """Write a name from the network, harmless."""
    return nobody if name is None else printable(name)


def payload_of(text: str) -> str:
    """Return the payload's part of a dumpling's JSON; all of it if it is not where it mostly is."""
    head, found, payload = text.partition('"payload":')
    if found and head.lstrip().startswith('{"metadata"'):
        return payload.strip().removesuffix("}")
    return text


def _title(text: str) -> Content:
    return Content(f" {text} ")


def _count(number: int | None) -> str:
    return "?" if number is None else short(number)


_SHORT: Final = {"packet": "pkt", "interval": "int"}
_LAYER_COLORS: Final = {
    "TCP": "green",
    "UDP": "magenta",
    "ICMP": "yellow",
    "ICMPv6": "yellow",
    "ARP": "yellow",
    "DNS": "magenta",
    "IPv6": "blue",
}
