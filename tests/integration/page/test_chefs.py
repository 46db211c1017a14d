"""The page's view of chefs in a real browser: a card for each, of the kind that suits it."""

from __future__ import annotations

import json
import re
import socket
import textwrap
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from netdumplings import DumplingChef
from netdumplings.capture import may_sniff
from netdumplings.kitchen.displays import displays_of
from netdumplings.wire import kitchen_hello, kitchen_hello_message
from support.browser import needs_a_browser
from support.commands import Command
from support.hub_peers import dumpling, kitchen, running_hub
from support.live_page import Complaints, show
from support.packets import arp, dns_query, tcp_syn, write_pcap
from support.page_modules import call, stage
from support.v2_peers import SESSION, v2_kitchen

pytestmark = [needs_a_browser, pytest.mark.asyncio(loop_scope="session")]

EXAMPLES = Path(__file__).parents[3] / "examples"
ASKED = "asked-for-during-the-test.example"


def card(page: Page, name: str) -> Locator:
    """The card with a title."""
    return page.get_by_role("article", name=name, exact=True)


def announcing(displays: dict[str, Any], name: str = "k") -> str:
    """What a kitchen says first, with how its chefs want to be shown."""
    said = kitchen_hello(name, "eth0", "", [f"mychefs.{chef}" for chef in displays], 5.0)
    return kitchen_hello_message(SESSION, 1, json.dumps(json.loads(said) | {"displays": displays}))


async def test_a_name_that_is_looked_up_on_this_machine_is_in_the_list_of_names(
    page: Page, complaints: Complaints, tmp_path: Path
) -> None:
    """A real kitchen, sniffing where it may, and otherwise reading a capture."""
    query = dns_query(ASKED)
    live = may_sniff(["lo"]) is None
    capture = write_pcap(tmp_path / "query.pcap", query)
    source = ("-i", "lo", "--immediate") if live else ("--read", str(capture))
    async with running_hub() as hub:
        await show(page, hub.out_port, "chefs")
        with Command("sniff", *source, "-f", "udp port 53", "-p", "0.2",
                     "-h", f"localhost:{hub.in_port}") as sniffer:  # fmt: skip
            names = card(page, "Names looked up")
            if live:
                await expect(names).to_be_visible()  # at the first interval it tells of no name
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
                    udp.sendto(query[42:], ("127.0.0.1", 53))  # without Ethernet, IP and UDP
            await expect(names.get_by_role("listitem").filter(has_text=ASKED)).to_have_count(1)
            note = names.locator(".card-note")
            await expect(note).to_have_attribute("aria-live", "off")
            await names.get_by_role("searchbox").fill("nobody asked")
            await expect(names.get_by_text(ASKED)).to_be_hidden()
            await expect(note).to_have_attribute("aria-live", "polite")
            await names.get_by_role("searchbox").fill("DURING")
            await expect(names.get_by_text(ASKED)).to_be_visible()
            sniffer.process.kill()


async def test_layers_have_rates_and_conflicting_arp_replies_are_marked(
    page: Page, complaints: Complaints, tmp_path: Path
) -> None:
    replies = [arp(2, hw, "192.0.2.7") for hw in ("02:00:00:00:00:07", "02:66:66:66:66:66")]
    probes = [arp(1, f"02:00:00:00:00:{n:02x}", "0.0.0.0") for n in (1, 2)]
    packets = [*replies, *probes, arp(2, "02:00:00:00:00:01", "192.0.2.1"), *[tcp_syn(80)] * 200]
    times = [1e9 + number / 10 for number in range(len(packets))]
    capture = write_pcap(tmp_path / "x.pcap", *packets, times=times)
    async with running_hub() as hub:
        await show(page, hub.out_port, "chefs")
        with Command("sniff", "--read", str(capture), "-h", f"localhost:{hub.in_port}"):
            layers = card(page, "Packets by layer").get_by_role("listitem").filter(has_text="TCP")
            await expect(layers).to_have_text(re.compile(r"^TCP[\d.]+ packets/s$"))
            table = card(page, "ARP table")
            await expect(table.get_by_text("1 conflict", exact=False)).to_be_visible()
            marked = table.get_by_role("row").filter(has_text="conflict")
            await expect(marked).to_have_count(1)
            await expect(marked).to_contain_text("192.0.2.7")
            await expect(marked).to_contain_text("02:66:66:66:66:66")
            await expect(marked).to_contain_text("conflict: was 02:00:00:00:00:07")
            # Who asks whether an address is free has none: that is no conflict.
            await expect(table.get_by_role("row").filter(has_text="0.0.0.0")).to_have_count(1)


async def test_a_chef_is_shown_as_it_announced(page: Page, complaints: Complaints) -> None:
    displays = {
        "Bars": {
            "view": "bars",
            "title": "How many",
            "of": ["n"],
            "value": "much",
            "unit": "apples",
        },
        "Lines": {"view": "lines", "of": ["counters"], "rate": True, "unit": "B"},
        "Rows": {"view": "table", "key": "id", "columns": ["id", "is"], "conflict": "is"},
        "Says": {"view": "text", "of": ["said"]},
        "Tops": {"view": "top", "title": "Most of all"},
        "Evil": {"view": "constructor", "title": "<b>never</b>"},
    }
    async with running_hub(status_freq=0.2) as hub, v2_kitchen(hub) as cellar:
        await cellar.connection.send(announcing(displays), text=True)
        await cellar.told("welcome")
        await show(page, hub.out_port, "chefs")
        await cellar.send(
            1,
            dumpling({"n": {"red": {"much": 3}, "green": {"much": 1}}, "other": 1}, chef="Bars"),
            dumpling({"counters": {"in": 1000}}, chef="Lines", creation_time=10),
            dumpling({"counters": {"in": 3000}}, chef="Lines", creation_time=20),
            dumpling({"counters": {"in": 10}}, chef="Lines", creation_time=30),  # began anew
            dumpling([{"id": 1, "is": "a", "x": 0}, {"id": 2, "is": "b"}], chef="Rows"),
            dumpling({"id": 2, "is": "c"}, chef="Rows"),
            dumpling({"said": "first\nline"}, chef="Says", creation_time=1),
            dumpling({"said": "second"}, chef="Says", creation_time=2),
            dumpling({"one": 1, "two": 2}, chef="Tops"),
            dumpling({"number": -5, "word": "yes"}, chef="Evil"),
        )
        items = card(page, "How many").get_by_role("listitem")
        await expect(items).to_have_text(["red3 apples", "green1 apples"])
        line = card(page, "Lines").get_by_role("listitem")
        await expect(line).to_contain_text("200 B/s")
        picture = line.get_by_role("img")
        await expect(picture).to_have_attribute("aria-label", "in: now 200, between 200 and 200")
        rows = card(page, "Rows").get_by_role("row")
        await expect(rows).to_have_count(3)  # with the head
        await expect(rows.filter(has_text="conflict: was b")).to_contain_text("c")
        await expect(card(page, "Says").get_by_role("listitem")).to_have_text(
            [re.compile("second$"), re.compile(r"first\\x0aline$")]
        )
        await expect(card(page, "Most of all").get_by_role("listitem").first).to_have_text("two2")
        # A hint that is none: the generic card, by the chef's name.
        evil = card(page, "Evil")
        await expect(evil.get_by_role("listitem")).to_contain_text("\u22125")
        await expect(evil.get_by_role("row")).to_have_text("wordyes")


async def test_what_has_nothing_to_show_at_first_is_shown_when_it_has(
    page: Page, complaints: Complaints
) -> None:
    """Lists are to be read, ports are no amounts, and rows come latest first if no key is seen."""
    displays = {
        "Rows": {"view": "table", "of": ["rows"], "key": "id", "columns": ["src_port", "names"]},
        "Tops": {"view": "top", "of": ["hosts"], "key": "ip", "value": "bytes"},
    }
    async with running_hub(status_freq=0.2) as hub, v2_kitchen(hub) as cellar:
        await cellar.connection.send(announcing(displays), text=True)
        await cellar.told("welcome")
        await cellar.send(1, *(dumpling({"sums": 1}, chef=chef) for chef in displays))
        await show(page, hub.out_port, "chefs")
        for chef in displays:
            # It is there, is hidden, and was seen to be out of sight.
            await expect(page.locator(f"article[aria-label={chef}]")).to_be_hidden()
        await page.wait_for_timeout(300)
        rows = [
            {"id": "a", "src_port": 40046, "names": ["one", "two"]},
            {"id": "b", "src_port": 443, "names": []},
        ]
        hosts = [{"ip": "192.0.2.1", "bytes": 1}, {"ip": "192.0.2.2", "bytes": 3}, {"bytes": 9}, 7]
        await cellar.send(
            3, dumpling({"rows": rows}, chef="Rows"), dumpling({"hosts": hosts}, chef="Tops")
        )
        shown = card(page, "Rows").get_by_role("row")
        await expect(shown).to_have_text(["src_portnames", "443\u2013", "40046one, two"])
        tops = card(page, "Tops").get_by_role("listitem")
        await expect(tops).to_have_text(["192.0.2.23", "192.0.2.11"])


async def test_the_chef_of_the_guide_is_shown_as_the_guide_says(
    page: Page, complaints: Complaints, tmp_path: Path
) -> None:
    packets = [tcp_syn(443), tcp_syn(443), tcp_syn(22)] * 40
    times = [1e9 + number / 10 for number in range(len(packets))]
    capture = write_pcap(tmp_path / "x.pcap", *packets, times=times)
    async with running_hub(status_freq=0.2) as hub:
        await show(page, hub.out_port, "chefs")
        # At its own pace, so that the hub's status tells of its hints while it is there.
        with Command("sniff", "--read", str(capture), "-m", str(EXAMPLES / "shown_chef.py"),
                     "--speed", "10", "--loop", "-h", f"localhost:{hub.in_port}"):  # fmt: skip
            ports = card(page, "Ports called").get_by_role("listitem")
            await expect(ports.first).to_have_text(re.compile(r"^443[\d.]+ connections/s$"))
            await expect(ports.last).to_have_text(re.compile(r"^22[\d.]+ connections/s$"))


async def test_every_hint_in_the_guide_is_one(page: Page, complaints: Complaints) -> None:
    guide = (EXAMPLES.parent / "docs/how-to/show-a-chef-your-way.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^ *```python\n(.*?)^ *```$", guide, re.MULTILINE | re.DOTALL)
    hints = []
    for block in blocks:
        names: dict[str, Any] = {}
        exec(textwrap.dedent(block), names)
        chef = type("GuideChef", (DumplingChef,), {"display": names["display"]})
        assert displays_of([chef]) == {"GuideChef": names["display"]}
        hints.append(names["display"])
    assert {hint["view"] for hint in hints} == {"bars", "top", "table", "lines", "text"}
    async with running_hub() as hub:
        await show(page, hub.out_port)
        code = 'return given.map((await import("/hints.js")).checked);'
        assert await call(page, code, hints) == hints


async def test_of_any_other_chef_the_numbers_are_lines_and_the_rest_a_table(
    page: Page, complaints: Complaints
) -> None:
    async with running_hub() as hub, kitchen(hub) as cellar:
        await show(page, hub.out_port, "chefs")
        for number in (3, 7, 5):
            payload = {"load": {"one": number}, "host": "gw", "tags": ["a", "b"], "big": 1e300}
            await cellar.send(dumpling(payload, creation_time=number))
        shown = card(page, "TestChef")
        line = shown.get_by_role("listitem").filter(has_text="load \u203a one")
        # The clock was set back before the last: a new line begins.
        await expect(line).to_contain_text("5")
        await expect(shown.get_by_role("row").filter(has_text="host")).to_contain_text("gw")
        await expect(shown.get_by_role("row").filter(has_text="tags")).to_contain_text(
            "2 in a list"
        )
        await expect(shown.get_by_role("listitem").filter(has_text="big")).to_contain_text(
            "1.00e+300"
        )


async def test_kitchens_are_shown_together_or_one_by_one(
    page: Page, complaints: Complaints
) -> None:
    def counts(where: str, time: float, packets: int) -> str:
        payload = {"packet_counts": {"TCP": packets}}
        chef = "PacketCountChef"
        return dumpling(payload, chef=chef, kitchen=where, creation_time=time, driver="interval")

    async with (
        running_hub(status_freq=0.2) as hub,
        kitchen(hub, json.dumps({"kitchen_name": "attic"})) as attic,
        kitchen(hub, json.dumps({"kitchen_name": "cellar"})) as cellar,
    ):
        await show(page, hub.out_port, "chefs")
        for time, packets in ((0, 0), (10, 100)):
            await attic.send(counts("attic", time, packets))
            await cellar.send(counts("cellar", time, 3 * packets))
        bar = card(page, "Packets by layer").get_by_role("listitem")
        await expect(bar).to_have_text("TCP40 packets/s")
        await page.get_by_role("combobox", name="Kitchen", exact=True).select_option("attic")
        await expect(bar).to_have_text("TCP10 packets/s")
        await page.get_by_role("combobox", name="Kitchen", exact=True).select_option("all kitchens")
        await expect(bar).to_have_text("TCP40 packets/s")
        # One that has gone adds nothing any more.
        await cellar.close()
        await expect(bar).to_have_text("TCP10 packets/s")


async def test_a_hint_that_comes_late_is_followed_and_nothing_is_forgotten(
    page: Page, complaints: Complaints
) -> None:
    async with running_hub(status_freq=0.2) as hub:
        async with kitchen(hub) as cellar:
            await show(page, hub.out_port, "chefs")
            await cellar.send(dumpling({"id": 1, "is": "early"}))
            await cellar.send(dumpling({"lookups_seen": {}}, chef="DNSLookupChef"))
            names = card(page, "Names looked up").get_by_role("searchbox")
            await names.fill("typed before")
            await expect(card(page, "TestChef").get_by_role("row")).to_have_text("isearly")
        async with v2_kitchen(hub) as another:
            hint = {"view": "table", "key": "id", "title": "Rows"}
            await another.connection.send(announcing({"TestChef": hint}), text=True)
            await another.told("welcome")
            rows = card(page, "Rows").get_by_role("row")
            await expect(rows).to_have_text(["idis", "1early"])
            await another.send(1, dumpling({"id": 2, "is": "late"}))
            await expect(rows).to_have_text(["idis", "1early", "2late"])
            await expect(names).to_have_value("typed before")  # other cards stay as they are


async def test_when_more_comes_than_can_be_read_the_cards_say_that_they_are_a_sample(
    page: Page, complaints: Complaints
) -> None:
    async with running_hub() as hub:
        await stage(page, hub.out_port, "view-chefs")
        await page.evaluate("(line) => stage.hub.emit('dumplings', [line])", dumpling({"n": 1}))
        await expect(card(page, "TestChef")).to_be_visible()
        flood = "(line) => stage.hub.emit('dumplings', Array(25_000).fill(line))"
        await page.evaluate(flood, dumpling({"n": 2}))
        said = "A sample: 20\u202f000 came too fast to be read."
        await expect(page.get_by_text(said)).to_be_visible()
        await expect(card(page, "TestChef").get_by_role("listitem")).to_have_text("n2")


async def test_the_cards_know_what_came_while_another_view_was_seen(
    page: Page, complaints: Complaints
) -> None:
    async with running_hub() as hub, kitchen(hub) as cellar:
        await show(page, hub.out_port, "dumplings")
        await cellar.send(dumpling({"n": 42}))
        await expect(page.get_by_role("row").filter(has_text="42")).to_be_visible()
        await page.get_by_role("tab", name="Chefs", exact=True).click()
        await expect(card(page, "TestChef")).to_contain_text("42")
