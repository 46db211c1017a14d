"""The hub's page in a real browser: its core, its keys, its names and its colours."""

from __future__ import annotations

import json
import re

import pytest
from playwright.async_api import Page, expect

from support.browser import needs_a_browser
from support.hub_peers import eater, kitchen, running_hub
from support.live_page import Complaints, counting_kitchen, show

pytestmark = [needs_a_browser, pytest.mark.asyncio(loop_scope="session")]

VIEWS = ("now", "fleet", "dumplings", "chefs")
EVIL = "<img src=x onerror=hacked=1>&amp;\x1b[31m\u202e"
SEEN = r"<img src=x onerror=hacked=1>&amp;\x1b[31m\u202e"

#: The relative luminance of a colour, and the contrast of two: WCAG 2.2.
CONTRASTS = """() => {
  const style = getComputedStyle(document.documentElement);
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const light = (name) => {
    const probe = document.createElement("i");
    probe.style.color = `var(--${name})`;
    document.body.append(probe);
    canvas.fillStyle = getComputedStyle(probe).color;
    probe.remove();
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map((one) => one / 255)
      .map((one) => one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  return ([one, other]) => {
    const [dark, bright] = [light(one), light(other)].sort((a, b) => a - b);
    return (bright + 0.05) / (dark + 0.05);
  };
}"""
TEXTS = [
    *((ink, ground) for ink in ("ink", "soft", "accent", "loss", "good", "wait")
      for ground in ("paper", "card")),
    ("loss", "loss-wash"), ("accent", "accent-wash"), ("ink", "sunken"), ("soft", "sunken"),
]  # fmt: skip
SHAPES = [
    *(
        (part, "card")
        for part in ("tcp", "udp", "icmp", "arp", "other-ip", "other", "loss", "edge")
    ),
    ("edge", "paper"),
]


async def test_the_tabs_are_walked_with_the_arrow_keys_and_the_address_follows(
    page: Page, complaints: Complaints
) -> None:
    async with running_hub() as hub:
        await show(page, hub.out_port, "nothing that there is")
        await expect(page.get_by_role("status")).to_have_text("Connected")
        await page.keyboard.press("Tab")
        await expect(page.get_by_role("link", name="Skip")).to_be_focused()
        address = page.url
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("main")).to_be_focused()
        assert page.url == address
        tabs = page.get_by_role("tab")
        await tabs.first.focus()
        for key, view in [
            ("ArrowRight", "fleet"), ("ArrowRight", "dumplings"), ("ArrowRight", "chefs"),
            ("ArrowRight", "now"), ("ArrowLeft", "chefs"), ("End", "chefs"), ("Home", "now"),
        ]:  # fmt: skip
            await page.keyboard.press(key)
            selected = page.get_by_role("tab", selected=True)
            await expect(selected).to_have_id(f"tab-{view}")
            await expect(selected).to_be_focused()
            await expect(page.get_by_role("tabpanel")).to_have_id(f"panel-{view}")
            assert page.url.endswith(f"#{view}")
        # One stop for all tabs; the next is the panel.
        await page.keyboard.press("Tab")
        await expect(page.get_by_role("tabpanel")).to_be_focused()
        outline = await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid"


async def test_whatever_peers_call_themselves_is_text(page: Page, complaints: Complaints) -> None:
    names = {"interface": EVIL + "i", "filter": EVIL + "f", "chefs": [EVIL + "c"]}
    async with (
        running_hub(status_freq=0.1) as hub,
        counting_kitchen(hub, EVIL + "k", **names, version=EVIL + "v") as tell,
        eater(hub, json.dumps({"eater_name": EVIL + "e"})),
    ):
        resting = {"not_wanted": [EVIL + "c"], "kernel_filter": EVIL + "w"}
        await tell(packets_handled=1, quarantined={EVIL + "c": EVIL + "q"}, **resting)
        await show(page, hub.out_port, "fleet")
        panel = page.get_by_role("tabpanel")
        for mark in "kifcvqe":
            await expect(panel).to_contain_text(SEEN + mark)
        await expect(panel).to_contain_text("not wanted")
        await expect(panel.get_by_text("that a chef is for")).to_have_attribute("title", SEEN + "w")
        await page.get_by_role("tab", name="Now").click()
        await expect(panel.get_by_role("button", name=SEEN + "k")).to_be_visible()
        await expect(panel).to_contain_text(f"From {SEEN}k: only packets that a chef is for.")
        assert await page.locator("main :is(img, script, a, iframe)").count() == 0
        assert await page.evaluate("globalThis.hacked") is None


async def test_kitchens_of_one_name_at_one_host_are_told_apart(
    page: Page, complaints: Complaints
) -> None:
    async with (
        running_hub(status_freq=0.1) as hub,
        counting_kitchen(hub, "twin"),
        counting_kitchen(hub, "twin"),
        counting_kitchen(hub, "single"),
    ):
        await show(page, hub.out_port)
        options = page.get_by_label("Kitchen", exact=True).get_by_role("option")
        twin = re.compile(r"^twin at 127\.0\.0\.1:[1-9]\d+$")
        await expect(options).to_have_text(["all", "single at 127.0.0.1", twin, twin])
        assert len(set(await options.all_text_contents())) == 4


async def test_losses_are_red_and_in_words_and_come_first(
    page: Page, complaints: Complaints
) -> None:
    async with (
        running_hub(status_freq=0.1) as hub,
        counting_kitchen(hub, "a-fine-one") as fine,
        counting_kitchen(hub, "a-losing-one") as losing,
    ):
        await fine(packets_received=50, packets_handled=50)
        await losing(packets_received=40, packets_handled=40, packets_dropped_by_kernel=0)
        await show(page, hub.out_port)
        panel = page.get_by_role("tabpanel")
        await expect(panel).to_contain_text("none of 90 lost")
        assert await page.locator("main .loss:visible").count() == 0
        await losing(packets_received=10, packets_handled=7, packets_dropped_by_kernel=3)
        words = panel.get_by_text("3 of 100 packets: 3 by the kernel")
        await expect(words).to_be_visible()
        red = await page.evaluate(
            "getComputedStyle(document.querySelector('.figure.red .big')).color"
        )
        await expect(words).to_have_css("color", red)
        await expect(panel.locator(".figure.red")).to_contain_text("30%")
        await expect(panel.get_by_role("rowheader").first).to_have_text("a-losing-one")
        await page.get_by_role("tab", name="Fleet").click()
        row = panel.get_by_role("row").filter(has_text="a-losing-one")
        await expect(row.get_by_text("3 packets lost by the kernel")).to_have_css("color", red)
        await expect(panel.get_by_role("rowheader").first).to_contain_text("a-losing-one")


async def test_an_older_kitchen_has_what_it_does_not_tell_told(
    page: Page, complaints: Complaints
) -> None:
    async with (
        running_hub(status_freq=0.1) as hub,
        kitchen(hub, '{"kitchen_name": "silent"}'),
        counting_kitchen(hub, "older") as tell,
    ):
        await tell(packets_received=5, packets_handled=5)
        await show(page, hub.out_port)
        panel = page.get_by_role("tabpanel")
        await expect(panel).to_contain_text("No counts from silent: not in these charts.")
        await expect(panel).to_contain_text("No layers from older: shown as one.")
        await expect(panel).to_contain_text("No bytes from older: not among the bits.")


async def test_a_chart_says_in_words_and_in_a_table_what_it_shows(
    page: Page, complaints: Complaints
) -> None:
    async with running_hub(status_freq=0.1) as hub, counting_kitchen(hub) as tell:
        traffic = {"IP": [0, 0], "UDP": [0, 0]}
        await tell(packets_received=0, packets_handled=0, bytes_handled=0, traffic=traffic)
        await show(page, hub.out_port)
        chart = page.get_by_role("img", name="Packets over the last minute")
        await expect(chart).to_be_visible()
        traffic = {"IP": [500, 64000], "UDP": [500, 64000]}
        await tell(packets_received=500, packets_handled=500, bytes_handled=64000, traffic=traffic)
        await expect(page.get_by_role("img", name="most of it UDP")).to_have_count(2)
        await page.get_by_text("As a table: Packets").click()
        table = page.get_by_role("table", name="Packets")
        await expect(table.get_by_role("columnheader", name="UDP")).to_be_visible()
        await expect(table.get_by_role("row")).to_have_count(21)
        # Nothing is known of the time before this page was there.
        await expect(table.get_by_role("row").last).to_contain_text("not known")


async def test_a_table_is_sorted_by_its_heads(page: Page, complaints: Complaints) -> None:
    async with (
        running_hub(status_freq=0.1) as hub,
        counting_kitchen(hub, "k10", interface="eth1") as one,
        counting_kitchen(hub, "k9", interface="eth2") as other,
    ):
        await one(dumplings_held=7)
        await other(dumplings_held=70)
        await show(page, hub.out_port, "fleet")
        table = page.get_by_role("table", name="Kitchens")
        names = table.get_by_role("rowheader")
        for head, order, first in [
            ("Kitchen", "ascending", "k9"), ("Kitchen", "descending", "k10"),
            ("Held", "descending", "k9"), ("Held", "ascending", "k10"),
            ("Interface", "ascending", "k10"),
        ]:  # fmt: skip
            await table.get_by_role("button", name=head).click()
            sorted_by = table.get_by_role("columnheader", name=head)
            await expect(sorted_by).to_have_attribute("aria-sort", order)
            await expect(names.first).to_contain_text(first)
            await expect(table.locator("[aria-sort]")).to_have_count(1)


async def test_who_has_gone_stays_and_is_grey(page: Page, complaints: Complaints) -> None:
    async with running_hub(status_freq=0.1) as hub:
        async with counting_kitchen(hub) as tell:
            await tell(packets_handled=1)
            await show(page, hub.out_port, "fleet")
            row = page.get_by_role("row").filter(has_text="cellar")
            await expect(row).not_to_contain_text("gone")
        await expect(row).to_contain_text("gone")
        await expect(row).to_have_class("gone")
        async with counting_kitchen(hub) as tell:
            await tell(packets_handled=1)
            await expect(row).not_to_contain_text("gone")
            await expect(row).to_have_count(1)


async def test_nothing_is_cut_off_at_320_pixels(page: Page, complaints: Complaints) -> None:
    long = "x" * 200
    async with (
        running_hub(status_freq=0.1) as hub,
        counting_kitchen(hub, long, interface=long, filter=long, chefs=[long]) as tell,
    ):
        await tell(packets_received=10**12, packets_handled=10**12, packets_dropped_by_kernel=10**9)
        await page.set_viewport_size({"width": 320, "height": 640})
        for view in VIEWS:
            await show(page, hub.out_port, view)
            await expect(page.get_by_role("status")).to_have_text("Connected")
            if view in ("now", "fleet"):
                await expect(page.get_by_role("tabpanel")).to_contain_text(long)
            assert await page.evaluate("document.documentElement.scrollWidth") == 320


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_every_colour_stands_out_enough(
    page: Page, complaints: Complaints, theme: str
) -> None:
    async with running_hub() as hub:
        await show(page, hub.out_port)
        await page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
        contrasts = f"(pairs) => pairs.map(({CONTRASTS})())"
        for pairs, least in ((TEXTS, 4.5), (SHAPES, 3.0)):
            found = await page.evaluate(contrasts, pairs)
            assert [(p, c) for p, c in zip(pairs, found, strict=True) if c < least] == []


async def test_the_theme_is_the_systems_until_another_is_chosen_and_that_is_kept(
    page: Page, complaints: Complaints
) -> None:
    async with running_hub() as hub:
        await page.emulate_media(color_scheme="dark")
        await show(page, hub.out_port)
        body = page.locator("body")
        dark = await body.evaluate("(body) => getComputedStyle(body).backgroundColor")
        button = page.get_by_role("button", name="Theme: auto")
        await button.click()
        await page.get_by_role("button", name="Theme: dark").click()
        await expect(page.get_by_role("button", name="Theme: light")).to_be_visible()
        await expect(body).not_to_have_css("background-color", dark)
        light = await body.evaluate("(body) => getComputedStyle(body).backgroundColor")
        await page.reload()
        await expect(body).to_have_css("background-color", light)
        await page.get_by_role("button", name="Theme: light").click()
        await expect(body).to_have_css("background-color", dark)


async def test_a_screen_reader_finds_its_way(page: Page, complaints: Complaints) -> None:
    async with running_hub(status_freq=0.1) as hub, counting_kitchen(hub) as tell:
        await tell(packets_received=10, packets_handled=7, packets_dropped_by_kernel=3)
        await show(page, hub.out_port)
        await expect(page.locator("body")).to_match_aria_snapshot("""
            - link "Skip to what the hub says"
            - banner:
              - heading "netdumplings" [level=1]
              - status: Connected
              - 'button "Theme: auto"'
            - tablist "Views":
              - tab "Now" [selected]
              - tab "Fleet"
              - tab "Dumplings"
              - tab "Chefs"
            - main:
              - tabpanel "Now":
                - text: Kitchen
                - combobox "Kitchen"
                - region "Packets":
                  - heading "Packets" [level=2]
                  - img /Packets over the last minute/
                - region "Bits"
                - region "Kitchens":
                  - heading "Kitchens" [level=2]
                  - table
                - region "Losses":
                  - heading "Losses" [level=2]
                  - list
        """)
        await page.get_by_role("tab", name="Fleet").click()
        await expect(page.get_by_role("main")).to_match_aria_snapshot("""
            - tabpanel "Fleet":
              - region "Kitchens":
                - heading "Kitchens" [level=2]
                - table "Kitchens":
                  - rowgroup:
                    - row:
                      - columnheader "Kitchen":
                        - button "Kitchen"
                      - columnheader "State"
                  - rowgroup:
                    - row:
                      - rowheader /cellar/
              - region "Chefs"
              - region "Eaters"
        """)
