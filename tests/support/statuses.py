"""Status dumplings as a hub sends them, for tests."""

from __future__ import annotations

from typing import Any

from netdumplings import Dumpling, DumplingDriver
from netdumplings.console.fleet import Fleet, read_status


def kitchen(name: str = "north", *, port: int = 1, **counts: Any) -> dict[str, Any]:
    """What a hub tells of a kitchen."""
    return {
        "info_from_kitchen": {
            "kitchen_name": name,
            "interface": "eth0",
            "filter": "udp",
            "chefs": ["netdumplings.dumplingchefs.DNSLookupChef"],
            "counts": counts,
        },
        "info_from_hub": {"host": "192.0.2.1", "port": port, "dumplings_in": 3, "lost": 0},
    }


def eater(name: str = "printer", **counts: Any) -> dict[str, Any]:
    """What a hub tells of an eater."""
    known = {"host": "192.0.2.2", "port": 9, **counts}
    return {"info_from_eater": {"eater_name": name}, "info_from_hub": known}


def status(time: float, *kitchens: Any, eaters: Any = (), **payload: Any) -> Dumpling:
    """A status dumpling."""
    told = {
        "total_dumplings_in": 10,
        "total_dumplings_out": 20,
        "server_uptime": time,
        "dumpling_kitchen_count": len(kitchens),
        "dumpling_eater_count": len(eaters),
        "dumpling_kitchens": list(kitchens),
        "dumpling_eaters": list(eaters),
        **payload,
    }
    return Dumpling(
        chef="SystemStatusChef",
        driver=DumplingDriver.interval,
        creation_time=time,
        payload=told,
    )


def fleet_after(*statuses: Dumpling) -> Fleet:
    """The fleet as these statuses show it."""
    fleet = Fleet()
    for one in statuses:
        fleet.update(read_status(one))
    return fleet
