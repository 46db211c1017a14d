"""The list of hubs, where there are several or they have a backbone."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from ..figures import short
from ..fleet import COLORS, Hub, hub_level, hub_troubles, worst_hubs_first
from ..text import printable
from .fleet_panes import SIGNS
from .lines import Cell, Column, Lines, name_of
from .picture import Picture


class Hubs(Lines[Hub]):
    """Hubs, those with most trouble first."""

    def columns(self) -> Sequence[Column]:
        """Say what columns there are."""
        return (
            Column("", 1),
            Column("hub", max(10, min(24, self.width // 6))),
            Column("kitchens", 8, right=True, least=50),
            Column("eaters", 6, right=True, least=60),
            Column("in/s", 6, right=True, least=40),
            Column("out/s", 6, right=True, least=70),
            Column("at", 22, least=110),
            Column("version", 10, least=140),
            Column("what is wrong"),
        )

    def cells(self, item: Hub, widths: Sequence[int], line: int) -> Sequence[Cell]:
        """Write a hub."""
        status, rates, how_bad = item.status, item.rates, hub_level(item.status)
        gone = status.state != "up"
        dim = "dim" if gone else ""
        return (
            Cell("○" if gone else SIGNS[how_bad], COLORS[how_bad]),
            Cell(name_of(status.name), dim or "bold"),
            Cell(_count(status.kitchens), dim),
            Cell(_count(status.eaters), dim),
            Cell(short(rates.dumplings_in) if rates else "-", dim),
            Cell(short(rates.dumplings_out) if rates else "-", dim),
            Cell(printable(f"{status.host or '?'}:{status.out_port or '?'}"), dim),
            Cell(printable(status.version or "?"), dim),
            Cell(", ".join(hub_troubles(status)) or "nothing", COLORS[how_bad]),
        )

    def key(self, item: Hub) -> Hashable:
        """Tell hubs apart."""
        return item.status.key

    def take(self, picture: Picture) -> None:
        """Show what is known now."""
        fleet = picture.fleet
        up = sum(hub.status.state == "up" for hub in fleet.hubs)
        gone = len(fleet.hubs) - up
        self.entitle(f"hubs {up}" + (f", gone {gone}" if gone else ""))
        by_key = {hub.status.key: hub for hub in fleet.hubs}
        own = fleet.hub.name if fleet.hub is not None else None
        self.show(
            [by_key[one.key] for one in worst_hubs_first((h.status for h in by_key.values()), own)]
        )


def _count(number: int | None) -> str:
    return "?" if number is None else short(number)
