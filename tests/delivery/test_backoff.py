"""The waits between tries: jittered, doubling, bounded."""

from __future__ import annotations

from itertools import islice

from hypothesis import given
from hypothesis import strategies as st

from netdumplings.delivery import delays


def test_the_longest_waits_double_up_to_ten_seconds() -> None:
    longest = delays(uniform=lambda low, high: high)
    assert list(islice(longest, 7)) == [0.5, 1.0, 2.0, 4.0, 8.0, 10.0, 10.0]


def test_the_shortest_waits_are_half_as_long() -> None:
    shortest = delays(uniform=lambda low, high: low)
    assert list(islice(shortest, 7)) == [0.25, 0.5, 1.0, 2.0, 4.0, 5.0, 5.0]


@given(st.floats(0.001, 100), st.floats(0.001, 100))
def test_no_wait_is_longer_than_the_longest(first: float, longest: float) -> None:
    for wait in islice(delays(first=first, longest=longest), 50):
        assert min(first, longest) / 2 <= wait <= longest


def test_two_peers_do_not_wait_in_step() -> None:
    assert list(islice(delays(), 10)) != list(islice(delays(), 10))
