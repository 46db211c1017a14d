"""The statuses of the last minutes, as a hub keeps them."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from netdumplings.hub.statuses import KEPT_FOR, Statuses


def kept(statuses: Statuses, now: float) -> list[int]:
    return [int(text) for text in json.loads(statuses.text(now))["statuses"]]


def filled(max_bytes: int, times: Iterable[int]) -> Statuses:
    """Statuses of a hundred bytes each."""
    statuses = Statuses(max_bytes)
    for time in times:
        statuses.keep(b'"%098d"' % time, time)
    return statuses


def test_they_are_kept_for_five_minutes() -> None:
    statuses = filled(10**6, range(0, 1000, 5))
    assert kept(statuses, 995) == list(range(695, 1000, 5))
    assert kept(statuses, 995 + KEPT_FOR + 1) == []


def test_where_there_is_no_room_for_all_they_still_tell_of_five_minutes() -> None:
    told = kept(filled(2_000, range(1000)), 999)
    assert len(told) == 20
    assert told[-1] == 999
    assert told[0] <= 720
    apart = [later - former for former, later in itertools.pairwise(told)]
    assert max(apart) <= 60


@given(st.lists(st.integers(0, 400), max_size=60).map(sorted), st.integers(1, 3_000))
def test_they_take_no_more_room_than_they_may_and_the_latest_is_there(
    times: list[int], max_bytes: int
) -> None:
    statuses = filled(max_bytes, times)
    now = times[-1] if times else 0
    told = kept(statuses, now)
    assert told == sorted(told)
    assert told[-1:] == times[-1:]
    assert len(told) <= max(1, max_bytes // 100)
