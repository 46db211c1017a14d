"""An eater gets what it has subscribed to, whatever the patterns and the names."""

from __future__ import annotations

import fnmatch
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netdumplings.wire import EVERYTHING, Matcher, Metadata, Subscription, subscription
from netdumplings.wire.subscriptions import MAX_REMEMBERED


def of(chef: str = "C", kitchen: str | None = "k", driver: str = "packet") -> Metadata:
    return Metadata(chef, 1.5, driver, kitchen)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("chefs", "chef", "wanted"),
    [
        (["ARPChef"], "ARPChef", True),
        (["ARPChef"], "ARPChefs", False),
        (["ARPChef"], "MyARPChef", False),
        (["ARPChef"], "arpchef", False),
        (["ARPChef", "DNS*"], "DNSLookupChef", True),
        (["*Chef"], "ARPChef", True),
        (["*"], "", True),
        (["???Chef"], "ARPChef", True),
        (["???Chef"], "DNSLookupChef", False),
        (["[A-D]*"], "DNSLookupChef", True),
        (["[!A-D]*"], "DNSLookupChef", False),
        (["[*]"], "*", True),
        (["[*]"], "x", False),
        (["["], "[", True),
        (["[z-a]"], "z", False),
        (["[["], "[[", True),
        (["a.c"], "abc", False),
        (["a\nb"], "a\nb", True),
        (["a"], "a\n", False),
        (["?"], "\n", True),
        ([""], "", True),
        ([""], "x", False),
        ([], "x", False),
        (None, "x", True),
    ],
)
def test_names_are_matched_as_a_shell_matches_files(
    chefs: list[str] | None, chef: str, wanted: bool
) -> None:
    assert Matcher(subscription(chefs=chefs))(of(chef)) == wanted


@pytest.mark.parametrize(
    ("kitchens", "kitchen", "wanted"),
    [
        ([None], None, True),
        ([None], "k", False),
        ([None], "", False),
        ([None], "None", False),
        (["*"], None, False),
        ([""], None, False),
        ([""], "", True),
        (["*"], "k", True),
        (["k", None], None, True),
        (["k", None], "k", True),
        ([], None, False),
        (None, None, True),
    ],
)
def test_null_stands_for_the_hubs_own_dumplings_and_no_pattern_does(
    kitchens: list[str | None] | None, kitchen: str | None, wanted: bool
) -> None:
    assert Matcher(subscription(kitchens=kitchens))(of(kitchen=kitchen)) == wanted


def test_a_dumpling_must_be_matched_by_every_part() -> None:
    wanted = Matcher(subscription(chefs=["C"], kitchens=["k"], drivers=["packet"]))
    assert wanted(of())
    assert not wanted(of(chef="D"))
    assert not wanted(of(kitchen="l"))
    assert not wanted(of(driver="interval"))


def test_subscriptions_to_the_same_are_equal_in_any_order() -> None:
    names = "b", "a", None, ""
    for order in permutations(names):
        made = subscription(chefs=["y", "x"], kitchens=order, drivers=["packet", "packet"])
        same = subscription(chefs=["x", "y", "x"], kitchens=names, drivers=["packet"])
        assert made == same
        assert hash(made) == hash(same)
    assert subscription() == EVERYTHING
    assert subscription(chefs=[]) != EVERYTHING
    assert subscription(chefs=["x"]) != subscription(kitchens=["x"])


def test_a_matcher_remembers_a_bounded_number_of_answers_and_stays_right() -> None:
    wanted = Matcher(subscription(chefs=["*7"]))
    for number in range(2 * MAX_REMEMBERED + 1):
        assert wanted(of(f"chef {number}")) == (number % 10 == 7)
        assert len(wanted._remembered) <= MAX_REMEMBERED
    assert wanted(of("chef 7"))


@pytest.mark.parametrize("pattern", ["*a" * 60, "*a*b" * 64, "*?" * 128, "[!b]*" * 51, "*a*" * 85])
@pytest.mark.timeout(20)
def test_no_pattern_keeps_the_hub_busy(pattern: str) -> None:
    """One that tried every way to lay its stars would take longer than the universe is old."""
    name = "a" * 255
    hostile = Matcher(subscription(chefs=[f"{pattern}x{number}" for number in range(64)]))
    assert not hostile(of(f"{name}b"))
    assert not hostile(of(name))


# Letters that make patterns meet names, and mistakes in brackets.
alphabet = st.text("ab[]!-*?^\\\n.&|~", max_size=8)
patterns = st.lists(alphabet, max_size=4)


def naively(listed: tuple[str | None, ...] | None, name: str | None) -> bool:
    if listed is None:
        return True
    if name is None:
        return None in listed
    return any(pattern is not None and fnmatch.fnmatchcase(name, pattern) for pattern in listed)


@given(
    st.builds(
        lambda chefs, kitchens, drivers: subscription(
            chefs=chefs, kitchens=kitchens, drivers=drivers
        ),
        st.none() | patterns,
        st.none() | st.lists(st.none() | alphabet, max_size=4),
        st.none() | st.lists(st.sampled_from(["packet", "interval", "p*", ""]), max_size=2),
    ),
    st.lists(st.tuples(alphabet, st.none() | alphabet), max_size=5),
)
def test_it_lets_through_what_the_shells_rules_do(
    wanted: Subscription, kinds: list[tuple[str, str | None]]
) -> None:
    matcher = Matcher(wanted)
    # Twice, so that what is remembered is asked as well.
    for chef, kitchen in [*kinds, *kinds]:
        for driver in ("packet", "interval"):
            assert matcher(of(chef, kitchen, driver)) == (
                naively(wanted.chefs, chef)
                and naively(wanted.kitchens, kitchen)
                and naively(wanted.drivers, driver)
            )
