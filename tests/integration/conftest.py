"""A browser for tests of the hub's page; one for all of them that run in a process.

Such tests are asynchronous, and share the event loop that the browser is driven from:
``pytestmark = [needs_a_browser, pytest.mark.asyncio(loop_scope="session")]``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, Playwright, async_playwright, expect

from support.browser import BROWSER, FLAGS
from support.hub_peers import PATIENCE, running_hub
from support.live_page import Complaints, show


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """Start the browser that the machine has; the plugin's own would have to be downloaded."""
    if BROWSER is None:
        pytest.skip("there is no Chromium to show a page in")
    expect.set_options(timeout=PATIENCE * 1000)
    return {"executable_path": BROWSER, "args": list(FLAGS)}


@pytest.fixture(scope="session")
def browser_context_args() -> dict[str, Any]:
    """The same on every machine."""
    return {
        "viewport": {"width": 1280, "height": 800},
        "color_scheme": "light",
        "locale": "en-GB",
        "timezone_id": "UTC",
    }


# The plugin has these two as well, in the event loop that fixtures have by default: that of a test.
@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def playwright() -> AsyncIterator[Playwright]:
    """What drives browsers."""
    async with async_playwright() as driver:
        yield driver


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser(launch_browser: Callable[[], Awaitable[Browser]]) -> AsyncIterator[Browser]:
    """The one browser; each test has a context of its own in it."""
    browser = await launch_browser()
    yield browser
    await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def complaints(page: Page) -> AsyncIterator[Complaints]:
    """What the page does that it must not; anything that was not expected fails the test."""
    found = Complaints(page)
    yield found
    assert found.unexpected == []


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def open_page(browser: Browser) -> AsyncIterator[Page]:
    """The page, which is not touched: one for all tests of a module."""
    async with running_hub() as hub:
        page = await browser.new_page()
        complaints = Complaints(page)
        await show(page, hub.out_port)
        yield page
        await page.close()
    assert complaints.unexpected == []
