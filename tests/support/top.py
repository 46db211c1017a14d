"""``nd-top`` in a test's own event loop, driven by textual's pilot."""

from __future__ import annotations

import asyncio
import functools
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from textual.pilot import Pilot

from netdumplings import DumplingEater
from netdumplings.console.fleet import HubStatus
from netdumplings.console.past import statuses_of
from netdumplings.console.top.app import TopApp
from netdumplings.transport import HubAccess, HubAddress

from .commands import PATIENCE


class Top:
    """The program, its keys and its screen."""

    def __init__(self, app: TopApp, pilot: Pilot[None]) -> None:
        self.app = app
        self.pilot = pilot

    @property
    def screen(self) -> str:
        """What is on the screen, line by line."""
        strips = self.app.screen._compositor.render_strips()
        return "\n".join(strip.text.rstrip() for strip in strips)

    async def wait_for(self, pattern: str) -> str:
        """Wait until the screen matches; return all of it."""
        deadline = time.monotonic() + PATIENCE
        while not re.search(pattern, screen := self.screen, re.MULTILINE):
            assert time.monotonic() < deadline, f"no {pattern!r}:\n{screen}"
            assert self.app.is_running, f"it ended: {self.app.failure}"
            await asyncio.sleep(0.05)
        return screen

    async def press(self, *keys: str) -> None:
        """Press keys, by the names that textual has for them."""
        await self.pilot.press(*keys)


@asynccontextmanager
async def running_top(
    hub: str, size: tuple[int, int] = (80, 24), **access: Any
) -> AsyncIterator[Top]:
    """Run it until the body has ended.

    Args:
        hub: the hub's address.
        size: columns and lines.
        **access: a token, and certificates, as for a `DumplingEater`.
    """
    eater = functools.partial(
        DumplingEater, "topeater", hub, since=timedelta(minutes=5), last=5000, **access
    )

    def past(address: HubAddress) -> list[HubStatus]:
        return statuses_of(address, HubAccess(address, **access))

    app = TopApp(eater, hub, past)
    async with app.run_test(size=size) as pilot:
        yield Top(app, pilot)
