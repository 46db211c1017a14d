"""`DumplingEater` and a hub that speaks ``netdumplings.v2``; or one that does not."""

from __future__ import annotations

import asyncio
import logging
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from netdumplings import Dumpling, DumplingBatch, DumplingDriver, DumplingEater, Gap
from support.hub_peers import PATIENCE, dumpling, lines
from support.v2_hub import STREAM, Guest, v2_hub

News = list[Any]


async def eat(hub: str, count: int, **settings: Any) -> News:
    """Eat so many things, be they payloads of dumplings or gaps, in the order they came."""
    got: News = []

    async def on_gap(gap: Gap) -> None:
        got.append(gap)

    async with (
        asyncio.timeout(PATIENCE),
        DumplingEater("tester", hub, on_gap=on_gap, **settings) as eater,
    ):
        async for one in eater:
            got.append(one.payload)
            if len(got) >= count:
                break
    return got


async def test_what_it_wants_is_asked_of_the_hub() -> None:
    asked = []

    async def script(guest: Guest) -> None:
        asked.append(guest.hello)
        await guest.welcome()
        await guest.batch(1, dumpling(1))

    async with v2_hub(script) as hub:
        await eat(hub, 1)
        await eat(
            hub,
            1,
            chef_filter=["B*", "A"],
            kitchen_filter=["north", None],
            driver_filter=[DumplingDriver.packet],
            last=100,
            since=datetime(2026, 11, 21, tzinfo=UTC),
            compression=True,
        )
        before = time.time()
        await eat(hub, 1, since=timedelta(minutes=5), compression=["deflate"])
        after = time.time()
    plain, full, recent = asked
    assert plain.name == "tester"
    wanted = plain.subscription
    assert (wanted.chefs, wanted.kitchens, wanted.drivers) == (None, None, None)
    assert (plain.last, plain.since, plain.resume, plain.encoding) == (None, None, None, None)
    wanted = full.subscription
    assert (wanted.chefs, wanted.kitchens) == (("A", "B*"), ("north", None))
    assert wanted.drivers == ("packet",)
    assert (full.last, full.since) == (100, 1795219200.0)
    assert full.encoding is not None
    assert recent.since is not None
    assert before - 301 < recent.since < after - 299
    assert recent.encoding == "deflate"


async def test_dumplings_of_batches_and_gaps_come_in_their_order() -> None:
    async def script(guest: Guest) -> None:
        await guest.welcome()
        await guest.batch(2, dumpling(1), dumpling(2), history=True)
        await guest.gap(5, 3, "slow")
        await guest.cursor(6)
        await guest.batch(7, dumpling("ü\u2028"))

    async with v2_hub(script) as hub:
        assert await eat(hub, 4) == [1, 2, Gap(3, "slow", None), "ü\u2028"]


@pytest.mark.parametrize("encoding", ["zstd", "deflate"])
async def test_what_is_compressed_is_read(encoding: Any) -> None:
    async def script(guest: Guest) -> None:
        assert guest.hello.encoding == encoding
        await guest.welcome(encoding=encoding)
        await guest.batch(2, dumpling("ü" * 1000), dumpling(2))

    async with v2_hub(script) as hub:
        assert await eat(hub, 2, compression=[encoding]) == ["ü" * 1000, 2]


async def test_it_goes_on_where_it_was_having_eaten_all_that_it_was_sent() -> None:
    resumed = []

    async def breaks_off(guest: Guest) -> None:
        assert guest.hello.resume is None
        assert guest.hello.last == 3
        await guest.welcome(4)
        await guest.batch(7, dumpling(5), dumpling(6), dumpling(7))
        await guest.close()

    async def goes_on(guest: Guest) -> None:
        resumed.append((guest.hello.resume, guest.hello.last, list(got)))
        await guest.welcome(7)
        await guest.gap(8, 1, "history", "north")
        await guest.batch(9, dumpling(9))

    got: News = []

    async def slow(one: Dumpling) -> None:
        await asyncio.sleep(0.05)  # the connection has long gone by the second one
        got.append(one.payload)

    async def on_gap(gap: Gap) -> None:
        got.append(gap)

    async with v2_hub(breaks_off, goes_on) as hub, asyncio.timeout(PATIENCE):
        eater = DumplingEater("tester", hub, last=3, on_dumpling=slow, on_gap=on_gap)
        await asyncio.to_thread(eater.run, 4)
    assert resumed == [({STREAM: 7}, None, [5, 6, 7])]
    assert got == [5, 6, 7, Gap(1, "history", "north"), 9]
    assert eater.missed == 1


async def test_who_was_never_welcomed_asks_for_the_past_again() -> None:
    asked = []

    async def goes(guest: Guest) -> None:
        asked.append((guest.hello.last, guest.hello.resume))
        await guest.close()

    async def stays(guest: Guest) -> None:
        asked.append((guest.hello.last, guest.hello.resume))
        await guest.welcome()
        await guest.batch(1, dumpling(1))

    async with v2_hub(goes, stays) as hub:
        assert await eat(hub, 1, last=7) == [1]
    assert asked == [(7, None), (7, None)]


async def test_a_second_run_begins_anew() -> None:
    asked = []

    async def script(guest: Guest) -> None:
        asked.append((guest.hello.last, guest.hello.resume))
        await guest.welcome()
        await guest.batch(3, *(dumpling(n) for n in (1, 2, 3)))

    got: News = []

    async def on_dumpling(one: Dumpling) -> None:
        got.append(one.payload)

    async with v2_hub(script) as hub, asyncio.timeout(PATIENCE):
        eater = DumplingEater("tester", hub, last=3, on_dumpling=on_dumpling)
        await asyncio.to_thread(eater.run, 2)
        await asyncio.to_thread(eater.run, 3)
    assert got == [1, 2, 1, 2, 3]
    assert asked == [(3, None), (3, None)]


async def test_stop_ends_it_in_the_middle_of_a_batch() -> None:
    async def script(guest: Guest) -> None:
        await guest.welcome()
        await guest.batch(1000, *(dumpling(n) for n in range(1000)))

    got: News = []

    async def on_dumpling(one: Dumpling) -> None:
        got.append(one.payload)
        if one.payload == 2:
            eater.stop()

    async with v2_hub(script) as hub, asyncio.timeout(PATIENCE):
        eater = DumplingEater("tester", hub, on_dumpling=on_dumpling)
        await asyncio.to_thread(eater.run)
    assert got == [0, 1, 2]


async def test_others_in_the_loop_have_their_turn_while_it_eats_a_large_batch() -> None:
    async def script(guest: Guest) -> None:
        await guest.welcome()
        await guest.batch(1000, *(dumpling(n) for n in range(1000)))

    turns = 0

    async def count_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    seen = []
    async with (
        v2_hub(script) as hub,
        asyncio.timeout(PATIENCE),
        DumplingEater("tester", hub) as eater,
    ):
        counting = asyncio.create_task(count_turns())
        async for one in eater:
            seen.append(turns)
            if one.payload == 999:
                break
        counting.cancel()
    assert len(set(seen)) >= 5


async def test_a_gap_is_a_warning_if_nobody_handles_it(caplog: pytest.LogCaptureFixture) -> None:
    async def script(guest: Guest) -> None:
        await guest.welcome()
        await guest.gap(1204, 1204, "slow")
        await guest.batch(1205, dumpling(1))

    async with v2_hub(script) as hub, asyncio.timeout(PATIENCE):
        eater = DumplingEater("tester", hub)
        await asyncio.to_thread(eater.run, 1)
    assert lines(caplog.records) == ["missed 1,204 dumplings: this eater was too slow"]
    assert eater.missed == 1204


async def test_what_the_handler_of_gaps_raises_comes_out_of_run() -> None:
    async def script(guest: Guest) -> None:
        await guest.welcome()
        await guest.gap(1, 1, "hub")

    class Eater(DumplingEater):
        async def on_gap(self, gap: Gap) -> None:
            raise ZeroDivisionError(str(gap))

    async with v2_hub(script) as hub, asyncio.timeout(PATIENCE):
        with pytest.raises(ZeroDivisionError, match="missed 1 dumpling: "):
            await asyncio.to_thread(Eater("tester", hub).run)


async def test_who_was_too_slow_comes_back_and_the_log_says_why_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "netdumplings.eater")
    endings = []

    async def give_up(guest: Guest) -> None:
        await guest.welcome()
        await guest.batch(1, dumpling(1))
        await guest.close(4001, "too slow for 30 s")

    async def go_on(guest: Guest) -> None:
        await guest.welcome(1)
        await guest.gap(3, 2, "slow")
        await guest.batch(4, dumpling(4))

    async def on_connection_lost(error: Exception) -> None:
        assert isinstance(error, ConnectionClosed)
        assert error.rcvd
        endings.append(error.rcvd.code)

    async with v2_hub(give_up, go_on) as hub:
        got = await eat(hub, 3, on_connection_lost=on_connection_lost)
    assert got == [1, Gap(2, "slow", None), 4]
    assert endings == [4001]
    assert [line for line in lines(caplog.records) if "4001" in line] == [
        f"lost the hub at {hub} (close code 4001 'too slow for 30 s'); will reconnect"
    ]


async def test_what_no_hub_would_send_is_logged_once_an_episode_and_skipped(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def script(guest: Guest) -> None:
        await guest.welcome()
        for message in ("", "no JSON", '{"type":"batch","cursor":{}}', '{"type":"gap\x1b[2J"'):
            await guest.send(message)
        await guest.connection.send(b"\x00")
        await guest.send('{"type":"weather","later":true}')  # of a later version
        await guest.batch(4, dumpling(1), "{}", "rubbish", dumpling(2))
        await guest.send("[]")
        await guest.send(dumpling(3))
        await guest.batch(5, dumpling(3))

    async with v2_hub(script) as hub:
        assert await eat(hub, 3) == [1, 2, 3]
    logged = lines(caplog.records)
    assert len(logged) == 3
    assert all(line.startswith(f"skipped what the hub at {hub} sent: ") for line in logged)
    assert all(line.isprintable() for line in logged)


async def test_what_a_hub_has_no_room_to_be_told_is_sorted_out_here() -> None:
    async def script(guest: Guest) -> None:
        assert guest.hello.subscription.chefs is None
        assert guest.hello.subscription.kitchens == ("k",)
        await guest.welcome()
        await guest.batch(3, dumpling(1, chef="Other"), dumpling(2, chef="C99"), dumpling(3))

    async with v2_hub(script) as hub:
        many = [f"C{n}" for n in range(100)]
        assert await eat(hub, 1, chef_filter=many, kitchen_filter=["k"]) == [2]
        long = ["C" + "9" * 300, "TestChef"]
        assert await eat(hub, 1, chef_filter=long, kitchen_filter=["k"]) == [3]


# A hub that knows no subprotocol


def plain_hub(*dumplings: str) -> serve:
    """Send each eater these, and then close."""

    async def handle(connection: ServerConnection) -> None:
        assert await connection.recv() == '{"eater_name":"tester"}'
        for one in dumplings:
            await connection.send(one)

    return serve(handle, "127.0.0.1", 0)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, [1, 2, 3, 4, 5]),
        ({"chef_filter": ["A*"]}, [1, 2, 5]),
        ({"chef_filter": ["B"], "kitchen_filter": [None, "north"]}, [3, 4]),
        ({"kitchen_filter": [None]}, [4]),
        ({"driver_filter": [DumplingDriver.interval]}, [2, 4]),
        ({"chef_filter": [], "kitchen_filter": None}, []),
        ({"kitchen_filter": ["*"], "driver_filter": ["packet"]}, [1, 3, 5]),
    ],
)
async def test_a_plain_hub_sends_all_and_the_same_is_eaten(
    filters: dict[str, Any], expected: list[int]
) -> None:
    long = "A" * 257  # our own hubs let no such name through
    sent = [
        dumpling(1, chef="Arp", kitchen="north"),
        dumpling(2, chef="Arp", kitchen="south", driver="interval"),
        dumpling(3, chef="B", kitchen="north"),
        dumpling(4, chef="B", kitchen=None, driver="interval"),
        dumpling(5, chef=long, kitchen="south"),
    ]
    async with plain_hub(*sent) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        got: News = []
        async with (
            asyncio.timeout(PATIENCE),
            DumplingEater("tester", f"127.0.0.1:{port}", reconnect=False, **filters) as eater,
        ):
            async for one in eater:
                got.append(one.payload)
        assert got == expected


async def test_a_plain_hub_has_no_past_and_the_log_says_so_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with plain_hub(dumpling(1)) as server:
        address = f"127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"
        assert await eat(address, 1, last=5) == [1]
    assert lines(caplog.records) == [f"the hub at {address} has nothing of the past to send"]


async def batches(hub: str, count: int, **settings: Any) -> list[DumplingBatch]:
    """Eat so many batches."""
    got: list[DumplingBatch] = []
    async with asyncio.timeout(PATIENCE), DumplingEater("tester", hub, **settings) as eater:
        async for batch in eater.batches():
            got.append(batch)
            if len(got) == count:
                return got
    return got


async def test_batches_have_the_texts_as_they_came_and_how_far_that_is() -> None:
    first, second = dumpling("ü\u2028"), dumpling({"b": 1.0, "a": [10**30]})

    async def script(guest: Guest) -> None:
        await guest.welcome(4)
        await guest.batch(6, first, second)
        await guest.gap(8, 2, "kitchen", "north")
        await guest.cursor(8)  # nothing new
        await guest.cursor(9)
        await guest.batch(11, "no dumpling", dumpling(3))

    async with v2_hub(script) as hub:
        got = await batches(hub, 5)
    assert [batch.cursor for batch in got] == [{STREAM: n} for n in (4, 6, 8, 9, 11)]
    assert [list(batch.texts) for batch in got] == [[], [first, second], [], [], [dumpling(3)]]
    assert [batch.gap for batch in got] == [None, None, Gap(2, "kitchen", "north"), None, None]
    assert [one.payload for one in got[1].dumplings()] == ["ü\u2028", {"b": 1.0, "a": [10**30]}]


async def test_another_eater_goes_on_from_a_cursor() -> None:
    asked = []

    async def script(guest: Guest) -> None:
        asked.append((guest.hello.resume, guest.hello.last))
        await guest.welcome(7)
        await guest.batch(8, dumpling(8))

    async with v2_hub(script) as hub:
        for cursor in ({STREAM: 6}, {}):
            eater = DumplingEater("tester", hub, resume=cursor, last=5)
            assert eater.cursor == cursor
            async with asyncio.timeout(PATIENCE), eater:
                assert (await anext(eater.batches())).cursor == {STREAM: 7}
    assert asked == [({STREAM: 6}, None), ({}, None)]


async def test_its_cursor_covers_whole_messages_only() -> None:
    async def script(guest: Guest) -> None:
        await guest.welcome(0)
        await guest.batch(2, dumpling(1), dumpling(2))
        await guest.batch(3, dumpling(3))

    cursors = []
    async with v2_hub(script) as hub, asyncio.timeout(PATIENCE):
        eater = DumplingEater("tester", hub)
        assert eater.cursor is None
        async with eater:
            async for _ in eater:
                cursors.append(eater.cursor)
                if len(cursors) == 3:
                    break
    assert cursors == [{STREAM: 0}, {STREAM: 0}, {STREAM: 2}]


async def test_a_plain_hub_cannot_be_resumed_and_it_says_so(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def plain(connection: ServerConnection) -> None:
        await connection.recv()
        await connection.send('{"metadata":\n{"chef": "A", "creation_time": 1,\r\n'
                              '"driver": "packet", "kitchen": null}, "payload": 1}')  # fmt: skip
        await connection.wait_closed()

    async with serve(plain, "127.0.0.1", 0) as server:
        hub = f"127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"
        (batch,) = await batches(hub, 1, resume={STREAM: 3})
        assert batch.cursor == {STREAM: 3}
        (text,) = batch.texts
        assert "\n" not in text
        assert "\r" not in text
        (batch,) = await batches(hub, 1)
        assert batch.cursor is None
    (record,) = [one for one in caplog.records if one.levelno >= logging.WARNING]
    assert "it cannot be resumed" in record.getMessage()


async def test_it_is_eaten_from_in_one_way_at_a_time() -> None:
    async def script(guest: Guest) -> None:
        await guest.welcome()

    async with v2_hub(script) as hub:
        eater = DumplingEater("tester", hub)
        with pytest.raises(RuntimeError, match="use: async with"):
            eater.batches()
        async with eater:
            eater.batches()
            with pytest.raises(RuntimeError, match="use: async with"):
                aiter(eater)
            with pytest.raises(RuntimeError, match="use: async with"):
                eater.batches()
