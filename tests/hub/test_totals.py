"""What kitchens have counted, summed up: nothing twice, nothing lost, and never going back."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netdumplings.hub.eater_totals import EaterSumNow, EaterTotals
from netdumplings.hub.feeds import Feed
from netdumplings.hub.formats import PLAIN
from netdumplings.hub.guests import ConnectedEater, Kitchen
from netdumplings.hub.places import MAX_LABEL, OTHER, label
from netdumplings.hub.sessions import Session, Sessions
from netdumplings.hub.told import Counts, Elsewhere
from netdumplings.hub.totals import SumNow, Totals
from support.outlets import Socket

RECEIVED, MADE, DROPPED = (
    ("packets_received", ""),
    ("dumplings_made", ""),
    ("dumplings_dropped", ""),
)


class House:
    """A hub's totals, and kitchens that come and go."""

    def __init__(self, **limits: int) -> None:
        self.sessions = Sessions()
        self.totals = Totals(**limits)

    def session(self, number: int) -> Session:
        return self.sessions.open(f"{number:0>20}", 1, "k")[0]

    def enter(self, name: str = "k", session: int = 0, interface: Any = "eth0") -> Kitchen:
        announced = json.dumps({"kitchen_name": name, "interface": interface}).encode()
        kitchen = Kitchen(name, announced, "192.0.2.1", 1, self.session(session))
        self.totals.enter(kitchen)
        return kitchen

    def sums(self) -> dict[str, SumNow]:
        return {one.kitchen: one for one in self.totals.now()}

    def received(self, name: str = "k") -> float:
        return self.sums()[name].grown[RECEIVED]


def eater(name: str, sent: int) -> ConnectedEater:
    feed = Feed(Socket(), "an eater", PLAIN, max_unsent=1000)
    feed.offer(b"x" * sent, sent, sent, {})
    return ConnectedEater(name, b"{}", "::1", 1, feed)


def tell(kitchen: Kitchen, received: int, **more: Any) -> None:
    kitchen.told_counts(json.dumps({"packets_received": received, **more}).encode())


def test_a_kitchen_is_what_it_says_however_often_it_is_looked_at() -> None:
    house = House()
    kitchen = house.enter()
    tell(kitchen, 10, traffic={"IP": [4, 400]}, chefs={"C": {"packets": 7, "seconds": 0.5}})
    for _ in range(3):
        grown = house.sums()["k"].grown
        assert grown[RECEIVED] == 10
        assert grown["layer_bytes", "IP"] == 400
        assert grown["chef_seconds", "C"] == 0.5
        assert (
            grown["packets_dropped", "kernel"] == 0
        )  # it is there, so that it can be seen to grow
    tell(kitchen, 25)
    assert house.received() == 25


def test_what_is_announced_counts_until_something_is_told() -> None:
    house = House()
    announced = b'{"kitchen_name":"k","interface":["a","b"],"counts":{"packets_received":3}}'
    kitchen = Kitchen("k", announced, "::1", 1, house.session(1))
    house.totals.enter(kitchen)
    assert house.received() == 3
    assert house.sums()["k"].interface == "a, b"
    tell(kitchen, 4)
    assert house.received() == 4


def test_kitchens_of_one_name_are_summed_and_one_that_goes_leaves_what_it_counted() -> None:
    house = House()
    one, two = house.enter(session=1), house.enter(session=2)
    tell(one, 10, packets_waiting=1, behind=0.5)
    tell(two, 100, packets_waiting=2, behind=0.25)
    now = house.sums()["k"]
    assert (now.grown[RECEIVED], now.here, now.behind) == (110, 2, 0.5)
    assert now.now["packets_waiting"] == 3
    tell(one, 11)
    house.totals.leave(one)
    house.totals.leave(one)
    now = house.sums()["k"]
    assert (now.grown[RECEIVED], now.here, now.behind) == (111, 1, 0.25)


def test_a_kitchen_that_comes_back_goes_on_and_one_that_begins_anew_adds_to_it() -> None:
    house = House()
    kitchen = house.enter(session=1)
    tell(kitchen, 10, dumplings_made=5)
    house.totals.leave(kitchen)
    again = house.enter(session=1)
    assert house.received() == 10
    tell(again, 12, dumplings_made=5)
    assert house.received() == 12
    house.totals.leave(again)
    restarted = house.enter(session=1)  # a spool has the session of the run before
    tell(restarted, 3, dumplings_made=7)
    assert house.received() == 15
    assert house.sums()["k"].grown[MADE] == 12


def test_what_turns_out_not_to_have_been_dropped_is_not_dropped_again() -> None:
    house = House()
    kitchen = house.enter()
    for dropped, total in [(10, 10), (7, 10), (9, 10), (12, 12)]:
        tell(kitchen, 1, dumplings_dropped=dropped)
        assert house.sums()["k"].grown[DROPPED] == total


def test_kitchens_that_are_too_many_are_one_and_the_longest_gone_make_place() -> None:
    house = House(max_kitchens=2)
    kitchens = [house.enter(f"k{n}", session=n) for n in range(4)]
    for kitchen in kitchens:
        tell(kitchen, 1)
    assert {name: one.grown[RECEIVED] for name, one in house.sums().items()} == {
        "k0": 1, "k1": 1, OTHER: 2,
    }  # fmt: skip
    for number in (1, 0):
        house.totals.leave(kitchens[number])
    house.enter("new", session=9)
    assert set(house.sums()) == {"k0", "new", OTHER}
    # Who was one of the others stays so, or they would go back.
    tell(kitchens[2], 5)
    assert house.received(OTHER) == 6


def test_chefs_that_are_too_many_are_one() -> None:
    house = House(max_chefs=3)
    for number in (1, 2):
        kitchen = house.enter(f"k{number}", session=number)
        tell(kitchen, 1, chefs={f"C{n}": {"errors": 1} for n in range(5)})
    errors = {
        (name, chef): number
        for name, one in house.sums().items()
        for (key, chef), number in one.grown.items()
        if key == "chef_errors"
    }
    assert errors == {
        ("k1", "C0"): 1, ("k1", "C1"): 1, ("k1", "C2"): 1, ("k1", OTHER): 2, ("k2", OTHER): 5,
    }  # fmt: skip


def test_of_a_kitchen_with_other_chefs_each_time_no_more_is_kept_than_of_any_other() -> None:
    house, kept = House(), set()
    kitchen = house.enter()
    for number in range(3):
        tell(kitchen, 1, chefs={f"C{number}": {"errors": 1}})
        house.totals.now()
        kept.add(len(kitchen.session.told))
    assert kept == {2}


def test_the_chefs_of_who_makes_place_make_place_too() -> None:
    house = House(max_kitchens=1, max_chefs=1)
    for number in (1, 2):
        kitchen = house.enter(f"k{number}", session=number)
        tell(kitchen, 1, chefs={f"C{number}": {"errors": 1}})
        assert ("chef_errors", f"C{number}") in house.sums()[f"k{number}"].grown
        house.totals.leave(kitchen)


def test_who_is_called_as_the_others_are_is_one_of_them() -> None:
    house, eaters = House(max_kitchens=1), EaterTotals(limit=1)
    for number, name in enumerate((OTHER, "k", "one too many")):
        tell(house.enter(name, session=number, interface=name), 1)
        eaters.enter(eater(name, 1))
    assert [(one.kitchen, one.grown[RECEIVED]) for one in house.totals.now()] == [
        ("k", 1), (OTHER, 2),
    ]  # fmt: skip
    assert [(one.name, one.sent) for one in eaters.now()] == [("k", 1), (OTHER, 2)]


def test_ten_times_as_many_kitchens_are_summed_up_with_ten_times_as_much_work() -> None:
    def work(kitchens: int) -> int:
        house, calls = House(max_chefs=1), 0

        def count(*_: object) -> None:
            nonlocal calls
            calls += 1

        for number in range(kitchens):
            kitchen = house.enter(f"k{number}", session=number)
            tell(kitchen, 1, chefs={f"C{n}": {} for n in range(5)})
        sys.setprofile(count)
        try:
            house.totals.now()
        finally:
            sys.setprofile(None)
        return calls

    assert work(100) < 11 * work(10)


@pytest.mark.parametrize(
    "counts",
    [
        {"packets_received": -1},
        {"packets_received": "many"},
        {"packets_received": 2**70},
        {"packets_received": 1.5},
        {"traffic": {"IP": [1]}},
        {"chefs": {"C": 5}},
        {"chefs": []},
        {"behind": "far"},
    ],
)
def test_counts_that_are_none_are_left_out(counts: Mapping[str, Any]) -> None:
    house = House()
    kitchen, other = house.enter(session=1), house.enter(session=2)
    tell(other, 4)
    tell(
        kitchen, **({"received": 3} | {k: v for k, v in counts.items() if k != "packets_received"})
    )
    kitchen.counts = json.dumps(counts).encode()
    assert house.received() == 4


@given(st.text(), st.text(max_size=3))
def test_a_label_can_be_shown_and_is_not_long(name: str, short: str) -> None:
    assert label(name).isprintable()
    assert len(label(name)) <= MAX_LABEL
    if short.isprintable():
        assert label(short) == short


@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.sampled_from(["tell", "again", "anew", "look"])),
        max_size=30,
    )
)
def test_nothing_ever_goes_back_and_nothing_counts_twice(steps: list[tuple[int, str]]) -> None:
    """Three kitchens of one name that count, lose their connections, and are started again."""
    house = House()
    here = {n: house.enter(session=n) for n in range(3)}
    counted = dict.fromkeys(here, 0)
    total = before = 0
    for number, step in steps:
        if step == "tell":
            counted[number] += 5
            total += 5
            tell(here[number], counted[number])
        elif step == "look":
            assert house.sums()["k"].grown.get(RECEIVED, 0) == total
            before = total
        else:
            house.totals.leave(here[number])
            if step == "anew":
                counted[number] = 0
            here[number] = house.enter(session=number)
            tell(here[number], counted[number])
        now = house.sums()["k"].grown.get(RECEIVED, 0)
        assert now >= before
    assert house.sums()["k"].grown.get(RECEIVED, 0) == total


def test_what_eaters_of_a_name_were_sent_is_summed_and_stays_when_they_go() -> None:
    totals = EaterTotals(limit=2)
    first, second, other = eater("e", 5), eater("e", 7), eater("\x1b[2J", 1)
    for one in (first, second, other):
        totals.enter(one)
    sums = {one.name: one for one in totals.now()}
    assert sums["e"] == EaterSumNow("e", 2, 12, 0, 0)
    assert sums["\\x1b[2J"].sent == 1
    totals.leave(first)
    totals.enter(again := eater("e", 3))
    assert {one.name: one for one in totals.now()}["e"] == EaterSumNow("e", 2, 15, 0, 0)
    totals.enter(eater("one too many", 4))
    assert {one.name: one.sent for one in totals.now()}[OTHER] == 4
    for one in (second, again):
        totals.leave(one)
    totals.enter(eater("new", 1))
    assert {one.name for one in totals.now()} == {"\\x1b[2J", "new", OTHER}


class Fleet:
    """Other hubs, and what they know of sessions."""

    def __init__(self) -> None:
        self.final = True
        self.counts: Counts | None = None

    def elsewhere(self, stream: str, since: float) -> Elsewhere:
        return Elsewhere(self.final, self.counts)


def counted(received: int, **more: Any) -> Counts:
    return Counts(packets_received=received, **more)


@pytest.fixture
def fleet() -> Fleet:
    return Fleet()


@pytest.fixture
def house(fleet: Fleet) -> House:
    house = House()
    house.totals.elsewhere = fleet.elsewhere
    return house


def arrive(house: House, received: int, first: int = 1, **more: Any) -> Kitchen:
    """A kitchen comes that has counted so much already."""
    counts = {"packets_received": received, **more}
    announced = json.dumps({"kitchen_name": "k", "counts": counts}).encode()
    session = house.sessions.open(f"{1:0>20}", first, "k")[0]
    kitchen = Kitchen("k", announced, "192.0.2.1", 1, session)
    house.totals.enter(kitchen)
    return kitchen


def test_what_a_kitchen_counted_at_another_hub_is_not_counted_here(
    house: House, fleet: Fleet
) -> None:
    fleet.counts = counted(100, traffic={"IP": (60, 600)})
    kitchen = arrive(house, 120, traffic={"IP": [70, 700]})
    assert house.received() == 20
    assert house.sums()["k"].grown["layer_bytes", "IP"] == 100
    tell(kitchen, 125)
    assert house.received() == 25


def test_as_long_as_the_other_hub_may_have_counted_more_nothing_is_counted_here(
    house: House, fleet: Fleet
) -> None:
    fleet.final, fleet.counts = False, counted(100)
    kitchen = arrive(house, 120)
    assert house.received() == 0
    tell(kitchen, 130)
    assert house.received() == 0
    fleet.final, fleet.counts = True, counted(110)
    assert house.received() == 20
    fleet.counts = counted(1000)  # which is not asked for again
    assert house.received() == 20


def test_who_leaves_before_the_other_hub_was_heard_is_counted_by_what_is_known(
    house: House, fleet: Fleet
) -> None:
    fleet.final, fleet.counts = False, counted(100)
    house.totals.leave(arrive(house, 120))
    assert house.received() == 20


@pytest.mark.parametrize("gone_on", [{"first": 5}, {"dumplings_acknowledged": 1}])
def test_who_has_been_elsewhere_and_nobody_knows_where_counts_from_here_on(
    house: House, gone_on: dict[str, int]
) -> None:
    kitchen = arrive(house, 120, **gone_on)
    assert house.received() == 0
    tell(kitchen, 130)
    assert house.received() == 10


def test_who_has_not_been_elsewhere_counts_from_the_beginning(house: House) -> None:
    arrive(house, 120)
    assert house.received() == 120


def test_who_goes_to_another_hub_and_comes_back_counts_what_it_counted_here(
    house: House, fleet: Fleet
) -> None:
    house.totals.leave(arrive(house, 10))
    fleet.counts = counted(50)
    house.totals.leave(arrive(house, 55))
    assert house.received() == 15
    # It lost its connection, and was nowhere else meanwhile.
    arrive(house, 60)
    assert house.received() == 20


def test_who_was_started_again_counts_from_the_beginning(house: House, fleet: Fleet) -> None:
    """As a kitchen does that goes on with its session, because it has a spool."""
    fleet.counts = counted(1000)
    arrive(house, 7)
    assert house.received() == 7


def test_who_has_left_a_moment_ago_is_known(house: House) -> None:
    first, second = arrive(house, 1), house.enter(session=2)
    assert list(house.totals.left_within(60)) == []
    house.totals.leave(first)
    house.totals.leave(second)
    house.totals.leave(second)
    assert list(house.totals.left_within(60)) == [second, first]
    assert list(house.totals.left_within(-1)) == []
