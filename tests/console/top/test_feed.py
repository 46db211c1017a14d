"""The latest dumplings, and which of them are wanted."""

from __future__ import annotations

import pytest

from netdumplings.console.top.feed import (
    LONGEST,
    MOST_CHARACTERS,
    MOST_ENTRIES,
    Feed,
    Wanted,
)


def feed_of(*dumplings: tuple[str, str | None, str]) -> Feed:
    feed = Feed()
    for chef, kitchen, text in dumplings:
        feed.take(1.0, "packet", chef, kitchen, text)
    return feed


def test_the_latest_come_first() -> None:
    assert [one.text for one in feed_of(("C", "k", "1"), ("C", "k", "2")).latest()] == ["2", "1"]


DUMPLINGS = (
    ("DNSLookupChef", "cellar", "www.Example.org"),
    ("DNSLookupChef", "attic", "mail"),
    ("ARPChef", "cellar", "mail example"),
    ("ARPChef", None, "[x"),
)


@pytest.mark.parametrize(
    ("wanted", "shown"),
    [
        ("", [3, 2, 1, 0]),
        ("EXAMPLE", [2, 0]),
        ("example mail", [2]),
        ("chef:DNS*", [1, 0]),
        ("chef:DNS", []),
        ("chef:DNS* chef:ARPChef kitchen:attic", [1]),
        ("kitchen:c?llar mail", [2]),
        ("kitchen:hub", [3]),
        ("[x", [3]),
        ("chef:[x chef:", []),
        ("colour:red", []),
    ],
)
def test_what_is_wanted_is_shown(wanted: str, shown: list[int]) -> None:
    feed = feed_of(*DUMPLINGS)
    feed.filter(Wanted(wanted))
    assert [one.number - 1 for one in feed.latest()] == shown
    # And of what comes later, likewise.
    for dumpling in DUMPLINGS:
        feed.take(2.0, "packet", *dumpling)
    assert [one.number - 5 for one in feed.latest()][: len(shown)] == shown
    feed.filter(Wanted())
    assert len(feed.latest()) == 8


def test_a_gap_is_in_its_place_whatever_is_wanted() -> None:
    feed = feed_of(("C", "k", "before"))
    feed.take_gap(5.0, 1204, "missed some")
    feed.take(6.0, "packet", "C", "k", "after")
    feed.filter(Wanted("after"))
    assert [(one.text, one.is_gap) for one in feed.latest()] == [
        ("after", False),
        ("missed some", True),
    ]
    assert (feed.taken, feed.missed) == (2, 1204)


def test_what_is_wanted_is_kept_however_much_else_comes() -> None:
    feed = feed_of(("Rare", "k", "1"))
    feed.filter(Wanted("chef:Rare"))
    for _ in range(2 * MOST_ENTRIES):
        feed.take(1.0, "packet", "C", "k", "x")
    assert [one.chef for one in feed.latest()] == ["Rare"]


def test_it_keeps_no_more_than_it_may() -> None:
    feed = Feed()
    for _ in range(MOST_ENTRIES + 10):
        feed.take(1.0, "packet", "C", "k", "small")
    assert len(feed.latest()) == MOST_ENTRIES
    huge = "x" * (1 << 20)
    for _ in range(1000):
        feed.take(1.0, "packet", "C", "k", huge)
    latest = feed.latest()
    assert sum(len(one.text) for one in latest) <= MOST_CHARACTERS
    assert (len(latest[0].text), latest[0].size) == (LONGEST, 1 << 20)
