"""The beginnings of streams, however their segments come."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netdumplings.packets.reassembly import MOST_PIECES, Stretch, Stretches, ahead
from support.examples import examples

TEXT = bytes(range(256)) * 40
LIMIT = 4096
SECOND = 10**9


def stretches(**changed: int) -> Stretches[str]:
    bounds = {"limit": LIMIT, "total": 100_000, "most": 10, "idle_ns": 60 * SECOND}
    return Stretches(**{**bounds, **changed})


@pytest.mark.parametrize(
    ("sequence", "start", "far"),
    [(5, 3, 2), (3, 5, -2), (1, 2**32 - 1, 2), (2**32 - 1, 1, -2), (7, 7, 0)],
)
def test_sequence_numbers_go_round(sequence: int, start: int, far: int) -> None:
    assert ahead(sequence, start) == far


def test_segments_in_order_are_joined() -> None:
    stretch = Stretch(2**32 - 2, LIMIT)
    assert stretch.add(2**32 - 2, b"abc")
    assert stretch.add(1, b"def")
    assert stretch.data == b"abcdef"
    assert stretch.end == 4


def test_what_comes_ahead_of_a_gap_waits_for_it() -> None:
    stretch = Stretch(100, LIMIT)
    assert not stretch.add(106, b"ghi")
    assert not stretch.add(103, b"def")
    assert stretch.add(100, b"abc")
    assert stretch.data == b"abcdefghi"


def test_what_was_sent_again_changes_nothing() -> None:
    stretch = Stretch(100, LIMIT)
    stretch.add(100, b"abcdef")
    assert not stretch.add(102, b"XY")
    assert not stretch.add(90, b"0123456789abc")
    assert stretch.add(104, b"XYgh")
    assert stretch.data == b"abcdefgh"


def test_bytes_in_order_win_over_those_ahead_of_a_gap() -> None:
    stretch = Stretch(0, LIMIT)
    stretch.add(2, b"XXX")
    stretch.add(0, b"abcd")
    assert stretch.data == b"abcdX"


def test_no_more_is_kept_than_the_limit() -> None:
    stretch = Stretch(0, 8)
    stretch.add(4, b"efghijkl")
    stretch.add(20, b"far")
    assert stretch.add(0, b"abcdXXXXXXXX")
    assert stretch.data == b"abcdXXXX"
    assert not stretch.add(8, b"more")
    stretch.drop(6)
    assert stretch.add(8, b"more")
    assert stretch.data == b"XXmore"


def test_dropping_more_than_there_is_passes_over_what_is_still_to_come() -> None:
    stretch = Stretch(10, LIMIT)
    stretch.add(10, b"ab")
    stretch.add(16, b"ghijkl")
    stretch.drop(8)
    assert stretch.start == 18
    assert stretch.data == b"ijkl"
    assert stretch.origin == 10
    stretch.drop(100)
    assert stretch.start == 118
    assert stretch.data == b""
    assert not stretch.add(22, b"passed over")
    assert stretch.add(110, b"passed, behind")
    assert stretch.data == b"behind"


@st.composite
def pieces(draw: st.DrawFn) -> list[tuple[int, int]]:
    """Pieces of a text, as where they begin and end, which cover all of it."""
    cuts = sorted(draw(st.sets(st.integers(1, LIMIT - 1), max_size=12)))
    whole = list(zip([0, *cuts], [*cuts, LIMIT], strict=True))
    more = draw(st.lists(st.tuples(st.integers(0, LIMIT), st.integers(0, LIMIT)), max_size=12))
    return draw(st.permutations(whole + [(min(pair), max(pair)) for pair in more]))


@examples(2)
@given(pieces(), st.integers(0, 2**32 - 1))
def test_in_whatever_order_pieces_come_the_text_is_whole(
    parts: list[tuple[int, int]], start: int
) -> None:
    stretch = Stretch(start, LIMIT)
    for begin, end in parts:
        before = len(stretch.data)
        more = stretch.add((start + begin) % 2**32, TEXT[begin:end])
        assert more == (len(stretch.data) > before)
        assert stretch.data == TEXT[: len(stretch.data)]
        assert stretch.weight <= 512 + 2 * LIMIT * len(parts)
    assert stretch.data == TEXT[:LIMIT]
    assert stretch.weight == 512 + LIMIT


@given(st.lists(st.tuples(st.integers(0, 2**32 - 1), st.binary(max_size=99)), max_size=200))
def test_any_segments_stay_in_the_bound(segments: list[tuple[int, bytes]]) -> None:
    stretch = Stretch(2**31, 1000)
    for sequence, payload in segments:
        stretch.add(sequence % 3000 + 2**31 - 500, payload)
        assert len(stretch.data) <= 1000
    assert stretch.weight <= 512 + 1000 + MOST_PIECES * (128 + 99)
    stretch.drop(5000)
    assert stretch.data == b""
    assert stretch.weight == 512


def test_a_stream_that_is_expected_begins_where_it_was_opened() -> None:
    known = stretches()
    known.expect("a", 100)
    assert known.start_of("a") == (100, False)
    assert known.get("a") is None
    assert list(known.known()) == [("a", 100, False)]
    stretch = known.open("a", 100)
    stretch.add(100, b"abc")
    assert known.start_of("a") == (103, True)
    assert "a" in known
    assert len(known) == 1


def test_a_stream_that_is_opened_once_more_goes_on_but_with_other_numbers_begins_anew() -> None:
    known = stretches()
    known.open("a", 100).drop(50)
    known.expect("a", 100)
    assert known.start_of("a") == (150, True)
    known.expect("a", 7)
    assert known.start_of("a") == (7, False)


def test_streams_that_are_idle_are_forgotten_and_not_counted() -> None:
    known = stretches()
    for number, key in enumerate("abc"):
        known.open(key, 0).add(0, b"x")
        known.touch(key, number * 40 * SECOND)
    assert known.make_way(100 * SECOND) == ["a"]
    assert known.forgotten == 0
    assert "a" not in known
    assert known.make_way(2**62) == ["b", "c"]
    assert known.weight == 0


@pytest.mark.parametrize("bounds", [{"most": 3}, {"total": 3 * (512 + 1000)}])
def test_streams_that_are_too_many_make_way_those_used_last_stay(bounds: dict[str, int]) -> None:
    known = stretches(**bounds)
    for key in "abcde":
        known.open(key, 0).add(0, bytes(1000))
        known.touch(key, 0)
    known.touch("a", 0)
    assert known.make_way(0) == ["b", "c"]
    assert known.forgotten == 2
    assert {key for key, _, _ in known.known()} == set("dea")
    assert known.weight == 3 * (512 + 1000)


def test_expected_streams_do_not_push_out_those_that_have_begun() -> None:
    known = stretches()
    known.open("begun", 0)
    for number in range(1000):
        known.expect(str(number), number)
    assert known.get("begun") is not None
    assert len(known) == 1 + 10
    assert known.make_way(0) == []


def test_the_weight_of_all_is_that_of_each_whatever_happens() -> None:
    chance = random.Random(5)
    known = stretches(total=30_000)
    for _ in range(3000):
        key = chance.choice("abcdefghijklmnop")
        match chance.randrange(6):
            case 0:
                known.expect(key, chance.randrange(2**32))
            case 1:
                known.close(key)
            case 2:
                known.open(key, 0)
            case 3 if (stretch := known.get(key)) is not None:
                stretch.drop(chance.randrange(200))
                known.touch(key, 0)
            case _ if (stretch := known.get(key)) is not None:
                stretch.add(chance.randrange(6000), bytes(chance.randrange(1500)))
                known.touch(key, 0)
        known.make_way(0)
        assert known.weight <= known.total
    weights = [stretch.weight for key in "abcdefghijklmnop" if (stretch := known.get(key))]
    assert sum(weights) >= known.weight
    for key in "abcdefghijklmnop":
        if known.get(key) is not None:
            known.touch(key, 0)
    assert sum(weights) == known.weight
