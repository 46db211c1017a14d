"""What chefs remember: the latest, and so much of it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from netdumplings.dumplingchefs.recent import RecentDict


def test_the_oldest_makes_way_and_that_is_counted() -> None:
    recent: RecentDict[str, int] = RecentDict(2)
    for number, key in enumerate("abac"):
        recent[key] = number
    assert (dict(recent), recent.forgotten) == ({"a": 2, "c": 3}, 1)


def test_what_is_deleted_makes_room_and_is_not_forgotten() -> None:
    recent: RecentDict[str, int] = RecentDict(2)
    for key in "abcdef":
        recent[key] = 1
        del recent[key]
    recent["g"] = recent["h"] = 2
    assert (dict(recent), recent.forgotten) == ({"g": 2, "h": 2}, 0)


@given(st.lists(st.tuples(st.booleans(), st.text(max_size=15))))
def test_the_weight_is_that_of_what_is_there(steps: list[tuple[bool, str]]) -> None:
    recent: RecentDict[str, None] = RecentDict(12, len)
    for is_set, key in steps:
        if is_set:
            recent[key] = None
        elif key in recent:
            del recent[key]
        assert sum(map(len, recent)) == recent._weight <= 12
