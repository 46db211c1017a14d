"""`DumplingEater` before it has a hub."""

from __future__ import annotations

import pytest

from netdumplings import DumplingEater
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


def test_a_chef_filter_is_a_list_not_one_name() -> None:
    with pytest.raises(TypeError, match=r"\['ARPChef'\]"):
        DumplingEater(chef_filter="ARPChef")


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
