"""Kitchens that are made up, second by second, and what a hub tells of them: always the same."""

from __future__ import annotations

import math
import random
from typing import Any, Final

#: The time at the end of what is told, seconds since the epoch.
NOW: Final = 1_768_471_200.0
#: Seconds that are told of.
PAST: Final = 300

#: Of the packets of a kitchen: network, transport, share, bytes.
_MIX: Final = (
    ("IP", "TCP", 0.56, 840),
    ("IPv6", "TCP", 0.11, 720),
    ("IP", "UDP", 0.26, 390),
    ("IP", "ICMP", 0.012, 98),
    ("IPv6", "ICMPv6", 0.008, 86),
    ("IP", None, 0.02, 130),
    ("ARP", None, 0.015, 60),
    ("other", None, 0.005, 90),
)
#: Hubs that are there.
_UP: Final = ("berlin", "oslo")
_CHEFS: Final = {"PacketCountChef": 1.0, "DNSLookupChef": 0.04, "ARPChef": 0.015}


class Kitchen:
    """One of them.

    Args:
        name: what it calls itself.
        interface: on which it sniffs.
        filter: what it lets through.
        packets: about how many each second.
        overload: what share the kernel drops while there are three times as many.
        **told: what else its counts have.
    """

    def __init__(
        self,
        name: str,
        interface: str,
        filter: str,
        packets: float,
        overload: float = 0.0,
        **told: Any,
    ) -> None:
        self.name = name
        self._announced = {"kitchen_name": name, "interface": interface, "filter": filter}
        self._packets, self._overload, self._told = packets, overload, told
        self._chance = random.Random(name)
        self._drift = 0.0
        self._seconds = 0
        self._counts: dict[str, int] = {}
        self._traffic: dict[str, list[int]] = {}
        self._chefs: dict[str, dict[str, Any]] = {
            chef: {"packets": 0, "seconds": 0.0, "dumplings": 0, "errors": 0, "packets_missed": 0}
            for chef in _CHEFS
        }

    def cook(self) -> None:
        """Let a second go by."""
        self._seconds += 1
        self._drift = 0.95 * self._drift + self._chance.gauss(0, 0.07)
        burst = 150 < self._seconds < 172
        wave = 1 + 0.25 * math.sin(self._seconds / 31 + len(self.name)) + self._drift
        rate = self._packets * max(0.2, wave) * (2.6 if burst and self._overload else 1)
        handled = size = 0
        for network, transport, share, bytes_each in _MIX:
            count = int(rate * share * self._chance.uniform(0.9, 1.1))
            handled, size = handled + count, size + count * bytes_each
            for layer in filter(None, (network, transport)):
                pair = self._traffic.setdefault(layer, [0, 0])
                pair[0], pair[1] = pair[0] + count, pair[1] + count * bytes_each
        dropped = int(handled * self._overload) if burst else 0
        self._count(packets_received=handled + dropped, packets_handled=handled)
        self._count(packets_dropped_by_kernel=dropped, bytes_handled=size)
        dishes = 2 + int(math.sqrt(rate) / 4)
        self._count(dumplings_made=dishes, dumplings_acknowledged=dishes, dumplings_dropped=0)
        for chef, share in _CHEFS.items():
            done = self._chefs[chef]
            done["packets"] += int(handled * share)
            done["seconds"] = round(done["seconds"] + handled * share * 9e-7, 3)
            done["dumplings"] += 1 if chef == "PacketCountChef" else dishes // 2

    def _count(self, **more: int) -> None:
        for name, count in more.items():
            self._counts[name] = self._counts.get(name, 0) + count

    def told(self, port: int) -> dict[str, Any]:
        """What a hub tells of it."""
        counts = {
            "packets_dropped_by_interface": 0,
            "packets_dropped_by_kitchen": 0,
            "dumplings_held": 0,
            "behind": round(self._chance.uniform(0.01, 0.04), 3),
            **self._counts,
            **self._told,
            "traffic": {layer: list(pair) for layer, pair in self._traffic.items()},
            "chefs": {chef: dict(done) for chef, done in self._chefs.items()},
        }
        chefs = [f"netdumplings.dumplingchefs.{chef}" for chef in _CHEFS]
        made = self._counts["dumplings_made"]
        known = {"host": "192.0.2.20", "port": port, "received": made, "taken": made, "lost": 0}
        announced = {**self._announced, "version": "1.0.0", "chefs": chefs, "counts": counts}
        return {"info_from_kitchen": announced, "info_from_hub": known}


def statuses() -> list[dict[str, Any]]:
    """The status dumplings of the last minutes, the oldest first."""
    kitchens = [
        Kitchen("office", "eth0", "tcp or udp or arp", 2400),
        Kitchen("harbour-gateway", "bond0", "", 14000, overload=0.035),
        Kitchen("lab", "enp4s0f1", "tcp or udp or arp", 900),
        Kitchen("cellar-pi", "wlan0", "udp port 53 or arp", 120),
    ]
    found = []
    for second in range(PAST + 1):
        for kitchen in kitchens:
            kitchen.cook()
        found.append(_status(NOW - PAST + second, 86_400 + 9 * 3600 + second, kitchens))
    return found


def of_hubs(told: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same as three hubs tell it that share a backbone, one of which has gone."""
    for second, one in enumerate(told):
        payload = one["payload"]
        kitchens, eaters = payload["dumpling_kitchens"], payload["dumpling_eaters"]
        for peers in (kitchens, eaters):
            for number, peer in enumerate(peers):
                peer["info_from_hub"]["hub"] = _UP[number % 2]
        silent = max(0, second - (PAST - 45))
        payload["hub"] = _UP[0]
        payload["hubs"] = [
            *(
                _hub(
                    name,
                    payload["server_uptime"] - 7 * number,
                    [peer["info_from_hub"]["taken"] for peer in kitchens[number::2]],
                    [peer["info_from_hub"]["sent"] for peer in eaters[number::2]],
                )
                for number, name in enumerate(_UP)
            ),
            _hub("porto", 4000, [], [], state="silent" if silent > 11 else "up", heard=silent),
        ]
    return told


def _hub(
    name: str, uptime: float, taken: list[int], sent: list[int], **more: Any
) -> dict[str, Any]:
    return {
        "name": name,
        "id": f"the id of {name}",
        "state": "up",
        "heard": 0,
        "host": f"{name}.example",
        "out_port": 11348,
        "version": "1.0.0",
        "uptime": uptime,
        "dumplings_in": sum(taken),
        "dumplings_out": sum(sent),
        "dumplings_dropped": 0,
        "kitchens": len(taken),
        "eaters": len(sent),
        "backbone": {"connected": True, "problem": "", "storing": {"waiting": 0}},
        **more,
    }


def _status(time: float, uptime: int, kitchens: list[Kitchen]) -> dict[str, Any]:
    told = [kitchen.told(40_000 + number) for number, kitchen in enumerate(kitchens)]
    taken = sum(kitchen["info_from_hub"]["taken"] for kitchen in told)
    eaters = [
        _eater("live page", 50_001, taken),
        _eater("nd-print", 50_002, taken),
        _eater("nd-record", 50_003, taken),
    ]
    payload = {
        "total_dumplings_in": taken,
        "total_dumplings_out": 3 * taken,
        "total_dumplings_dropped": 0,
        "server_uptime": uptime,
        "dumpling_kitchen_count": len(told),
        "dumpling_eater_count": len(eaters),
        "dumpling_kitchens": told,
        "dumpling_eaters": eaters,
        "ledger": {"received": taken, "taken": taken, "duplicates": 0, "lost": 0},
        "refused": {},
    }
    metadata = {"chef": "SystemStatusChef", "creation_time": time, "driver": "interval"}
    return {"metadata": metadata | {"kitchen": None}, "payload": payload}


def _eater(name: str, port: int, sent: int) -> dict[str, Any]:
    known = {"host": "192.0.2.30", "port": port, "sent": sent, "filtered_out": 0, "dropped": 0}
    return {"info_from_eater": {"eater_name": name}, "info_from_hub": known | {"waiting": 0}}
