"""When the dumplings of a replay are due."""

from __future__ import annotations

import pytest

from netdumplings.recorder import Pace


def waits(pace: Pace, *dumplings: tuple[str | None, float], now: float = 100.0) -> list[float]:
    """How long each is waited for, by whoever waits as told and does nothing else."""
    told = []
    for kitchen, time in dumplings:
        told.append(round(pace.wait(kitchen, time, now), 6))
        now += told[-1]
    return told


def test_dumplings_come_as_they_were_made_times_the_speed() -> None:
    made = [("k", 5.0), ("k", 7.0), ("k", 7.0), ("k", 17.0)]
    assert waits(Pace(1), *made) == [0, 2, 0, 10]
    assert waits(Pace(4), *made) == [0, 0.5, 0, 2.5]


def test_who_is_late_catches_up() -> None:
    pace = Pace(1)
    assert pace.wait("k", 0, 100) == 0
    assert pace.wait("k", 10, 115) == 0
    assert pace.wait("k", 20, 116) == pytest.approx(4)


def test_each_kitchen_has_its_own_clock_and_the_order_stays() -> None:
    made = [("old", 1e9), ("new", 2e9), ("old", 1e9 + 2), ("new", 2e9 + 3), (None, 5.0),
            ("old", 1e9 + 3), ("old", 1e9 + 4)]  # fmt: skip
    assert waits(Pace(1), *made) == [0, 0, 2, 1, 0, 0, 1]


def test_a_kitchen_that_goes_back_in_time_has_begun_anew() -> None:
    assert waits(Pace(1), ("k", 50.0), ("k", 60.0), ("k", 50.0), ("k", 51.0)) == [0, 10, 0, 1]
    # A little is no more than the order in which two chefs were asked.
    assert waits(Pace(1), ("k", 50.0), ("k", 60.0), ("k", 59.5), ("k", 61.0)) == [0, 10, 0, 1]


def test_it_waits_no_longer_than_is_wanted() -> None:
    made = [("k", 0.0), ("k", 1e9), ("k", 1e9 + 1), ("other", 5.0), ("k", 1e9 + 100)]
    assert waits(Pace(1, 10), *made) == [0, 10, 1, 0, 10]


def test_a_new_round_begins_at_once() -> None:
    pace = Pace(1)
    assert waits(pace, ("k", 10.0), ("k", 13.0)) == [0, 3]
    pace.restart()
    assert waits(pace, ("k", 10.0), ("k", 12.0), now=103.0) == [0, 2]


def test_names_without_end_take_no_memory_without_end() -> None:
    pace = Pace(1)
    for number in range(30_000):
        pace.wait(str(number), 0, 0)
    assert len(pace._latest) <= 10_000
