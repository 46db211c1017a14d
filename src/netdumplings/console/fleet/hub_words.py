"""What is wrong with a hub, in words, the worst first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from netdumplings.delivery import BackboneLedger, EaterLedger, IntakeLedger, ReturnLedger

from ..figures import short, span
from ..text import printable
from .hubs import BackboneStatus, OneHub
from .levels import Level

_BOOKS: Final = (IntakeLedger, EaterLedger)


def hub_level(hub: OneHub) -> Level:
    """Tell how bad it is."""
    backbone = hub.backbone
    if hub.state == "silent" or any(_of_books(hub)):
        return Level.lost
    if hub.state == "stopped" or backbone is None:
        return Level.odd if hub.state == "stopped" else Level.fine
    if backbone.problem or not backbone.connected or backbone.paused:
        return Level.broken
    if backbone.storing.get("refused"):
        return Level.lost
    return Level.odd if backbone.differs else Level.fine


def worst_hubs_first(hubs: Iterable[OneHub], own: str | None) -> list[OneHub]:
    """Sort hubs: those with most trouble first, then the one that was asked, then by name."""
    return sorted(hubs, key=lambda hub: (-hub_level(hub), hub.name != own, hub.name or ""))


def hub_troubles(hub: OneHub) -> Iterator[str]:
    """Say what is wrong with a hub, the worst first; nothing if all is well.

    Yields:
        a few words each, with nothing in them that acts on a terminal.
    """
    if hub.state == "silent":
        yield f"SILENT {span(round(hub.heard))}"
    elif hub.state == "stopped":
        yield f"stopped {span(round(hub.heard))} ago"
    elif hub.backbone is not None:
        yield from backbone_troubles(hub.backbone)
    yield from _of_books(hub)


def backbone_troubles(backbone: BackboneStatus) -> Iterator[str]:
    """Say what is wrong with a hub's backbone, likewise."""
    problem = printable(backbone.problem)
    if not backbone.connected:
        yield f"NO BACKBONE: {problem}" if problem else "NO BACKBONE"
    elif problem:
        yield f"NOT STORING: {problem}"
    if backbone.paused:
        yield "TAKES NO MORE from kitchens"
    if backbone.waiting and (problem or backbone.paused or not backbone.connected):
        yield f"{short(backbone.waiting)} dumplings wait"
    if refused := backbone.storing.get("refused"):
        yield f"{short(refused)} dumplings lost, too large for the backbone"
    for one in backbone.differs:
        yield f"the stream differs: {printable(one)}"


def books_out(
    ledger: Mapping[str, int], storing: Mapping[str, int], returning: Mapping[str, int]
) -> Iterator[str]:
    """Say what is wrong with books: nothing, if they tell too little."""
    for kind, counts in (
        *((book, ledger) for book in _BOOKS),
        (BackboneLedger, storing),
        (ReturnLedger, returning),
    ):
        known = {name: counts[name] for name in kind._fields if name in counts}
        if len(known) < len(kind._fields):
            continue
        if out_by := kind(**known).imbalance():
            told = " ".join(f"{name.replace('_', ' ')} {count}" for name, count in known.items())
            yield f"BOOKS OUT BY {out_by} ({told})"


def _of_books(hub: OneHub) -> Iterator[str]:
    backbone = hub.backbone or BackboneStatus()
    return books_out(hub.ledger, backbone.storing, backbone.returning)
