"""Faults done to real processes, some of a kind: every dumpling is eaten once, or is told of.

``./dev soak faults`` does a hundred of each.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from soak import faults
from soak.books import balance
from support import network


def test_a_hub_that_is_restarted_loses_nothing_and_repeats_nothing(tmp_path: Path) -> None:
    outcome = faults.restart_hub(tmp_path, 3)
    assert outcome.made > 300
    assert (outcome.eaten, outcome.twice, outcome.missing) == (outcome.made, 0, 0), outcome
    assert outcome.missed == 0


def test_of_a_hub_that_is_killed_nothing_is_lost_that_is_not_stated(tmp_path: Path) -> None:
    outcome = faults.kill_hub(tmp_path, 3)
    assert outcome.made > 300
    assert outcome.twice == 0
    assert outcome.missing <= outcome.missed, outcome


def test_a_kitchen_that_is_killed_goes_on_with_what_its_spool_has(tmp_path: Path) -> None:
    outcome = faults.kill_kitchen(tmp_path, 3)
    assert len(outcome.lives) == 4
    assert outcome.made > 300
    # What is eaten of a life are all its numbers up to the last one that came into the spool.
    assert (outcome.eaten, outcome.twice, outcome.missing) == (outcome.made, 0, 0), outcome
    assert outcome.missed == 0


@pytest.mark.netns
@pytest.mark.skipif(network.why_not() is not None, reason=network.why_not() or "")
def test_a_cable_that_is_cut_or_swallows_everything_costs_nothing(tmp_path: Path) -> None:
    outcome = faults.cut_link(tmp_path, 2)
    assert outcome.made > 300
    assert (outcome.eaten, outcome.twice, outcome.missing) == (outcome.made, 0, 0), outcome
    assert outcome.missed == 0


def test_books_tell_what_is_missing_and_what_came_twice() -> None:
    books = balance([[3, 5], [1, 1], [5, 6], [10, 12]], made=15)
    assert (books.eaten, books.twice) == (8, 1)
    assert books.holes == [(2, 2), (7, 9), (13, 15)]
    assert books.missing == 7
    assert balance([]).made == 0
