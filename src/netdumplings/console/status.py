"""The status of a hub on one line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from netdumplings import Dumpling

from .figures import clock
from .fleet import (
    HubStatus,
    Level,
    backbone_troubles,
    books_out,
    hub_level,
    hub_troubles,
    read_status,
)
from .text import iso_time, printable

_UNKNOWN: Final = "?"


def status_line(dumpling: Dumpling) -> str:
    """Write a hub's status on one line.

    Args:
        dumpling: a status dumpling. Its payload may be anything: what is missing in it, or makes
            no sense, is shown as ``?``.

    Returns:
        time (UTC), uptime, dumplings in and out, kitchens and eaters; and the dumplings
        dropped, if the hub tells. Of a hub that has joined others: its name, what is wrong with its
        backbone, how many hubs there are, and what is wrong with them. If there are some: dumplings
        that kitchens had dropped before they reached the hub, dumplings that came twice (of which
        eaters got one), and packets that kitchens lost, and connections that the hub refused. If
        the books of the hub do not balance, by how much, and all of them.
    """
    return line_of(read_status(dumpling))


def line_of(status: HubStatus) -> str:
    """As `status_line`, of a status that was read."""
    own = status.own
    uptime = f"up {_UNKNOWN if status.uptime is None else clock(status.uptime)}"
    parts = [
        iso_time(status.time),
        uptime if status.name is None else f"{printable(status.name)} {uptime}",
        # Before all else, as a line may be cut.
        *(backbone_troubles(own.backbone) if own and own.backbone else ()),
        f"dumplings in {_count(status.dumplings_in)}",
        f"out {_count(status.dumplings_out)}",
        f"kitchens {_count(status.kitchen_count)}",
        f"eaters {_count(status.eater_count)}",
        *_hubs(status),
    ]
    if status.tells_dropped:
        parts.append(f"dropped {_count(status.dropped)}")
    for label, count in (
        ("dumplings lost", status.ledger.get("lost")),
        ("duplicates", status.ledger.get("duplicates")),
        ("packets lost", status.packets_lost),
        ("refused", status.refused),
    ):
        if count:
            parts.append(f"{label} {count}")
    parts += imbalances(status)
    return "  ".join(parts)


def imbalances(status: HubStatus) -> Iterator[str]:
    """Say what is wrong with the books of a hub, or of all: nothing, if it tells too little."""
    return books_out(status.ledger, status.storing, status.returning)


def is_wrong(status: HubStatus) -> bool:
    """Whether something was lost, or a hub or its backbone is not there."""
    return bool(
        status.packets_lost
        or status.dropped
        or status.ledger.get("lost")
        or any(imbalances(status))
        or any(hub_level(hub) > Level.odd for hub in status.hubs)
    )


def _hubs(status: HubStatus) -> Iterator[str]:
    """Say how many hubs there are, if there are several, and what is wrong with the others."""
    up = sum(hub.state == "up" for hub in status.hubs)
    if len(status.hubs) > 1:
        yield f"hubs {up}" if up == len(status.hubs) else f"hubs {up} of {len(status.hubs)}"
    own = status.own
    hears = own is None or own.backbone is None or own.backbone.connected
    for hub in status.hubs:
        # Who has no backbone hears of nobody, which says nothing of the others.
        if hub is own or (hub.state == "silent" and not hears):
            continue
        if wrong := ", ".join(hub_troubles(hub)):
            yield f"{_name(hub.name)}: {wrong}"


def _name(name: str | None) -> str:
    return _UNKNOWN if name is None else printable(name)


def _count(value: int | None) -> str:
    return _UNKNOWN if value is None else str(value)
