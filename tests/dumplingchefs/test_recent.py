"""What chefs remember: the latest, and so much of it."""

from __future__ import annotations

import pytest
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


STEPS = st.sampled_from(["set", "del", "pop", "pop or not", "popitem", "first", "clear"])


@given(st.lists(st.tuples(STEPS, st.text(max_size=15))))
def test_the_weight_is_that_of_what_is_there(steps: list[tuple[str, str]]) -> None:
    recent: RecentDict[str, int] = RecentDict(12, len)
    plain: dict[str, int] = {}
    for number, (step, key) in enumerate(steps):
        there = key in recent
        if step == "set":
            recent[key] = number
        elif step == "del" and there:
            del recent[key]
        elif step == "pop" and there:
            assert recent.pop(key) == plain[key]
        elif step == "pop or not":
            assert recent.pop(key, None) == plain.get(key)
        elif step in ("popitem", "first") and recent:
            wanted = list(recent.items())[-1 if step == "popitem" else 0]
            assert recent.popitem(last=step == "popitem") == wanted
            assert wanted[0] not in recent
        elif step == "clear":
            recent.clear()
        plain = dict(recent)
        assert sum(map(len, recent)) == recent._weight <= 12


def test_there_is_nothing_to_pop_where_nothing_is() -> None:
    recent: RecentDict[str, int] = RecentDict(12, len)
    with pytest.raises(KeyError):
        recent.pop("a")
    with pytest.raises(KeyError):
        recent.popitem()
