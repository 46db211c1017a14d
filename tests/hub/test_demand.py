"""Who is wanted, by what eaters of all hubs have subscribed to; and that kitchens are told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netdumplings.hub import demand as demands
from netdumplings.hub.demand import Demand
from netdumplings.hub.wants import (
    MAX_PATTERN_TEXT,
    MAX_WANTS,
    NOTHING,
    Wants,
    bounded,
    merged,
    wants_of,
)
from netdumplings.wire import EVERYTHING, Matcher, Metadata, Subscription, subscription

NAMES = st.sampled_from(["A", "B", "Ab", "SystemStatusChef", "A*", "?", "[AB]", "*"])
PARTS = st.none() | st.lists(NAMES, max_size=3)
SUBSCRIPTIONS = st.lists(
    st.builds(
        subscription,
        chefs=PARTS,
        kitchens=st.none() | st.lists(NAMES | st.none(), max_size=3),
    ),
    max_size=4,
)


@pytest.fixture(autouse=True)
def in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demands, "SETTLE", 0.01)


def wants(*chefs: str, **more: Any) -> Subscription:
    return subscription(chefs=chefs or None, **more)


class Heard:
    """What a kitchen was told."""

    def __init__(self) -> None:
        self.words: list[list[str]] = []

    def hear(self, message: bytes) -> None:
        told = json.loads(message)
        assert told["type"] == "wanted"
        self.words.append(told["chefs"])


@asynccontextmanager
async def running(demand: Demand) -> AsyncIterator[None]:
    task = asyncio.create_task(demand.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def rounds() -> None:
    """Wait until what was stirred has been seen to, and more than once."""
    await asyncio.sleep(4 * demands.SETTLE)


@given(SUBSCRIPTIONS, st.sampled_from(["A", "B", "Ab"]), st.sampled_from(["A", "Ab"]))
def test_a_chef_is_wanted_if_and_only_if_its_dumplings_are(
    subscriptions: list[Subscription], chef: str, kitchen: str
) -> None:
    dumpling = Metadata(chef, 0.0, "packet", kitchen)
    found = wants_of(subscriptions)
    wanted = found is None or any(Matcher(one).wants_chef(chef, kitchen) for one in found)
    assert wanted == any(Matcher(one)(dumpling) for one in subscriptions)


@pytest.mark.parametrize(
    "nothing",
    [
        wants(kitchens=[None]),
        wants("SystemStatusChef"),
        subscription(chefs=[]),
        subscription(kitchens=[]),
    ],
)
def test_the_hubs_own_dumplings_are_no_chefs_of_a_kitchen(nothing: Subscription) -> None:
    assert wants_of([nothing]) == NOTHING


def test_of_too_many_wants_every_chef_is_wanted() -> None:
    many = [wants(f"Chef{number}") for number in range(MAX_WANTS)]
    found = wants_of(many)
    assert found == frozenset(many)
    assert wants_of([*many, wants("OneMore")]) is None
    assert merged([found, frozenset({wants("OneMore")})]) is None
    assert merged([found, None]) is None
    assert merged([]) == NOTHING
    assert bounded([wants("*" * 256)]) is not None
    assert bounded(wants("*" * 255 + str(n)) for n in range(MAX_PATTERN_TEXT // 256 + 1)) is None


async def test_kitchens_are_told_when_it_makes_a_difference_to_them() -> None:
    here: list[Subscription] = []
    demand, cellar, attic = Demand(lambda: here), Heard(), Heard()
    async with running(demand):
        assert demand.ask(1, "cellar", ["A", "B"], cellar.hear) == []
        assert demand.ask(2, "attic", ["A"], attic.hear) == []
        for subscribed in (wants("B"), wants("A", kitchens=["att*"]), wants("C"), wants("B*")):
            here.append(subscribed)
            demand.stir()
        await rounds()
        assert (cellar.words, attic.words) == ([["B"]], [["A"]])
        here[:] = [EVERYTHING]
        demand.stir()
        await rounds()
        assert (cellar.words, attic.words) == ([["B"], ["A", "B"]], [["A"]])
        demand.leave(1)
        here.clear()
        demand.stir()
        await rounds()
        assert len(cellar.words) == 2
        assert attic.words == [["A"], []]


async def test_who_asks_is_answered_as_of_now_and_others_are_told_all_the_same() -> None:
    here: list[Subscription] = []
    demand, cellar = Demand(lambda: here), Heard()
    async with running(demand):
        assert demand.ask(1, "cellar", ["A"], cellar.hear) == []
        here.append(wants("A"))
        demand.stir()
        assert demand.ask(2, "attic", ["A", "B"], Heard().hear) == ["A"]
        assert demand.ask(3, "attic", [], Heard().hear) is None
        await rounds()
        assert cellar.words == [["A"]]


async def test_what_is_wanted_at_other_hubs_is_seen_before_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(demands, "LOOK_EVERY", 0.02)
    elsewhere: list[Wants] = []
    cellar = Heard()

    def others() -> Iterable[Wants]:
        return elsewhere

    demand = Demand(list, others)
    async with running(demand):
        assert demand.ask(1, "cellar", ["A"], cellar.hear) == []
        for wanted in (frozenset({wants("A")}), None, NOTHING):
            elsewhere[:] = [wanted]
            await rounds()
        assert cellar.words == [["A"], []]


async def test_other_hubs_are_told_soon_when_eaters_want_more_and_not_when_less() -> None:
    here: list[Subscription] = []
    grown: list[Wants] = []
    demand = Demand(lambda: here)
    demand.on_growth = lambda: grown.append(demand.wanted_here)
    async with running(demand):
        for subscribed in ([wants("A")], [wants("A"), wants("B")], [wants("A")], [EVERYTHING], []):
            here[:] = subscribed
            demand.stir()
            await rounds()
        assert grown == [
            frozenset({wants("A")}),
            frozenset({wants("A"), wants("B")}),
            None,
        ]
