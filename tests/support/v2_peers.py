"""Peers of netdumplings.v2 that do nothing but what a test tells them to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self

from websockets.asyncio.client import ClientConnection

from netdumplings import DumplingHub
from netdumplings.wire import (
    SUBPROTOCOL,
    BatchMessage,
    EaterSide,
    kitchen_hello,
    kitchen_hello_message,
    write,
)
from support.hub_peers import PATIENCE, dial

SESSION = "the secret of a test's kitchen"


class Kitchen:
    """A kitchen that numbers what it sends."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def hello(
        self,
        first: int = 1,
        session: str = SESSION,
        name: str = "k",
        *,
        acknowledged: int | None = None,
        **more: Any,
    ) -> int:
        """Say hello; return what the hub has of the session."""
        announcement = kitchen_hello(name, "eth0", "", [], 5.0, **more)
        hello = kitchen_hello_message(session, first, announcement, acknowledged)
        await self.connection.send(hello, text=True)
        return await self.told("welcome")

    async def send(self, first: int, *dumplings: str) -> None:
        """Send a batch."""
        lines = [dumpling.encode() for dumpling in dumplings]
        await self.connection.send(write(BatchMessage(first), lines), text=True)

    async def told(self, kind: str) -> int:
        """Wait for what the hub says; return the number in it."""
        async with asyncio.timeout(PATIENCE):
            message = json.loads(await self.connection.recv())
        assert message["type"] == kind
        return int(message["acknowledged"])

    async def acknowledged(self, up_to: int) -> None:
        """Wait until the hub has everything up to a number."""
        while await self.told("ack") < up_to:
            pass


class Eater:
    """An eater, and what it has made of what it was told."""

    def __init__(self, connection: ClientConnection, side: EaterSide) -> None:
        self.connection = connection
        self.side = side

    async def next(self) -> Any:
        """Wait for the next thing of interest: a batch, a gap or a welcome."""
        async with asyncio.timeout(PATIENCE):
            while True:
                event = self.side.receive(await self.connection.recv())
                if event is not None:
                    return event

    async def payloads(self, count: int) -> list[Any]:
        """Wait for so many dumplings, and nothing else; return their payloads."""
        found: list[Any] = []
        while len(found) < count:
            found += [json.loads(line)["payload"] for line in (await self.next()).lines]
        return found

    async def join(self) -> Self:
        """Say hello, and wait for the welcome."""
        await self.connection.send(self.side.hello())
        await self.next()
        return self


@asynccontextmanager
async def v2_kitchen(hub: DumplingHub) -> AsyncIterator[Kitchen]:
    """A kitchen that is connected and has said nothing."""
    # Acknowledgements that no test asks for must not hold up the close frame behind them.
    async with dial(hub.in_port, subprotocols=[SUBPROTOCOL], max_queue=None) as connection:
        assert connection.subprotocol == SUBPROTOCOL
        yield Kitchen(connection)


@asynccontextmanager
async def v2_eater(
    hub: DumplingHub, side: EaterSide | None = None, **settings: Any
) -> AsyncIterator[Eater]:
    """An eater that is fed."""
    side = side or EaterSide('{"eater_name": "test_eater"}')
    async with dial(hub.out_port, subprotocols=[SUBPROTOCOL], **settings) as connection:
        assert connection.subprotocol == SUBPROTOCOL
        yield await Eater(connection, side).join()
