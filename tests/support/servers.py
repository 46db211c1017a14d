"""WebSocket servers that do less than a hub."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from websockets.asyncio.server import ServerConnection, serve

from netdumplings.transport import HubAddress


class Server:
    """A WebSocket server that remembers whom it has met."""

    def __init__(self, port: int) -> None:
        self.address = HubAddress("127.0.0.1", port)
        self.met: list[ServerConnection] = []


@asynccontextmanager
async def server(
    port: int = 0, *, close_at_once: bool = False, code: int = 1000, reason: str = ""
) -> AsyncIterator[Server]:
    """Take connections, and leave them open, or close them at once."""

    async def handler(connection: ServerConnection) -> None:
        it.met.append(connection)
        if close_at_once:
            await connection.close(code, reason)
        else:
            await connection.wait_closed()

    async with serve(handler, "127.0.0.1", port) as listening:
        it = Server(next(iter(listening.sockets)).getsockname()[1])
        yield it
