"""What two hubs have stored is given to eaters once, wherever the second one stored it."""

from __future__ import annotations

import nats
import pytest
from nats.js import JetStreamContext

from netdumplings.backbone.messages import kinds_of, parcels
from netdumplings.wire import EaterSide, metadata_of, stream_of, subscription
from support.hub_peers import dumpling
from support.joined_hubs import joined_hub, state_of, until_so
from support.nats import NatsServer
from support.v2_peers import SESSION, v2_eater, v2_kitchen

HELLO = '{"eater_name": "test_eater"}'


async def store(engine: JetStreamContext, stream: str, first: int, *dumplings: str) -> None:
    """Store dumplings as a hub does to which the kitchen has sent them, too, in other batches."""
    lines = [one.encode() for one in dumplings]
    kinds = kinds_of([metadata_of(line) for line in lines])
    body = b"\n".join(lines)
    for parcel in parcels(stream, stream_of(SESSION), first, body, kinds, 10**6):
        await engine.publish(parcel.subject, parcel.body, headers=parcel.headers)


async def test_who_resumes_at_a_hub_that_has_just_begun_is_not_given_repeats(
    nats_server: NatsServer, stream: str
) -> None:
    side = EaterSide(HELLO)
    async with joined_hub(nats_server.url, stream) as hub, v2_kitchen(hub) as source:
        await source.hello()
        async with v2_eater(hub, side) as eater:
            await source.send(1, *map(dumpling, [1, 2, 3]))
            assert await eater.payloads(3) == [1, 2, 3]
    connection = await nats.connect(nats_server.url)
    async with joined_hub(nats_server.url, stream) as hub, v2_eater(hub, side) as eater:
        await until_so(lambda: f"{stream}.*.*" in state_of(hub).wanted)
        await store(connection.jetstream(), stream, 1, *map(dumpling, [1, 2]))
        await store(connection.jetstream(), stream, 3, *map(dumpling, [3, 4]))
        await store(connection.jetstream(), stream, 5, *map(dumpling, [5]))
        assert await eater.payloads(2) == [4, 5]
    await connection.close()


async def test_what_an_eater_wants_besides_is_not_given_again_either(
    nats_server: NatsServer, stream: str
) -> None:
    """The hub has numbers of the session from before, but lower ones."""
    connection = await nats.connect(nats_server.url)
    engine = connection.jetstream()
    side = EaterSide(HELLO, subscription(chefs=["B"]), since=0.0)
    both = [dumpling(number, chef="A" if number < 3 else "B") for number in range(1, 7)]
    async with (
        joined_hub(nats_server.url, stream) as hub,
        v2_eater(hub, EaterSide(HELLO, subscription(chefs=["A"]))) as other,
    ):
        await until_so(lambda: f"{stream}.*.A" in state_of(hub).wanted)
        await store(engine, stream, 1, *both[:4])
        assert await other.payloads(2) == [1, 2]
        async with v2_eater(hub, side) as eater:
            assert await eater.payloads(2) == [3, 4]
            await store(engine, stream, 2, *both[1:5])
            await store(engine, stream, 6, *both[5:])
            assert await eater.payloads(2) == [5, 6]
    await connection.close()


@pytest.mark.parametrize("chefs", [None, ["A"]])
@pytest.mark.parametrize("count", [1, 2, 3, 5, 6, 100])
async def test_repeats_are_none_of_the_last_so_many(
    nats_server: NatsServer, stream: str, count: int, chefs: list[str] | None
) -> None:
    connection = await nats.connect(nats_server.url)
    engine = connection.jetstream()
    async with joined_hub(nats_server.url, stream) as hub:
        await until_so(lambda: state_of(hub).connected)
        numbers = [dumpling(number, chef="A") for number in range(1, 7)]
        await store(engine, stream, 1, *numbers[:4])
        await store(engine, stream, 2, *numbers[1:3])
        await store(engine, stream, 3, *numbers[2:])
        await store(engine, stream, 6, *numbers[5:])
        side = EaterSide(HELLO, subscription(chefs=chefs), last=count)
        async with v2_eater(hub, side) as eater:
            wanted = [1, 2, 3, 4, 5, 6][-count:]
            assert await eater.payloads(len(wanted)) == wanted
            await store(engine, stream, 7, dumpling(7, chef="A"))
            assert await eater.payloads(1) == [7]
    await connection.close()
