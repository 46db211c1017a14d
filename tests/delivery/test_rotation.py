"""Which hub is next, and how long nobody tries one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netdumplings.delivery import Rotation


def doubling() -> Iterator[float]:
    wait = 1.0
    while True:
        yield wait
        wait *= 2


def test_one_hub_is_waited_for_each_time() -> None:
    one = Rotation(1, doubling)
    assert [one.go_on() for _ in range(3)] == [1, 2, 4]
    assert one.go_on(lasted=True) == 1
    assert one.go_on() == 2
    assert one.go_on(soon_back=True) == 1
    assert one.current == 0


def test_several_are_tried_in_turn_and_there_is_a_wait_when_all_were() -> None:
    three = Rotation(3, doubling)
    tried = [(three.current, three.go_on()) for _ in range(7)]
    assert tried == [(0, 0), (1, 0), (2, 1), (0, 0), (1, 0), (2, 2), (0, 0)]


def test_after_a_loss_it_goes_on_with_the_next_and_not_with_the_first() -> None:
    three = Rotation(3, doubling)
    three.go_on()
    assert three.current == 1
    assert three.go_on(lasted=True) == 0
    assert three.current == 2


def test_a_good_connection_is_a_new_beginning_and_what_was_lost_counts_as_tried() -> None:
    three = Rotation(3, doubling)
    for _ in range(5):
        three.go_on()
    assert [three.go_on(lasted=True), three.go_on(), three.go_on()] == [0, 0, 1]
    assert [three.go_on(), three.go_on(), three.go_on()] == [0, 0, 2]


@pytest.mark.parametrize("count", [1, 2, 16])
def test_hubs_that_go_as_soon_as_they_have_come_make_nobody_hurry(count: int) -> None:
    """Whatever they say as they go: were they one, there would be as many rounds."""
    waits = [Rotation(count, doubling)] * (6 * count)
    told = [it.go_on(soon_back=count > 1) for it in waits]
    assert [wait for wait in told if wait] == [1, 2, 4, 8, 16, 32]


@given(st.integers(1, 16), st.lists(st.tuples(st.booleans(), st.booleans())))
def test_nobody_is_tried_more_than_once_in_a_row_without_a_wait(
    count: int, endings: list[tuple[bool, bool]]
) -> None:
    it = Rotation(count, doubling)
    tried = [it.current]
    for lasted, soon_back in endings:
        wait = it.go_on(lasted=lasted, soon_back=soon_back)
        if lasted:
            tried = tried[-1:]
        if wait:
            assert wait > 0
            tried = []
        tried.append(it.current)
        assert len(set(tried)) == len(tried)
