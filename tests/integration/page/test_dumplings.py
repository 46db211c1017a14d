"""The page's view of dumplings in a real browser: the feed, its filters, what is opened."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Locator, Page, expect

from support.browser import needs_a_browser
from support.hub_peers import dumpling, kitchen, running_hub
from support.live_page import Complaints, show
from support.page_modules import stage
from support.v2_peers import v2_kitchen

pytestmark = [needs_a_browser, pytest.mark.asyncio(loop_scope="session")]


def rows(page: Page) -> Locator:
    """The rows of dumplings and gaps that are in the document."""
    return page.locator(".list-space [role=row]:visible")


def row(page: Page, text: str) -> Locator:
    """The row with a text in it."""
    return rows(page).filter(has_text=text)


def selected(page: Page) -> Locator:
    """The row that is selected."""
    return page.locator("[role=row][aria-selected=true]")


async def test_what_comes_is_seen_at_the_end_with_all_that_is_said_of_it(
    page: Page, complaints: Complaints
) -> None:
    async with running_hub() as hub, kitchen(hub) as cellar:
        await show(page, hub.out_port, "dumplings")
        await expect(page.get_by_text("Nothing yet")).to_be_visible()
        for number in range(50):
            await cellar.send(dumpling({"n": number}, kitchen="cellar", creation_time=1.25))
        await cellar.send(dumpling({"is": "latest"}, chef="LateChef", driver="interval"))
        latest = row(page, '{"is": "latest"}')
        await expect(latest).to_be_in_viewport()
        await expect(latest.get_by_role("gridcell")).to_have_text(
            ["00:00:01.500", "k", "LateChef", "interval", '{"is": "latest"}']
        )
        await expect(page.get_by_role("grid")).to_have_attribute("aria-rowcount", "52")
        await expect(latest).to_have_attribute("aria-rowindex", "52")
        await expect(row(page, '{"n": 49}')).to_be_in_viewport()
        await expect(row(page, '{"n": 1}')).to_have_count(0)
        # Who scrolls away from the end stays where he is, whatever comes.
        await page.locator(".list-scroller").evaluate("(scroller) => { scroller.scrollTop = 0; }")
        await expect(row(page, '{"n": 0}')).to_be_in_viewport()
        await cellar.send(dumpling({"is": "even later"}))
        await expect(page.get_by_role("grid")).to_have_attribute("aria-rowcount", "53")
        await expect(row(page, '{"n": 0}')).to_be_in_viewport()
        await page.get_by_role("button", name="Latest").click()
        await expect(row(page, "even later")).to_be_in_viewport()


async def test_while_paused_the_list_stands_still_and_afterwards_nothing_is_missing(
    page: Page, complaints: Complaints
) -> None:
    async with running_hub() as hub, kitchen(hub) as cellar:
        await show(page, hub.out_port, "dumplings")
        await cellar.send(dumpling("before"))
        await expect(row(page, "before")).to_be_visible()
        await page.keyboard.press("p")
        await expect(page.get_by_role("button", name="Resume")).to_have_attribute(
            "aria-pressed", "true"
        )
        await cellar.send(dumpling("meanwhile"))
        await expect(page.get_by_text("Paused. 1 dumpling came since.")).to_be_visible()
        # Who listens to the page hears that it is paused, once.
        await expect(page.locator("main").get_by_role("status")).to_have_text("Paused.")
        await expect(rows(page)).to_have_count(1)
        await page.get_by_role("button", name="Resume").click()
        await expect(rows(page)).to_have_count(2)
        await expect(row(page, "meanwhile")).to_be_in_viewport()


async def test_the_feed_is_filtered_by_kitchen_chef_driver_and_text(
    page: Page, complaints: Complaints
) -> None:
    async with running_hub() as hub, kitchen(hub) as someone:
        await show(page, hub.out_port, "dumplings")
        for n, (where, chef, driver) in enumerate(
            [("attic", "A", "packet"), ("cellar", "A", "interval"), ("cellar", "B", "packet")]
        ):
            text = dumpling(
                {"word": f"Gr\u00fc\u00dfe {n}"}, kitchen=where, chef=chef, driver=driver
            )
            await someone.send(text)
        await expect(rows(page)).to_have_count(3)
        await page.get_by_role("combobox", name="Kitchen").select_option("cellar")
        await expect(rows(page)).to_have_count(2)
        await page.get_by_role("combobox", name="Chef").select_option("B")
        await expect(rows(page)).to_have_count(1)
        await expect(page.get_by_text("1 of 3 dumplings match")).to_be_visible()
        await page.get_by_role("combobox", name="Chef").select_option("all chefs")
        await page.get_by_role("combobox", name="Driver").select_option("interval")
        await expect(row(page, "Gr\u00fc\u00dfe 1")).to_have_count(1)
        await expect(rows(page)).to_have_count(1)
        # Escape lets everything through again, and "/" goes to the text that is searched for.
        await page.keyboard.press("Escape")
        await expect(rows(page)).to_have_count(3)
        await page.keyboard.press("/")
        await page.keyboard.type("gr\u00dc\u00dfe 2")  # it came as \u00fc and \u00df
        await expect(rows(page)).to_have_count(1)
        await expect(row(page, "Gr\u00fc\u00dfe 2")).to_have_count(1)
        # What comes is searched as well.
        await someone.send(dumpling({"word": "Gr\u00fc\u00dfe 22"}))
        await someone.send(dumpling({"word": "something else"}))
        await expect(rows(page)).to_have_count(2)
        await page.keyboard.type("no such thing")
        await expect(page.get_by_text("Nothing matches.")).to_be_visible()


async def test_a_dumpling_is_opened_as_a_tree_and_copied_as_it_came(
    page: Page, complaints: Complaints
) -> None:
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    payload = {"outer": {"inner": [1, 12345678901234567890, "two"]}, "nothing": None}
    async with running_hub() as hub, kitchen(hub) as cellar:
        await show(page, hub.out_port, "dumplings")
        await cellar.send(dumpling(payload))
        await row(page, "outer").click()
        panel = page.get_by_role("complementary", name="The selected dumpling")
        await expect(panel).to_contain_text("12345678901234567890")  # every digit
        await expect(panel).to_contain_text('"nothing": null')
        await panel.get_by_text('"inner"', exact=True).click()
        await expect(panel.get_by_text('"two"', exact=True)).to_be_hidden()
        await panel.get_by_text('"inner"', exact=True).click()
        await expect(panel.get_by_text('"two"', exact=True)).to_be_visible()
        await panel.get_by_role("button", name="Copy").click()
        await expect(panel.get_by_role("status")).to_have_text("Copied")
        assert await page.evaluate("navigator.clipboard.readText()") == dumpling(payload)
        await page.keyboard.press("Escape")
        await expect(panel).to_be_hidden()
        await expect(page.get_by_role("grid")).to_be_focused()
        # Over plain HTTP from another host, a page has no such clipboard; there is an older way.
        await page.evaluate("navigator.clipboard.writeText('something else')")
        deny = "() => { navigator.clipboard.writeText = () => Promise.reject(new Error()); }"
        await page.evaluate(deny)
        await page.keyboard.press("Enter")
        await panel.get_by_role("button", name="Copy").click()
        await expect(panel.get_by_role("status")).to_have_text("Copied")
        assert await page.evaluate("navigator.clipboard.readText()") == dumpling(payload)


async def test_everything_can_be_done_with_the_keyboard(page: Page, complaints: Complaints) -> None:
    async with running_hub() as hub, kitchen(hub) as cellar:
        await show(page, hub.out_port, "dumplings")
        for number in range(100):
            await cellar.send(dumpling({"n": number}))
        await expect(row(page, '{"n": 99}')).to_be_visible()
        await page.keyboard.press("End")
        await expect(selected(page)).to_contain_text('{"n": 99}')
        for key, number in [("k", 98), ("k", 97), ("j", 98), ("ArrowUp", 97), ("Home", 0)]:
            await page.keyboard.press(key)
            await expect(selected(page)).to_contain_text(f'{{"n": {number}}}')
            await expect(selected(page)).to_be_in_viewport()
        grid = page.get_by_role("grid")
        await expect(grid).to_be_focused()
        active = await grid.get_attribute("aria-activedescendant")
        assert active == await selected(page).get_attribute("id")
        await page.keyboard.press("Enter")
        panel = page.get_by_role("complementary", name="The selected dumpling")
        await expect(panel.locator(".tree-number")).to_have_text("0")
        await page.keyboard.press("PageDown")  # the panel shows what is selected
        await expect(panel.locator(".tree-number")).to_have_text(re.compile(r"^[1-9]\d$"))


async def test_what_is_missing_stands_in_the_list_where_it_is_missing(
    page: Page, complaints: Complaints
) -> None:
    async with running_hub() as hub, v2_kitchen(hub) as cellar:
        await cellar.hello(name="cellar")
        await show(page, hub.out_port, "dumplings")
        await cellar.send(1, dumpling("before"))
        await expect(row(page, "before")).to_be_visible()
        await cellar.send(5, dumpling("after"))
        await expect(rows(page)).to_have_count(3)
        found = await rows(page).all_inner_texts()
        gap = rows(page).nth(next(number for number, text in enumerate(found) if "gap" in text))
        await expect(gap).to_contain_text("3 dumplings missing: a kitchen had dropped them")
        indexes = [
            int(str(await each.get_attribute("aria-rowindex")))
            for each in (row(page, "before"), gap, row(page, "after"))
        ]
        assert indexes == [2, 3, 4]
        await expect(page.get_by_text("2 dumplings", exact=True)).to_be_visible()  # and no third
        await gap.click()
        await expect(page.get_by_text("Here is a gap")).to_be_visible()


async def test_of_a_hundred_thousand_dumplings_only_those_in_sight_are_in_the_document(
    page: Page, complaints: Complaints
) -> None:
    async with running_hub() as hub:
        await stage(page, hub.out_port, "view-dumplings")
        send = """([given, from, to]) => {
          for (let n = from; n < to; n += 100) {
            stage.hub.emit("dumplings",
              Array.from({ length: 100 }, (_, at) => given.replace("NUMBER", n + at)));
          }
        }"""
        await page.evaluate(send, [dumpling({"n": "NUMBER"}), 0, 100_100])
        grid = page.get_by_role("grid")
        await expect(grid).to_have_attribute("aria-rowcount", "100001")
        await expect(page.get_by_text("100 older ones have gone")).to_be_visible()
        elements = "document.querySelectorAll('*').length"
        await expect(row(page, '"100099"')).to_be_in_viewport()
        assert await page.evaluate(elements) < 700
        await page.locator(".list-scroller").evaluate("(one) => { one.scrollTop = 28 * 50_000; }")
        await expect(row(page, '"50100"')).to_be_in_viewport()
        assert await page.evaluate(elements) < 700
        # What is looked at stays where it is, while the oldest go.
        at = await row(page, '"50100"').get_attribute("aria-rowindex")
        await page.evaluate(send, [dumpling({"n": "NUMBER"}), 100_100, 100_600])
        await expect(row(page, '"50100"')).to_have_attribute(
            "aria-rowindex", str(int(at or 0) - 500)
        )
        await expect(row(page, '"50100"')).to_be_in_viewport()
        # To search all of them takes many slices, none of which a frame waits for.
        await page.get_by_label("Search in dumplings").fill('"9999')
        await expect(page.get_by_text("11 of 100\u202f000 dumplings match")).to_be_visible()
        await expect(rows(page)).to_have_count(11)
        assert await page.evaluate(elements) < 700


async def test_what_came_while_nobody_looked_is_searched_all_the_same(
    page: Page, complaints: Complaints
) -> None:
    async with running_hub() as hub:
        await stage(page, hub.out_port, "view-dumplings")
        await page.get_by_label("Search in dumplings").fill("sought")
        await expect(page.get_by_text("0 of 0 dumplings match")).to_be_visible()
        await page.evaluate(
            """([sought, other]) => {
              stage.view.hide();
              stage.hub.emit("dumplings", [sought, ...Array(30_000).fill(other)]);
              stage.view.show();
            }""",
            [dumpling("sought"), dumpling("other")],
        )
        await expect(page.get_by_text("1 of 30\u202f001 dumplings match")).to_be_visible()


async def test_when_more_comes_than_can_be_seen_it_says_so(
    page: Page, complaints: Complaints
) -> None:
    async with running_hub() as hub:
        await stage(page, hub.out_port, "view-dumplings")
        await page.evaluate(
            """(given) => {
              window.flood = setInterval(
                () => stage.hub.emit("dumplings", Array(500).fill(given)), 50);
            }""",
            dumpling({"n": 1}),
        )
        await expect(
            page.get_by_text(re.compile(r"A sample passes by: about one in \d+"))
        ).to_be_visible()
        await page.evaluate("clearInterval(flood)")


async def test_the_list_works_on_a_telephone(page: Page, complaints: Complaints) -> None:
    await page.set_viewport_size({"width": 360, "height": 700})
    async with running_hub() as hub, kitchen(hub) as cellar:
        await show(page, hub.out_port, "dumplings")
        await cellar.send(dumpling({"is": "here"}, kitchen="cellar"))
        await row(page, "here").click()
        await expect(page.get_by_role("button", name="Copy")).to_be_in_viewport()
        await expect(row(page, "here")).to_be_in_viewport()
        assert await page.evaluate("document.documentElement.scrollWidth") <= 360
