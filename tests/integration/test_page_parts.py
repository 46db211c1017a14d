"""What the core of the hub's page is made of, in a real browser but without a connection."""

from __future__ import annotations

import asyncio
import unicodedata
from typing import Any

import pytest
from playwright.async_api import Page

from netdumplings.console.text import printable
from support.browser import needs_a_browser
from support.hub_peers import PATIENCE, dumpling, kitchen, running_hub
from support.live_page import Complaints, show
from support.page_modules import call

pytestmark = [needs_a_browser, pytest.mark.asyncio(loop_scope="session")]


def status(time: float, uptime: float | None = None, **kitchens: dict[str, Any]) -> dict[str, Any]:
    """A status dumpling: kitchens by name, with their counts."""
    peers = [
        {
            "info_from_kitchen": {"kitchen_name": name, "counts": counts},
            "info_from_hub": {"host": "192.0.2.1", "port": 1},
        }
        for name, counts in kitchens.items()
    ]
    return {
        "metadata": {"creation_time": time},
        "payload": {"server_uptime": uptime or time, "dumpling_kitchens": peers},
    }


FOLLOW = """
    const [{ StatusBook }, { Totals }] = await Promise.all(
      [import("/status.js"), import("/totals.js")]);
    const book = new StatusBook();
    for (const one of given) one === "interrupted" ? book.interrupted() : book.take(one);
    const sum = (values) => values && values.reduce((all, one) => all + one);
    const meters = book.picture.kitchens.map(({ meter }) => meter);
    return {
      packets: new Totals().spans(book.picture, "", 0)
        .map(({ from, to, packets }) => [from, to, sum(packets)]),
      lost: meters.reduce((all, one) => all + one.since(0).packets_dropped_by_kernel, 0),
      kitchens: book.picture.kitchens.map(({ name, gone }) => [name, gone]),
    };
"""


async def test_counts_that_come_at_another_rhythm_than_statuses_make_no_zigzag(
    open_page: Page,
) -> None:
    told = [0, 10, 10, 30, 40]
    statuses = [status(n, k={"packets_handled": count}) for n, count in enumerate(told)]
    found = await call(open_page, FOLLOW, statuses)
    assert [rate for _, _, rate in found["packets"]] == [10, 10, 10, 10]
    # What has not been told yet is no zero.
    found = await call(open_page, FOLLOW, [*statuses, status(5, k={"packets_handled": 40})])
    assert [to for _, to, _ in found["packets"]] == [1, 2, 3, 4]
    # For long, it is one.
    idle = [status(n, k={"packets_handled": 40}) for n in range(5, 12)]
    found = await call(open_page, FOLLOW, [*statuses, *idle])
    assert [rate for _, _, rate in found["packets"]] == [10] * 4 + [0] * 6


async def test_what_nobody_heard_is_a_gap_in_the_chart_and_counts_as_lost_all_the_same(
    open_page: Page,
) -> None:
    def at(time: int, lost: int) -> dict[str, Any]:
        return status(time, k={"packets_handled": 10 * time, "packets_dropped_by_kernel": lost})

    before = [at(n, 0) for n in range(5)]
    found = await call(open_page, FOLLOW, [*before, "interrupted", at(60, 7), at(61, 7)])
    assert found["packets"][3:] == [[3, 4, 10], [4, 60, None], [60, 61, 10]]
    assert found["lost"] == 7
    # It is the same if it was the hub that stood still.
    found = await call(open_page, FOLLOW, [*before, at(60, 7), at(61, 7)])
    assert found["packets"][3:] == [[3, 4, 10], [4, 60, None], [60, 61, 10]]
    # A connection that was lost for a moment missed nothing: what came meanwhile was asked for.
    found = await call(open_page, FOLLOW, [*before, "interrupted", at(5, 0)])
    assert found["packets"][4:] == [[4, 5, 10]]


async def test_a_kitchen_that_begins_anew_has_no_rate_below_zero(open_page: Page) -> None:
    told = [100, 110, 3, 13]
    statuses = [status(n, k={"packets_handled": count}) for n, count in enumerate(told)]
    found = await call(open_page, FOLLOW, statuses)
    assert [rate for _, _, rate in found["packets"]] == [10, None, 10]


async def test_a_clock_that_was_set_back_begins_a_new_picture(open_page: Page) -> None:
    statuses = [status(n, k={"packets_handled": n}) for n in (1000, 1001, 10, 11)]
    found = await call(open_page, FOLLOW, statuses)
    assert found["packets"] == [[10, 11, 1]]
    assert found["kitchens"] == [["k", None]]


JUNK: list[Any] = [
    None, 7, [], {}, {"metadata": 3}, {"metadata": {"creation_time": "x"}},
    {"metadata": {"creation_time": 5}, "payload": None},
    {"metadata": {"creation_time": 5}, "payload": {
        "dumpling_kitchens": [None, 3, {}, {"info_from_kitchen": 1, "info_from_hub": []}, {
            "info_from_kitchen": {
                "kitchen_name": [], "chefs": [1, None, {}], "interface": [[[]]], "counts": {
                    "packets_handled": 1e308, "bytes_handled": -1, "behind": "x",
                    "traffic": {"IP": "x", "TCP": [1], "__proto__": [1, 2], "UDP": [1, None]},
                    "chefs": {"__proto__": 1, "constructor": {}, "x": None}, "stuck": [],
                    "quarantined": {"toString": 3, "x": {}},
                    "not_wanted": [1, None, {}, "toString"], "kernel_filter": ["x"],
                }}, "info_from_hub": {"port": 2**70, "host": {}}}],
        "dumpling_eaters": "x", "ledger": [], "refused": {"x": "y"}, "server_uptime": {}}},
]  # fmt: skip


async def test_a_status_of_whatever_shape_is_read_or_left(open_page: Page) -> None:
    found = await call(
        open_page,
        """const { StatusBook } = await import("/status.js");
        const book = new StatusBook();
        for (const one of given) book.take(one);
        return [book.picture.kitchens.map(({ name }) => name), book.picture.eaters.length];""",
        JUNK,
    )
    # What has no place of its own is one and the same.
    assert found == [["?"], 0]


async def test_what_is_too_much_is_dropped_in_batches_and_counted_to_the_last(
    open_page: Page,
) -> None:
    found = await call(
        open_page,
        """const { Backlog } = await import("/backlog.js");
        const [line, own] = given;
        const batch = ["{}", ...Array(20_000).fill(line)].join("\\n");
        const told = { dumplings: 0, own: 0, gap: [] };
        await new Promise((done) => {
          const backlog = new Backlog((event, what) => {
            if (event === "gap") told.gap.push(what);
            else told[event] += event === "own" ? 1 : what.length;
            if (event === "own") done();
          });
          backlog.addGap({ missed: 1, reason: "slow", kitchen: null });
          for (let n = 0; n < 20; n += 1) backlog.addLines(batch, 3, false);
          backlog.addLines(`{}\\n${own}`, 3, false);
        });
        return told;""",
        [dumpling("x" * 40), dumpling({}, chef="SystemStatusChef", kitchen=None)],
    )
    reasons = {gap["reason"]: gap["missed"] for gap in found["gap"]}
    assert set(reasons) == {"slow", "sampled"}
    assert found["dumplings"] + reasons["sampled"] == 20 * 20_000
    assert found["dumplings"] > 0
    assert found["own"] == 1


async def test_what_cannot_be_seen_is_written_as_the_commands_write_it(open_page: Page) -> None:
    hidden = ("Cc", "Cf", "Zl", "Zp")
    characters = [
        chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) in hidden
    ]
    assert len(characters) > 200
    texts = [f"a{character}\\" for character in characters]
    code = 'const { text } = await import("/dom.js"); return given.map((one) => text(one));'
    assert await call(open_page, code, texts) == [printable(text) for text in texts]
    assert await call(open_page, code, ["é 台\u00a0𝄞", 7]) == ["é 台\u00a0𝄞", "7"]


@pytest.mark.parametrize(
    ("code", "written"),
    [
        ("short(0, '/s')", "0/s"),
        ("short(999.4)", "999"),
        ("short(999.6, 'bit/s')", "1\u00a0kbit/s"),
        ("short(1234567, '/s')", "1.23\u00a0M/s"),
        ("short(0.0456)", "0.05"),
        ("percent(1e-9)", "<0.01%"),
        ("percent(0.99999)", ">99.9%"),
        ("span(0.04)", "0\u00a0s"),
        ("span(3661)", "1\u00a0h 1\u00a0min"),
        ("span(NaN)", "?"),
        ("whole(1234567)", "1\u202f234\u202f567"),
        ("counted(1, 'packet')", "1 packet"),
    ],
)
async def test_numbers_are_written_short(open_page: Page, code: str, written: str) -> None:
    names = "{ short, percent, span, whole, counted }"
    made = f'const {names} = await import("/format.js"); return {code};'
    assert await call(open_page, made) == written


COMPRESSED = """
    const { Hub } = await import("/hub.js");
    const hub = new Hub(given, { compressed: true });
    const payloads = [];
    let binary = 0;
    const native = globalThis.WebSocket;
    globalThis.WebSocket = class extends native {
      constructor(...how) {
        super(...how);
        this.addEventListener("message", ({ data }) => { binary += typeof data !== "string"; });
      }
    };
    hub.connect();
    globalThis.WebSocket = native;
    await new Promise((done) => {
      hub.on("dumplings", (lines) => {
        payloads.push(...lines.map((line) => JSON.parse(line).payload));
        if (payloads.length === 500) done();
      });
    });
    return [payloads, binary];
"""


async def test_a_page_from_elsewhere_has_compressed_batches_in_their_order(
    page: Page, complaints: Complaints
) -> None:
    async with running_hub() as hub, kitchen(hub) as cook:
        await show(page, hub.out_port)
        heard = asyncio.create_task(call(page, COMPRESSED, f"ws://localhost:{hub.out_port}/"))
        for n in range(500):
            await cook.send(dumpling([n, "x" * 400]))
        payloads, binary = await asyncio.wait_for(heard, PATIENCE)
        assert [n for n, _ in payloads] == list(range(500))
        assert binary > 0


async def test_after_a_message_that_cannot_be_unpacked_none_is_heard(open_page: Page) -> None:
    found = await call(
        open_page,
        """const { Inbox } = await import("/inbox.js");
        const pack = (bytes) => new Response(
          new Blob([bytes]).stream().pipeThrough(new CompressionStream("deflate"))).arrayBuffer();
        const found = [];
        for (const bad of [new ArrayBuffer(9), await pack(new Uint8Array(2_300_000))]) {
          const heard = [];
          const inbox = new Inbox((text) => heard.push(text), () => heard.push("broken"));
          inbox.add("text");
          inbox.add(await pack("packed"));
          inbox.add("behind it");
          inbox.add(bad);
          inbox.add("too late");
          await inbox.empty();
          inbox.add("much too late");
          await inbox.empty();
          found.push(heard);
        }
        return found;""",
    )
    assert found == [["text", "packed", "behind it", "broken"]] * 2
