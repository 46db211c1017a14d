"""The connection that the hub's page keeps: tokens, hubs that go, and what was missed meanwhile."""

from __future__ import annotations

import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from netdumplings.transport.admission import COOKIE
from netdumplings.transport.tokens_file import add_token
from support.browser import needs_a_browser
from support.hub_peers import dumpling, kitchen, running_hub
from support.hubs import Hub
from support.live_page import Complaints, counting_kitchen, show
from support.tls import served_by
from support.v2_peers import v2_kitchen

pytestmark = [needs_a_browser, pytest.mark.asyncio(loop_scope="session")]


async def test_it_asks_for_the_token_that_the_hub_wants_and_keeps_it_for_the_tab(
    page: Page, complaints: Complaints, browser: Browser, tmp_path: Path
) -> None:
    file = tmp_path / "tokens.json"
    good = add_token(file, "desk", ["eater", "status"]).reveal()
    sender = add_token(file, "sender", ["kitchen"]).reveal()
    async with running_hub(tokens=file, status_freq=0.1) as hub:
        await show(page, hub.out_port)
        state = page.get_by_role("status")
        await expect(state).to_contain_text("The hub wants a token: one with the role eater")
        assert hub._service is not None
        assert hub._service._out.refused == {}  # nobody had to be
        field = page.get_by_label("Token for this hub")
        await expect(field).to_be_focused()
        await expect(field).to_have_attribute("type", "password")
        for token, answer in [("nd_12345678_wrong", "token"), (sender, "lacks the role eater")]:
            await field.fill(token)
            await field.press("Enter")
            await expect(state).to_contain_text(answer)
        await field.fill(f"  {good} ")
        await page.get_by_role("button", name="Connect").click()
        await expect(state).to_have_text("Connected")
        await expect(field).to_have_count(0)
        await expect(page.get_by_role("tabpanel")).to_contain_text("No kitchen is connected")
        stored = (
            "() => [Object.values({ ...sessionStorage }), localStorage.length, document.cookie]"
        )
        assert await page.evaluate(stored) == [[good], 0, ""]
        await page.reload()
        await expect(state).to_have_text("Connected")
        other = await browser.new_page()
        await show(other, hub.out_port)
        await expect(other.get_by_role("status")).to_contain_text("wants a token")
        await other.close()


async def test_a_token_that_is_for_dumplings_alone_shows_those_and_says_what_it_lacks(
    page: Page, complaints: Complaints, tmp_path: Path
) -> None:
    complaints.expect("the server responded with a status of 403")
    file = tmp_path / "tokens.json"
    token = add_token(file, "e", ["eater"]).reveal()
    sending = add_token(file, "k", ["kitchen"]).reveal()
    hello = f'{{"kitchen_name": "k", "token": "{sending}"}}'
    async with running_hub(tokens=file, status_freq=0.1) as hub, kitchen(hub, hello) as cook:
        await show(page, hub.out_port)
        await page.get_by_label("Token for this hub").fill(token)
        await page.keyboard.press("Enter")
        panel = page.get_by_role("tabpanel")
        await expect(panel).to_contain_text("its token lacks the role status")
        await page.get_by_role("tab", name="Fleet").click()
        await expect(panel).to_contain_text("its token lacks the role status")
        await cook.send(dumpling("here I am"))
        await page.get_by_role("tab", name="Dumplings").click()
        await expect(panel).to_contain_text("here I am")


async def test_a_hub_that_answers_and_lets_no_websocket_in_is_not_said_to_be_away(
    page: Page, complaints: Complaints, tmp_path: Path
) -> None:
    file = tmp_path / "tokens.json"
    good = add_token(file, "desk", ["eater", "status"]).reveal()
    state = page.get_by_role("status")
    async with running_hub(tokens=file) as hub:
        address = f"http://localhost:{hub.out_port}/"
        await page.context.add_cookies(
            [{"name": COOKIE, "value": "nd_12345678_old", "url": address}]
        )
        await show(page, hub.out_port)
        await expect(state).to_contain_text("answers, but lets no WebSocket in")
        await page.context.add_cookies([{"name": COOKIE, "value": good, "url": address}])
        await expect(state).to_have_text("Connected")


async def test_it_comes_back_to_a_hub_that_was_killed_and_says_what_it_missed(
    page: Page, complaints: Complaints
) -> None:
    state = page.get_by_role("status")
    panel = page.get_by_role("tabpanel")
    with Hub() as first:
        await show(page, first.out_port, "dumplings")
        await expect(state).to_have_text("Connected")
        async with v2_kitchen(first) as cook:
            await cook.hello(name="cellar")
            await cook.send(1, *(dumpling(f"dish {n}") for n in (1, 2, 3)))
            await expect(panel).to_contain_text("dish 3")
        first.process.kill()
        await expect(state).to_contain_text("The hub is away")
        await expect(panel).to_contain_text("dish 3")
    with Hub(first.in_port, first.out_port) as second:
        async with v2_kitchen(second) as cook:
            # The hub before had taken the fourth and the fifth.
            await cook.hello(first=6, name="cellar")
            await cook.send(6, dumpling("dish 6"))
            await expect(state).to_have_text("Connected")
            await expect(panel).to_contain_text("dish 6")
            search = page.get_by_label("Search in dumplings")
            await search.fill("dish")
            await page.get_by_text("2 missed").click()
            notices = page.locator(".missed-list li")
            await expect(notices).to_have_count(1)
            await expect(notices).to_contain_text("2 dumplings")
            await expect(notices).to_contain_text("a hub was killed before it had passed them on")
            await page.keyboard.press("Escape")
            await expect(notices).to_be_hidden()
            await expect(search).to_have_value("dish")
            assert await panel.get_by_text("dish 3").count() == 1
            await page.get_by_role("tab", name="Now").click()
            await expect(panel).to_contain_text("missed 2 dumplings")


async def test_a_hub_that_stands_still_is_noticed(page: Page, complaints: Complaints) -> None:
    complaints.expect("net::ERR_(ABORTED|TIMED_OUT)")
    await page.clock.install()
    state = page.get_by_role("status")
    with Hub() as hub:
        await show(page, hub.out_port)
        # It tells its rhythm by the second status.
        await expect(page.get_by_role("tabpanel")).to_contain_text("No kitchen is connected")
        hub.process.send_signal(signal.SIGSTOP)
        try:
            await page.clock.fast_forward(60_000)
            await expect(state).to_contain_text("nothing heard of it for long")
        finally:
            hub.process.send_signal(signal.SIGCONT)
        await page.clock.fast_forward(10_000)
        await expect(state).to_have_text("Connected")


async def test_a_hub_that_says_less_often_how_it_is_than_it_seemed_is_waited_for(
    page: Page, complaints: Complaints
) -> None:
    await page.clock.install()
    state = page.get_by_role("status")
    cook = {"chefs": ["kitchen.Chef0", "kitchen.Chef1"]}
    async with running_hub(status_freq=600) as hub, counting_kitchen(hub, **cook) as tell:
        await show(page, hub.out_port, "fleet")
        await expect(state).to_have_text("Connected")
        # What is news is told at once, so that the hub seems to have a quicker rhythm.
        for number in range(2):
            await tell(quarantined={f"Chef{number}": "slow"})
            await expect(page.get_by_role("tabpanel")).to_contain_text(f"quarantined Chef{number}")
        await page.clock.pause_at(datetime.now(UTC) + timedelta(seconds=30))
        await expect(state).to_contain_text("nothing heard of it for long")
        await page.clock.fast_forward(10_000)
        await expect(state).to_have_text("Connected")
        await page.clock.fast_forward(30_000)
        assert await state.text_content() == "Connected"


async def test_a_clock_that_was_set_back_hides_no_hub_that_stands_still(
    page: Page, complaints: Complaints
) -> None:
    complaints.expect("net::ERR_(ABORTED|TIMED_OUT)")
    await page.clock.install()
    state = page.get_by_role("status")
    with Hub() as hub:
        await show(page, hub.out_port)
        await expect(page.get_by_role("tabpanel")).to_contain_text("No kitchen is connected")
        hub.process.send_signal(signal.SIGSTOP)
        try:
            await page.clock.set_system_time(0)
            await page.clock.fast_forward(6_000)
            await page.clock.fast_forward(60_000)
            await expect(state).to_contain_text("nothing heard of it for long")
        finally:
            hub.process.send_signal(signal.SIGCONT)


async def test_over_tls_it_speaks_tls(browser: Browser) -> None:
    async with running_hub(**served_by(), status_freq=0.1) as hub:
        context = await browser.new_context(ignore_https_errors=True)
        page = await context.new_page()
        complaints = Complaints(page)
        await page.goto(f"https://localhost:{hub.out_port}/")
        await expect(page.get_by_role("status")).to_have_text("Connected")
        await expect(page.get_by_role("tabpanel")).to_contain_text("No kitchen is connected")
        await context.close()
        assert complaints.unexpected == []
