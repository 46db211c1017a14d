"""What hubs of a fleet tell one another, for tests."""

from __future__ import annotations

from typing import Any

import msgspec

from netdumplings.delivery import BackboneLedger, EaterLedger, IntakeLedger, ReturnLedger
from netdumplings.hub.fleet import Fleet
from netdumplings.hub.reports import BackboneTold, HubTold, PeerTold, Report, write_report

INTAKE = IntakeLedger(received=10, taken=9, duplicates=1, lost=4)
EATERS = EaterLedger(routed=100, sent=20, filtered_out=40, dropped=30, waiting=10)
STORING = BackboneLedger(taken=9, stored=6, waiting=2, left=1)
RETURNING = ReturnLedger(came=8, routed=5, repeated=2, damaged=1)


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def id_of(number: int) -> str:
    """The id of a hub."""
    return f"{number:0>8}-id"


def told(name: str = "east", number: int = 1, **more: Any) -> HubTold:
    """What a hub says of itself."""
    usual: dict[str, Any] = {
        "id": id_of(number),
        "name": name,
        "host": "192.0.2.1",
        "in_port": 11347,
        "out_port": 11348,
        "version": "1",
        "uptime": 60.0,
        "every": 3.0,
        "ledger": {**INTAKE._asdict(), "own": 3, **EATERS._asdict()},
        "refused": {"silent": 1},
        "backbone": backbone(),
    }
    return HubTold(**usual | more)


def backbone(**more: Any) -> BackboneTold:
    """What a hub says of its backbone."""
    ledgers = {"storing": STORING._asdict(), "returning": RETURNING._asdict()}
    return BackboneTold(**{"connected": True, "server": "nats://a:4222", **ledgers, **more})


def kitchen(
    name: str = "k", stream: str = "s", since: float = 0.0, size: int = 0, **counts: Any
) -> PeerTold:
    """What a hub says of a kitchen."""
    info = {"kitchen_name": name, "counts": counts, "more": "y" * size}
    known: dict[str, int | str] = {"host": "192.0.2.9", "port": 4321, "dumplings_in": 5}
    return PeerTold(name, msgspec.Raw(msgspec.json.encode(info)), known, stream, since)


def eater(name: str = "e") -> PeerTold:
    """What a hub says of an eater."""
    info = msgspec.Raw(msgspec.json.encode({"eater_name": name}))
    return PeerTold(name, info, {"host": "::1", "port": 1, "dumplings_out": 2})


def report(
    name: str = "east", number: int = 1, *kitchens: PeerTold, eaters: Any = (), **more: Any
) -> Report:
    """What a hub tells, or would."""
    counts = {"kitchens": len(kitchens), "eaters": len(eaters)}
    lists = {key: more.pop(key) for key in ("left", "sums", "wants") if key in more}
    return Report(told(name, number, **counts | more), kitchens, eaters, **lists)


def hear(fleet: Fleet, *reports: Report) -> None:
    """Let a hub hear of others."""
    for one in reports:
        fleet.hear(write_report(one))
