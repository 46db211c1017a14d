"""A browser that takes pictures of every view of the page."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from typing import Any, Final

import numpy as np
from playwright.async_api import Browser, Page, Route, async_playwright, expect

from support.browser import BROWSER, FLAGS

from .palette import Pixels

#: Views, and what pictures of them are called.
VIEWS: Final = {one: one for one in ("now", "fleet", "dumplings", "chefs")}
WIDTHS: Final = {"wide": (1280, 800), "narrow": (390, 844)}
THEMES: Final = ("light", "dark")

_PIXELS: Final = """async (png) => {
  const image = new Image();
  image.src = `data:image/png;base64,${png}`;
  await image.decode();
  const canvas = new OffscreenCanvas(image.width, image.height).getContext("2d");
  canvas.drawImage(image, 0, 0);
  const { data } = canvas.getImageData(0, 0, image.width, image.height);
  const blob = new Blob([data]);
  const url = await new Promise((done) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result);
    reader.readAsDataURL(blob);
  });
  return [image.width, image.height, url.slice(url.indexOf(",") + 1)];
}"""


async def pictures(
    address: str,
    statuses: Iterable[Any],
    last: str,
    views: Mapping[str, str] = VIEWS,
    widths: Collection[str] = tuple(WIDTHS),
) -> AsyncIterator[tuple[str, Pixels]]:
    """Take a picture of every view, wide and narrow, light and dark.

    Args:
        address: of the page.
        statuses: what the hub is to have told in the last minutes.
        last: what is seen when all dumplings have come.
        views: which views, each with what its pictures are called.
        widths: which of `WIDTHS`.

    Yields:
        a name, and the picture.
    """
    past = json.dumps({"statuses": list(statuses)})

    async def answer(route: Route) -> None:
        await route.fulfill(content_type="application/json", body=past)

    expect.set_options(timeout=15_000)
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=BROWSER, args=list(FLAGS))
        dark_room = await browser.new_page()
        for width in widths:
            across, down = WIDTHS[width]
            for theme in THEMES:
                page = await _page(browser, across, down, theme)
                await page.route("**/api/statuses", answer)
                for view, called in views.items():
                    await page.goto(f"{address}#dumplings")
                    feed = page.get_by_role("tabpanel")
                    await expect(feed).to_contain_text(last)
                    # How many come each second is of the machine that takes the picture.
                    await expect(feed).not_to_contain_text("each second")
                    await page.locator(f"#tab-{view}").click()
                    if view == "chefs":
                        # Its cards are filled in slices; the last dumpling makes a conflict.
                        await expect(page.get_by_text("1 conflict")).to_be_visible()
                    await page.mouse.move(0, 0)
                    await page.wait_for_timeout(700)  # what is drawn in turns
                    png = base64.b64encode(await page.screenshot(animations="disabled")).decode()
                    yield f"page-{called}-{width}-{theme}", await _developed(dark_room, png)
                await page.context.close()
        await browser.close()


async def pictures_of_cards(
    address: str, titles: Mapping[str, str], last: str
) -> AsyncIterator[tuple[str, Pixels]]:
    """Take a picture of each of some cards of chefs, in a light room.

    Args:
        address: of the page.
        titles: of each chef, what stands over its card.
        last: what is seen among the dumplings when all have come.

    Yields:
        a name, and the picture.
    """
    expect.set_options(timeout=15_000)
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=BROWSER, args=list(FLAGS))
        dark_room = await browser.new_page()
        # A table is as wide as the page; what is out of sight is not drawn.
        page = await _page(browser, 1080, 4000, "light")
        await page.goto(f"{address}#dumplings")
        await expect(page.get_by_role("tabpanel")).to_contain_text(last)
        await page.locator("#tab-chefs").click()
        await page.mouse.move(0, 0)
        for title in titles.values():
            await expect(page.get_by_role("article", name=title, exact=True)).to_be_visible()
        await page.wait_for_timeout(2000)  # what is drawn in turns
        for chef, title in titles.items():
            card = page.get_by_role("article", name=title, exact=True)
            png = base64.b64encode(await card.screenshot(animations="disabled")).decode()
            yield f"card-{chef}", await _developed(dark_room, png)
        await browser.close()


async def _page(browser: Browser, width: int, height: int, theme: Any) -> Page:
    return await browser.new_page(
        viewport={"width": width, "height": height},
        color_scheme=theme,
        reduced_motion="reduce",
        locale="en-GB",
        timezone_id="UTC",
    )


async def _developed(page: Page, png: str) -> Pixels:
    width, height, data = await page.evaluate(_PIXELS, png)
    return np.frombuffer(base64.b64decode(data), np.uint8).reshape(height, width, 4)[:, :, :3]
