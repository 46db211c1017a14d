"""When interval handlers are due, by the wall clock and by a capture's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netdumplings.kitchen.pokes import LONGEST_SILENCE, CapturePokes, Poke, WallPokes
from support.packets import START, batch


def test_the_wall_clocks_first_poke_is_at_once_and_the_others_follow() -> None:
    pokes = WallPokes(5.0, now=100.0)
    assert pokes.wait(100.0) == 0
    assert pokes.due(100.0)
    assert not pokes.due(100.0)
    assert pokes.wait(101.0) == 4
    assert not pokes.due(104.9)
    assert pokes.due(105.2)
    assert pokes.wait(105.2) == pytest.approx(4.8)  # late by 0.2 s, which is not added up


def test_a_kitchen_that_fell_behind_is_poked_once() -> None:
    pokes = WallPokes(5.0, now=0)
    assert pokes.due(0)
    assert pokes.due(61)
    assert not pokes.due(61)
    assert pokes.wait(61) == 5


def cut(pokes: CapturePokes, *times: float) -> list[float | str]:
    """The packets' times, in seconds after the start, with ``poke@time`` where one is due."""
    out: list[float | str] = []
    for piece in pokes.cut(batch(*[b"x"] * len(times), times=times)):
        if isinstance(piece, Poke):
            out.append(f"poke@{(piece.time_ns - START) / 1e9:g}")
        else:
            out += [(time - START) / 1e9 for time in piece.times_ns.tolist()]
    return out


def test_a_captures_first_poke_comes_before_its_first_packet() -> None:
    assert cut(CapturePokes(5), 0, 1) == ["poke@0", 0, 1]


def test_pokes_are_at_every_interval_of_the_captures_time() -> None:
    pokes = CapturePokes(5)
    assert cut(pokes, 0, 4.9, 5, 9, 10.5) == ["poke@0", 0, 4.9, "poke@5", 5, 9, "poke@10", 10.5]
    assert cut(pokes, 14, 15) == [14, "poke@15", 15]  # goes on where the batch before ended


def test_silence_is_poked_through() -> None:
    assert cut(CapturePokes(1), 0, 3.5) == ["poke@0", 0, "poke@1", "poke@2", "poke@3", 3.5]


def test_packets_slightly_out_of_order_change_nothing() -> None:
    assert cut(CapturePokes(5), 0, 6, 4, 7) == ["poke@0", 0, "poke@5", 6, 4, 7]


def test_where_the_clock_jumps_back_counting_begins_again() -> None:
    assert cut(CapturePokes(5), 1000, 1, 5, 6.5) == ["poke@1000", 1000, 1, 5, "poke@6", 6.5]


def test_decades_of_silence_are_one_poke() -> None:
    far = LONGEST_SILENCE * 5 * 100
    assert cut(CapturePokes(5), 0, far, far + 5) == [
        "poke@0", 0, "poke@5", far, f"poke@{far + 5:g}", far + 5,
    ]  # fmt: skip


def test_no_packets_no_pokes() -> None:
    assert cut(CapturePokes(5)) == []


@given(
    st.lists(st.floats(0, 1e5), max_size=30).map(lambda times: [round(t, 3) for t in times]),
    st.floats(0.5, 100),
    st.integers(1, 30),
)
def test_no_packet_is_lost_and_batches_do_not_matter(
    times: list[float], interval: float, size: int
) -> None:
    whole = cut(CapturePokes(interval), *times)
    assert [item for item in whole if not isinstance(item, str)] == times
    pokes = CapturePokes(interval)
    parts = [cut(pokes, *times[start : start + size]) for start in range(0, len(times), size)]
    assert [item for part in parts for item in part] == whole
