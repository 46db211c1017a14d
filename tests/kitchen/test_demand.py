"""Chefs rest when nobody has wanted them for a while, and never for want of an answer."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netdumplings import DumplingChef
from netdumplings.kitchen.demand import Demand
from netdumplings.kitchen.narrowing import Narrowing, filters_of
from netdumplings.kitchen.stations import Station


class AlwaysChef(DumplingChef):
    """Is always run."""


class AChef(DumplingChef):
    """Is not."""

    only_when_wanted = True
    packet_filter = "arp"


class BChef(AChef):
    """Neither."""

    packet_filter = "udp port 53"


class Kitchen:
    """The chefs of a kitchen, and a clock."""

    def __init__(self, *chefs: type[DumplingChef]) -> None:
        self.stations = [Station(chef("attic"), at) for at, chef in enumerate(chefs, start=1)]
        self.now = 0.0
        self.demand = Demand(self.stations, 15.0, lambda: self.now)

    def resting_after(self, seconds: float) -> list[str]:
        """Who rests when so much time has gone by."""
        self.now += seconds
        self.demand.look()
        return [station.name for station in self.stations if station.resting]


def test_until_a_hub_has_answered_all_are_run() -> None:
    kitchen = Kitchen(AlwaysChef, AChef, BChef)
    assert kitchen.resting_after(100) == []
    assert kitchen.demand.asks() == ["AChef", "BChef"]
    assert kitchen.resting_after(100) == []
    kitchen.demand.told(None)
    assert kitchen.resting_after(100) == []


def test_a_chef_goes_on_for_a_while_and_comes_back_at_once() -> None:
    kitchen = Kitchen(AlwaysChef, AChef, BChef)
    kitchen.demand.asks()
    kitchen.demand.told(["BChef"])
    assert kitchen.resting_after(0) == []
    assert kitchen.resting_after(14.9) == []
    assert kitchen.resting_after(0.2) == ["AChef"]
    kitchen.demand.told(["AChef"])
    assert kitchen.resting_after(0) == []
    # Who is wanted again meanwhile has all of the time again.
    assert kitchen.resting_after(14) == []
    kitchen.demand.told(["AChef", "BChef"])
    assert kitchen.resting_after(0.5) == []
    kitchen.demand.told([])
    assert kitchen.resting_after(14) == []
    assert kitchen.resting_after(15) == ["AChef", "BChef"]


def test_who_was_not_asked_about_is_run_and_so_are_all_for_a_hub_that_does_not_say() -> None:
    kitchen = Kitchen(AChef)
    kitchen.demand.asks()
    kitchen.stations.append(Station(BChef("attic"), 2))  # it was edited, say
    kitchen.demand.told([])
    kitchen.resting_after(0)
    assert kitchen.resting_after(20) == ["AChef"]
    assert kitchen.demand.asks() == ["AChef", "BChef"]
    kitchen.resting_after(0)
    assert kitchen.resting_after(20) == ["AChef", "BChef"]
    kitchen.demand.told(None)
    assert kitchen.resting_after(0) == []


def test_a_chef_that_is_quarantined_is_not_asked_about() -> None:
    kitchen = Kitchen(AChef, BChef)
    kitchen.stations[0].quarantined = "it did not return"
    assert kitchen.demand.asks() == ["BChef"]


@pytest.mark.parametrize("name", ["x" * 257, "\ud800"])
def test_a_chef_that_no_hub_can_be_asked_about_is_run(name: str) -> None:
    kitchen = Kitchen(AChef, BChef)
    kitchen.stations[0].name = name
    assert kitchen.demand.asks() == ["BChef"]
    kitchen.demand.told([])
    kitchen.resting_after(0)
    assert kitchen.resting_after(20) == ["BChef"]


class Source:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def narrow(self, only: Any) -> None:
        self.told.append(only)


def test_the_source_is_told_what_those_at_work_are_for() -> None:
    kitchen, source = Kitchen(AChef, BChef), Source()
    narrowing = Narrowing(source, kitchen.stations)
    kitchen.demand.asks()
    for wanted in (["AChef", "BChef"], ["BChef"], [], ["AChef"]):
        kitchen.demand.told(wanted)
        for _ in range(2):
            kitchen.resting_after(15)
            narrowing.look()
    assert source.told == [("arp", "udp port 53"), ("udp port 53",), (), ("arp",)]
    assert narrowing.filter == "(arp)"


def test_a_chef_that_is_for_everything_has_everything_captured() -> None:
    kitchen, source = Kitchen(AChef, BChef), Source()
    narrowing = Narrowing(source, kitchen.stations)
    narrowing.look()
    kitchen.stations.append(Station(AlwaysChef("attic"), 3))
    narrowing.look()
    kitchen.stations[1].filter = "port http"
    kitchen.stations[2].chef = None  # it is quarantined
    narrowing.look()
    assert source.told == [("arp", "udp port 53"), None]
    assert narrowing.filter is None


@given(st.lists(st.sampled_from([None, "", " ", "arp", "udp port 53"]), max_size=4))
def test_the_filters_are_those_of_all_or_none(filters: list[str | None]) -> None:
    kitchen = Kitchen(*[AChef] * len(filters))
    for station, expression in zip(kitchen.stations, filters, strict=True):
        station.filter = expression
    found = filters_of(kitchen.stations)
    if all(expression and expression.strip() for expression in filters):
        assert found is not None
        assert set(found) == set(filters)
    else:
        assert found is None
