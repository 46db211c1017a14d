"""The host names that are looked up."""

from __future__ import annotations

from typing import Any

import pytest

from netdumplings.console.top.names import MOST_KITCHENS, MOST_NAMES, Names


def lookup(hostname: str, when: float = 1.0) -> dict[str, Any]:
    return {"lookup": {"hostname": hostname, "when": when}}


def seen(**counts: int) -> dict[str, Any]:
    told = {hostname: {"count": count, "latest": 5.0} for hostname, count in counts.items()}
    return {"lookups_seen": told, "lookups_forgotten": 2}


def top(names: Names, **options: Any) -> list[tuple[str, int]]:
    return [(hostname, name.count) for hostname, name in names.top(10, **options)[0]]


def test_lookups_count_until_the_chef_tells_all_and_on_from_there() -> None:
    names = Names()
    names.take("k", lookup("a"))
    names.take("k", lookup("a", 2.0))
    names.take("k", lookup("b"))
    assert top(names) == [("a", 2), ("b", 1)]
    names.take("k", seen(a=7, c=9))
    assert top(names) == [("c", 9), ("a", 7)]
    names.take("k", lookup("a", 6.0))
    [_, (_, name)], many = names.top(2)
    assert (name.count, name.latest, many, names.forgotten) == (8, 6.0, 2, 2)


def test_the_counts_of_all_kitchens_add_up() -> None:
    names = Names()
    names.take("north", seen(a=1, b=2))
    names.take("south", seen(b=3))
    assert top(names) == [("b", 5), ("a", 1)]
    assert names.forgotten == 4


def test_a_search_finds_parts_of_names_whatever_the_case() -> None:
    names = Names()
    names.take("k", seen(**{"www.Example.org": 1, "other": 2}))
    assert top(names, search="EXAMPLE") == [("www.Example.org", 1)]


def test_it_keeps_no_more_than_it_may_and_the_latest_of_that() -> None:
    names = Names()
    for n in range(MOST_NAMES + 10):
        names.take("k", lookup(f"n{n}"))
    assert names.top(1)[1] == MOST_NAMES
    assert names.top(1, "n9")[0]
    assert not [one for one in names.top(MOST_NAMES)[0] if one[0] == "n0"]
    for n in range(MOST_KITCHENS + 10):
        names.take(f"k{n}", seen(a=1))
    assert dict(top(names))["a"] == MOST_KITCHENS
    names.take("k", {"lookups_seen": {"x" * 1000: {"count": 1}}})
    assert max(len(hostname) for hostname, _ in top(names)) == 256


@pytest.mark.parametrize(
    "nonsense",
    [None, [], 7, {"lookup": 1}, {"lookup": {"hostname": 7}}, {"lookups_seen": [1]},
     {"lookups_seen": {"a": 1, "b": {"count": -1}, "c": {"count": "x"}}, "lookups_forgotten": "x"}],
)  # fmt: skip
def test_a_payload_that_makes_no_sense_has_no_names(nonsense: Any) -> None:
    names = Names()
    names.take("k", nonsense)
    assert names.top(5) == ([], 0)
    assert names.forgotten == 0
