"""An eater that keeps books: as a process that one can kill.

    python eating.py NAME HUBS --state FILE --restless 2 [--chefs Chef0 Chef1] [--kitchens k0]
    python eating.py NAME HUBS --state FILE --restless 2 --legacy

The first kind goes on where it was: it keeps its books and its cursor together, as `nd-record`
does, so that a kill costs nothing. The second has books of each of its connections. Both write a
line of JSON five times a second; on SIGTERM they write their books to the file, and end.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import signal
import sys
import time
from pathlib import Path
from typing import Any

from ledgers import Eaten
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from netdumplings import DumplingEater
from netdumplings.transport import HubAddresses, client

#: Seconds between two times that it keeps its books, and tells what it has eaten.
KEEP_EVERY = 0.2


def log(what: str) -> None:
    """Write to standard error what may explain something later."""
    print(time.strftime("%H:%M:%S", time.gmtime()), what, file=sys.stderr, flush=True)


class Books:
    """All that is kept.

    Args:
        path: where.

    Attributes:
        cursor: how far the eater has come.
        eaten: what it has eaten.
        missed: how many dumplings it was told that it missed, by the reason.
        connections: of each connection of a legacy eater, what came by that; the last is not over.
        count: how many dumplings came.
    """

    def __init__(self, path: Path) -> None:
        kept = json.loads(path.read_text()) if path.exists() else {}
        self.cursor: dict[str, int] | None = kept.get("cursor")
        self.eaten = Eaten(kept.get("eaten"))
        self.missed: dict[str, int] = kept.get("missed", {})
        self.connections: list[Any] = kept.get("connections", [])
        self.count: int = kept.get("count", 0)
        self._path = path
        self._kept_at = 0.0

    def eat(self, text: str) -> None:
        """Note a dumpling."""
        dumpling = json.loads(text)
        chef = dumpling["metadata"]["chef"]
        if chef == "SystemStatusChef":
            return
        life, number, of_chef, _ = dumpling["payload"]
        wrong = self.eaten.eat(chef, life, number, of_chef)
        if wrong and self.cursor is not None:
            log(wrong)
        self.count += 1

    def end_connection(self) -> None:
        """Note that what comes from now on comes by another connection."""
        if self.eaten.lives:
            self.connections.append(self.eaten.kept())
        self.eaten = Eaten()

    def keep(self, *, at_once: bool = False) -> None:
        """Write everything, whole or not at all; not too often."""
        now = time.monotonic()
        if not at_once and now - self._kept_at < KEEP_EVERY:
            return
        self._kept_at = now
        kept = {
            "cursor": self.cursor, "eaten": self.eaten.kept(), "missed": self.missed,
            "connections": self.connections, "count": self.count,
        }  # fmt: skip
        new = self._path.with_suffix(".new")
        new.write_text(json.dumps(kept))
        new.replace(self._path)
        print(json.dumps({"eaten": self.count, "missed": self.missed}), flush=True)


async def eat(options: argparse.Namespace, books: Books) -> None:
    """Eat until cancelled."""
    here: list[Any] = []

    async def note(hub_uri: str, connection: Any) -> None:
        here[:] = [connection]
        log(f"at {hub_uri}")

    eater = DumplingEater(
        options.name,
        options.hubs,
        chef_filter=options.chefs,
        kitchen_filter=options.kitchens,
        since=0 if books.cursor is None else None,
        resume=books.cursor,
        on_connect=note,
    )

    async with eater, asyncio.TaskGroup() as tasks:
        tasks.create_task(_move(here, options.restless))
        async for batch in eater.batches():
            for text in batch.texts:
                books.eat(text)
            if batch.gap is not None:
                reason = str(batch.gap.reason)
                books.missed[reason] = books.missed.get(reason, 0) + batch.gap.missed
            books.cursor = None if batch.cursor is None else dict(batch.cursor)
            books.keep()


async def eat_plainly(options: argparse.Namespace, books: Books) -> None:
    """Eat until cancelled, as eaters did before there were numbers."""
    hubs = list(HubAddresses.parse(options.hubs))
    # The connection that it had when it was killed is another one.
    books.end_connection()
    here: list[Any] = []
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_move(here, options.restless))
        while True:
            hubs.append(hubs.pop(0))
            try:
                async with connect(
                    hubs[0].uri, compression=None, max_size=None, close_timeout=1
                ) as connection:
                    here[:] = [connection]
                    await connection.send(json.dumps({"eater_name": options.name}))
                    async for text in connection:
                        books.eat(str(text))
                        books.keep()
            except (OSError, WebSocketException):
                await asyncio.sleep(0.1)
            finally:
                books.end_connection()


async def _move(here: list[Any], seconds: float) -> None:
    """Lose the connection now and then; the next one is to another hub."""
    while seconds:
        await asyncio.sleep(random.uniform(seconds / 2, seconds * 3 / 2))
        if here:
            here[0].transport.abort()


async def main(options: argparse.Namespace) -> None:
    books = Books(options.state)
    eating = asyncio.create_task((eat_plainly if options.legacy else eat)(options, books))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, eating.cancel)
    await asyncio.wait({eating})
    if not eating.cancelled():
        eating.result()
    books.keep(at_once=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("name")
    parser.add_argument("hubs")
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--restless", type=float, default=0)
    parser.add_argument("--chefs", nargs="*")
    parser.add_argument("--kitchens", nargs="*")
    parser.add_argument("--legacy", action="store_true")
    # Every connection was a good one, however soon it was lost.
    client.STEADY = 0.0  # type: ignore[misc]
    asyncio.run(main(parser.parse_args()))
