"""Hostile dumplings, announcements and names on the page: text, whatever they hold."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.async_api import Page, expect

from netdumplings.wire import kitchen_hello, kitchen_hello_message
from support.browser import needs_a_browser
from support.hub_peers import dumpling, running_hub
from support.live_page import Complaints, show
from support.page_modules import stage
from support.v2_peers import SESSION, v2_kitchen

pytestmark = [needs_a_browser, pytest.mark.asyncio(loop_scope="session")]

MARKUP = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
#: What a terminal or a reader obeys without showing it: escapes, bidi controls, NUL, separators.
UNSEEN = "a\x1b[31m\x00\u202eb\u2066c\u2028d\u200be\ufefff"
VISIBLE = "a\\x1b[31m\\x00\\u202eb\\u2066c\\u2028d\\u200be\\ufefff"
MIB = 2**20


def nested(levels: int) -> str:
    """JSON text of lists and objects in one another."""
    return '{"x":[' * (levels // 2) + "7" + "]}" * (levels // 2)


def raw(payload: str, chef: str = "RawChef") -> str:
    """A dumpling with JSON text as its payload."""
    return dumpling("PAYLOAD", chef=chef).replace('"PAYLOAD"', payload)


#: More than a hub would let through.
HOSTILE = {
    "markup": json.dumps(MARKUP),
    "unseen": json.dumps(UNSEEN),
    "half a pair": '"\\ud800 \\udfff"',
    "keys of objects": '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},'
    '"toString":1,"hasOwnProperty":2,"valueOf":null}',
    "deep": nested(512),
    "deep list": "[" * 400 + "]" * 400,
    "huge numbers": f'{{"a":1e999,"b":-1e999,"c":{"9" * 4300},"d":1e308,"e":-1.7e308,"f":5e-324}}',
    "many keys": "{" + ",".join(f'"key {n}":{n}' for n in range(10_000)) + "}",
    "long string": json.dumps("long " * (MIB // 5)),
    "long wide string": json.dumps({"s": "\u20ac" * (MIB // 6)}),
    "long key": json.dumps({"k" * 500_000: 1}),
    "many numbers": json.dumps([0] * 300_000),
    "twice": '{"a":1,"a":2}',
    "empty": '{"":{"":[]}}',
}


async def untouched(page: Page) -> None:
    """See that nothing was taken for markup, or written into a prototype."""
    assert "owned" not in await page.title()
    assert await page.evaluate("[({}).polluted ?? null, [].polluted ?? null]") == [None, None]
    strangers = (
        "document.querySelectorAll('main :is(script, img, iframe, object, a, style)').length"
    )
    assert await page.evaluate(strangers) == 0


@pytest.mark.parametrize("view", ["view-dumplings", "view-chefs"])
async def test_every_hostile_payload_is_text_and_nothing_else(
    page: Page, complaints: Complaints, view: str
) -> None:
    async with running_hub() as hub:
        await stage(page, hub.out_port, view)
        lines = [raw(payload, name) for name, payload in HOSTILE.items()]
        await page.evaluate("(lines) => stage.hub.emit('dumplings', lines)", lines)
        if view == "view-dumplings":
            await open_each(page, len(lines))
        else:
            await expect(page.get_by_role("article")).to_have_count(len(lines))
            markup = page.get_by_role("article", name="markup")
            await expect(markup.get_by_role("cell")).to_have_text(MARKUP)
            keys = page.get_by_role("article", name="keys of objects")
            await expect(keys).to_contain_text("__proto__ \u203a polluted")
            numbers = page.get_by_role("article", name="huge numbers")
            await expect(numbers).to_contain_text("too large a number")
            await expect(page.get_by_role("article", name="many keys")).to_contain_text("not shown")
        await untouched(page)
        assert await page.evaluate("document.querySelectorAll('*').length") < 3000
        assert len(str(await page.evaluate("document.body.innerText"))) < 100_000


async def open_each(page: Page, count: int) -> None:
    """Open one after the other, as a tree."""
    panel = page.get_by_role("complementary", name="The selected dumpling")
    await page.keyboard.press("Home")
    await page.keyboard.press("Enter")
    for name in list(HOSTILE)[:count]:
        await expect(panel.get_by_role("heading")).to_have_text(name)
        if name == "markup":
            await expect(panel.locator(".tree-string")).to_have_text(json.dumps(MARKUP))
        elif name == "huge numbers":
            await expect(panel).to_contain_text("1e999")
        elif name == "deep":
            await deepest(page)
        elif name == "many keys":
            await expect(panel.locator(".tree-leaf")).to_have_count(100)
            await panel.get_by_role("button", name="show 100 more").click()
            await expect(panel.locator(".tree-leaf")).to_have_count(200)
        elif name == "long string":
            await panel.get_by_role("button", name="show 10\u202f000 more").click()
            shown = await panel.locator(".tree-string").inner_text()
            assert 10_000 < len(shown) < 11_000
        await page.keyboard.press("j")


async def deepest(page: Page) -> None:
    """Open every level there is."""
    levels = await page.evaluate(
        """() => {
          let levels = 0;
          for (let at = document.querySelector(".tree-branch"); at; levels += 1) {
            at.open = true;
            at.dispatchEvent(new Event("toggle")); // which would come later
            at = at.querySelector(".tree-branch");
          }
          return levels;
        }"""
    )
    assert levels == 512
    await expect(page.locator(".tree-number")).to_have_text("7")


async def test_names_and_hints_of_strangers_are_text_in_every_view(
    page: Page, complaints: Complaints
) -> None:
    hints: dict[str, Any] = {
        MARKUP: {"title": MARKUP[:80], "view": "bars", "unit": "<b>", "of": ["__proto__"]},
        "__proto__": {"view": "top"},
        "constructor": {"view": "table", "columns": ["__proto__", "constructor"], "key": "x"},
    }
    said = json.loads(kitchen_hello(UNSEEN, MARKUP, MARKUP, [MARKUP], 5.0)) | {"displays": hints}
    async with running_hub(status_freq=0.2) as hub, v2_kitchen(hub) as hostile:
        await hostile.connection.send(kitchen_hello_message(SESSION, 1, json.dumps(said)))
        await hostile.told("welcome")
        await show(page, hub.out_port, "dumplings")
        await hostile.send(
            1,
            raw(json.dumps({"__proto__": {MARKUP: 3, UNSEEN: 1}}), MARKUP).replace(
                '"kitchen": "k"', f'"kitchen": {json.dumps(UNSEEN)}'
            ),
            dumpling({"polluted": 1}, chef="__proto__"),
            dumpling({"x": "\u202e", "constructor": MARKUP}, chef="constructor", kitchen=MARKUP),
            dumpling(UNSEEN, chef=UNSEEN, kitchen=UNSEEN),
        )
        await expect(page.get_by_role("row")).to_have_count(5)
        last = page.get_by_role("row").last
        await expect(last.get_by_role("gridcell").nth(2)).to_have_text(VISIBLE)
        await expect(last.get_by_role("gridcell").nth(1)).to_have_text(VISIBLE)
        await page.get_by_role("combobox", name="Kitchen").select_option(label=VISIBLE)
        await expect(page.get_by_role("row")).to_have_count(3)
        await untouched(page)
        await page.get_by_role("tab", name="Chefs", exact=True).click()
        await expect(page.get_by_role("article")).to_have_count(4)
        bars = page.get_by_role("article", name=MARKUP[:80], exact=True)
        await expect(bars.get_by_role("listitem").first).to_have_text(f"{MARKUP}3 <b>")
        await expect(bars.get_by_role("listitem").last).to_have_text(f"{VISIBLE}1 <b>")
        await expect(page.get_by_role("article", name="constructor")).to_contain_text(MARKUP)
        await untouched(page)
