"""What a hub takes from the stream is what its eaters want, and no more."""

from __future__ import annotations

import pytest

from netdumplings.hub import joined
from netdumplings.wire import EaterSide, subscription
from support.hub_peers import dumpling
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
