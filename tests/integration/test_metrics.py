"""/metrics of a real hub with real kitchens, read with prometheus-client's own parser."""

from __future__ import annotations

import asyncio
import json
import math
import re
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.openmetrics import parser

from netdumplings import DumplingChef, DumplingHub, DumplingKitchen
from netdumplings.backbone import BackboneSettings
from netdumplings.hub import seldom
from netdumplings.hub.reports import SumTold
from netdumplings.packets import Packet
from netdumplings.transport.tokens_file import add_token
from support.fleets import hear, report
from support.http import ask
from support.hub_peers import PATIENCE, dumpling, eater, kitchen, running_hub
from support.packets import arp, dns_query, tcp_syn, write_pcap
from support.v2_peers import v2_kitchen

OPEN = "Accept: application/openmetrics-text;version=1.0.0"


class EveryChef(DumplingChef):
    def packet_handler(self, packet: Packet) -> int:
        return len(packet)


class FailingChef(DumplingChef):
    def packet_handler(self, packet: Packet) -> int:
        raise ValueError("no")


class Scraped:
    """What was scraped."""

    def __init__(self, text: str) -> None:
        families = parser.text_string_to_metric_families(text)
        self._samples = [sample for family in families for sample in family.samples]

    def value(self, name: str, **labels: str) -> float:
        """The sum of all samples of a name (without the prefix) that have these labels."""
        found = [
            sample.value
            for sample in self._samples
            if sample.name == f"netdumplings_{name}" and labels.items() <= sample.labels.items()
        ]
        assert found, (name, labels)
        return sum(found)


async def scrape(hub: DumplingHub, *headers: str) -> Scraped:
    answer = await ask(hub.out_port, "/metrics", OPEN, *headers)
    assert answer.status == 200
    return Scraped(answer.text)


async def status(hub: DumplingHub) -> dict[str, Any]:
    payload: dict[str, Any] = json.loads((await ask(hub.out_port, "/api/status")).body)
    return payload


async def test_what_is_scraped_is_what_the_status_says(tmp_path: Path) -> None:
    """Two kitchens of one name, and one of another: of each name the sum."""
    # The last packet comes an hour later: the kitchens are there to be asked.
    packets = [arp(), dns_query(), tcp_syn(), arp()]
    capture = write_pcap(tmp_path / "x.pcap", *packets, times=[0, 0, 0, 3600])
    async with running_hub() as hub, eater(hub):
        kitchens = [
            DumplingKitchen(
                name,
                hub=f"localhost:{hub.in_port}",
                read=capture,
                speed=1,
                filter="",
                chefs=[EveryChef, FailingChef],
                insecure=True,
            )
            for name in ("twice", "twice", 'o"n\\c\ne\u202e')
        ]
        serving = [asyncio.create_task(one.serve()) for one in kitchens]
        async with asyncio.timeout(PATIENCE):
            while True:
                told = [
                    one["info_from_kitchen"]["counts"]
                    for one in (await status(hub))["dumpling_kitchens"]
                ]
                if [one["dumplings_acknowledged"] for one in told] == [3, 3, 3]:
                    break
        payload, found = await status(hub), await scrape(hub)
        for one in kitchens:
            one.stop()
        await asyncio.wait_for(asyncio.gather(*serving), PATIENCE)
        async with asyncio.timeout(PATIENCE):
            while (later := await scrape(hub)).value("connections", peer="kitchen"):
                pass

    def each(name: str, **labels: str) -> list[float]:
        names = "twice", 'o"n\\c\\ne\\u202e'
        return [found.value(name, kitchen=name_, **labels) for name_ in names]

    counts = told[0]
    assert counts["packets_received"] == 3
    for name in ("packets_received", "packets_handled", "dumplings_made", "dumplings_acknowledged"):
        assert each(f"{name}_total") == [2 * counts[name], counts[name]], name
    assert counts["bytes_handled"] == len(arp() + dns_query() + tcp_syn())
    assert each("handled_bytes_total") == [2 * counts["bytes_handled"], counts["bytes_handled"]]
    assert set(counts["traffic"]) == {"IP", "ARP", "UDP", "TCP"}
    for layer, (number, size) in counts["traffic"].items():
        assert each("layer_packets_total", layer=layer) == [2 * number, number]
        assert each("layer_bytes_total", layer=layer) == [2 * size, size]
    for by in ("kernel", "interface", "kitchen"):
        assert each("packets_dropped_total", by=by) == [0, 0]
    assert each("chef_errors_total", chef="FailingChef") == [6, 3]
    assert each("chef_dumplings_total", chef="EveryChef") == [6, 3]
    assert each("kitchens") == [2, 1]
    ledger = payload["ledger"]
    assert sum(each("dumplings_received_total")) == ledger["received"] == 9
    assert found.value("hub_dumplings_received_total") == ledger["received"]
    for name in ("lost", "own", "routed", "sent", "filtered_out", "dropped"):
        assert found.value(f"hub_dumplings_{name}_total") == ledger[name], name
    assert found.value("connections", peer="eater") == payload["dumpling_eater_count"] == 1
    assert found.value("connections", peer="kitchen") == 3
    assert found.value("eaters", eater="test_eater") == 1
    assert found.value("eater_dumplings_sent_total", eater="test_eater") == ledger["sent"]
    assert found.value("eater_dumplings_dropped_total", eater="test_eater") == 0
    assert found.value("history_dumplings") == 9
    # Those who have gone are counted still.
    assert later.value("packets_received_total", kitchen="twice") >= 6
    assert later.value("kitchens", kitchen="twice") == 0


async def test_the_metrics_are_for_those_with_a_token_for_the_status(tmp_path: Path) -> None:
    file = tmp_path / "tokens.json"
    good, bad = add_token(file, "s", ["status"]), add_token(file, "e", ["eater"])
    async with running_hub(tokens=file) as hub:
        assert (await ask(hub.out_port, "/metrics")).status == 401
        headers = f"Authorization: Bearer {bad.reveal()}"
        assert (await ask(hub.out_port, "/metrics", headers)).status == 403
        found = await scrape(hub, f"Authorization: Bearer {good.reveal()}")
        for code in ("401", "403"):
            assert found.value("http_answers_total", code=code) == 1


async def test_a_kitchen_that_says_nonsense_spoils_nobody_elses_numbers() -> None:
    nonsense = '{"kitchen_name": "k", "interface": 5, "counts": {"packets_received": "x"}}'
    good = '{"kitchen_name": "k", "interface": "eth0", "counts": {"packets_received": 4}}'
    async with running_hub() as hub, kitchen(hub, nonsense) as bad, kitchen(hub, good) as sending:
        await bad.send(dumpling("x"))
        for one in (bad, sending):
            await (await one.ping())
        found = await scrape(hub)
    assert found.value("packets_received_total", kitchen="k") == 4
    assert found.value("kitchens", interface="") == 1
    assert found.value("dumplings_received_total", interface="") == 1


async def test_a_kitchen_that_goes_on_by_another_connection_or_in_another_session_counts_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(seldom, "SHARE", math.inf)

    def received(number: int) -> dict[str, int]:
        return {"packets_received": number, "dumplings_made": number}

    async with running_hub() as hub, v2_kitchen(hub) as lost, v2_kitchen(hub) as again:
        await lost.hello(counts=received(10))
        assert (await scrape(hub)).value("packets_received_total") == 10
        # The first is sent away, and does not hear of it.
        lost.connection.transport.pause_reading()
        await again.hello(counts=received(12))
        for _ in range(2):
            assert (await scrape(hub)).value("packets_received_total") == 12
        lost.connection.transport.resume_reading()
        # What a former run had left is done: the same kitchen goes on with what it makes itself.
        await again.hello(session="a session of its own", counts=received(13))
        found = await scrape(hub)
    assert found.value("packets_received_total") == 13
    assert found.value("kitchens") == 1


DEPLOY = Path(__file__).parents[2] / "deploy"
REFERENCE = Path(__file__).parents[2] / "docs/reference/metrics.md"
#: A metric in an expression of Prometheus', the labels it is chosen by, and by which it is summed.
METRIC = re.compile(r"netdumplings_(\w+)(?:\{([^}]*)\})?")
GROUPED = re.compile(r"(?:by|without) \(([^)]*)\)")


async def everything() -> dict[str, set[str]]:
    """Every metric of a hub, and its labels."""
    hello = {
        "kitchen_name": "k",
        "interface": "eth0",
        "counts": {"behind": 1.5, "traffic": {"IP": [1, 1]}, "chefs": {"C": {"packets": 1}}},
    }
    # There is no such backbone; the hub has something to say of it all the same.
    nowhere = BackboneSettings(servers=["nats://127.0.0.1:1"])
    async with (
        running_hub(backbone=nowhere) as hub,
        kitchen(hub, json.dumps(hello)) as one,
        eater(hub),
    ):
        assert hub._service is not None
        assert hub._service._joined is not None
        hear(hub._service._joined.fleet, report(sums=[SumTold("k")]))
        await (await one.ping())
        scraped = await scrape(hub)
    found: dict[str, set[str]] = {}
    for sample in scraped._samples:
        found.setdefault(sample.name.removeprefix("netdumplings_"), set()).update(sample.labels)
    return found


def expressions() -> list[str]:
    """What the dashboard and the alerts ask Prometheus."""
    dashboard = json.loads((DEPLOY / "grafana/netdumplings.json").read_text())
    rules = (DEPLOY / "prometheus/netdumplings.rules.yml").read_text()
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ())]
    asked += [one["definition"] for one in dashboard["templating"]["list"] if "definition" in one]
    # (YAML, of which only the expressions matter, on one line or on several that are indented.)
    asked += re.findall(r"expr:(?: >-)?((?: .*)?(?:\n {10}.*)*)", rules)
    return asked


async def test_dashboard_and_alerts_ask_for_what_there_is() -> None:
    found, asked = await everything(), expressions()
    assert len(asked) > 25
    for expression in asked:
        metrics = METRIC.findall(expression)
        assert metrics, expression
        for name, chosen in metrics:
            assert name in found, expression
            assert {one.strip().split("=")[0].rstrip("!") for one in chosen.split(",") if one} <= (
                found[name]
            ), expression
        for labels in GROUPED.findall(expression):
            known = set().union(*(found[name] for name, _ in metrics))
            assert {one.strip() for one in labels.split(",")} <= known, expression


def test_the_dashboard_is_whole() -> None:
    dashboard = json.loads((DEPLOY / "grafana/netdumplings.json").read_text())
    panels = dashboard["panels"]
    assert panels[0]["title"] == "Losses"
    places = set()
    for panel in panels:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        covered = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not covered & places, panel["title"]
        places |= covered
        # Whichever Prometheus it is imported for.
        for source in (panel, *panel.get("targets", ())):
            if panel["type"] != "row":
                assert source["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
    assert len({panel["id"] for panel in panels}) == len(panels)


async def test_the_reference_lists_every_metric_and_no_other() -> None:
    listed = re.findall(
        r"^\| `(\w+)` \| (?:counter|gauge|info)", REFERENCE.read_text(), re.MULTILINE
    )
    assert len(listed) == len(set(listed))
    assert set(listed) == set(await everything())
