"""Whatever is counted, and whatever who counts is called, is what Prometheus can read."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import parser as plain_parser
from prometheus_client.openmetrics import parser
from websockets.datastructures import Headers

from netdumplings.delivery import EaterLedger, IntakeLedger
from netdumplings.hub import fleet_metrics
from netdumplings.hub.eater_totals import EaterSumNow
from netdumplings.hub.fleet import Fleet
from netdumplings.hub.metrics import OPENMETRICS, PLAIN, Metrics, wants_openmetrics
from netdumplings.hub.picture import Picture
from netdumplings.hub.places import OTHER, label
from netdumplings.hub.reports import Report, SumTold
from netdumplings.hub.totals import SumNow
from netdumplings.transport.answers import Answer, Question
from support.fleets import Clock, backbone, eater, hear, id_of, report

PLAIN_NOW = {"packets_waiting": 1, "dumplings_held": 2, "dumplings_on_disk": 3}
GROWN: dict[tuple[str, str], float] = {
    ("packets_received", ""): 7,
    ("packets_dropped", "kernel"): 2,
    ("bytes_handled", ""): 900,
    ("layer_packets", "TCP"): 5,
    ("chef_seconds", "ARPChef"): 1.25,
}


def sum_of(kitchen: str = "k", interface: str = "eth0", grown: Any = None) -> SumNow:
    return SumNow(kitchen, interface, 1, GROWN if grown is None else grown, PLAIN_NOW, 0, 0.5)


def picture(*kitchens: SumNow) -> Picture:
    return Picture(
        uptime=12.5,
        intake=IntakeLedger(9, 7, 2, 1),
        own=3,
        ledger=EaterLedger(100, 60, 20, 15, 5),
        refused={"token": 4},
        answered={200: 6},
        connected={"kitchen": 1, "eater": 2},
        history_bytes=1000,
        history_dumplings=10,
        kitchens=kitchens,
        eaters=[EaterSumNow("e", 1, 60, 15, 5)],
    )


def scraped(*kitchens: SumNow, accept: str = "application/openmetrics-text") -> Answer:
    return Metrics(lambda: picture(*kitchens)).answer(Question("", Headers(Accept=accept)))


def samples(answer: Answer) -> dict[tuple[str, ...], float]:
    """Every sample, by its name and the values of its labels in the labels' order."""
    read = parser if answer.content_type == OPENMETRICS else plain_parser
    found: dict[tuple[str, ...], float] = {}
    for family in read.text_string_to_metric_families(answer.body.decode()):
        assert family.documentation
        for sample in family.samples:
            key = sample.name, *(value for _, value in sorted(sample.labels.items()))
            assert key not in found
            found[key] = sample.value
    return found


@pytest.mark.parametrize("accept", ["application/openmetrics-text", "text/plain", ""])
def test_both_formats_say_the_same(accept: str) -> None:
    found = samples(scraped(sum_of(), accept=accept))
    assert found["netdumplings_packets_received_total", "eth0", "k"] == 7
    assert found["netdumplings_packets_dropped_total", "kernel", "eth0", "k"] == 2
    assert found["netdumplings_handled_bytes_total", "eth0", "k"] == 900
    assert found["netdumplings_layer_packets_total", "eth0", "k", "TCP"] == 5
    assert found["netdumplings_chef_seconds_total", "ARPChef", "eth0", "k"] == 1.25
    assert found["netdumplings_behind_seconds", "eth0", "k"] == 0.5
    assert found["netdumplings_dumplings_held", "eth0", "k"] == 2
    assert found["netdumplings_connections_refused_total", "token"] == 4
    assert found["netdumplings_connections_refused_total", "silent"] == 0
    assert found["netdumplings_hub_dumplings_dropped_total",] == 15
    assert found["netdumplings_uptime_seconds",] == 12.5
    assert found["netdumplings_eater_dumplings_dropped_total", "e"] == 15
    assert found["netdumplings_eaters", "e"] == 1
    assert found["netdumplings_http_answers_total", "200"] == 6


def test_what_is_a_number_of_something_has_its_unit() -> None:
    families = parser.text_string_to_metric_families(scraped(sum_of()).body.decode())
    units = {family.name: family.unit for family in families if family.unit}
    assert units == {
        "netdumplings_uptime_seconds": "seconds",
        "netdumplings_history_bytes": "bytes",
        "netdumplings_handled_bytes": "bytes",
        "netdumplings_layer_bytes": "bytes",
        "netdumplings_chef_seconds": "seconds",
        "netdumplings_behind_seconds": "seconds",
    }


@given(
    st.lists(st.text(), min_size=1, max_size=4, unique_by=label),
    st.dictionaries(st.tuples(st.sampled_from(["chef_errors", "chef_packets"]), st.text()),
                    st.floats(0, 2**63), max_size=4),
    st.sampled_from(["application/openmetrics-text", "text/plain"]),
)  # fmt: skip
def test_no_name_is_read_as_anything_but_a_name(
    names: list[str], grown: dict[tuple[str, str], float], accept: str
) -> None:
    chefs = {(key, label(chef)): number for (key, chef), number in grown.items()}
    kitchens = [sum_of(label(name), label(name), chefs) for name in names]
    found = samples(scraped(*kitchens, accept=accept))
    for name in names:
        assert found["netdumplings_kitchens", label(name), label(name)] == 1
        for (key, chef), number in chefs.items():
            assert found[f"netdumplings_{key}_total", chef, label(name), label(name)] == number
    assert len([key for key in found if key[0] == "netdumplings_kitchens"]) == len(names)


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        ("application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3", True),
        ("text/plain, Application/OpenMetrics-Text", True),
        ("application/openmetrics-text; q=0.000", False),
        ("application/openmetrics-text;q=", False),
        ("text/plain;version=0.0.4", False),
        ("*/*", False),
        (";;,;q=application/openmetrics-text", False),
        ("", False),
    ],
)
def test_openmetrics_is_for_who_asks_for_it(accept: str, wanted: bool) -> None:
    assert wants_openmetrics(accept) is wanted
    assert scraped(accept=accept).content_type == (OPENMETRICS if wanted else PLAIN)


def fleet_picture(own: Report, *others: Report) -> Picture:
    """A picture of a hub that has heard of others."""
    fleet = Fleet("own", id_of(0), lambda _: None, clock=Clock())
    hear(fleet, *others)
    return picture(sum_of())._replace(fleet=fleet.hubs(own), unreadable=3)


def scraped_fleet(own: Report, *others: Report) -> dict[tuple[str, ...], float]:
    headers = Headers(Accept="application/openmetrics-text")
    taken = fleet_picture(own, *others)
    return samples(Metrics(lambda: taken).answer(Question("", headers)))


def test_a_hub_tells_of_its_backbone_and_of_the_others() -> None:
    trouble = backbone(
        connected=False, problem="it is full", kitchens_paused=True, waiting_bytes=8, messages=5,
        bytes=6, replicas=3, differs=["d"], subjects=2,
    )  # fmt: skip
    sums = [SumTold("k", 1, 5, 3, 2)]
    found = scraped_fleet(
        report("own", 0, backbone=trouble, kitchens=2),
        report("east", 1, kitchens=4, eaters=[eater()], sums=sums),
        report("west", 2),
        report("west", 2, stopped=True, sums=sums),
    )
    for name, number in {
        "connected": 0, "trouble": 1, "kitchens_paused": 1, "waiting_bytes": 8,
        "dumplings_waiting": 2, "dumplings_taken_total": 9, "dumplings_stored_total": 6,
        "dumplings_left_total": 1, "dumplings_refused_total": 0, "dumplings_came_total": 8,
        "dumplings_routed_total": 5, "dumplings_repeated_total": 2, "dumplings_damaged_total": 1,
        "stream_messages": 5, "stream_bytes": 6, "stream_replicas": 3, "stream_differences": 1,
        "subjects": 2,
    }.items():  # fmt: skip
        assert found[f"netdumplings_backbone_{name}",] == number, name
    assert found["netdumplings_fleet_reports_unreadable_total",] == 3
    for hub, up in {"own": 1, "east": 1, "west": 0}.items():
        assert found["netdumplings_fleet_up", hub] == up
        assert found["netdumplings_fleet_dumplings_received_total", hub] == 10
        assert found["netdumplings_fleet_dumplings_dropped_total", hub] == 30
    assert found["netdumplings_fleet_kitchens", "east"] == 4
    assert found["netdumplings_fleet_eaters", "east"] == 1
    assert found["netdumplings_fleet_backbone_connected", "own"] == 0
    assert found["netdumplings_fleet_backbone_connected", "east"] == 1
    assert found["netdumplings_fleet_kitchen_connected", "east", "k"] == 1
    assert found["netdumplings_fleet_kitchen_connected", "west", "k"] == 0
    assert found["netdumplings_fleet_kitchen_dumplings_received_total", "west", "k"] == 5
    assert found["netdumplings_fleet_kitchen_packets_handled_total", "east", "k"] == 3
    assert found["netdumplings_fleet_kitchen_packets_dropped_total", "east", "k"] == 2


def test_a_hub_without_a_backbone_tells_nothing_of_one() -> None:
    assert not [key for key in samples(scraped(sum_of())) if "_fleet_" in key[0]]
    assert not [key for key in samples(scraped(sum_of())) if "_backbone_" in key[0]]


def test_kitchens_of_other_hubs_are_told_apart_to_a_certain_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fleet_metrics, "MAX_KITCHENS", 2)
    found = scraped_fleet(
        report("own", 0),
        report("east", 1, sums=[SumTold(name, received=1) for name in "abcd"]),
        report("west", 2, sums=[SumTold("a", received=7)]),
    )
    received = "netdumplings_fleet_kitchen_dumplings_received_total"
    assert {key[1:]: number for key, number in found.items() if key[0] == received} == {
        ("east", "a"): 1, ("east", "b"): 1, ("east", OTHER): 2, ("west", OTHER): 7,
    }  # fmt: skip


@given(st.lists(st.text(min_size=1, max_size=80), min_size=1, max_size=5), st.text(max_size=80))
def test_hubs_that_are_called_anything_have_labels_of_their_own(
    names: list[str], kitchen: str
) -> None:
    others = [
        report(name, number, sums=[SumTold(kitchen), SumTold(f"{kitchen}\x00")])
        for number, name in enumerate(names, 1)
    ]
    found = scraped_fleet(report("own", 0), *others)
    assert len([key for key in found if key[0] == "netdumplings_fleet_up"]) == len(others) + 1
