"""A hub holds the conversations of the test vectors as they are written down."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection

from netdumplings import DumplingHub
from netdumplings.wire import SUBPROTOCOL, Encoding
from netdumplings.wire.compression import decompress
from support.hub_peers import PATIENCE, closing, dial, running_hub

#: Those that no hub can be made to hold at will, and why.
NOT_AT_WILL = {
    "eater-both-kitchens-in-one-batch": "two kitchens within one turn of the hub",
    "eater-cursor-never-goes-back": "no hub says this",
    "eater-gap-slow": "what the sockets between hold is the system's affair",
    "eater-hears-what-is-not-known": "a hub of tomorrow",
    "eater-resumes-after-too-long": "a history that holds just two dumplings",
    "eater-subscription": "the hub's own dumpling comes when it is time",
    "eater-too-many": "a full hub",
    "eater-too-slow": "what the sockets between hold is the system's affair",
    "kitchen-too-many": "a full hub",
}
VECTORS = {
    path.stem: json.loads(path.read_text(encoding="utf-8"))
    for path in sorted((Path(__file__).parents[1] / "wire" / "vectors").glob("*.json"))
}


class Stage:
    """A hub, the peer that the vector is about, and kitchens in the background.

    Args:
        role: the peer's.
        exits: what is to be closed in the end.
    """

    def __init__(self, role: str, exits: AsyncExitStack) -> None:
        self._role = role
        self._exits = exits
        self._kitchens: dict[str, ClientConnection] = {}
        self._hello = ""
        self._encoding: Encoding | None = None
        self._peer: ClientConnection | None = None

    async def begin(self) -> None:
        self._of_hub = await self._exits.enter_async_context(AsyncExitStack())
        self._hub: DumplingHub = await self._of_hub.enter_async_context(running_hub())
        self._kitchens.clear()
        self._peer = None

    async def peer(self) -> ClientConnection:
        if self._peer is None:
            self._peer = await self._dial(self._role)
        return self._peer

    async def say(self, text: str) -> None:
        self._hello = self._hello or text
        await (await self.peer()).send(text)

    async def hear(self, step: dict[str, Any]) -> None:
        """Wait for what the hub says, which is this; it may say in between how far it is."""
        expected = readable(step["text"])
        while (heard := await self._hear()) != (expected, "hex" in step):
            assert heard[0][0]["type"] == "cursor", f"the hub says {heard}, not {expected}"
        if expected[0]["type"] == "welcome":
            self._encoding = expected[0].get("compression")

    async def dumplings(self, session: str, first: int, lines: list[str]) -> None:
        """Let a kitchen in the background send dumplings, until the hub has them."""
        if session not in self._kitchens:
            name = json.loads(lines[0])["metadata"]["kitchen"]
            hello = {"type": "hello", "session": session, "first": first}
            connection = self._kitchens[session] = await self._dial("kitchen")
            await connection.send(json.dumps(hello | {"announcement": {"kitchen_name": name}}))
            await connection.recv()
        connection = self._kitchens[session]
        await connection.send("\n".join([json.dumps({"type": "batch", "first": first}), *lines]))
        acknowledged = json.loads(await connection.recv())["acknowledged"]
        assert acknowledged == first + len(lines) - 1

    async def happen(self, what: str) -> None:
        if what == "cut":
            (await self.peer()).transport.abort()
            await (await self.peer()).wait_closed()
            self._peer = None
        elif what == "the hub is killed, and another is started":
            await self.begin()
        elif what == "another connection says hello with the same session":
            other = await self._dial("kitchen")
            await other.send(self._hello)
        else:
            assert what == "the hub is stopping"
            # It waits for its peers to answer.
            stopping = asyncio.create_task(self._of_hub.aclose())
            self._exits.push_async_callback(lambda: stopping)

    async def _dial(self, role: str) -> ClientConnection:
        port = self._hub.in_port if role == "kitchen" else self._hub.out_port
        return await self._exits.enter_async_context(dial(port, subprotocols=[SUBPROTOCOL]))

    async def _hear(self) -> tuple[list[Any], bool]:
        """Wait for a message, and tell whether it was compressed."""
        message = await (await self.peer()).recv()
        if isinstance(message, str):
            return readable(message), False
        assert self._encoding
        return readable(decompress(message, self._encoding, 2**20).decode()), True


def readable(text: str) -> list[Any]:
    """The first line as what it means, the others to the letter."""
    first, *lines = text.split("\n")
    return [json.loads(first), *lines]


@asynccontextmanager
async def stage(role: str) -> AsyncIterator[Stage]:
    async with AsyncExitStack() as exits:
        made = Stage(role, exits)
        await made.begin()
        yield made


@pytest.mark.parametrize("name", sorted(VECTORS.keys() - NOT_AT_WILL.keys()))
async def test_a_hub_holds_the_conversation(name: str) -> None:
    vector = VECTORS[name]
    async with asyncio.timeout(PATIENCE), stage(vector["role"]) as it:
        for step in vector["steps"]:
            if step["from"] == "kitchens":
                await it.dumplings(step["session"], step["first"], step["lines"])
            elif step["from"] == "network":
                await it.happen(step["what"])
            elif step["from"] == "hub":
                # One that does not arrive is sent all the same.
                await it.hear(step)
            elif step.get("arrives", True):
                await it.say(step["text"])
        closed = vector["outcome"]["closed"]
        if closed:
            assert (await closing(await it.peer()))[0] == closed["code"]
        else:
            # Nothing else was on its way.
            await (await (await it.peer()).ping())
            assert (await it.peer()).close_code is None


def test_what_is_left_out_is_there() -> None:
    assert NOT_AT_WILL.keys() < VECTORS.keys()
