"""The packets around a dumpling, from the page in a real browser."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from netdumplings import DumplingHub
from netdumplings.transport.tokens_file import add_token
from netdumplings.wire.pcapng import blocks_of, interface, packet
from support.browser import needs_a_browser
from support.capture_files import read_all
from support.hub_peers import PATIENCE, dumpling, running_hub
from support.live_page import Complaints, show
from support.v2_peers import Kitchen, v2_kitchen

pytestmark = [needs_a_browser, pytest.mark.asyncio(loop_scope="session")]

NS = 10**9
#: What a browser says in its console of an answer that is none.
ERROR = r"Failed to load resource: the server responded with a status of \d+"


@asynccontextmanager
async def having(hub: DumplingHub, name: str, **announced: Any) -> AsyncIterator[Kitchen]:
    """A kitchen that has told the hub of one dumpling."""
    async with v2_kitchen(hub) as kitchen:
        await kitchen.hello(session=f"{name:_>20}", name=name, **announced)
        await kitchen.send(1, dumpling({"from": name}, kitchen=name, creation_time=1.5))
        await kitchen.acknowledged(1)
        yield kitchen


async def wanted(kitchen: Kitchen) -> dict[str, Any]:
    """What the hub wants of a kitchen."""
    async with asyncio.timeout(PATIENCE):
        while True:
            told: dict[str, Any] = json.loads(await kitchen.connection.recv())
            if told["type"] == "packets wanted":
                return told


async def opened(page: Page, name: str) -> Locator:
    """Open the dumpling of a kitchen; the panel beside the list."""
    await page.locator(".list-space [role=row]:visible").filter(has_text=f'"{name}"').click()
    return page.get_by_role("complementary", name="The selected dumpling")


async def test_packets_are_saved_as_a_capture_with_the_dumpling_as_its_comment(
    page: Page, complaints: Complaints, tmp_path: Path
) -> None:
    async with (
        running_hub(status_freq=0.2) as hub,
        having(hub, "attic") as _,
        having(hub, "cellar", ring={"bytes": 1}) as cellar,
    ):
        await show(page, hub.out_port, "dumplings")
        panel = await opened(page, "cellar")
        button = panel.get_by_role("button", name="Packets")
        await expect(button).to_be_visible()
        async with page.expect_download() as download:
            await button.click()
            told = await wanted(cellar)
            assert (told["around"], told["seconds"]) == (1.5, 10)
            await expect(button).to_be_disabled()
            await expect(panel.get_by_role("status")).to_contain_text("Getting packets")
            blocks = [interface(1, 100, "cellar/eth0", "")]
            blocks += [packet(0, n * NS, 7, b"%d" % n) for n in range(4)]
            for block in blocks:
                await cellar.connection.send(b'{"type":"packets","ask":%d}\n' % told["ask"] + block)
            end = {"type": "packets end", "ask": told["ask"], "since": 0.5}
            await cellar.connection.send(json.dumps(end))
        saved = await download.value
        assert saved.suggested_filename == "packets-19700101T000001Z.pcapng"
        await expect(panel.get_by_role("status")).to_have_text(
            "4 packets saved; the kitchen has none from before 1970-01-01T00:00:00.500+00:00"
        )
        await expect(button).to_be_enabled()
        path = tmp_path / "x.pcapng"
        await saved.save_as(path)
        file = path.read_bytes()
        packets, problem = read_all([file])
        assert problem is None
        assert [(one.data, one.time_ns) for one in packets] == [
            (b"%d" % n, n * NS) for n in range(4)
        ]
        comment = dumpling({"from": "cellar"}, kitchen="cellar", creation_time=1.5).encode()
        has_it = [comment in file[start:end] for _, start, end in blocks_of(file)]
        # On the section; and on the last packet that had come by then.
        assert has_it == [True, False, False, True, False, False]

        # It may also go wrong; the hub's words are text.
        complaints.expect(ERROR)
        await button.click()
        told = await wanted(cellar)
        end = {"type": "packets end", "ask": told["ask"], "problem": "<b>none</b>"}
        await cellar.connection.send(json.dumps(end))
        await expect(panel.get_by_role("status")).to_have_text("<b>none</b>")

        # A kitchen that keeps none has no button.
        await opened(page, "attic")
        await expect(panel.get_by_role("button", name="Copy")).to_be_visible()
        await expect(button).to_be_hidden()


async def test_the_button_is_for_those_who_may_have_packets(
    page: Page, complaints: Complaints, tmp_path: Path
) -> None:
    tokens = tmp_path / "tokens.json"
    mine = add_token(tokens, "mine", ["eater", "status"])
    may = add_token(tokens, "may", ["eater", "status", "packets"])
    its = add_token(tokens, "k", ["kitchen"])
    async with running_hub(tokens=tokens, status_freq=0.2) as hub, v2_kitchen(hub) as kitchen:
        hello = {
            "type": "hello", "session": "x" * 20, "first": 1, "token": its.reveal(),
            "announcement": {"kitchen_name": "k", "ring": {"bytes": 1}},
        }  # fmt: skip
        await kitchen.connection.send(json.dumps(hello))
        await kitchen.told("welcome")
        await kitchen.send(1, dumpling({"from": "k"}))
        await kitchen.acknowledged(1)
        await show(page, hub.out_port, "dumplings")
        for token, seen in ((mine, False), (may, True)):
            await page.get_by_label("Token for this hub").fill(token.reveal())
            await page.get_by_role("button", name="Connect").click()
            panel = await opened(page, "k")
            await expect(panel.get_by_role("button", name="Copy")).to_be_visible()
            await expect(page.get_by_role("combobox", name="Kitchen")).to_contain_text("k")
            button = panel.get_by_role("button", name="Packets")
            await (expect(button).to_be_visible() if seen else expect(button).to_be_hidden())
            await page.evaluate("sessionStorage.clear()")
            await page.reload()
