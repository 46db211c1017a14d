"""`DumplingEater` with a hub of ours: each dumpling once, or in a gap; the past, if it asks."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from netdumplings import Dumpling, DumplingDriver, DumplingEater, DumplingHub, Gap
from support.hub_peers import PATIENCE, dumpling, kitchen, running_hub
from support.relay import Relay


def out(hub: DumplingHub) -> str:
    return f"localhost:{hub.out_port}"


async def eat(hub: DumplingHub, until: Any, **settings: Any) -> list[Any]:
    """Eat until a dumpling with a certain payload; return the payloads."""
    got = []
    async with asyncio.timeout(PATIENCE), DumplingEater("tester", out(hub), **settings) as eater:
        async for one in eater:
            got.append(one.payload)
            if one.payload == until:
                break
        assert eater.missed == 0
    return got


async def fill(hub: DumplingHub, *dumplings: str) -> None:
    """Have the hub take dumplings."""
    async with kitchen(hub) as source:
        for one in dumplings:
            await source.send(one)
        await (await source.ping())


async def test_who_comes_late_is_given_the_past_it_asks_for() -> None:
    async with running_hub() as hub:
        await fill(
            hub,
            dumpling(1, chef="A"),
            dumpling(2, chef="B1"),
            dumpling(3, chef="A", kitchen="north"),
            dumpling(4, chef="B2", driver="interval"),
            dumpling("end", chef="End", kitchen="end"),
        )
        assert await eat(hub, "end", last=3) == [3, 4, "end"]
        assert await eat(hub, "end", since=0) == [1, 2, 3, 4, "end"]
        assert await eat(hub, "end", since=0, last=1, compression=True) == ["end"]
        for wish, wanted in (
            ({"chef_filter": ["B*", "End"]}, [2, 4]),
            ({"kitchen_filter": ["north", "end"]}, [3]),
            ({"driver_filter": [DumplingDriver.packet]}, [1, 2, 3]),
        ):
            assert await eat(hub, "end", last=4, **wish) == [*wanted, "end"]


async def test_a_connection_that_is_cut_costs_no_dumpling_and_brings_none_twice() -> None:
    count = 3000
    got: list[int] = []
    cuts = [500, 1500, 2500]
    async with running_hub() as hub:
        with Relay(("localhost", hub.out_port)) as relay:

            async def send() -> None:
                async with kitchen(hub) as source:
                    for n in range(count):
                        await source.send(dumpling(n))
                        # So that some are on their way when the cable is cut, and not all.
                        while n - len(got) > 300:
                            await asyncio.sleep(0.001)

            async with (
                asyncio.timeout(PATIENCE),
                DumplingEater("tester", relay.address, since=0) as eater,
            ):
                sending = asyncio.create_task(send())
                async for one in eater:
                    got.append(one.payload)
                    if cuts and one.payload == cuts[0]:
                        relay.cut()
                        cuts.pop(0)
                    if one.payload == count - 1:
                        break
                await sending
                assert eater.missed == 0
    assert cuts == []
    assert got == list(range(count))


async def test_a_slow_eater_has_every_dumpling_once_or_in_a_gap() -> None:
    go_on = threading.Event()
    stopped = threading.Event()
    eaten: list[int] = []
    gaps: list[Gap] = []

    async def on_connect(_uri: str, websocket: Any) -> None:
        await (await websocket.ping())
        connected.set()

    async def on_dumpling(one: Dumpling) -> None:
        stopped.set()
        await asyncio.to_thread(go_on.wait)
        eaten.append(one.payload["n"])

    async def on_gap(gap: Gap) -> None:
        gaps.append(gap)

    connected = threading.Event()
    async with running_hub(eater_buffer=100_000) as hub, asyncio.timeout(PATIENCE):
        eater = DumplingEater(
            "tester", out(hub), on_connect=on_connect, on_dumpling=on_dumpling, on_gap=on_gap
        )
        run = asyncio.create_task(asyncio.to_thread(eater.run))
        await asyncio.to_thread(connected.wait)
        async with kitchen(hub) as source:
            made = 0
            # Far more than all buffers on the way hold.
            for made in range(1, 3001):
                await source.send(dumpling({"n": made, "ballast": "x" * 10_000}))
            await (await source.ping())
            assert stopped.is_set()
            go_on.set()
            # Some that come when it has caught up.
            while not (eaten and eaten[-1] > 3000):
                made += 1
                await source.send(dumpling({"n": made}))
                await asyncio.sleep(0.01)
        while len(eaten) + eater.missed < made:
            await asyncio.sleep(0.01)
        eater.stop()
        await run
    assert {gap.reason for gap in gaps} == {"slow"}
    assert eater.missed == sum(gap.missed for gap in gaps) == made - len(eaten)
    assert eaten == sorted(set(eaten))
