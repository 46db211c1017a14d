"""The course of a number as blocks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netdumplings.console.top.sparks import spark


def test_columns_are_as_high_as_the_numbers_and_the_latest_is_at_the_right() -> None:
    assert spark([0, 1, 4, 8], 6) == ["   ▁▄█"]
    assert spark([9, 9, 9, 1, 2], 2) == ["▄█"]


def test_more_lines_show_more() -> None:
    assert spark([1, 8, 12, 16], 4, 2) == ["  ▄█", "▁███"]


@pytest.mark.parametrize("width", [0, 1, 5])
def test_nothing_is_drawn_as_nothing(width: int) -> None:
    assert spark([], width) == spark([0, 0], width) == [" " * width]


@given(st.lists(st.floats(0, 1e18), max_size=50), st.integers(0, 40), st.integers(1, 4))
def test_it_has_the_size_that_was_asked_for_and_shows_what_is_not_nothing(
    values: list[float], width: int, height: int
) -> None:
    lines = spark(values, width, height)
    assert [len(line) for line in lines] == [width] * height
    for column, value in zip(
        reversed(lines[-1]), reversed(values[-width:] if width else []), strict=False
    ):
        assert (column == " ") == (value == 0)
