"""Layers, from what kitchens count and from what their chefs tell."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netdumplings.console.fleet import Fleet, read_status
from netdumplings.console.top.layers import MOST_LAYERS, SAMPLES, Layers
from support.statuses import kitchen, status


def told(layers: Layers, fleet: Fleet, time: float, *kitchens: Any) -> None:
    fleet.update(read_status(status(time, *kitchens)))
    layers.sample(time, fleet)


def test_layers_are_those_of_all_kitchens_together() -> None:
    layers, fleet = Layers(), Fleet()
    for time in (1, 2, 3):
        told(
            layers,
            fleet,
            time,
            kitchen("a", traffic={"TCP": [10 * time, 1000 * time], "ARP": [0, 0]}, n=time),
            kitchen("b", traffic={"TCP": [5 * time, 500 * time]}, n=time),
        )
    assert list(layers.by_name["TCP"].packets) == [15, 15]
    assert list(layers.by_name["TCP"].bits) == [12_000, 12_000]
    assert layers.by_name["TCP"].counts_bytes
    assert [name for name, _ in layers.sorted()] == ["TCP", "ARP"]


def test_what_kitchens_do_not_tell_their_chefs_do() -> None:
    layers, fleet = Layers(), Fleet()
    for time in (1, 2, 3):
        layers.count("a", time, {"packet_counts": {"TCP": 999 * time, "DNS": 4 * time}}, time)
        layers.count("old", time, {"packet_counts": {"TCP": 7 * time}}, time)
        told(
            layers,
            fleet,
            time,
            kitchen("a", traffic={"TCP": [10 * time, 0]}, n=time),
            kitchen("old"),
        )
    assert layers.by_name["TCP"].packets[-1] == 17
    assert layers.by_name["DNS"].packets[-1] == 4
    assert not layers.by_name["DNS"].counts_bytes


def test_a_layer_that_comes_late_was_nothing_before() -> None:
    layers, fleet = Layers(), Fleet()
    told(layers, fleet, 1)
    told(layers, fleet, 2)
    layers.count("k", 2, {"packet_counts": {"DNS": 1}}, 2)
    layers.count("k", 3, {"packet_counts": {"DNS": 5}}, 3)
    told(layers, fleet, 3)
    assert list(layers.by_name["DNS"].packets) == [0, 0, 4]


def test_what_a_chef_told_long_ago_is_no_traffic() -> None:
    layers, fleet = Layers(), Fleet()
    for time in (1, 2):
        layers.count("k", time, {"packet_counts": {"DNS": time}}, time)
    told(layers, fleet, 3)
    told(layers, fleet, 60)
    assert list(layers.by_name["DNS"].packets) == [1, 0]


def test_a_capture_of_long_ago_is_traffic_of_now() -> None:
    layers, fleet = Layers(), Fleet()
    for time in (1, 2, 3):
        layers.count("k", time - 1e9, {"packet_counts": {"DNS": 5 * time}}, time)
        told(layers, fleet, time)
    assert layers.by_name["DNS"].packets[-1] == 5


def test_a_chef_that_tells_often_is_seen_whole() -> None:
    """It counts nothing in the latest of its intervals, but did since the sample before."""
    layers, fleet = Layers(), Fleet()
    for second in range(4):
        for fifth in range(5):
            counts = {"packet_counts": {"DNS": 10 * second}}
            layers.count("k", second + fifth / 5, counts, second)
        told(layers, fleet, second + 0.9)
    assert list(layers.by_name["DNS"].packets)[1:] == pytest.approx([10, 10, 10])


def test_counters_that_begin_anew_are_no_negative_traffic() -> None:
    layers, fleet = Layers(), Fleet()
    for time, counted in ((1, 100), (2, 3)):
        layers.count("k", time, {"packet_counts": {"DNS": counted}}, time)
    told(layers, fleet, 3)
    assert "DNS" not in layers.by_name


def test_it_keeps_no_more_than_it_may() -> None:
    layers, fleet = Layers(), Fleet()
    for time in range(1000):
        layers.count(
            f"k{time}", time, {"packet_counts": {f"{time}-{n}": n for n in range(100)}}, time
        )
        layers.count("k", time, {"packet_counts": {f"x{n}": time for n in range(100)}}, time)
        told(layers, fleet, time)
    assert len(layers.by_name) <= MOST_LAYERS
    assert {len(layer.packets) for layer in layers.by_name.values()} == {SAMPLES}


@given(
    st.lists(st.tuples(st.floats(-1e9, 1e9), st.dictionaries(st.text(), st.integers())), max_size=5)
)
def test_any_counts_at_any_times_give_finite_rates(told_: list[tuple[float, Any]]) -> None:
    layers, fleet = Layers(), Fleet()
    for time, counts in told_:
        layers.count(None, time, {"packet_counts": counts}, time)
        layers.sample(time, fleet)
    for layer in layers.by_name.values():
        assert all(0 <= rate < float("inf") for rate in layer.packets)


@pytest.mark.parametrize(
    "nonsense", [None, [], {"packet_counts": [1]}, {"packet_counts": {"a": "1"}}]
)
def test_a_payload_that_makes_no_sense_counts_nothing(nonsense: Any) -> None:
    layers = Layers()
    for time in (1, 2):
        layers.count("k", time, nonsense, time)
        layers.sample(time, Fleet())
    assert layers.by_name == {}
