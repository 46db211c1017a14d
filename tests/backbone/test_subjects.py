"""Names become subjects that any server of NATS takes, and become names again."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from netdumplings.backbone.subjects import (
    ANY,
    EVERYTHING,
    MAX_FILTERS,
    MAX_WANTED,
    Pair,
    fewest,
    filters,
    name_of,
    notice_subject,
    subject_of,
    subjects_of_stream,
    token_of,
    wanted_by,
)
from netdumplings.defaults import STATUS_CHEF
from netdumplings.wire import Matcher, Metadata, Subscription, subscription
from support.examples import examples

#: Bytes of a line that a server takes (``max_control_line``), and of what is in it besides the
#: subject: a verb, a subject for the answer, numbers.
MAX_LINE, THE_REST = 4096, 512
LONGEST = 256

#: What means something in a subject, or in how names are written, is tried more often.
NAMES = st.one_of(
    st.text(max_size=LONGEST),
    st.text("ab.*> ~%\\é😀\x00\n", max_size=LONGEST),
    st.text("😀", min_size=90, max_size=LONGEST),
    st.sampled_from(["", "~", "%", "*", ">", ".", "a.b", "%41", "~YQ", "$JS", STATUS_CHEF]),
)
FEW = st.sampled_from(["a", "b", "a.b", "", "~", "*", "a*", "[ab]", STATUS_CHEF])
TOKENS = st.sampled_from(["a", "b", "c", ANY])


@given(st.none() | NAMES)
@example("x" * LONGEST)
@example("\U0010ffff" * LONGEST)
@examples(4)
def test_a_name_becomes_a_token_that_stands_for_it_alone(name: str | None) -> None:
    token = token_of(name)
    assert name_of(token) == name
    # No space, dot, star or >, nothing that is not ASCII or cannot be printed.
    assert re.fullmatch(r"[!-)+\-/-=?-~]+", token)


@given(st.text(max_size=40) | st.text("%~0123456789ABCDEFabcdef-_", max_size=12))
@examples(4)
def test_of_what_may_stand_in_a_subject_only_tokens_are_names(text: str) -> None:
    try:
        name = name_of(text)
    except ValueError:
        return
    assert token_of(name) == text


def test_plain_names_stand_for_themselves_and_others_can_still_be_read() -> None:
    assert subject_of("dumplings", "default_kitchen", "ARPChef") == (
        "dumplings.default_kitchen.ARPChef"
    )
    assert subject_of("d", "office.3", "büro") == "d.office%2E3.b%C3%BCro"
    assert subject_of("d", None, "") == "d.%.~"
    assert notice_subject("d", "a b") == "d.a%20b"
    assert subjects_of_stream("d") == ["d.*", "d.*.*"]


@pytest.mark.parametrize("character", ["x", ".", "é", "\U0010ffff"])
def test_the_longest_names_make_no_line_that_is_too_long(character: str) -> None:
    subject = subject_of("s" * 64, character * LONGEST, character * LONGEST)
    assert len(subject) + THE_REST < MAX_LINE


@given(
    st.builds(
        subscription,
        chefs=st.none() | st.lists(FEW, max_size=4),
        kitchens=st.none() | st.lists(FEW | st.none(), max_size=4),
        drivers=st.none() | st.just(["packet"]),
    ),
    FEW,
    FEW | st.none(),
)
@examples(8)
def test_what_an_eater_is_given_is_among_what_its_hub_takes(
    wanted: Subscription, chef: str, kitchen: str | None
) -> None:
    pairs = wanted_by(wanted)
    given_to_it = Matcher(wanted)(Metadata(chef, 1.5, "packet", kitchen))
    if given_to_it and chef != STATUS_CHEF:
        dumpling = Pair(token_of(kitchen), token_of(chef))
        assert any(pair.covers(dumpling) for pair in pairs)


@pytest.mark.parametrize(("chefs", "kitchens"), [(8, 8), (100, 2), (2, 100), (100, 100)])
def test_many_names_become_few_wide_subjects(chefs: int, kitchens: int) -> None:
    wanted = subscription(
        chefs=[f"c{n}" for n in range(chefs)], kitchens=[f"k{n}" for n in range(kitchens)]
    )
    pairs = wanted_by(wanted)
    assert len(pairs) <= MAX_WANTED
    assert any(pair.covers(Pair("k1", "c1")) for pair in pairs)
    assert (EVERYTHING in pairs) == (min(chefs, kitchens) > MAX_WANTED)


def test_who_wants_nothing_but_the_hubs_own_asks_the_stream_for_nothing() -> None:
    assert wanted_by(subscription(chefs=[STATUS_CHEF])) == frozenset()
    assert filters("d", []) == ["d.*"]


@given(st.sets(st.builds(Pair, TOKENS, TOKENS)))
def test_what_is_covered_is_left_out_and_nothing_else(pairs: set[Pair]) -> None:
    few = fewest(pairs)
    assert few <= pairs
    for pair in pairs:
        assert any(one.covers(pair) for one in few)
    assert not any(one.covers(other) for one in few for other in few if one != other)


@pytest.mark.parametrize("count", [MAX_FILTERS, MAX_FILTERS + 1, 10 * MAX_FILTERS])
def test_too_many_pairs_become_fewer_and_wider_ones(count: int) -> None:
    for pairs in (
        {Pair(f"k{n}", f"c{n}") for n in range(count)},
        {Pair(f"k{n}", "c") for n in range(count)},
    ):
        few = fewest(pairs)
        assert len(few) <= MAX_FILTERS
        assert all(any(one.covers(pair) for one in few) for pair in pairs)
