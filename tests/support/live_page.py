"""The hub's page in a real browser, and what must never happen in it."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from playwright.async_api import ConsoleMessage, Page, Request

#: A hub that is away cannot be hidden: the browser itself tells the console of every attempt.
AWAY = (
    r"WebSocket connection to 'wss?://[^']*' failed",
    r"Failed to load resource: net::ERR_(CONNECTION_REFUSED|CONNECTION_RESET|EMPTY_RESPONSE)",
)


class Complaints:
    """What a page does that it must not: errors, breaches of its policy, requests to elsewhere.

    A breach of the Content-Security-Policy is an error in the console.

    Args:
        page: the page, before it has gone anywhere.
    """

    def __init__(self, page: Page) -> None:
        self._found: list[str] = []
        # Until the hub answers at /healthz and /api/statuses.
        self._expected = ["the server responded with a status of 404"]
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
