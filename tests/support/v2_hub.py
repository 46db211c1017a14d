"""A hub of ``netdumplings.v2`` that says what a test tells it to, over a real WebSocket."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from netdumplings.wire import (
    SUBPROTOCOL,
    BatchToEater,
    CursorMoved,
    EaterHello,
    Encoding,
    Gap,
    GapReason,
    V2EaterPeer,
    WelcomeToEater,
    compress,
    write,
)

#: The stream that all of its dumplings are of.
STREAM = "0123456789abcdef"


class Guest:
    """An eater that is connected.

    Attributes:
        hello: what it said.
    """

    def __init__(self, connection: ServerConnection, hello: EaterHello) -> None:
        self.connection = connection
        self.hello = hello
        self.encoding: Encoding | None = None

    async def welcome(self, seq: int = 0, encoding: Encoding | None = None) -> None:
        await self.send(write(WelcomeToEater({STREAM: seq}, encoding)))
        self.encoding = encoding

    async def batch(self, seq: int, *dumplings: str, history: bool = False) -> None:
        """Send dumplings, of which the last has the number ``seq``."""
        lines = [one.encode() for one in dumplings]
        message = write(BatchToEater({STREAM: seq}, history), lines)
        if self.encoding:
            await self.connection.send(compress(message, self.encoding))
        else:
            await self.send(message)

    async def gap(
        self, seq: int, missed: int, reason: GapReason, kitchen: str | None = None
    ) -> None:
        await self.send(write(Gap(missed, reason, kitchen, {STREAM: seq})))

    async def cursor(self, seq: int) -> None:
        await self.send(write(CursorMoved({STREAM: seq})))

    async def send(self, message: bytes | str) -> None:
        """Send a text message."""
        await self.connection.send(message.decode() if isinstance(message, bytes) else message)

    async def close(self, code: int = 1001, reason: str = "") -> None:
        await self.connection.close(code, reason)


Script = Callable[[Guest], Awaitable[Any]]


@asynccontextmanager
async def v2_hub(*scripts: Script) -> AsyncIterator[str]:
    """Serve one eater after the other, each by the next script; yield the address.

    A script that returns leaves its eater connected until it goes; the last one serves all that
    come after. What goes wrong in one is raised at the end.
    """
    left = list(scripts)
    wrong: list[Exception] = []

    async def handle(connection: ServerConnection) -> None:
        script = left.pop(0) if len(left) > 1 else left[0]
        try:
            assert connection.subprotocol == SUBPROTOCOL
            said = await connection.recv(decode=False)
            (hello,) = V2EaterPeer().receive(said)
            assert isinstance(hello, EaterHello), hello
            await script(Guest(connection, hello))
        except ConnectionClosed:
            return  # the eater has had enough
        except Exception as error:
            wrong.append(error)
            raise
        await connection.wait_closed()

    async with serve(
        handle, "127.0.0.1", 0, subprotocols=[Subprotocol(SUBPROTOCOL)], compression=None
    ) as server:
        yield f"127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"
    assert not wrong, wrong
