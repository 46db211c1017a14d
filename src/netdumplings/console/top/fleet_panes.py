"""The lists of kitchens and eaters."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Final

from ..figures import bits, share, short, span
from ..fleet import COLORS, Eater, Kitchen, Level, level, said_of, worst_first
from ..text import printable
from .lines import Cell, Column, Lines, name_of
from .picture import Picture
from .sparks import spark

#: How wide a list must be for a column that is not to be there.
NEVER: Final = 1_000_000
#: How bad it is, as a sign; the words say the same.
SIGNS: Final = {
    Level.fine: "●",
    Level.odd: "▲",
    Level.lost: "▲",
    Level.broken: "■",
    Level.losing: "■",
}


class Kitchens(Lines[Kitchen]):
    """Kitchens, those that lose something first."""

    now = 0.0
    spread = False

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
            Column("hub", 12, least=75 if self.spread else NEVER),
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
            Cell(name_of(status.hub), dim),
            Cell(printable(", ".join(status.interfaces)), dim),
            Cell(printable(status.version or "?"), dim),
            Cell(said_of(item, self.now), COLORS[how_bad]),
        )

    def key(self, item: Kitchen) -> Hashable:
        """Tell kitchens apart."""
        return id(item)

    def take(self, picture: Picture, now: float) -> None:
        """Show what is known now."""
        self.now, self.spread = now, picture.fleet.spread
        gone = len(picture.fleet.kitchens) - len(picture.fleet.here)
        self.entitle(f"kitchens {len(picture.fleet.here)}" + (f", gone {gone}" if gone else ""))
        self.show(worst_first(picture.fleet.kitchens))


class Eaters(Lines[Eater]):
    """Eaters, and what they missed."""

    now = 0.0
    spread = False

    def columns(self) -> Sequence[Column]:
        """Say what columns there are."""
        return (
            Column("eater"),
            Column("hub", 12, least=70 if self.spread else NEVER),
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
            Cell(name_of(status.hub), dim),
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
        self.now, self.spread = now, picture.fleet.spread
        eaters = picture.fleet.eaters
        self.entitle(f"eaters {sum(not one.gone for one in eaters)}")
        self.show(
            sorted(
                eaters,
                key=lambda one: (one.gone, -(one.status.dropped or 0), one.status.name or ""),
            )
        )


def _count(number: int | None) -> str:
    return "?" if number is None else short(number)
