"""Peers of netdumplings.v2 that use a WebSocket library alone: the examples, as processes."""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from websockets.asyncio.server import ServerConnection, serve

from support.hub_peers import PATIENCE, dial, dumpling, kitchen, running_hub
from support.relay import Relay

EXAMPLES = Path(__file__).parents[2] / "examples"


@asynccontextmanager
async def example(name: str, *arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, EXAMPLES / name, *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def counts(eater: asyncio.subprocess.Process, last: int) -> list[int]:
    """Read what an eater prints, up to a count; leave out what is not counted."""
    assert eater.stdout
    seen: list[int] = []
    while last not in seen:
        payload = json.loads(await eater.stdout.readline())["payload"]
        seen += [payload["count"]] if "count" in payload else []
    return seen


async def test_an_eater_begins_with_the_last_hundred_of_what_it_wants_and_goes_on() -> None:
    async with asyncio.timeout(PATIENCE), running_hub() as hub:
        into = f"ws://localhost:{hub.in_port}"
        async with example("v2_kitchen.py", into, "250") as early:
            said, _ = await early.communicate()
        assert said == b"acknowledged: 250\n"
        async with kitchen(hub) as other:
            await other.send(dumpling({"count": -1}, driver="interval", chef="Cook"))
            await other.send(dumpling({"count": -2}, driver="packet", chef="CountChef"))
            await (await other.ping())
        async with example("v2_eater.py", f"ws://localhost:{hub.out_port}") as eater:
            assert await counts(eater, 250) == list(range(151, 251))
            async with example("v2_kitchen.py", into, "20") as late:
                assert await counts(eater, 20) == list(range(1, 21))
                await late.communicate()


async def test_the_eater_goes_on_where_it_was_when_the_connection_is_lost() -> None:
    async with asyncio.timeout(PATIENCE), running_hub() as hub:
        into = f"ws://localhost:{hub.in_port}"
        with Relay(("localhost", hub.out_port)) as relay:
            async with example("v2_eater.py", f"ws://{relay.address}") as eater:
                async with example("v2_kitchen.py", into, "5") as one:
                    assert await counts(eater, 5) == [1, 2, 3, 4, 5]
                    await one.communicate()
                relay.cut()
                async with example("v2_kitchen.py", into, "3") as two:
                    await two.communicate()
                # The three were made while it was away, and nothing else is told again.
                assert await counts(eater, 3) == [1, 2, 3]


@asynccontextmanager
async def lossy_way(port: int) -> AsyncIterator[str]:
    """A way to a hub on which the first connection loses a batch, the second an acknowledgement.

    Then both are cut; those that follow are good.
    """
    connections = itertools.count(1)

    async def pass_on(kitchen: ServerConnection) -> None:
        number, exchange = next(connections), 0
        async with dial(port, subprotocols=["netdumplings.v2"]) as hub:
            async for message in kitchen:
                exchange += 1
                if (number, exchange) == (1, 4):
                    break
                await hub.send(message)
                if json.loads(str(message).partition("\n")[0])["type"] == "counts":
                    continue  # which is not answered
                answer = await hub.recv()
                if (number, exchange) == (2, 3):
                    break
                await kitchen.send(answer)
        kitchen.transport.abort()

    async with serve(pass_on, "localhost", 0, subprotocols=["netdumplings.v2"]) as server:
        yield f"ws://localhost:{server.sockets[0].getsockname()[1]}"


async def test_the_kitchen_sends_again_what_was_lost_and_only_that() -> None:
    async with asyncio.timeout(PATIENCE), running_hub() as hub:
        async with (
            kitchen(hub) as other,
            example("v2_eater.py", f"ws://localhost:{hub.out_port}") as eater,
        ):
            await other.send(dumpling({"count": 0}, chef="CountChef", driver="interval"))
            assert await counts(eater, 0) == [0]  # now it is there
            async with lossy_way(hub.in_port) as uri, example("v2_kitchen.py", uri, "1000") as made:
                assert await counts(eater, 1000) == list(range(1, 1001))
                said, _ = await made.communicate()
        assert said == b"acknowledged: 1000\n"


async def test_a_hub_of_the_plain_protocol_is_told_from_one_of_v2() -> None:
    async def plain(connection: ServerConnection) -> None:
        await connection.wait_closed()

    async with (
        asyncio.timeout(PATIENCE),
        serve(plain, "localhost", 0, select_subprotocol=lambda *_: None) as server,
    ):
        uri = f"ws://localhost:{server.sockets[0].getsockname()[1]}"
        for name in ("v2_kitchen.py", "v2_eater.py"):
            async with example(name, uri) as process:
                _, error = await process.communicate()
            assert error == b"this hub speaks the plain protocol only\n"
            assert process.returncode == 1


async def test_who_is_sent_away_for_good_says_why_and_ends() -> None:
    async def refuse(connection: ServerConnection) -> None:
        await connection.recv()
        await connection.close(1008, "the test does not like it")

    async with (
        asyncio.timeout(PATIENCE),
        serve(refuse, "localhost", 0, subprotocols=["netdumplings.v2"]) as server,
    ):
        uri = f"ws://localhost:{server.sockets[0].getsockname()[1]}"
        for name in ("v2_kitchen.py", "v2_eater.py"):
            async with example(name, uri) as process:
                _, error = await process.communicate()
            assert b"the test does not like it" in error
            assert process.returncode == 1


def test_they_use_nothing_of_ours() -> None:
    for name in ("v2_kitchen.py", "v2_eater.py"):
        assert "import netdumplings" not in (EXAMPLES / name).read_text()
        assert "from netdumplings" not in (EXAMPLES / name).read_text()
