"""The hub's page in a real browser, and what must never happen in it."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import ConsoleMessage, Page, Request

from netdumplings import DumplingHub
from netdumplings.wire import SUBPROTOCOL

from .hub_peers import dial

#: A hub that is away, as it is at the end of every test, cannot be hidden: the browser itself tells
#: the console of each attempt to reach it.
AWAY = (
    r"WebSocket connection to 'wss?://[^']*' failed",
    r"Failed to load resource: net::ERR_(CONNECTION_\w+|EMPTY_RESPONSE|SOCKET_NOT_CONNECTED)",
)


class Complaints:
    """What a page does that it must not: errors, breaches of its policy, requests to elsewhere.

    A breach of the Content-Security-Policy is an error in the console.

    Args:
        page: the page, before it has gone anywhere.
    """

    def __init__(self, page: Page) -> None:
        self._found: list[str] = []
        self._expected = list(AWAY)
        page.on("console", self._console)
        page.on("pageerror", lambda error: self._found.append(f"uncaught: {error}"))
        page.on("request", self._request)

    def expect(self, *patterns: str) -> None:
        """Say what is all right in this test: regular expressions of complaints."""
        self._expected += patterns

    @property
    def unexpected(self) -> list[str]:
        """What was found so far, but for what is expected."""
        return [
            one
            for one in self._found
            if not any(re.search(pattern, one) for pattern in self._expected)
        ]

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self._found.append(f"{message.type}: {message.text}")

    def _request(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme != "data" and address.hostname not in ("localhost", "127.0.0.1"):
            self._found.append(f"a request to elsewhere: {request.url}")


async def show(page: Page, out_port: int, view: str = "now") -> None:
    """Open the page of the hub with this out port, at a view: now, fleet, dumplings or chefs."""
    await page.goto(f"http://localhost:{out_port}/#{view}")


@asynccontextmanager
async def counting_kitchen(
    hub: DumplingHub, name: str = "cellar", **announced: Any
) -> AsyncIterator[Callable[..., Awaitable[None]]]:
    """A kitchen that has no packets, and tells of as many as it is told to.

    Args:
        hub: the hub.
        name: what it calls itself.
        **announced: what else it announces.

    Yields:
        ``await tell(packets_handled=3, ...)`` adds to its counts, and tells the hub.
    """
    counts: dict[str, Any] = {}
    known = {"interface": "eth0", "filter": "", "chefs": [], "poke_interval": 5.0, **announced}
    hello = {
        "type": "hello",
        "session": secrets.token_hex(16),
        "first": 1,
        "announcement": {"kitchen_name": name, **known},
    }
    async with dial(hub.in_port, subprotocols=[SUBPROTOCOL], max_queue=None) as connection:
        await connection.send(json.dumps(hello))
        await connection.recv()

        async def tell(**more: Any) -> None:
            for key, value in more.items():
                counts[key] = counts.get(key, 0) + value if isinstance(value, int) else value
            await connection.send(json.dumps({"type": "counts", "counts": counts}))

        yield tell
