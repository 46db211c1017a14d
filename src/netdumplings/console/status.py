"""The status dumplings of a hub, as the commands that show them read them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, TypeGuard

from netdumplings import Dumpling
from netdumplings.defaults import STATUS_CHEF
from netdumplings.delivery import EaterLedger, IntakeLedger

from .text import iso_time

_UNKNOWN: Final = "?"


def is_status(dumpling: Dumpling) -> bool:
    """Tell a hub's status from the dumpling of a kitchen whose chef has the same name."""
    return dumpling.chef_name == STATUS_CHEF and dumpling.kitchen is None


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
    payload = dumpling.payload if isinstance(dumpling.payload, dict) else {}
    parts = [
        iso_time(dumpling.creation_time),
        f"up {_uptime(payload.get('server_uptime'))}",
        f"dumplings in {_count(payload.get('total_dumplings_in'))}",
        f"out {_count(payload.get('total_dumplings_out'))}",
        f"kitchens {_count(payload.get('dumpling_kitchen_count'))}",
        f"eaters {_count(payload.get('dumpling_eater_count'))}",
    ]
    if "total_dumplings_dropped" in payload:
        parts.append(f"dropped {_count(payload['total_dumplings_dropped'])}")
    ledger = payload.get("ledger")
    ledger = ledger if isinstance(ledger, dict) else {}
    for label, count in (
        ("dumplings lost", ledger.get("lost")),
        ("duplicates", ledger.get("duplicates")),
        ("packets lost", _packets_lost(payload)),
        ("refused", _refused(payload)),
    ):
        if _is_count(count) and count:
            parts.append(f"{label} {count}")
    parts += _imbalances(ledger)
    return "  ".join(parts)


def _imbalances(ledger: dict[str, Any]) -> Iterator[str]:
    """Say what is wrong with the books of a hub: nothing, if it tells too little."""
    for book in (IntakeLedger, EaterLedger):
        counts = {name: ledger.get(name) for name in book._fields}
        known = {name: count for name, count in counts.items() if _is_count(count)}
        if len(known) < len(counts):
            continue
        if out_by := book(**known).imbalance():
            told = " ".join(f"{name.replace('_', ' ')} {count}" for name, count in known.items())
            yield f"BOOKS OUT BY {out_by} ({told})"


def _packets_lost(payload: dict[str, Any]) -> int:
    """How many packets the kernels of all kitchens dropped, and the kitchens themselves."""
    lost = 0
    kitchens = payload.get("dumpling_kitchens")
    for kitchen in kitchens if isinstance(kitchens, list) else ():
        told = kitchen.get("info_from_kitchen") if isinstance(kitchen, dict) else None
        counts = told.get("counts") if isinstance(told, dict) else None
        for key in ("packets_dropped_by_kernel", "packets_dropped_by_kitchen"):
            count = counts.get(key) if isinstance(counts, dict) else None
            lost += count if _is_count(count) else 0
    return lost


def _refused(payload: dict[str, Any]) -> int:
    """How many connections the hub refused, for whatever cause."""
    refused = payload.get("refused")
    counts = refused.values() if isinstance(refused, dict) else ()
    return sum(count for count in counts if _is_count(count))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_count(value: Any) -> TypeGuard[int]:
    # No counter gets further than 64 bits; a hostile one could be thousands of digits long.
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**64


def _count(value: Any) -> str:
    return str(value) if _is_count(value) else _UNKNOWN


def _uptime(seconds: Any) -> str:
    """Write seconds as ``1d 02:03:04``, without the days if there are none."""
    if not _is_number(seconds) or not 0 <= seconds < 2**40:
        return _UNKNOWN
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    clock = f"{hour:02}:{minute:02}:{second:02}"
    return f"{days}d {clock}" if days else clock
