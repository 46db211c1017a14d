"""Numbers as people read them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netdumplings.console.figures import bits, clock, share, short, span


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (0.0004, "0.1"),
        (0.34, "0.3"),
        (7, "7"),
        (999.4, "999"),
        (999.6, "1.0k"),
        (12_345, "12.3k"),
        (99_960, "100k"),
        (456_000_000, "456M"),
        (2**64, "18.4E"),
        (-1, "?"),
        (float("nan"), "?"),
        (float("inf"), "?"),
    ],
)
def test_a_number_is_short_and_never_reads_as_nothing_if_it_is_something(
    number: float, text: str
) -> None:
    assert short(number) == text


@given(st.floats(0, 2**64))
def test_no_counter_takes_more_than_five_characters(number: float) -> None:
    assert len(short(number)) <= 5
    assert (short(number) == "0") == (number == 0)


def test_bits_have_the_unit_of_their_size() -> None:
    assert [bits(rate) for rate in (0, 640, 1_234_567)] == ["0 bit/s", "640 bit/s", "1.2 Mbit/s"]


@pytest.mark.parametrize(
    ("part", "text"),
    [
        (0, "0 %"),
        (1e-9, "<0.01 %"),
        (0.0123, "1.23 %"),
        (0.5, "50 %"),
        (0.99999, "99.9 %"),
        (1, "100 %"),
    ],
)
def test_a_share_is_nothing_or_all_only_if_it_is(part: float, text: str) -> None:
    assert share(part) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (0.44, "0.4 s"), (45, "45 s"), (300, "5 min"), (7200, "2 h"), (200_000, "2 d")],
)
def test_a_span_has_one_unit(seconds: float, text: str) -> None:
    assert span(seconds) == text


def test_a_clock_shows_days_if_there_are_some() -> None:
    assert [clock(seconds) for seconds in (0.9, 93784)] == ["00:00:00", "1d 02:03:04"]
