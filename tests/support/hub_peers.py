"""A hub in the test's own event loop, and the plainest of peers."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from netdumplings import DumplingHub

KITCHEN_HELLO = '{"kitchen_name": "test_kitchen"}'
EATER_HELLO = '{"eater_name": "test_eater"}'
PATIENCE = 20.0


def running_hub(**settings: Any) -> DumplingHub:
    """A hub on free ports; use it in an ``async with``."""
    return DumplingHub(**{"in_port": 0, "out_port": 0, "status_freq": 3600.0, **settings})


def dial(port: int, *, uri: str = "", **settings: Any) -> connect:
    """Connect to a port of a hub, saying nothing yet."""
    return connect(
        uri or f"ws://localhost:{port}",
        **{"compression": None, "proxy": None, "max_size": None, "close_timeout": 1.0} | settings,
    )


@asynccontextmanager
async def kitchen(hub: DumplingHub, hello: str = KITCHEN_HELLO) -> AsyncIterator[ClientConnection]:
    """A kitchen that has said hello."""
    async with dial(hub.in_port) as connection:
        await connection.send(hello)
        yield connection


@asynccontextmanager
async def eater(hub: DumplingHub, hello: str = EATER_HELLO) -> AsyncIterator[ClientConnection]:
    """An eater that has said hello, and that the hub feeds."""
    async with dial(hub.out_port) as connection:
        await connection.send(hello)
        # The hub answers the ping when it has read the hello that came before it.
        await (await connection.ping())
        yield connection


def dumpling(payload: Any, **metadata: Any) -> str:
    """Write a dumpling as a kitchen would."""
    usual = {"chef": "TestChef", "creation_time": 1.5, "driver": "packet", "kitchen": "k"}
    return json.dumps({"metadata": usual | metadata, "payload": payload})


async def closing(connection: ClientConnection) -> tuple[int | None, str | None]:
    """Read until the other side closes the connection; return its close code and reason."""
    async with asyncio.timeout(PATIENCE):
        try:
            while True:
                await connection.recv()
        except ConnectionClosed:
            return connection.close_code, connection.close_reason


def lines(records: list[logging.LogRecord], level: int = logging.WARNING) -> list[str]:
    """What was logged at a level or above, without what asyncio says in its debug mode."""
    return [
        record.getMessage()
        for record in records
        if record.levelno >= level and record.name != "asyncio"
    ]
