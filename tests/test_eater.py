"""`DumplingEater` before it has a hub."""

from __future__ import annotations

import inspect
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netdumplings import DumplingDriver, DumplingEater, Gap
from netdumplings.exceptions import InvalidAddress


def test_it_has_a_name_and_the_default_hub() -> None:
    eater = DumplingEater()
    assert (eater.name, eater.hub) == ("nameless_eater", "localhost:11348")
    assert eater.chef_filter is None
    assert eater.reconnect


def test_a_hub_that_is_no_address_is_refused_at_once() -> None:
    with pytest.raises(InvalidAddress):
        DumplingEater(hub="localhost")


def test_a_name_that_no_hub_would_take_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="over 256 characters"):
        DumplingEater("x" * 257)


def test_name_and_hub_come_first_and_the_rest_by_keyword() -> None:
    parameters = inspect.signature(DumplingEater).parameters.values()
    by_place = [one.name for one in parameters if one.kind is not one.KEYWORD_ONLY]
    assert by_place == ["name", "hub"]


@pytest.mark.parametrize(
    ("option", "value", "hint"),
    [
        ("chef_filter", "ARPChef", r"chef_filter is a list: \['ARPChef'\]"),
        ("kitchen_filter", "north", r"kitchen_filter is a list: \['north'\]"),
        ("driver_filter", DumplingDriver.packet, r"a list: \[DumplingDriver\.packet\]"),
        ("compression", "zstd", r"compression is a list: \['zstd'\]"),
    ],
)
def test_one_name_is_no_list_of_names(option: str, value: Any, hint: str) -> None:
    with pytest.raises(TypeError, match=hint):
        DumplingEater(**{option: value})


@pytest.mark.parametrize(
    "wish",
    [
        {"last": -1},
        {"last": 10**9},
        {"since": float("nan")},
        {"since": float("inf")},
        {"since": timedelta(seconds=-1)},
        {"resume": {"x": -1}},
        {"resume": {"x" * 65: 1}},
        {"resume": {str(number): 1 for number in range(1025)}},
        {"driver_filter": ["lorry"]},
        {"compression": ["zstd", "gzip"]},
    ],
)
def test_what_no_hub_could_do_is_refused_at_once(wish: dict[str, Any]) -> None:
    (option,) = wish
    hint = {"driver_filter": "DumplingDriver", "resume": "no hub takes this"}.get(option, option)
    with pytest.raises(ValueError, match=hint):
        DumplingEater(**wish)


@pytest.mark.parametrize("since", [0, 1.5, datetime(2026, 11, 21), timedelta(), timedelta(days=9)])
def test_since_may_be_written_in_several_ways(since: Any) -> None:
    DumplingEater(since=since)


@pytest.mark.parametrize(
    ("gap", "sentence"),
    [
        (Gap(1204, "slow"), "missed 1,204 dumplings: this eater was too slow"),
        (
            Gap(1, "kitchen", "north"),
            "missed 1 dumpling of kitchen 'north': the kitchen had no room to keep more",
        ),
        (Gap(2, "history"), "missed 2 dumplings: the hub's history does not go back so far"),
        (Gap(2, "hub"), "missed 2 dumplings: another hub had them, and this one does not"),
        (Gap(2, "thirst"), "missed 2 dumplings: the hub says 'thirst'"),
    ],
)
def test_a_gap_is_a_sentence(gap: Gap, sentence: str) -> None:
    assert str(gap) == sentence


@given(st.text(), st.text())
def test_hostile_names_in_a_gap_stay_on_its_line(reason: str, kitchen: str) -> None:
    assert str(Gap(1, reason, kitchen)).isprintable()


async def test_run_where_a_loop_runs_points_to_the_other_form() -> None:
    with pytest.raises(RuntimeError, match="async with DumplingEater"):
        DumplingEater().run()


async def test_iterating_without_async_with_points_to_it() -> None:
    with pytest.raises(RuntimeError, match="async with DumplingEater"):
        async for _ in DumplingEater():
            pass


async def test_an_eater_is_entered_once_at_a_time() -> None:
    async with DumplingEater() as eater:
        with pytest.raises(RuntimeError, match="already"):
            await eater.__aenter__()


def test_nothing_to_eat_is_eaten_at_once_and_a_negative_count_is_no_count() -> None:
    DumplingEater().run(0)
    with pytest.raises(ValueError, match="dumpling_count"):
        DumplingEater().run(-1)


def test_stopping_an_eater_that_does_not_run_does_nothing() -> None:
    eater = DumplingEater()
    eater.stop()
    assert eater.run(0) is None  # it may still be run
