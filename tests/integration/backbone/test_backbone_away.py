"""While the backbone is away hubs say so and hold what they can, and nothing is lost."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from netdumplings import DumplingHub
from netdumplings.delivery import Outbox
from netdumplings.hub import service
from netdumplings.hub.joined_router import JoinedRouter
from netdumplings.hub.runs import Mark, Run
from netdumplings.sending import HubLink
from netdumplings.transport import HubAddress
from netdumplings.transport import client as kitchen_side
from netdumplings.transport import server as hub_side
from netdumplings.wire import EaterSide, counts_message, kitchen_hello, metadata_of
from support.haste import make_haste
from support.hub_peers import PATIENCE, dumpling
from support.hub_peers import eater as plain_eater
from support.joined_hubs import joined_hub, state_of, until_so
from support.nats import NatsServer
from support.outlets import Socket
from support.v2_peers import v2_eater, v2_kitchen

HELLO = '{"eater_name": "test_eater"}'
#: Dumplings of a KiB each.
PADDING = "x" * 900


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    make_haste(monkeypatch)


@pytest.fixture
def server(tmp_path: Path, nats_server: NatsServer) -> NatsServer:
    """A server of the test's own, which does not run yet."""
    return NatsServer(tmp_path / "own")


@asynccontextmanager
async def linked(hub: DumplingHub) -> AsyncIterator[HubLink]:
    """A kitchen's own link to a hub."""
    link = HubLink(
        HubAddress.parse(f"127.0.0.1:{hub.in_port}"),
        lambda: kitchen_hello("k", "none", "", [], 5.0),
        lambda: counts_message({}),
        Outbox(100 * 1024 * 1024, "the session of a kitchen"),
        wait_for_room=False,
        stopping=lambda: False,
    )
    running = asyncio.create_task(link.run())
    try:
        yield link
    finally:
        running.cancel()
        await asyncio.wait({running})


def problem(hub: Any, words: str) -> Any:
    return lambda: words in state_of(hub).problem


async def test_a_hub_may_be_there_before_its_backbone(server: NatsServer, stream: str) -> None:
    async with (
        joined_hub(server.url, stream, status_freq=0.05) as hub,
        v2_kitchen(hub) as source,
        plain_eater(hub) as plain,
    ):
        await until_so(problem(hub, "connection refused"))
        # Who is there hears of it.
        assert "SystemStatusChef" in str(await plain.recv())
        await source.hello()
        await source.send(1, dumpling(1), dumpling(2))
        await until_so(lambda: state_of(hub).storing.waiting == 2)
        assert not state_of(hub).connected
        with server:
            await source.acknowledged(2)
            assert state_of(hub).connected
            assert state_of(hub).problem == ""
            async with asyncio.timeout(PATIENCE):
                while "SystemStatusChef" in (told := str(await plain.recv())):
                    pass
            assert told == dumpling(1)


async def test_who_comes_while_it_is_away_is_welcome_hears_of_it_and_where_it_begins_later(
    server: NatsServer, stream: str
) -> None:
    side = EaterSide('{"eater_name": "test_eater"}', encodings=["zstd"])
    async with (
        joined_hub(server.url, stream, status_freq=0.05) as hub,
        # It waits for the welcome. Nothing may come before that, least of all what is compressed.
        v2_eater(hub, side) as eater,
        v2_kitchen(hub) as source,
    ):
        assert (await eater.payloads(1))[0]["total_dumplings_in"] == 0
        assert side.cursor == {}
        with server:
            async with asyncio.timeout(PATIENCE):
                while not any(key.startswith("@") for key in side.cursor):
                    side.receive(await eater.connection.recv())
            await source.hello()
            await source.send(1, dumpling("news"))
            while "news" not in (await eater.payloads(1)):
                pass


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "empty response"),
        (b"INFO {\r\n", "json parse error"),
        (b"INFO [1]\r\n", "no server of NATS"),
        (b'INFO {"connect_urls": 5}\r\n', "no server of NATS"),
        (b"x" * 1_000_000, "no server of NATS"),
        (b'INFO {"headers": true}\r\nPONG\r\n\xff\xff\r\n', "connection was lost"),
    ],
)
async def test_where_there_is_something_else_than_a_server_one_may_come(
    server: NatsServer, stream: str, said: bytes, told: str
) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(said)
        with suppress(ConnectionError):
            await reader.read()
        writer.close()

    something = await asyncio.start_server(answer, server.host, server.port)
    async with joined_hub(server.url, stream) as hub, v2_kitchen(hub) as source:
        await until_so(problem(hub, told), lambda: state_of(hub).problem)
        something.close()
        with server:
            await source.hello()
            await source.send(1, dumpling(1))
            await source.acknowledged(1)


async def test_a_hub_takes_as_much_as_its_buffer_holds_and_then_reads_no_more(
    server: NatsServer, stream: str
) -> None:
    count, buffer = 400, 64 * 1024
    with server:
        async with (
            joined_hub(server.url, stream, buffer_bytes=buffer) as hub,
            v2_eater(hub) as eater,
            v2_kitchen(hub) as source,
        ):
            await source.hello()
            await source.send(1, dumpling(PADDING))
            await source.acknowledged(1)
            server.kill()
            await until_so(lambda: not state_of(hub).connected)
            for number in range(2, count + 1):
                await source.send(number, dumpling([number, PADDING]))
            await until_so(lambda: state_of(hub).kitchens_paused)
            state = state_of(hub)
            assert buffer < state.waiting_bytes < buffer + 4096
            assert state.storing.taken < count
            assert state.storing.stored == 1
            server.start()
            await source.acknowledged(count)
            got = await eater.payloads(count)
            assert [one[0] for one in got[1:]] == list(range(2, count + 1))
            state = state_of(hub)
            assert (state.waiting_bytes, state.kitchens_paused, state.problem) == (0, False, "")
            assert state.storing.stored == count
            assert not state.storing.violations()


async def test_a_kitchen_of_which_nothing_is_read_is_not_given_up_and_does_not_give_up(
    server: NatsServer,
    stream: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    for side in (hub_side, kitchen_side):
        monkeypatch.setattr(side, "PING_INTERVAL", 0.1)
        monkeypatch.setattr(side, "PING_TIMEOUT", 0.3)
    monkeypatch.setattr(service, "ROUND", 0.1)
    caplog.set_level(logging.INFO)
    with server:
        async with joined_hub(server.url, stream, buffer_bytes=10_000) as hub, linked(hub) as link:
            await until_so(lambda: state_of(hub).connected)
            server.kill()
            await until_so(lambda: not state_of(hub).connected)
            for number in range(5000):
                await asyncio.to_thread(link.put, dumpling([number, PADDING]).encode())
            await until_so(lambda: state_of(hub).kitchens_paused)
            await asyncio.sleep(1.0)
            server.start()
            async with asyncio.timeout(PATIENCE):
                await link.settled()
            assert link.statistics().acknowledged == 5000
            assert state_of(hub).storing.stored == 5000
    assert caplog.text.count("connected to the hub") == 1


async def test_an_eater_that_ends_while_it_waits_takes_nothing_from_others(
    server: NatsServer, stream: str
) -> None:
    """From its close frame on until its connection is gone nothing may be written to it."""
    async with joined_hub(server.url, stream) as hub, plain_eater(hub):
        assert hub._service
        router = hub._service._router
        assert isinstance(router, JoinedRouter)
        await until_so(lambda: router.feeds)
        [feed] = router.feeds
        feed.outlet = Socket()
        feed.outlet.abort()
        line = dumpling(1).encode()
        for own in (False, True):
            stream_of_run = None if own else "0123456789abcdef"
            router.route(Run(stream_of_run, 1, line, [metadata_of(line)], Mark("@", 1)))
        router.flush()
        assert router.history.end == 1
