"""A short version of ``./dev soak page``: nothing of how fast, which is the machine's affair."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser

from soak.page import MOST_BYTES, look
from support.browser import needs_a_browser
from support.hub_peers import running_hub

pytestmark = [needs_a_browser, pytest.mark.asyncio(loop_scope="session")]


async def test_thousands_of_dumplings_a_second_make_the_page_neither_large_nor_fail(
    browser: Browser,
) -> None:
    async with running_hub() as hub:
        found = await look(browser, hub.in_port, hub.out_port, "dumplings", seconds=1, rate=2000)
    assert found.complaints == []
    assert found.elements < 1000
    assert found.heap < 64 * 2**20
    assert found.private < MOST_BYTES
    assert found.frames  # it was looked at, and is alive
