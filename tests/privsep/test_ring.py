"""Parts of a ring: in use they never overlap, and what is let go can be had again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netdumplings.privsep.ring import ALIGNMENT, Ring

CAPACITY = 16 * ALIGNMENT


@given(st.lists(st.one_of(st.none(), st.integers(1, CAPACITY + 1)), max_size=60))
def test_parts_in_use_never_overlap_and_lie_within_the_memory(steps: list[int | None]) -> None:
    """A number is a size to be allocated, None lets go of the oldest part."""
    ring = Ring(CAPACITY)
    in_use: list[range] = []
    for size in steps:
        if size is None:
            if in_use:
                ring.release()
                in_use.pop(0)
            continue
        start = ring.allocate(size)
        if start is None:
            assert in_use or size > CAPACITY
            continue
        part = range(start, start + size)
        assert start % ALIGNMENT == 0
        assert part.stop <= CAPACITY
        assert all(part.stop <= other.start or other.stop <= part.start for other in in_use)
        in_use.append(part)
    assert len(ring) == len(in_use)


def test_a_memory_that_is_used_in_turns_never_runs_full() -> None:
    ring = Ring(CAPACITY)
    for _ in range(100):
        assert ring.allocate(5 * ALIGNMENT) is not None
        if len(ring) == 2:
            ring.release()


def test_nothing_can_be_let_go_that_is_not_in_use() -> None:
    with pytest.raises(ValueError, match="no part"):
        Ring(CAPACITY).release()
