"""What a hub takes from the stream is what its eaters want, and no more."""

from __future__ import annotations

import asyncio
from operator import itemgetter
from typing import Any

import nats
import pytest

from netdumplings.hub import joined
from netdumplings.wire import EaterSide, subscription
from support.hub_peers import PATIENCE, dumpling
from support.joined_hubs import joined_hub, state_of, until_so
from support.nats import NatsServer
from support.v2_peers import v2_eater, v2_kitchen

HELLO = '{"eater_name": "test_eater"}'


def wants(*chefs: str, kitchens: list[str] | None = None) -> EaterSide:
    return EaterSide(HELLO, subscription(chefs=chefs or None, kitchens=kitchens))


async def test_who_wanted_less_than_another_goes_on_when_that_one_has_gone(
    nats_server: NatsServer, stream: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(joined, "LINGER", 0.05)
    async with joined_hub(nats_server.url, stream) as hub, v2_kitchen(hub) as source:
        await source.hello()
        everything = v2_eater(hub)
        await everything.__aenter__()
        await until_so(lambda: f"{stream}.*.*" in state_of(hub).wanted)
        async with v2_eater(hub, wants("A")) as few:
            await source.send(1, dumpling(1, chef="A"), dumpling(2, chef="B"))
            assert await few.payloads(1) == [1]
            await everything.__aexit__(None, None, None)
            await until_so(lambda: f"{stream}.*.*" not in state_of(hub).wanted)
            assert state_of(hub).wanted == [f"{stream}.*", f"{stream}.*.A"]
            await source.send(3, dumpling(3, chef="A"), dumpling(4, chef="B"))
            assert await few.payloads(1) == [3]


async def test_wishes_may_overlap(nats_server: NatsServer, stream: str) -> None:
    async with (
        joined_hub(nats_server.url, stream) as hub,
        v2_kitchen(hub) as source,
        v2_eater(hub, wants(kitchens=["k"])) as by_kitchen,
        v2_eater(hub, wants("A")) as by_chef,
    ):
        await source.hello()
        await until_so(lambda: len(state_of(hub).wanted) == 3)
        await source.send(1, dumpling(1, chef="A"), dumpling(2, chef="B"))
        assert await by_kitchen.payloads(2) == [1, 2]
        assert await by_chef.payloads(1) == [1]
        assert state_of(hub).returning.routed == state_of(hub).returning.came == 2


async def test_the_engine_is_asked_for_what_eaters_want_and_gives_just_that(
    nats_server: NatsServer, stream: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(joined, "LINGER", 0.05)
    async with (
        joined_hub(nats_server.url, stream) as hub,
        v2_kitchen(hub) as source,
        v2_eater(hub, wants("A", "B", kitchens=["k", "a.b"])) as eater,
    ):
        await source.hello()
        consumer = await the_consumer(nats_server, stream)
        notices = f"{stream}.*"
        tokens = (("k", "A"), ("k", "B"), ("a%2Eb", "A"), ("a%2Eb", "B"))
        pairs = {f"{stream}.{kitchen}.{chef}" for kitchen, chef in tokens}
        assert set(consumer["config"]["filter_subjects"]) == {notices, *pairs}
        async with v2_eater(hub, wants(kitchens=["q"])) as other:
            for first, (kitchen, chef) in enumerate(
                [("k", "A"), ("k", "C"), ("q", "A"), ("a.b", "B"), ("x", "A"), ("q", "C")], 1
            ):
                await source.send(first, dumpling(first, chef=chef, kitchen=kitchen))
            assert await eater.payloads(2) == [1, 4]
            assert await other.payloads(2) == [3, 6]
        consumer = await the_consumer(nats_server, stream)
        assert consumer["delivered"]["consumer_seq"] <= 4 + await marks(nats_server, stream)
        # Who is gone has its subjects taken for some seconds; then they are not any more.
        await until_so(lambda: len(state_of(hub).wanted) == 5)
        await eater.connection.close()
        async with asyncio.timeout(PATIENCE):
            while consumer["config"]["filter_subjects"] != [notices]:
                consumer = await the_consumer(nats_server, stream)
        await source.send(7, dumpling(7, chef="A"), dumpling(8, chef="B"))
        await source.acknowledged(8)
        consumer = await the_consumer(nats_server, stream)
        assert consumer["delivered"]["consumer_seq"] <= 4 + await marks(nats_server, stream)
        assert state_of(hub).returning.came == 4


async def marks(server: NatsServer, stream: str) -> int:
    """How many marks there are in a stream."""
    connection = await nats.connect(server.url)
    info = await connection.jetstream().stream_info(stream, f"{stream}.%")
    await connection.close()
    return sum((info.state.subjects or {}).values())


async def the_consumer(server: NatsServer, stream: str) -> dict[str, Any]:
    """What JetStream says of a hub's consumer: another takes over when something else is wanted."""
    async with asyncio.timeout(PATIENCE):
        found: list[dict[str, Any]] = []
        while not found:
            told = await asyncio.to_thread(
                server.monitoring, "jsz?accounts=true&consumers=true&config=true"
            )
            found = [
                consumer
                for account in told["account_details"]
                for detail in account["stream_detail"]
                if detail["name"] == stream
                for consumer in detail.get("consumer_detail", ())
            ]
    return dict(max(found, key=itemgetter("created")))
