"""The hub's page in a real browser: its core, and the connection."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from support.browser import needs_a_browser
from support.hub_peers import running_hub
from support.live_page import Complaints, show

pytestmark = [needs_a_browser, pytest.mark.asyncio(loop_scope="session")]


async def test_it_connects_and_has_four_views(page: Page, complaints: Complaints) -> None:
    async with running_hub() as hub:
        await show(page, hub.out_port)
        await expect(page.get_by_role("status")).to_have_text("Connected")
        await expect(page.get_by_role("tab")).to_have_count(4)
