"""Status dumplings as a hub sends them, for tests."""

from __future__ import annotations

from typing import Any

from netdumplings import Dumpling, DumplingDriver
from netdumplings.console.fleet import Fleet, read_status


def kitchen(
    name: str = "north", *, port: int = 1, hub: str | None = None, **counts: Any
) -> dict[str, Any]:
    """What a hub tells of a kitchen, and at which hub it is if there are several."""
    known = {"host": "192.0.2.1", "port": port, "dumplings_in": 3, "lost": 0}
    return {
        "info_from_kitchen": {
            "kitchen_name": name,
            "interface": "eth0",
            "filter": "udp",
            "chefs": ["netdumplings.dumplingchefs.DNSLookupChef"],
            "counts": counts,
        },
        "info_from_hub": known if hub is None else {**known, "hub": hub},
    }


def eater(name: str = "printer", **counts: Any) -> dict[str, Any]:
    """What a hub tells of an eater."""
    known = {"host": "192.0.2.2", "port": 9, **counts}
    return {"info_from_eater": {"eater_name": name}, "info_from_hub": known}


def hub(name: str = "a", **more: Any) -> dict[str, Any]:
    """What a hub tells of one of several hubs."""
    told = {
        "name": name,
        "id": f"the id of {name}",
        "state": "up",
        "heard": 0.0,
        "host": "192.0.2.3",
        "in_port": 11347,
        "out_port": 11348,
        "version": "1",
        "uptime": 60.0,
        "dumplings_in": 10,
        "dumplings_out": 20,
        "dumplings_dropped": 0,
        "kitchens": 1,
        "eaters": 2,
        "ledger": {},
        "refused": {},
        "backbone": backbone(),
    }
    return told | more


def backbone(**more: Any) -> dict[str, Any]:
    """How a hub tells that it stands with its backbone."""
    told = {
        "connected": True,
        "server": "127.0.0.1:4222",
        "problem": "",
        "stream": "dumplings",
        "messages": 5,
        "bytes": 500,
        "replicas": 1,
        "differs": [],
        "kitchens_paused": False,
        "storing": {"taken": 3, "stored": 3, "waiting": 0, "left": 0, "refused": 0},
        "returning": {"came": 3, "routed": 3, "repeated": 0, "damaged": 0},
    }
    return told | more


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
