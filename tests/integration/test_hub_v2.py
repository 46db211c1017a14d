"""The hub and peers of netdumplings.v2, over real sockets."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from websockets.exceptions import ConnectionClosed

from netdumplings import DumplingHub
from netdumplings.wire import Batch, EaterSide, Gap, counts_message, stream_of, subscription
from support.hub_peers import closing, dial, dumpling, eater, kitchen, lines, running_hub
from support.v2_peers import SESSION, Eater, Kitchen, v2_eater, v2_kitchen

SIDE = '{"eater_name": "test_eater"}'


@pytest.fixture
async def hub() -> AsyncIterator[DumplingHub]:
    async with running_hub() as hub:
        yield hub


async def test_peers_of_both_protocols_share_a_hub(hub: DumplingHub) -> None:
    async with (
        eater(hub) as plain,
        v2_eater(hub) as modern,
        kitchen(hub) as old_source,
        v2_kitchen(hub) as source,
    ):
        assert await source.hello() == 0
        await source.send(1, dumpling("a"), dumpling("b"))
        await source.acknowledged(2)
        await old_source.send(dumpling("c"))
        assert [json.loads(await plain.recv())["payload"] for _ in range(3)] == ["a", "b", "c"]
        assert await modern.payloads(3) == ["a", "b", "c"]


async def test_a_kitchen_that_comes_back_is_told_where_to_go_on(hub: DumplingHub) -> None:
    async with v2_eater(hub) as watcher:
        async with v2_kitchen(hub) as source:
            await source.hello()
            await source.send(1, *map(dumpling, range(1, 6)))
            await source.acknowledged(5)
        async with v2_kitchen(hub) as source:
            assert await source.hello(first=3) == 5
            # It might as well not heed that.
            await source.send(3, *map(dumpling, range(3, 8)))
            await source.acknowledged(7)
        assert await watcher.payloads(7) == list(range(1, 8))


async def test_of_two_connections_of_a_session_the_later_one_holds(
    hub: DumplingHub, caplog: pytest.LogCaptureFixture
) -> None:
    async with v2_eater(hub) as watcher, v2_kitchen(hub) as old, v2_kitchen(hub) as new:
        await old.hello()
        await old.send(1, dumpling(1))
        await old.acknowledged(1)
        assert await new.hello() == 1
        code, reason = await closing(old.connection)
        assert (code, reason) == (4002, "another connection goes on with this session")
        await new.send(2, dumpling(2))
        await new.acknowledged(2)
        assert await watcher.payloads(2) == [1, 2]
        assert "4002" in lines(caplog.records)[0]
        assert len(lines(caplog.records)) == 1


async def test_a_kitchen_may_go_on_with_another_session(hub: DumplingHub) -> None:
    async with v2_eater(hub) as watcher, v2_kitchen(hub) as source:
        await source.hello(session="what was left of yesterday")
        await source.send(1, dumpling("old"))
        await source.acknowledged(1)
        assert await source.hello() == 0
        await source.send(1, dumpling("new"))
        await source.acknowledged(1)
        assert await watcher.payloads(2) == ["old", "new"]


async def test_a_kitchens_counts_are_shown_with_what_it_announced() -> None:
    async with running_hub(status_freq=0.05) as hub, eater(hub) as watcher:
        async with v2_kitchen(hub) as source:
            await source.hello()
            await source.connection.send(counts_message({"dumplings_made": 7}), text=True)
            while True:
                payload = json.loads(await watcher.recv())["payload"]
                told = [one["info_from_kitchen"] for one in payload["dumpling_kitchens"]]
                if told and "counts" in told[0]:
                    break
        assert told[0]["counts"] == {"dumplings_made": 7}
        assert told[0]["kitchen_name"] == "k"
        assert SESSION not in json.dumps(payload)


async def test_what_a_kitchen_dropped_is_told_in_its_place(hub: DumplingHub) -> None:
    async with v2_eater(hub) as watcher, v2_kitchen(hub) as source:
        await source.hello()
        await source.send(1, dumpling(1))
        await source.send(5, dumpling(5))
        found = [await watcher.next() for _ in range(3)]
        assert [type(event) for event in found] == [Batch, Gap, Batch]
        assert (found[1].missed, found[1].reason, found[1].kitchen) == (3, "kitchen", "k")


async def test_what_came_to_another_hub_meanwhile_its_kitchen_has_not_dropped(
    hub: DumplingHub,
) -> None:
    async with v2_eater(hub) as watcher:
        async with v2_kitchen(hub) as source:
            await source.hello()
            await source.send(1, *map(dumpling, range(1, 4)))
            await source.acknowledged(3)
        assert await watcher.payloads(3) == [1, 2, 3]
        async with v2_kitchen(hub) as source:
            # Another hub has acknowledged 4 to 6; of 7 and 8 no hub has heard.
            assert await source.hello(first=9, acknowledged=6) == 8
            await source.send(9, dumpling(9))
            await source.acknowledged(9)
            assert await watcher.next() == Gap(3, "hub", "k", {stream_of(SESSION): 6})
            assert await watcher.next() == Gap(2, "kitchen", "k", {stream_of(SESSION): 8})
            assert await watcher.payloads(1) == [9]
            # It knows of all of that, when it comes back as well.
            await source.hello(first=10, acknowledged=9)
            await source.send(10, dumpling(10))
            assert await watcher.payloads(1) == [10]
        async with v2_eater(hub, watcher.side) as again, v2_kitchen(hub) as source:
            await source.hello(first=11, acknowledged=10)
            await source.send(11, dumpling(11))
            assert await again.payloads(1) == [11]
        assert hub._service is not None
        assert hub._service._sessions.ledger.lost == 2


async def test_who_sends_only_what_the_hub_has_is_answered_all_the_same(hub: DumplingHub) -> None:
    async with v2_kitchen(hub) as source:
        await source.hello()
        for _ in range(3):
            await source.send(1, dumpling(1), dumpling(2))
            assert await source.told("ack") == 2


async def test_an_eater_gets_what_it_subscribed_to_compressed_if_it_likes(hub: DumplingHub) -> None:
    wanted = subscription(chefs=["R*", "Test?hef"], kitchens=["k"], drivers=["packet"])
    for encodings in ((), ("zstd",), ("deflate",), ("brotli", "deflate")):
        side = EaterSide(SIDE, wanted, encodings=encodings)
        async with v2_eater(hub, side) as watcher, kitchen(hub) as source:
            await source.send(dumpling(1, driver="interval"))
            await source.send(dumpling(2, chef="Other"))
            await source.send(dumpling(3, kitchen="other"))
            await source.send(dumpling(4, kitchen=None))
            await source.send(dumpling(5))
            await source.send(dumpling(6, chef="Rare"))
            assert await watcher.payloads(2) == [5, 6]


async def test_a_page_that_connects_late_is_not_empty(hub: DumplingHub) -> None:
    async with v2_kitchen(hub) as source:
        await source.hello()
        await source.send(1, *map(dumpling, range(1, 101)))
        await source.acknowledged(100)
        async with v2_eater(hub, EaterSide(SIDE, last=10)) as watcher:
            batch = await watcher.next()
            assert batch.history
            assert [json.loads(line)["payload"] for line in batch.lines] == list(range(91, 101))
            await source.send(101, dumpling(101))
            batch = await watcher.next()
            assert not batch.history


async def test_an_eater_whose_connection_broke_goes_on_where_it_was(hub: DumplingHub) -> None:
    side = EaterSide(SIDE)
    async with v2_kitchen(hub) as source:
        await source.hello()
        async with v2_eater(hub, side) as watcher:
            await source.send(1, dumpling(1))
            assert await watcher.payloads(1) == [1]
            watcher.connection.transport.abort()
        await source.send(2, dumpling(2), dumpling(3))
        await source.acknowledged(3)
        async with v2_eater(hub, side) as watcher:
            await source.send(4, dumpling(4))
            assert await watcher.payloads(3) == [2, 3, 4]


async def test_a_hub_that_stops_has_acknowledged_all_it_has_passed_on_and_nothing_else() -> None:
    hub = running_hub()
    serving = asyncio.create_task(hub.serve())
    while not hub.in_port:
        await asyncio.sleep(0.01)
    async with v2_eater(hub) as watcher, v2_kitchen(hub) as source:
        await source.hello()
        eating = asyncio.create_task(eat_until_closed(watcher))
        sending = asyncio.create_task(send_until_closed(source))
        acknowledged = await source.told("ack")
        hub.stop()
        with suppress(ConnectionClosed):
            while True:
                acknowledged = await source.told("ack")
        await serving
        assert await eating == list(range(1, acknowledged + 1))
        assert acknowledged <= await sending
        assert source.connection.close_code == watcher.connection.close_code == 1001


async def eat_until_closed(watcher: Eater) -> list[int]:
    eaten: list[int] = []
    with suppress(ConnectionClosed):
        while True:
            eaten += await watcher.payloads(1)
    return eaten


async def send_until_closed(source: Kitchen) -> int:
    number = 0
    with suppress(ConnectionClosed):
        while True:
            await source.send(number + 1, dumpling(number + 1))
            number += 1
    return number


async def test_an_eater_that_stalls_and_reads_on_is_told_exactly_what_it_missed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "netdumplings.hub")
    count = 300
    async with (
        running_hub(eater_buffer=256 * 1024) as hub,
        v2_eater(hub, max_queue=1, close_timeout=0.5) as slow,
        v2_eater(hub) as quick,
        v2_kitchen(hub) as source,
    ):
        await source.hello()
        for number in range(1, count + 1):
            await source.send(number, dumpling([number, "x" * 100_000]))
            assert len(await quick.payloads(1)) == 1
        eaten: list[int] = []
        missed = 0
        while len(eaten) + missed < count:
            event = await slow.next()
            if isinstance(event, Batch):
                eaten += [json.loads(line)["payload"][0] for line in event.lines]
            else:
                assert event.reason == "slow"
                missed += event.missed
        assert missed > 0
        assert eaten == sorted(set(eaten))
        await source.send(count + 1, dumpling("after"))
        assert await slow.payloads(1) == ["after"]
        said = [
            line
            for line in lines(caplog.records, logging.INFO)
            if "slow" in line or "caught" in line
        ]
        assert len(said) >= 2
        assert f"it missed {missed} dumplings so far" in said[-1]


@pytest.mark.parametrize("subprotocols", [None, ["netdumplings.v2"]])
async def test_an_eater_that_never_catches_up_is_sent_away(
    subprotocols: list[str] | None, caplog: pytest.LogCaptureFixture
) -> None:
    async with (
        running_hub(eater_buffer=64 * 1024, eater_grace=0.2) as hub,
        dial(hub.out_port, subprotocols=subprotocols, max_queue=1, close_timeout=0.5) as stalled,
        v2_eater(hub) as quick,
        v2_kitchen(hub) as source,
    ):
        hello = SIDE if subprotocols is None else f'{{"type":"hello","announcement":{SIDE}}}'
        await stalled.send(hello)
        await (await stalled.ping())
        await source.hello()
        number = 0
        while not any("4001" in line for line in lines(caplog.records)):
            number += 1
            await source.send(number, dumpling("x" * 100_000))
            assert len(await quick.payloads(1)) == 1
            await asyncio.sleep(0.01)
        assert await closing(stalled) == (4001, "too slow for 0.2 seconds")


async def test_two_who_are_slow_share_what_waits_for_them(hub: DumplingHub) -> None:
    async with (
        v2_eater(hub, max_queue=1, close_timeout=0.5) as one,
        v2_eater(hub, max_queue=1, close_timeout=0.5) as other,
        v2_kitchen(hub) as source,
    ):
        await source.hello()
        for number in range(1, 200):
            await source.send(number, dumpling("x" * 100_000))
            await source.acknowledged(number)
        assert hub._service is not None
        feeds = [guest.feed for guest in hub._service._eaters.here]
        waiting = [{id(data) for data, _ in feed._queue} for feed in feeds]
        assert len(waiting[0] & waiting[1]) > 10
        one.connection.transport.abort()
        other.connection.transport.abort()
