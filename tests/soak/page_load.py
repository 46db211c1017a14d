"""A kitchen that sends as many dumplings a second as one likes, of the kinds that chefs make."""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import secrets
import time
from collections.abc import Iterator
from typing import Final

from websockets.asyncio.client import connect

from netdumplings.wire import SUBPROTOCOL, BatchMessage, kitchen_hello, kitchen_hello_message, write

#: Batches a second.
BATCHES: Final = 20
#: Of so many dumplings one tells of 2000 names, and one of the layers: with 2000, five a second.
TELLING: Final = 400
LAYERS: Final = {"Ethernet": 90, "IP": 84, "TCP": 60, "Raw": 44, "UDP": 24, "IPv6": 6, "DNS": 5}


def dumplings(chance: random.Random) -> Iterator[str]:
    """Make dumplings as the chefs in the box do, and some of others, without end."""
    names = [f"{name}.example" for name in _words(chance, 2000)]
    makers = [
        ("DNSLookupChef", lambda n, t: {"lookup": {"hostname": chance.choice(names), "when": t}}),
        ("ARPChef", lambda n, t: _arp(chance.randrange(1, 250), t)),
        ("ConnectionChef", lambda n, t: {"from": f"192.0.2.{n % 250}", "to": "198.51.100.7",
                                         "port": chance.choice([80, 443, 8080])}),
        ("TimingChef", lambda n, t: {"rtt": chance.expovariate(20), "loss": n % 7, "path": {
            "hops": chance.randrange(3, 20), "jitter": chance.random()}, "host": names[n % 50]}),
    ]  # fmt: skip
    for number in itertools.count():
        now = time.time()
        if number % TELLING == 0:
            seen = {name: {"count": 1 + number // (rank + 1), "latest": now}
                    for rank, name in enumerate(names)}  # fmt: skip
            telling = {"lookups_seen": seen, "lookups_forgotten": 0}
            yield _line("DNSLookupChef", "interval", telling, now)
        elif number % TELLING == 1:
            counts = {layer: share * number for layer, share in LAYERS.items()}
            yield _line("PacketCountChef", "interval", {"packet_counts": counts}, now)
        else:
            chef, make = makers[number % len(makers)]
            yield _line(chef, "packet", make(number, now), now)


async def send(in_port: int, rate: int, told: asyncio.Event) -> None:
    """Send so many a second until cancelled.

    Args:
        in_port: of the hub.
        rate: dumplings a second.
        told: is set when the first have come.
    """
    made = dumplings(random.Random(0))
    uri = f"ws://localhost:{in_port}"
    async with connect(
        uri, subprotocols=[SUBPROTOCOL], compression=None, proxy=None, max_queue=None
    ) as hub:
        chefs = ["DNSLookupChef", "PacketCountChef", "ARPChef", "ConnectionChef", "TimingChef"]
        announcement = kitchen_hello("cellar", "eth0", "", [f"chefs.{chef}" for chef in chefs], 1.0)
        await hub.send(kitchen_hello_message(secrets.token_hex(16), 1, announcement), text=True)
        began, sent = time.monotonic(), 0
        while True:
            due = int((time.monotonic() - began) * rate) - sent
            if due > 0:
                lines = [next(made).encode() for _ in range(min(due, 2 * rate // BATCHES))]
                await hub.send(write(BatchMessage(sent + 1), lines), text=True)
                sent += len(lines)
                told.set()
            await asyncio.sleep(1 / BATCHES)


def _line(chef: str, driver: str, payload: object, now: float) -> str:
    metadata = {"chef": chef, "creation_time": now, "driver": driver, "kitchen": "cellar"}
    return json.dumps({"metadata": metadata, "payload": payload})


def _arp(host: int, now: float) -> dict[str, object]:
    return {
        "operation": "reply", "src_hw": f"02:00:00:00:00:{host:02x}", "src_ip": f"192.0.2.{host}",
        "dst_hw": "ff:ff:ff:ff:ff:ff", "dst_ip": "192.0.2.1", "time": now, "notes": None,
    }  # fmt: skip


def _words(chance: random.Random, count: int) -> list[str]:
    return ["".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=12)) for _ in range(count)]
