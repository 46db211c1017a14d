"""Whichever hub an eater comes to: it is given what it has not had, however far back that is."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import nats
import pytest
from nats.js import JetStreamContext

from netdumplings import DumplingHub
from netdumplings.hub import joined_router
from netdumplings.wire import EaterSide, Gap, subscription
from support.hub_peers import dumpling
from support.joined_hubs import MEBIBYTE, joined_hub, until_so
from support.nats import NatsServer
from support.v2_peers import Eater, Kitchen, v2_eater, v2_kitchen

HELLO = '{"eater_name": "test_eater"}'
#: Far more than a hub keeps in its history.
COUNT, LENGTH = 400, 8_000


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joined_router, "LEAST_HISTORY", 100_000)


@pytest.fixture
async def engine(nats_server: NatsServer) -> AsyncIterator[JetStreamContext]:
    connection = await nats.connect(nats_server.url)
    yield connection.jetstream()
    await connection.close()


def small_hub(server: NatsServer, stream: str, **settings: Any) -> DumplingHub:
    return joined_hub(server.url, stream, history_bytes=0, max_bytes=10 * MEBIBYTE, **settings)


async def make(source: Kitchen, first: int = 1, count: int = COUNT) -> None:
    """Have many dumplings stored: of two chefs in turns, so that each is a message of its own."""
    batch = 50
    for begin in range(first, first + count, batch):
        numbers = range(begin, min(begin + batch, first + count))
        await source.send(begin, *(dumpling([n, "x" * LENGTH], chef="AB"[n % 2]) for n in numbers))
    await source.acknowledged(first + count - 1)


async def numbers(eater: Eater, count: int) -> list[int]:
    return [number for number, _ in await eater.payloads(count)]


async def test_a_hub_that_has_just_begun_gives_all_the_past_there_is(
    nats_server: NatsServer, stream: str
) -> None:
    async with small_hub(nats_server, stream) as hub, v2_kitchen(hub) as source:
        await source.hello()
        await make(source, 1, 200)
        between = time.time()
        await make(source, 201, 200)
    everything = list(range(1, COUNT + 1))
    some = subscription(chefs=["A"])
    for wanted, asked, found in (
        (None, {"since": 0.0}, everything),
        (None, {"since": between}, everything[200:]),
        (None, {"last": 10_000}, everything),
        (None, {"last": 333}, everything[-333:]),
        (None, {"last": 10_000, "since": between}, everything[200:]),
        (some, {"since": 0.0}, everything[1::2]),
        (some, {"last": 7}, everything[1::2][-7:]),
    ):
        side = EaterSide(HELLO, wanted or subscription(), **asked)  # type: ignore[arg-type]
        async with small_hub(nats_server, stream) as hub, v2_eater(hub, side) as eater:
            assert await numbers(eater, len(found)) == found, asked
    async with (
        small_hub(nats_server, stream) as hub,
        v2_eater(hub, side) as eater,
        v2_kitchen(hub) as source,
    ):
        # It goes on where it was.
        await source.hello(first=COUNT + 1, acknowledged=COUNT)
        await make(source, COUNT + 1, 10)
        assert await numbers(eater, 5) == list(range(COUNT + 2, COUNT + 11, 2))


async def test_an_eater_that_goes_from_hub_to_hub_misses_nothing(
    nats_server: NatsServer, stream: str
) -> None:
    side = EaterSide(HELLO, since=0.0)
    few = EaterSide(HELLO, subscription(chefs=["B"]), since=0.0)
    got: list[int] = []
    got_few: list[int] = []
    async with AsyncExitStack() as stack:
        hubs = [await stack.enter_async_context(small_hub(nats_server, stream)) for _ in range(3)]
        for turn in range(6):
            async with (
                v2_kitchen(hubs[turn % 2]) as source,
                v2_eater(hubs[turn % 3], side) as eater,
                v2_eater(hubs[-turn % 3], few) as another,
            ):
                await source.hello(first=turn * 60 + 1, acknowledged=turn * 60)
                await make(source, turn * 60 + 1, 60)
                # It goes in the middle of what there is.
                while len(got) < turn * 60 + 20:
                    got += await numbers(eater, 1)
                while len(got_few) < turn * 30 + 30:
                    got_few += await numbers(another, 1)
        async with v2_eater(hubs[0], side) as eater:
            got += await numbers(eater, 360 - len(got))
    assert got == list(range(1, 361))
    assert got_few == list(range(1, 361, 2))


async def test_what_the_stream_has_let_go_of_is_told(nats_server: NatsServer, stream: str) -> None:
    side = EaterSide(HELLO)
    async with (
        joined_hub(nats_server.url, stream, max_bytes=300_000) as hub,
        v2_kitchen(hub) as source,
    ):
        await source.hello()
        async with v2_eater(hub, side) as eater:
            await make(source, 1, 1)
            assert await numbers(eater, 1) == [1]
        await make(source, 2, 99)
    async with small_hub(nats_server, stream) as hub, v2_eater(hub, side) as eater:
        gap = await eater.next()
        assert isinstance(gap, Gap)
        assert gap.reason == "history"
        first = gap.missed + 2
        assert 60 < first < 90
        assert await numbers(eater, 101 - first) == list(range(first, 101))


async def test_a_hub_that_is_behind_gives_an_eater_nothing_again(
    nats_server: NatsServer, stream: str
) -> None:
    side = EaterSide(HELLO)
    async with (
        small_hub(nats_server, stream) as ahead,
        small_hub(nats_server, stream) as behind,
        v2_kitchen(ahead) as source,
        v2_eater(behind) as constant,
    ):
        await source.hello()
        await make(source, 1, 10)
        assert await numbers(constant, 10) == list(range(1, 11))
        held = hold(behind)
        async with v2_eater(ahead, side) as eater:
            await make(source, 11, 20)
            assert await numbers(eater, 20) == list(range(11, 31))
        # It had everything of it at the other hub, and more.
        async with v2_eater(behind, side) as eater:
            await make(source, 31, 10)
            # (There may be marks among them.)
            await until_so(lambda: sum(one.subject.count(".") == 2 for one, _ in held) == 30)
            release(behind, held)
            assert await numbers(eater, 10) == list(range(31, 41))
            assert await numbers(constant, 30) == list(range(11, 41))
            await make(source, 41, 2)
            assert await numbers(eater, 2) == [41, 42]


def hold(hub: DumplingHub) -> list[Any]:
    """Keep from a hub what comes from the stream, as if it were still on its way."""
    held: list[Any] = []
    consumer = _reader(hub)._consumer
    consumer._take = lambda message, place: held.append((message, place))
    return held


def release(hub: DumplingHub, held: list[Any]) -> None:
    """Let a hub have what was kept from it, and what comes from now on."""
    reader = _reader(hub)
    reader._consumer._take = reader._took
    for message, place in held:
        reader._took(message, place)


def _reader(hub: DumplingHub) -> Any:
    assert hub._service
    assert hub._service._joined
    return hub._service._joined._backbone.reader
