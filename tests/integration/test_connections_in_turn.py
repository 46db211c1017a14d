"""Connections to several hubs: which is next, how soon, and what the log says of it."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from pathlib import Path

import pytest

from netdumplings.exceptions import HubUnavailable
from netdumplings.transport import (
    ConnectionClosed,
    HubAccess,
    HubAddress,
    HubAddresses,
    HubConnection,
    Token,
    connections,
)
from netdumplings.transport.tokens_file import add_token
from support.hub_peers import PATIENCE, dumpling, kitchen, lines, running_hub
from support.servers import Server, server
from support.tls import pem, served_by

logger = logging.getLogger("test.turns")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])


def nobody() -> HubAddress:
    """An address where nobody listens."""
    return HubAddress("127.0.0.1", free_port())


class Waits:
    """Makes delays that are short, and remembers that they were waited for."""

    def __init__(self) -> None:
        self.begun = self.waited = 0

    def __call__(self) -> Iterator[float]:
        self.begun += 1
        while True:
            self.waited += 1
            yield 0.01


@asynccontextmanager
async def servers(count: int, **settings: object) -> AsyncIterator[list[Server]]:
    async with AsyncExitStack() as exits:
        yield [
            await exits.enter_async_context(server(**settings))  # type: ignore[arg-type]
            for _ in range(count)
        ]


async def end(connection: HubConnection, of: Server) -> None:
    """Break a connection at the server's side."""
    of.met[-1].transport.abort()
    with pytest.raises(ConnectionClosed):
        await connection.recv()


async def test_after_a_loss_the_next_one_is_tried_at_once_and_not_the_first(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, logger.name)
    waits = Waits()
    async with asyncio.timeout(PATIENCE), servers(3) as [a, b, c]:
        hubs = [a.address, b.address, c.address]
        async with aclosing(connections(hubs, logger=logger, delays=waits)) as lives:
            for hub in (a, b, c, a):
                connection = await anext(lives)
                assert connection.hub == hub.address
                assert connection.remote_address[1] == hub.address.port
                await end(connection, hub)
    # Each was lost soon after it was there, so when all were there is a wait.
    assert waits.waited == 1
    told = [
        line
        for hub, then in zip(
            hubs, [f"trying {hubs[1]}", f"trying {hubs[2]}", "will reconnect"], strict=True
        )
        for line in (
            f"connected to the hub at {hub}",
            f"lost the hub at {hub} (the connection broke); {then}",
        )
    ]
    assert lines(caplog.records, logging.INFO)[:6] == told


async def test_hubs_that_are_away_are_passed_over_and_named_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, logger.name)
    gone, away, waits = nobody(), nobody(), Waits()
    async with asyncio.timeout(PATIENCE), server() as here:
        hubs = [gone, away, here.address]
        async with aclosing(connections(hubs, logger=logger, delays=waits)) as lives:
            for _ in range(3):
                await end(await anext(lives), here)
            await anext(lives)
    refused = "(connection refused); trying"
    assert [line for line in lines(caplog.records) if "no hub" in line] == [
        f"no hub at {gone} {refused} {away}",
        f"no hub at {away} {refused} {here.address}",
    ]
    # After the loss of the only one that is here all have been tried: it is waited for.
    assert waits.waited == 3


async def test_all_that_are_away_are_waited_for_and_named_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, logger.name)
    hubs, waits = [nobody(), nobody()], Waits()
    async with asyncio.timeout(PATIENCE):
        lives = connections(hubs, logger=logger, delays=waits)
        waiting = asyncio.ensure_future(anext(lives))
        while waits.waited < 4:
            await asyncio.sleep(0.01)
        async with server(hubs[1].port):
            assert (await waiting).hub == hubs[1]
            await lives.aclose()
    assert waits.begun == 1
    assert lines(caplog.records, logging.INFO) == [
        f"no hub at {hubs[0]} (connection refused); trying {hubs[1]}",
        f"no hub at {hubs[1]} (connection refused); will keep trying",
        f"connected to the hub at {hubs[1]}",
    ]


@pytest.mark.parametrize(("count", "code"), [(1, 1000), (2, 1000), (3, 1001), (2, 1013)])
async def test_hubs_that_end_every_connection_at_once_are_not_hurried(
    count: int, code: int
) -> None:
    """In as many rounds there are as many waits, and they get longer."""
    waits = Waits()
    async with (
        asyncio.timeout(PATIENCE),
        servers(count, close_at_once=True, code=code) as them,
    ):
        hubs = [one.address for one in them]
        async with aclosing(connections(hubs, logger=logger, delays=waits)) as lives:
            async for connection in lives:
                with pytest.raises(ConnectionClosed):
                    await connection.recv()
                if sum(len(one.met) for one in them) == 4 * count:
                    break
    assert [len(one.met) for one in them] == [4] * count
    assert (waits.begun, waits.waited) == (1, 3)


async def test_each_is_tried_once_by_who_does_not_want_to_wait(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        hubs = [HubAddress("127.0.0.1", mute.getsockname()[1]), nobody(), nobody()]
        lives = connections(hubs, logger=logger, reconnect=False, open_timeout=0.2)
        with pytest.raises(HubUnavailable) as caught:
            await anext(lives)
        assert str(caught.value) == (
            f"no hub at {hubs[0]},{hubs[1]},{hubs[2]}: no answer ({hubs[0]}); "
            f"connection refused ({hubs[1]}); connection refused ({hubs[2]})"
        )
        # Who goes on is told of; the last one ends it.
        assert lines(caplog.records) == [
            f"no hub at {hubs[0]} (no answer); trying {hubs[1]}",
            f"no hub at {hubs[1]} (connection refused); trying {hubs[2]}",
        ]
    with pytest.raises(HubUnavailable) as caught:
        await anext(connections(hubs[1:], logger=logger, reconnect=False))
    assert str(caught.value) == f"no hub at {hubs[1]},{hubs[2]}: connection refused"


async def test_and_the_first_that_is_there_is_enough() -> None:
    async with asyncio.timeout(PATIENCE), server(close_at_once=True) as one, server() as other:
        hubs = [nobody(), one.address, other.address]
        lives = connections(hubs, logger=logger, reconnect=False)
        assert [connection.hub async for connection in lives] == [one.address]
        assert other.met == []


async def test_a_port_that_never_answers_keeps_nobody_from_the_next(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        silent = HubAddress("127.0.0.1", mute.getsockname()[1])
        async with asyncio.timeout(PATIENCE), server() as here:
            lives = connections([silent, here.address], logger=logger, open_timeout=0.2)
            async with aclosing(lives):
                assert (await anext(lives)).hub == here.address
    assert lines(caplog.records) == [f"no hub at {silent} (no answer); trying {here.address}"]


@pytest.fixture
def tokens(tmp_path: Path) -> tuple[Path, Token]:
    file = tmp_path / "tokens.json"
    return file, add_token(file, "e", ["eater"])


async def test_a_hub_that_refuses_the_token_is_an_error_and_the_next_is_tried(
    tokens: tuple[Path, Token], caplog: pytest.LogCaptureFixture
) -> None:
    file, _ = tokens
    stranger = Token.make()
    async with (
        asyncio.timeout(PATIENCE),
        running_hub(tokens=file) as closed,
        running_hub() as open_to_all,
    ):
        hubs = HubAddresses.parse(
            [f"localhost:{closed.out_port}", f"localhost:{open_to_all.out_port}"]
        )
        access = HubAccess(hubs, token=stranger)
        async with aclosing(connections(hubs, logger=logger, access=access)) as lives:
            assert (await anext(lives)).hub == hubs[1]
        [refused] = [record for record in caplog.records if record.name == logger.name]
        with pytest.raises(HubUnavailable, match=r"does not let us in .* \(localhost:\d+\)"):
            await anext(
                connections([hubs[0], nobody()], logger=logger, access=access, reconnect=False)
            )
    assert refused.levelno == logging.ERROR
    assert refused.getMessage().startswith(f"no hub at {hubs[0]} (it does not let us in (")
    assert refused.getMessage().endswith(f"; trying {hubs[1]}")
    assert stranger.reveal() not in caplog.text


async def test_a_hub_that_turns_us_away_at_the_hello_is_an_error_and_the_next_is_tried(
    caplog: pytest.LogCaptureFixture,
) -> None:
    waits = Waits()
    async with (
        asyncio.timeout(PATIENCE),
        server(close_at_once=True, code=4004, reason="no token") as closed,
        server() as open_to_all,
    ):
        hubs = [closed.address, open_to_all.address]
        async with aclosing(connections(hubs, logger=logger, delays=waits)) as lives:
            for _ in range(3):
                connection = await anext(lives)
                assert connection.hub == closed.address
                with pytest.raises(ConnectionClosed):
                    await connection.recv()
                await end(await anext(lives), open_to_all)
        with pytest.raises(HubUnavailable, match=r"does not let us in .*; connection refused"):
            async for connection in connections(
                [closed.address, nobody()], logger=logger, reconnect=False
            ):
                await connection.wait_closed()
    errors = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert len(errors) == 2
    assert "the hub at" in errors[0].getMessage()
    assert errors[0].getMessage().endswith(f"; trying {open_to_all.address}")
    assert waits.waited == 2


async def test_a_hub_that_comes_back_and_refuses_us_is_told_as_an_error(
    tokens: tuple[Path, Token], caplog: pytest.LogCaptureFixture
) -> None:
    file, _ = tokens
    port, waits = free_port(), Waits()
    address = HubAddress("localhost", port)
    access = HubAccess(address, token=Token.make())
    lives = connections(address, logger=logger, delays=waits, access=access)
    async with asyncio.timeout(PATIENCE), aclosing(lives):
        waiting = asyncio.ensure_future(anext(lives))
        while waits.waited < 2:
            await asyncio.sleep(0.01)
        async with running_hub(out_port=port, tokens=file):
            while not [one for one in caplog.records if one.levelno == logging.ERROR]:
                await asyncio.sleep(0.01)
            before = waits.waited
            while waits.waited < before + 3:
                await asyncio.sleep(0.01)
        assert waits.begun == 1
        waiting.cancel()
        await asyncio.wait({waiting})
    told = [one for one in caplog.records if one.name == logger.name]
    assert [one.levelno for one in told] == [logging.WARNING, logging.ERROR]


async def test_the_token_is_shown_to_each_and_tls_is_spoken_with_those_that_do(
    tokens: tuple[Path, Token],
) -> None:
    file, token = tokens
    async with (
        asyncio.timeout(PATIENCE),
        running_hub(tokens=file, **served_by()) as secure,
        running_hub(tokens=file) as plain,
    ):
        hubs = HubAddresses.parse(f"wss://localhost:{secure.out_port},localhost:{plain.out_port}")
        access = HubAccess(hubs, token=token, tls_ca=pem("authority.crt"))
        async with aclosing(connections(hubs, logger=logger, access=access)) as lives:
            for hub in hubs:
                connection = await anext(lives)
                assert connection.hub == hub
                assert bool(connection.transport.get_extra_info("ssl_object")) == hub.secure
                await connection.send('{"eater_name": "e"}')
                await (await connection.ping())
                assert token.reveal() not in str(connection.request)
                connection.transport.abort()
        # What a hub without TLS says to one that speaks it.
        wrong = HubAddresses.parse([f"wss://localhost:{plain.out_port}", str(hubs[1])])
        access = HubAccess(wrong, token=token, tls_ca=pem("authority.crt"))
        async with aclosing(connections(wrong, logger=logger, access=access)) as lives:
            assert (await anext(lives)).hub == hubs[1]


async def test_one_hub_is_enough_for_who_names_it_twice() -> None:
    async with running_hub() as hub, kitchen(hub) as source:
        address = f"localhost:{hub.out_port}"
        hubs = HubAddresses.parse(f"{address},{address.upper()}")
        assert len(hubs) == 1
        async with aclosing(connections(hubs, logger=logger)) as lives:
            connection = await anext(lives)
            await connection.send('{"eater_name": "e"}')
            await (await connection.ping())
            await source.send(dumpling(1))
            assert await asyncio.wait_for(connection.recv(), PATIENCE) == dumpling(1)
