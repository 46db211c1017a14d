"""Several hubs on the page of one: which there are, who is where, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.async_api import Page, expect

from support.browser import needs_a_browser
from support.hub_peers import running_hub
from support.joined_hubs import joined_hubs, stop
from support.live_page import Complaints, counting_kitchen, show
from support.nats import NatsServer, why_no_servers
from support.page_modules import call
from support.statuses import backbone, hub, kitchen, status

pytestmark = [needs_a_browser, pytest.mark.asyncio(loop_scope="session")]

EVIL = "<img src=x onerror=hacked=1>&amp;\x1b[31m\u202e"
SEEN = r"<img src=x onerror=hacked=1>&amp;\x1b[31m\u202e"


@pytest.fixture(scope="module")
def nats(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    if why := why_no_servers():
        pytest.skip(why)
    with NatsServer(tmp_path_factory.mktemp("nats")) as server:
        yield server


async def test_every_hub_and_the_hub_of_each_kitchen_are_on_the_page_of_each(
    page: Page, complaints: Complaints, nats: NatsServer
) -> None:
    async with (
        joined_hubs(nats.url, "shown", "berlin", EVIL) as hubs,
        counting_kitchen(hubs[0], "north"),
        counting_kitchen(hubs[1], "south"),
    ):
        await show(page, hubs[0].out_port, "fleet")
        panel = page.get_by_role("tabpanel")
        await expect(panel).to_contain_text("2 of 2 hubs are there, this one up for")
        rows = panel.get_by_role("region", name="Hubs").get_by_role("row")
        await expect(rows.nth(1)).to_contain_text("berlin")
        await expect(rows.nth(2)).to_contain_text(SEEN)
        kitchens = panel.get_by_role("region", name="Kitchens")
        for name, at in (("north", "berlin"), ("south", SEEN)):
            row = kitchens.get_by_role("row", name=name)
            await expect(row.get_by_role("cell").nth(1)).to_have_text(at)
        assert await page.evaluate("globalThis.hacked") is None
        # It goes, and its kitchen with it.
        await stop(hubs[1])
        await expect(rows.nth(1)).to_contain_text("stopped")
        await expect(page.locator("#alarm")).to_be_hidden()


async def test_that_the_backbone_is_away_is_said_above_every_view_until_it_is_back(
    page: Page, complaints: Complaints, nats: NatsServer
) -> None:
    async with joined_hubs(nats.url, "away", "berlin") as [one]:
        await show(page, one.out_port)
        await expect(page.get_by_role("status").first).to_have_text("Connected")
        alarm = page.locator("#alarm")
        await expect(alarm).to_be_hidden()
        nats.kill()
        await expect(alarm).to_contain_text("The hub has no backbone: ")
        await expect(alarm).to_contain_text("What kitchens send waits until that is over.")
        await page.get_by_role("tab", name="Fleet").click()
        await expect(alarm).to_be_visible()
        rows = page.get_by_role("region", name="Hubs").get_by_role("row")
        await expect(rows.nth(1)).to_contain_text("no backbone: ")
        nats.start(wait=False)
        await expect(alarm).to_be_hidden()
        await expect(rows.nth(1)).to_contain_text("well")


async def test_a_hub_that_is_alone_has_no_table_of_hubs(page: Page, complaints: Complaints) -> None:
    async with running_hub(status_freq=0.1) as one, counting_kitchen(one, "north"):
        await show(page, one.out_port, "fleet")
        await expect(page.get_by_role("tabpanel")).to_contain_text("The hub is up for")
        await expect(page.get_by_role("columnheader", name="Kitchen")).to_be_visible()
        await expect(page.get_by_role("columnheader", name="Hub")).to_have_count(0)
        await expect(page.locator("#alarm")).to_be_hidden()


FOLLOW = """
    const [{ StatusBook }, { alarms, hubTroubles, worstHubsFirst }] = await Promise.all(
      [import("/status.js"), import("/hubs.js")]);
    const book = new StatusBook();
    for (const one of given) book.take(one);
    const { hubs, kitchens, time } = book.picture;
    return {
      alarms: alarms(hubs),
      hubs: worstHubsFirst(hubs).map((hub) => [hub.name, hub.own, hub.meter.latest?.in ?? null]),
      troubles: worstHubsFirst(hubs).flatMap((hub) => hubTroubles(hub, time)),
      kitchens: kitchens.map(({ name, hub, gone, meter }) =>
        [name, hub, gone, meter.latest?.packets_handled ?? null]),
    };
"""


def told(time: float, *hubs: Any, of_kitchens: Any = (), **more: Any) -> Any:
    """A status, as the page gets it."""
    dumpling = status(time, *of_kitchens, **{"hub": "a", "hubs": list(hubs), **more})
    return {"metadata": {"creation_time": time}, "payload": dumpling.payload}


AWAY = backbone(connected=False, problem="refused", storing={"waiting": 5})
FULL = backbone(problem="full", kitchens_paused=True, differs=["age"], storing={"refused": 2})


@pytest.mark.parametrize(
    ("hubs", "alarms", "troubles"),
    [
        ([hub("a"), hub("b")], [], []),
        ([hub("a"), hub("b", state="stopped", heard=5)], [], [["stopped 5\u00a0s ago", "soft"]]),
        (
            [hub("a"), hub("b", state="silent", heard=40)],
            ["Nothing is heard of hub b."],
            [["silent for 40\u00a0s", "odd"]],
        ),
        (
            [hub("a", backbone=AWAY)],
            ["The hub has no backbone: refused. What kitchens send waits until that is over."],
            [["no backbone: refused", "odd"], ["5 dumplings waiting", "odd"]],
        ),
        (
            [hub("a", backbone=AWAY), hub("b", state="silent", heard=40)],
            [
                "Hub a has no backbone: refused. What kitchens send waits until that is over.",
                "So nothing is heard of the other hubs.",
            ],
            [
                ["no backbone: refused", "odd"],
                ["5 dumplings waiting", "odd"],
                ["silent for 40\u00a0s", "odd"],
            ],
        ),
        (
            [hub("a"), hub("b", backbone=FULL)],
            ["Hub b stores nothing: full. What kitchens send is not taken any more: they keep it."],
            [
                ["stores nothing: full", "odd"],
                ["takes no more from kitchens", "odd"],
                ["2 dumplings lost, too large for the backbone", "loss"],
                ["the stream differs: age", "odd"],
            ],
        ),
    ],
)
async def test_what_is_wrong_with_hubs_is_in_words(
    open_page: Page, hubs: Any, alarms: Any, troubles: Any
) -> None:
    found = await call(open_page, FOLLOW, [told(100, *hubs)])
    assert (found["alarms"], found["troubles"]) == (alarms, troubles)


async def test_rates_of_hubs_are_by_the_time_of_which_each_tells(open_page: Page) -> None:
    found = await call(
        open_page,
        FOLLOW,
        [
            told(10, hub("a", dumplings_in=100), hub("b", heard=2.0, dumplings_in=50)),
            told(12, hub("a", dumplings_in=120), hub("b", heard=1.0, dumplings_in=80)),
            told(14, hub("a", dumplings_in=140), hub("b", heard=3.0, dumplings_in=80)),
        ],
    )
    assert found["hubs"] == [["a", True, 10], ["b", False, 10]]


async def test_rates_of_kitchens_are_by_the_time_of_which_their_hub_tells(open_page: Page) -> None:
    def at(time: float, heard: float, handled: int) -> Any:
        one = kitchen(hub="b", packets_handled=handled)
        return told(time, hub("a"), hub("b", heard=heard), of_kitchens=[one])

    statuses = [at(100, 2, 0), at(110, 2, 100), *(at(110 + t, 2 + t, 100) for t in range(1, 9))]
    found = await call(open_page, FOLLOW, statuses)
    assert found["kitchens"] == [["north", "b", None, 10]]
    found = await call(open_page, FOLLOW, [*statuses, at(120, 2, 300)])
    assert found["kitchens"] == [["north", "b", None, 20]]


async def test_a_kitchen_that_goes_to_another_hub_is_the_same_one(open_page: Page) -> None:
    found = await call(
        open_page,
        FOLLOW,
        [
            told(time, hub("a"), hub("b"), of_kitchens=[kitchen(hub=at, packets_handled=handled)])
            for time, at, handled in ((1, "a", 10), (2, "a", 20), (3, "b", 30), (4, "b", 40))
        ],
    )
    assert found["kitchens"] == [["north", "b", None, 10]]


JUNK: list[Any] = [
    None, 7, "x", [None, 3, [], {}], {"name": "x"},
    [{"name": [], "id": {}, "state": 5, "heard": "x", "kitchens": -1, "backbone": 7}],
    [{"name": "x", "backbone": {"problem": [], "differs": "x", "storing": [], "connected": 1}}],
    [{"name": "x", "backbone": {"differs": [None, 5], "storing": {"waiting": "x"}}}, {"name": "x"}],
]  # fmt: skip


async def test_whatever_is_told_of_hubs_is_read_or_left(open_page: Page) -> None:
    for junk in JUNK:
        found = await call(open_page, FOLLOW, [told(1, hubs=junk), told(2, hubs=junk, hub=junk)])
        assert len(found["hubs"]) < 3
    many = [hub(f"h{n}", backbone=backbone(differs=["x" * 2000] * 20)) for n in range(200)]
    found = await call(open_page, FOLLOW, [told(1, *many)])
    assert len(found["hubs"]) == 128
    assert max(len(words) for words, _ in found["troubles"]) < 1100
