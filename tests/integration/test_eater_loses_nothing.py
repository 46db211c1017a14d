"""`DumplingEater` with a hub of ours: each dumpling once, or in a gap; the past, if it asks."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

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


class SlowEater(DumplingEater):
    """Eats nothing until it may go on, and then all at once."""

    def __init__(self, hub: str) -> None:
        super().__init__("tester", hub)
        self.connected, self.go_on = threading.Event(), threading.Event()
        self.eaten: list[int] = []
        self.gaps: list[Gap] = []
        self.endings: list[int] = []

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Let it run in a thread, as a program of its own would."""
        run = asyncio.create_task(asyncio.to_thread(self.run))
        try:
            await asyncio.to_thread(self.connected.wait)
            yield
        finally:
            self.go_on.set()
            self.stop()
            await run

    async def on_connect(self, hub_uri: str, websocket: Any) -> None:
        if not self.connected.is_set():
            # The hub has read the hello once it answers.
            await (await websocket.ping())
            self.connected.set()

    async def on_dumpling(self, dumpling: Dumpling) -> None:
        await asyncio.to_thread(self.go_on.wait)
        self.eaten.append(dumpling.payload["n"])

    async def on_gap(self, gap: Gap) -> None:
        self.gaps.append(gap)

    async def on_connection_lost(self, exc: Exception) -> None:
        assert isinstance(exc, ConnectionClosed)
        assert exc.rcvd
        self.endings.append(exc.rcvd.code)


@pytest.mark.parametrize(
    ("grace", "history", "reasons", "endings"),
    [
        pytest.param(3600, 0, {"slow"}, [], id="told when it has caught up"),
        pytest.param(0.1, 1_000_000, {"history"}, [4001], id="sent away, and back too late"),
        pytest.param(0.1, 100_000_000, set(), [4001], id="sent away, and back in time"),
    ],
)
async def test_a_slow_eater_has_every_dumpling_once_or_in_a_gap(
    grace: float,
    history: int,
    reasons: set[str],
    endings: list[int],
    caplog: pytest.LogCaptureFixture,
) -> None:
    settings = {"eater_buffer": 100_000, "eater_grace": grace, "history_bytes": history}
    async with running_hub(**settings) as hub, asyncio.timeout(PATIENCE):
        eater = SlowEater(out(hub))
        async with eater.running(), kitchen(hub) as source:
            made = 0
            # Far more than all buffers on the way hold.
            while made < 3000 or (endings and "close code 4001" not in caplog.text):
                made += 1
                await source.send(dumpling({"n": made, "ballast": "x" * 10_000}))
                await asyncio.sleep(0 if made < 3000 else 0.001)
            eater.go_on.set()
            # Some that come when it has caught up.
            enough = made
            while not (eater.eaten and eater.eaten[-1] > enough):
                made += 1
                await source.send(dumpling({"n": made}))
                await asyncio.sleep(0.01)
            while len(eater.eaten) + eater.missed < made:
                await asyncio.sleep(0.01)
    assert eater.endings == endings
    # It may have been slow for a moment before it stood still.
    assert {gap.reason for gap in eater.gaps} - {"slow"} == reasons - {"slow"}
    assert eater.missed == sum(gap.missed for gap in eater.gaps) == made - len(eater.eaten)
    assert eater.eaten == sorted(set(eater.eaten))
