"""The status of a hub on one line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from netdumplings import Dumpling
from netdumplings.delivery import EaterLedger, IntakeLedger

from .figures import clock
from .fleet import HubStatus, read_status
from .text import iso_time

_UNKNOWN: Final = "?"


def status_line(dumpling: Dumpling) -> str:
    """Write a hub's status on one line.

    Args:
        dumpling: a status dumpling. Its payload may be anything: what is missing in it, or makes
            no sense, is shown as ``?``.

    Returns:
        time (UTC), uptime, dumplings in and out, kitchens and eaters; and the dumplings
        dropped, if the hub tells. If there are some: dumplings that kitchens had dropped before
        they reached the hub, dumplings that came twice (of which eaters got one), and packets
        that kitchens lost, and connections that the hub refused. If the books of the hub do not
        balance, by how much, and all of them.
    """
    return line_of(read_status(dumpling))


def line_of(status: HubStatus) -> str:
    """As `status_line`, of a status that was read."""
    parts = [
        iso_time(status.time),
        f"up {_UNKNOWN if status.uptime is None else clock(status.uptime)}",
        f"dumplings in {_count(status.dumplings_in)}",
        f"out {_count(status.dumplings_out)}",
        f"kitchens {_count(status.kitchen_count)}",
        f"eaters {_count(status.eater_count)}",
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
    parts += imbalances(status.ledger)
    return "  ".join(parts)


def imbalances(ledger: Mapping[str, int]) -> Iterator[str]:
    """Say what is wrong with the books of a hub: nothing, if it tells too little."""
    for book in (IntakeLedger, EaterLedger):
        known = {name: ledger[name] for name in book._fields if name in ledger}
        if len(known) < len(book._fields):
            continue
        if out_by := book(**known).imbalance():
            told = " ".join(f"{name.replace('_', ' ')} {count}" for name, count in known.items())
            yield f"BOOKS OUT BY {out_by} ({told})"


def _count(value: int | None) -> str:
    return _UNKNOWN if value is None else str(value)
