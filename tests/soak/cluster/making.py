"""A kitchen whose dumplings are numbered: as a process that one can kill.

    python making.py NAME HUBS --rate 500 --chefs 3 --restless 2 [--spool FILE]

Its chefs take turns, now and then after each dumpling, now and then after a hundred. A dumpling
says which life of the kitchen it is of, its number in that life, and its number among those of its
chef. The kitchen writes a line of JSON five times a second; on SIGTERM it makes no more, has
everything delivered, writes a last line, and ends.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import secrets
import signal
import threading
import time
from pathlib import Path
from typing import Any

from netdumplings.delivery import Outbox
from netdumplings.delivery.spool import Spool
from netdumplings.sending import HubLink
from netdumplings.transport import HubAddresses, client
from netdumplings.wire import counts_message, kitchen_hello

#: Seconds between two times that it makes some, and two times that it tells what it has made.
TURN = 0.02
TELL_EVERY = 0.2
OUTBOX = 256 * 1024 * 1024
PADDING = "x" * 120


class Kitchen:
    """Makes dumplings, in a thread of its own.

    Args:
        name: what it is called.
        chefs: how many it has.
        rate: how many dumplings a second they make together.
    """

    def __init__(self, name: str, chefs: int, rate: float) -> None:
        self.name = name
        self.life = secrets.token_hex(8)
        self.made = dict.fromkeys((f"Chef{number}" for number in range(chefs)), 0)
        self._rate = rate
        self._chance = random.Random(self.life)
        self._number = 0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._make, daemon=True)

    def start(self, link: HubLink) -> None:
        self._link = link
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()

    def _make(self) -> None:
        began = time.monotonic()
        chef, left = "", 0
        while not self._stopping.wait(TURN):
            while self._number < (time.monotonic() - began) * self._rate:
                if not left:
                    chef, left = self._chance.choice(list(self.made)), self._chance.choice([1, 100])
                left -= 1
                self._put(chef)

    def _put(self, chef: str) -> None:
        self._number += 1
        self.made[chef] += 1
        metadata = {
            "chef": chef, "creation_time": time.time(), "driver": "packet", "kitchen": self.name
        }  # fmt: skip
        payload = [self.life, self._number, self.made[chef], PADDING]
        dumpling = {"metadata": metadata, "payload": payload}
        self._link.put(json.dumps(dumpling, separators=(",", ":")).encode())


async def cook(options: argparse.Namespace) -> None:
    """Make dumplings until SIGTERM comes, and have them all delivered."""
    kitchen = Kitchen(options.name, options.chefs, options.rate)
    store: Outbox | Spool
    if options.spool:
        store = Spool(options.spool, kitchen.life, max_bytes=OUTBOX, memory_bytes=OUTBOX)
    else:
        store = Outbox(OUTBOX, kitchen.life)
    names = [f"soak.{chef}" for chef in kitchen.made]
    link = HubLink(
        HubAddresses.parse(options.hubs),
        lambda: kitchen_hello(kitchen.name, "none", "", names, 5.0),
        lambda: counts_message({}),
        store,
        wait_for_room=False,
        stopping=lambda: False,
    )

    def tell(**more: Any) -> None:
        position, counts = link._stock.position, link.statistics()
        # What former lives have left is sent first.
        acknowledged = position.acknowledged if position.session == kitchen.life else 0
        line = {
            "life": kitchen.life, "kitchen": kitchen.name, "made": dict(kitchen.made),
            "acknowledged": acknowledged, "held": counts.held, "dropped": counts.dropped, **more,
        }  # fmt: skip
        try:
            print(json.dumps(line), flush=True)
        except BrokenPipeError:  # whoever started it has been killed
            os._exit(1)

    ending = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ending.set)
    sending = asyncio.create_task(link.run())
    helpers = [
        asyncio.create_task(_again_and_again(TELL_EVERY, tell)),
        asyncio.create_task(_move(link, options.restless)),
    ]
    kitchen.start(link)
    await ending.wait()
    kitchen.stop()
    helpers[1].cancel()
    await link.settled()
    helpers[0].cancel()
    tell(ended=True)
    link.end()
    await sending
    await link.close()


async def _again_and_again(seconds: float, do: Any) -> None:
    while True:
        await asyncio.sleep(seconds)
        do()


async def _move(link: HubLink, seconds: float) -> None:
    """Lose the connection now and then; the next one is to another hub."""
    while seconds:
        await asyncio.sleep(random.uniform(seconds / 2, seconds * 3 / 2))
        if link._talk is not None:
            link._talk._connection.transport.abort()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("name")
    parser.add_argument("hubs")
    parser.add_argument("--rate", type=float, default=500)
    parser.add_argument("--chefs", type=int, default=3)
    parser.add_argument("--restless", type=float, default=0)
    parser.add_argument("--spool", type=Path)
    # Every connection was a good one, however soon it was lost.
    client.STEADY = 0.0  # type: ignore[misc]
    asyncio.run(cook(parser.parse_args()))
