"""One page for all tests here, one after the other: each page of its own would cost a process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio
from playwright.async_api import Browser, Page


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_page(
    browser: Browser, browser_context_args: dict[str, Any]
) -> AsyncIterator[Page]:
    """The page, as whichever test had it last has left it."""
    context = await browser.new_context(**browser_context_args)
    yield await context.new_page()
    await context.close()


@pytest_asyncio.fixture(loop_scope="session")
async def page(shared_page: Page, browser_context_args: dict[str, Any]) -> AsyncIterator[Page]:
    """The page, at nothing."""
    await shared_page.set_viewport_size(browser_context_args["viewport"])
    yield shared_page
    # It must not look for the hub of a test that is over.
    await shared_page.goto("about:blank")
