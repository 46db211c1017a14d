"""When packets are due, and the times of further rounds."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from netdumplings.capture.pace import Pace, Repeat
from netdumplings.capture.records import MAX_TIME_NS

SECOND = 1_000_000_000


def seconds(*times: float) -> npt.NDArray[np.int64]:
    return np.array([round((1_600_000_000 + time) * SECOND) for time in times], np.int64)


def test_at_speed_1_packets_are_due_as_they_came() -> None:
    pace = Pace(1)
    times = seconds(0, 1, 1.5, 4)
    assert [pace.due(times, 100 + now) for now in (0, 0.9, 1.1, 3.9, 4.1)] == [1, 1, 2, 3, 4]


def test_at_speed_2_packets_are_due_in_half_the_time() -> None:
    pace = Pace(2)
    times = seconds(0, 1, 2)
    assert [pace.due(times, 100 + now) for now in (0, 0.4, 0.6, 1.1)] == [1, 1, 2, 3]


def test_it_says_how_long_to_wait() -> None:
    pace = Pace(2)
    times = seconds(0, 3)
    assert pace.wait(int(times[0]), 100) == 0
    assert pace.due(times, 100) == 1
    assert pace.wait(int(times[1]), 100.5) == 1
    assert pace.wait(int(times[1]), 109) == 0


def test_a_packet_from_before_is_due_with_the_one_before_it() -> None:
    pace = Pace(1)
    times = seconds(5, 3, 7, 6, 8)
    assert [pace.due(times, 100 + now) for now in (0, 1.9, 2.1, 2.9, 3.1)] == [2, 2, 4, 4, 5]
    assert pace.due(seconds(1), 103.2) == 1


def test_after_a_restart_the_next_packet_is_due_at_once() -> None:
    pace = Pace(1)
    assert pace.due(seconds(0, 9), 100) == 1
    pace.restart()
    assert pace.due(seconds(5000, 5001), 101) == 1
    assert pace.due(seconds(5001), 102.1) == 1


def test_the_clock_of_a_loop_goes_on_from_round_to_round() -> None:
    repeat = Repeat()
    times = seconds(0, 2, 1, 5)
    assert repeat.shifted(times).tolist() == times.tolist()
    last = int(times.max())
    for _ in range(3):
        repeat.next_round()
        moved = repeat.shifted(times)
        assert moved.min() == last + Repeat.GAP_NS
        assert np.diff(moved).tolist() == np.diff(times).tolist()
        last = int(moved.max())


def test_rounds_of_a_capture_with_impossible_times_do_not_overflow() -> None:
    repeat = Repeat()
    times = np.array([0, MAX_TIME_NS], np.int64)
    for _ in range(5):
        moved = repeat.shifted(times)
        assert moved[1] > moved[0] >= 0
        repeat.next_round()
