"""Peers that send what they should not, or nothing, while a kitchen and an eater go on.

Each malformed message or frame has a connection of its own, as a hub ends one after the first.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import time
from collections.abc import AsyncIterator, Callable
from typing import Any, Final, NamedTuple

from websockets.asyncio.client import ClientConnection, connect

from netdumplings.transport.open_files import allow_open_files
from support.commands import PATIENCE
from support.hubs import Hub, dumpling
from support.raw_peers import HANDSHAKE

from .lives import memory
from .malformed import EATERS, KITCHENS, Port, floods

#: Connections of a flood at any one time, so that neither side runs out of ports.
AT_ONCE: Final = 50
#: Connections to each port before the memory is looked at.
WARM_UP: Final = 300
#: Seconds between two dumplings of the kitchen that means well.
EVERY: Final = 0.02
#: Seconds between two kitchens that come.
ANOTHER: Final = 1.0
#: Seconds for the hub to send somebody away; not all that is malformed is worth that.
GIVE_UP: Final = 1.0
#: How a close frame begins (RFC 6455, section 5.2).
CLOSING: Final = b"\x88"
GOOD: Final = "good"


class Flood(NamedTuple):
    """What a flood did to a hub.

    Attributes:
        malformed: connections that sent something malformed, on both ports together.
        silent: connections that said nothing, on both ports together.
        seconds: how long it took.
        sent: dumplings that the kitchen sent.
        eaten: those that came to the eater, all in their order.
        slowest: the longest that one of them took, seconds.
        newcomers: how many kitchens came during the flood, and were served.
        slowest_newcomer: the longest from when one came until its dumpling was there, seconds.
        growth: bytes that the hub has more than before, when all are gone.
        peak_growth: the same at the worst moment that was seen.
        lines: that the hub logged.
        ghosts: those whom its status has afterwards who are not there.
        refused: what its status counts, by cause.
    """

    malformed: int
    silent: int
    seconds: float
    sent: int
    eaten: int
    slowest: float
    newcomers: int
    slowest_newcomer: float
    growth: int
    peak_growth: int
    lines: int
    ghosts: list[str]
    refused: dict[str, int]

    def __str__(self) -> str:
        mib = 2**20
        return (
            f"{self.malformed} malformed, {self.silent} silent in {self.seconds:.0f} s; "
            f"{self.eaten} of {self.sent} dumplings eaten, the slowest after {self.slowest:.2f} s; "
            f"{self.newcomers} kitchens came, served within {self.slowest_newcomer:.2f} s; "
            f"memory {self.growth / mib:+.1f} MiB, at most {self.peak_growth / mib:+.1f} MiB; "
            f"{self.lines} lines logged, {self.lines / self.seconds:.1f} a second; "
            f"ghosts: {self.ghosts or 'none'}; refused: {self.refused}"
        )


def flood(hub: Hub, malformed: int, silent: int) -> Flood:
    """Send so much malformed to each port of a hub, and leave so many connections silent.

    Args:
        hub: a running one.
        malformed: connections to each port.
        silent: connections, half of them to each port, half of those after a handshake. They are
            there while the malformed ones come.
    """
    allow_open_files(silent + 1000)
    return asyncio.run(_flood(hub, malformed, silent))


async def _flood(hub: Hub, malformed: int, silent: int) -> Flood:
    ports = ((hub.in_port, KITCHENS), (hub.out_port, EATERS))
    good = _Good(hub)
    async with good:
        # What all kinds of it cost once is no leak: code that is loaded, buffers that are kept.
        await asyncio.gather(*(_malformed(number, port, WARM_UP) for number, port in ports))
        process = hub.process.pid
        before = peak = memory(process)
        lines_before = hub.err.count("\n")
        began = time.monotonic()

        async def watch() -> None:
            nonlocal peak
            while True:
                peak = max(peak, memory(process))
                await asyncio.sleep(0.1)

        watching = asyncio.create_task(watch())
        async with _silent([number for number, _ in ports], silent):
            await asyncio.gather(*(_malformed(number, port, malformed) for number, port in ports))
        watching.cancel()
        seconds = time.monotonic() - began
        lines = hub.err.count("\n") - lines_before
    ghosts, refused = await _afterwards(hub)
    return Flood(
        2 * malformed, silent, seconds, good.sent, good.eaten, good.slowest, good.newcomers,
        good.slowest_newcomer, memory(process) - before, peak - before, lines, ghosts, refused,
    )  # fmt: skip


async def _malformed(number: int, port: Port, count: int) -> None:
    """Send so many of all kinds to a port, each by a connection of its own."""
    kinds = itertools.islice(itertools.cycle(floods(port).values()), count)

    async def some() -> None:
        for data in kinds:
            with contextlib.suppress(OSError):
                reader, writer = await asyncio.open_connection("127.0.0.1", number)
                try:
                    writer.write(data)
                    async with asyncio.timeout(GIVE_UP):
                        # Until it is told to go, or gone.
                        while (answer := await reader.read(65536)) and CLOSING not in answer:
                            pass
                except TimeoutError:
                    pass
                finally:
                    writer.transport.abort()

    await asyncio.gather(*(some() for _ in range(AT_ONCE)))


@contextlib.asynccontextmanager
async def _silent(ports: list[int], count: int) -> AsyncIterator[None]:
    """Have so many connections that say nothing; those that the hub cuts are made again once."""
    writers = []
    for number in range(count):
        _, writer = await asyncio.open_connection("127.0.0.1", ports[number % len(ports)])
        if number % 4 >= 2:
            writer.write(HANDSHAKE)
        writers.append(writer)
    try:
        yield
    finally:
        for writer in writers:
            writer.transport.abort()


class _Good:
    """A kitchen and an eater that mean well, and kitchens that come while they are there."""

    def __init__(self, hub: Hub) -> None:
        self._in, self._out = f"ws://127.0.0.1:{hub.in_port}", f"ws://127.0.0.1:{hub.out_port}"
        self.sent = self.eaten = self.newcomers = 0
        self.slowest = self.slowest_newcomer = 0.0
        self._came: dict[str, asyncio.Event] = {}
        self._over = False

    async def __aenter__(self) -> None:
        self._eater = await _peer(self._out, {"eater_name": GOOD})
        await (await self._eater.ping())
        self._eating = asyncio.create_task(self._eat())
        self._cooking = asyncio.create_task(self._cook())
        self._coming = asyncio.create_task(self._come())

    async def __aexit__(self, *_: object) -> None:
        self._over = True
        async with asyncio.timeout(PATIENCE):
            await self._coming
            await self._cooking
            await self._eating
        await self._eater.close()

    async def _cook(self) -> None:
        kitchen = await _peer(self._in, {"kitchen_name": GOOD})
        while not self._over:
            await kitchen.send(dumpling([self.sent, time.monotonic()], kitchen=GOOD))
            self.sent += 1
            await asyncio.sleep(EVERY)
        await kitchen.send(dumpling(None, kitchen=GOOD))
        await kitchen.close()

    async def _come(self) -> None:
        while not self._over:
            name = f"newcomer {self.newcomers}"
            came = self._came[name] = asyncio.Event()
            began = time.monotonic()
            async with asyncio.timeout(PATIENCE):
                kitchen = await _peer(self._in, {"kitchen_name": name})
                await kitchen.send(dumpling(name, kitchen=name))
                await came.wait()
            self.slowest_newcomer = max(self.slowest_newcomer, time.monotonic() - began)
            self.newcomers += 1
            await kitchen.close()
            await asyncio.sleep(ANOTHER)

    async def _eat(self) -> None:
        async for message in self._eater:
            told = json.loads(message)
            kitchen, payload = told["metadata"]["kitchen"], told["payload"]
            if kitchen in self._came:
                self._came[kitchen].set()
            elif kitchen == GOOD:
                if payload is None:
                    return
                number, sent = payload
                assert number == self.eaten, f"dumpling {self.eaten} is missing"
                self.eaten += 1
                self.slowest = max(self.slowest, time.monotonic() - sent)


async def _peer(uri: str, hello: dict[str, Any]) -> ClientConnection:
    peer = await connect(uri, compression=None, proxy=None, open_timeout=PATIENCE)
    await peer.send(json.dumps(hello))
    return peer


async def _afterwards(hub: Hub) -> tuple[list[str], dict[str, int]]:
    """Wait until a status has nobody any more but who asks; return whom it has, and its counts."""
    asking = await _peer(f"ws://127.0.0.1:{hub.out_port}", {"eater_name": "watcher"})
    ghosts: list[str] = []
    refused: dict[str, int] = {}
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        payload = json.loads(await asking.recv())["payload"]
        peers = [*payload["dumpling_kitchens"], *payload["dumpling_eaters"]]
        told = [*map(_name, peers)]
        ghosts = [name for name in told if name != "watcher"]
        refused = payload["refused"]
        if told == ["watcher"]:
            break
    await asking.close()
    return ghosts, refused


def _name(peer: dict[str, Any]) -> str:
    told: dict[str, Any] = peer.get("info_from_kitchen") or peer["info_from_eater"]
    names: Callable[[str], Any] = told.get
    return str(names("kitchen_name") or names("eater_name"))
