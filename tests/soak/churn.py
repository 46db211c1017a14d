"""Eaters that come and go, of every kind, and the memory of the hub meanwhile."""

from __future__ import annotations

import asyncio
import json
import random
import time
from pathlib import Path
from typing import Final, NamedTuple

from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from .lives import World, memory

#: Eaters at any one time, and how long each stays at most, seconds.
EATERS: Final = 100
STAY: Final = 20.0


class Sample(NamedTuple):
    """How much memory the hub had at a time.

    Attributes:
        seconds: since the eaters began to come.
        size: bytes, resident.
        eaters: how many had come by then.
    """

    seconds: float
    size: int
    eaters: int


def churn(directory: Path, seconds: float, every: float) -> list[Sample]:
    """Let eaters come and go for so long.

    A kitchen sends all the while. Eaters speak either protocol, want everything or little, ask for
    the past or do not, come back where they were, read or stall, and go with a word or without.

    Args:
        directory: where it may write.
        seconds: how long.
        every: seconds between two samples.
    """
    with World(directory) as world:
        world.start_kitchen()
        world.kitchen.wait_for_err("connected to the hub")
        return asyncio.run(_churn(world, seconds, every))


async def _churn(world: World, seconds: float, every: float) -> list[Sample]:
    chance = random.Random(0)
    came = 0

    async def eaters() -> None:
        nonlocal came
        cursor: dict[str, int] = {}
        while True:
            came += 1
            try:
                await _eater(f"ws://{world.host}:{world.out_port}", chance, cursor)
            except (OSError, WebSocketException):
                await asyncio.sleep(0.1)

    tasks = [asyncio.create_task(eaters()) for _ in range(EATERS)]
    began = time.monotonic()
    samples = []
    try:
        while time.monotonic() - began < seconds:
            await asyncio.sleep(every)
            size = memory(world.hub.process.pid)
            samples.append(Sample(time.monotonic() - began, size, came))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    return samples


async def _eater(uri: str, chance: random.Random, cursor: dict[str, int]) -> None:
    """Be an eater for a while."""
    plain = chance.random() < 0.3
    subprotocols = None if plain else ["netdumplings.v2"]
    connection = await connect(
        uri,
        subprotocols=subprotocols,
        compression=None,
        max_size=None,
        close_timeout=1,  # type: ignore[arg-type]
    )
    try:
        hello = {"eater_name": f"eater {chance.random()}"}
        asks = {
            "resume": cursor,
            "last": chance.choice([0, 10, 100_000]),
            "chefs": chance.choice([["*"], ["Number*"], ["Nobody"]]),
            "compression": chance.choice([[], ["zstd"], ["deflate"]]),
        }
        wanted = {key: asks[key] for key in asks if chance.random() < 0.4}
        await connection.send(
            json.dumps(hello if plain else {"type": "hello", "announcement": hello, **wanted})
        )
        until = time.monotonic() + chance.uniform(0, STAY)
        if chance.random() < 0.2:
            await asyncio.sleep(until - time.monotonic())  # and read nothing
        while (left := until - time.monotonic()) > 0:
            try:
                async with asyncio.timeout(left):
                    message = await connection.recv()
            except TimeoutError:
                break
            if isinstance(message, str) and message.startswith('{"type":"batch"'):
                cursor.update(json.loads(message.partition("\n")[0])["cursor"])
    finally:
        if chance.random() < 0.5:
            connection.transport.abort()
        await connection.close()
