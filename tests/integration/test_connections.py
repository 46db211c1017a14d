"""Connections to a hub, made again and again, against real sockets."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Iterator
from contextlib import aclosing

import pytest
from websockets.asyncio.server import ServerConnection, serve

from netdumplings.exceptions import HubUnavailable
from netdumplings.transport import ConnectionClosed, HubAddress, connections
from support.hub_peers import PATIENCE, eater, lines, running_hub
from support.servers import server

logger = logging.getLogger("test.link")


def at_once() -> Iterator[float]:
    while True:
        yield 0.01


async def test_a_connection_is_live_and_leaving_closes_it() -> None:
    async with asyncio.timeout(PATIENCE), server() as hub:
        async with aclosing(connections(hub.address, logger=logger)) as lives:
            async for connection in lives:
                await connection.send("hello")
                break
        assert await hub.met[0].recv() == "hello"
        await hub.met[0].wait_closed()
        assert hub.met[0].close_code == 1000


async def test_leaving_with_unread_messages_closes_as_cleanly() -> None:
    async def flood(connection: ServerConnection) -> None:
        met.append(connection)
        while True:
            await connection.send("x" * 1000)

    met: list[ServerConnection] = []
    async with asyncio.timeout(PATIENCE), serve(flood, "127.0.0.1", 0) as listening:
        address = HubAddress("127.0.0.1", next(iter(listening.sockets)).getsockname()[1])
        async with aclosing(connections(address, logger=logger)) as lives:
            async for connection in lives:
                await connection.recv()
                await asyncio.sleep(0.1)
                break
        await met[0].wait_closed()
        assert met[0].close_code == 1000


async def test_being_cancelled_closes_the_connection() -> None:
    async def hold(address: HubAddress) -> None:
        async with aclosing(connections(address, logger=logger)) as lives:
            async for connection in lives:
                await connection.recv()

    async with asyncio.timeout(PATIENCE), server() as hub:
        holding = asyncio.create_task(hold(hub.address))
        while not hub.met:
            await asyncio.sleep(0.01)
        holding.cancel()
        with pytest.raises(asyncio.CancelledError):
            await holding
        await hub.met[0].wait_closed()


async def test_an_absence_is_logged_once_each_way_however_many_tries_it_takes(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, logger.name)
    async with asyncio.timeout(PATIENCE):
        async with server() as hub:
            address = hub.address
            lives = connections(address, logger=logger, describe="cellar", delays=at_once)
            async with aclosing(lives):
                await anext(lives)
                hub.met[0].transport.abort()
                await hub.met[0].wait_closed()
                again = asyncio.ensure_future(anext(lives))
                await again
                await hub.met[1].close(1001, "evil\x1b[2J")
                third = asyncio.ensure_future(anext(lives))
                await third
    messages = lines(caplog.records, logging.INFO)
    assert messages == [
        f"connected to the cellar at {address}",
        f"lost the cellar at {address} (the connection broke); will reconnect",
        f"connected to the cellar at {address}",
        f"lost the cellar at {address} (close code 1001 'evil\\x1b[2J'); will reconnect",
        f"connected to the cellar at {address}",
    ]


async def test_a_hub_that_ends_every_connection_at_once_is_not_hurried() -> None:
    started = 0

    def delays() -> Iterator[float]:
        nonlocal started
        started += 1
        return at_once()

    async with asyncio.timeout(PATIENCE), server(close_at_once=True) as hub:
        lives = connections(hub.address, logger=logger, delays=delays)
        async with aclosing(lives):
            async for connection in lives:
                with pytest.raises(ConnectionClosed):
                    await connection.recv()
                if len(hub.met) == 5:
                    break
    assert started == 1


async def test_who_asks_for_one_connection_gets_one() -> None:
    async with asyncio.timeout(PATIENCE), server(close_at_once=True) as hub:
        lives = connections(hub.address, logger=logger, reconnect=False)
        assert len([connection async for connection in lives]) == 1


async def test_a_host_that_does_not_answer_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        address = HubAddress("127.0.0.1", mute.getsockname()[1])
        lives = connections(address, logger=logger, reconnect=False, open_timeout=0.2)
        with pytest.raises(HubUnavailable, match="no answer"):
            await anext(lives)


async def test_a_host_that_is_refused_at_each_of_its_addresses_is_told_in_a_few_words() -> None:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]
    lives = connections(HubAddress("localhost", port), logger=logger, reconnect=False)
    with pytest.raises(HubUnavailable) as caught:
        await anext(lives)
    assert caught.value.reason == "connection refused"


async def test_a_peer_that_is_no_hub_is_told_from_one_that_is_absent() -> None:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-\x1b[2J\r\n")
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1", 0) as ssh:
        address = HubAddress("127.0.0.1", ssh.sockets[0].getsockname()[1])
        with pytest.raises(HubUnavailable, match="it is no hub") as caught:
            await anext(connections(address, logger=logger, reconnect=False))
        assert caught.value.reason.isprintable()


async def test_waiting_for_the_next_try_can_be_cancelled() -> None:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        address = HubAddress("127.0.0.1", sock.getsockname()[1])

    def never() -> Iterator[float]:
        yield 3600.0

    waiting = asyncio.ensure_future(anext(connections(address, logger=logger, delays=never)))
    await asyncio.sleep(0.1)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_no_proxy_stands_between_a_peer_and_its_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("http_proxy", "https_proxy", "all_proxy", "ws_proxy"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")
    async with asyncio.timeout(PATIENCE), server() as hub:
        lives = connections(hub.address, logger=logger, reconnect=False)
        async with aclosing(lives):
            connection = await anext(lives)
            await (await connection.ping())
            assert connection.remote_address[1] == hub.address.port


async def test_a_hub_that_is_full_says_so(caplog: pytest.LogCaptureFixture) -> None:
    async with running_hub(max_connections=1) as hub, eater(hub):
        address = HubAddress("localhost", hub.out_port)
        with pytest.raises(HubUnavailable, match="as many peers as it takes"):
            async for _ in connections(address, reconnect=False, logger=logger):
                raise AssertionError("there was no room")
