"""What the hub keeps, and how it is gone through."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from netdumplings.hub.history import PIECE, History, Piece, Replay
from netdumplings.hub.runs import PART_OVERHEAD, Hole, Mark, Run, split
from netdumplings.wire import Matcher, subscription
from support.outlets import metadata


def run(stream: str, first: int, count: int, chef: str = "C", size: int = 200) -> Run:
    about = {"chef": chef, "creation_time": 1.5, "driver": "packet", "kitchen": "k"}
    lines = [
        json.dumps({"metadata": about, "payload": [stream, number]}).ljust(size).encode()
        for number in range(first, first + count)
    ]
    return Run(stream, first, b"\n".join(lines), [metadata(chef)] * count)


def numbers(piece: Piece) -> list[int]:
    found = [json.loads(line)["payload"][1] for line in split(piece.parts)] if piece.parts else []
    assert len(found) == piece.wanted
    return found


def replayed(replay: Replay) -> list[int]:
    found: list[int] = []
    while not replay.ended:
        found += numbers(replay.next())
    return found


def test_it_takes_no_more_memory_than_it_may() -> None:
    history = History(10_000)
    for index in range(100):
        history.append(run("s", 1 + 5 * index, 5), 1.0)
    assert 9000 < history.size <= 10_000
    assert history.end == 500
    kept = 500 - history.begin
    assert kept / 5 * (5 * 201 - 1 + PART_OVERHEAD) == history.size


def test_one_that_may_keep_nothing_keeps_nothing_and_counts_on() -> None:
    history = History(0)
    history.append(run("s", 1, 5), 1.0)
    assert (history.begin, history.end, history.size) == (5, 5, 0)
    assert Replay(history, 0, None).next().missed == 5
    assert history.place_of_last(3, None) == 5
    assert history.place_since(0.0) == 5


@given(
    counts=st.lists(st.integers(1, 5), max_size=10),
    last=st.integers(0, 40),
    rare=st.booleans(),
)
def test_the_last_so_many_are_found_with_a_filter_and_without(
    counts: list[int], last: int, rare: bool
) -> None:
    history = History(1 << 20)
    matcher = Matcher(subscription(chefs=["Rare"])) if rare else None
    wanted: list[int] = []
    first = 1
    for index, count in enumerate(counts):
        chef = "Rare" if index % 2 else "C"
        history.append(run("s", first, count, chef), 1.0)
        if not rare or chef == "Rare":
            wanted += range(first, first + count)
        first += count
    place = history.place_of_last(last, matcher)
    assert replayed(Replay(history, place, matcher)) == wanted[max(0, len(wanted) - last) :]


@given(
    counts=st.lists(st.integers(1, 4), min_size=1, max_size=10),
    place=st.integers(0, 40),
    known=st.dictionaries(st.sampled_from("ab"), st.integers(0, 25)),
)
def test_a_replay_gives_what_lies_after_a_place_and_after_a_cursor(
    counts: list[int], place: int, known: dict[str, int]
) -> None:
    history = History(1 << 20)
    at = {"a": 0, "b": 0}
    everything: list[tuple[str, int]] = []
    for index, count in enumerate(counts):
        stream = "ab"[index % 2]
        history.append(run(stream, at[stream] + 1, count), 1.0)
        everything += [(stream, number) for number in range(at[stream] + 1, at[stream] + count + 1)]
        at[stream] += count
    place = min(place, history.end)
    replay = Replay(history, place, None, known)
    piece = replay.next()
    wanted = [(s, n) for s, n in everything[place:] if n > known.get(s, 0)]
    assert numbers(piece) == [n for _, n in wanted]
    assert piece.total == len(wanted)
    before = history.cursor_before(place, at)
    assert before == {s: sum(one == s for one, _ in everything[:place]) for s in "ab"}
    kept = history.kept_after(known)
    for stream, last in at.items():
        assert kept[stream] == max(0, last - known.get(stream, 0))


def test_a_replay_goes_on_by_pieces_and_may_begin_in_the_middle_of_a_run() -> None:
    history = History(1 << 30)
    for index in range(20):
        history.append(run("s", 1 + 100 * index, 100, size=300), 1.0)
    replay = Replay(history, 150, None)
    first = replay.next()
    assert not replay.ended
    # What it has gone through counts, with the 50 lines of the first run that were left out.
    size = (50 + first.wanted) * 301
    assert PIECE - 1000 <= size <= PIECE + 100 * 301
    assert numbers(first) + replayed(replay) == list(range(151, 2001))
    assert replay.next().wanted == 0


def test_what_has_gone_before_a_replay_came_to_it_is_missed() -> None:
    history = History(20_000)
    history.append(run("s", 1, 50), 1.0)
    replay = Replay(history, 10, None)
    history.append(run("s", 51, 60), 1.0)
    piece = replay.next()
    assert piece.missed == 40
    assert numbers(piece) == list(range(51, 111))
    assert not piece.past
    assert replay.ended


def test_times_are_those_at_which_dumplings_came() -> None:
    history = History(1 << 20)
    for index, time in enumerate((10.0, 20.0, 30.0)):
        history.append(run("s", 1 + index, 1), time)
    assert [history.place_since(time) for time in (0.0, 10.0, 10.5, 30.0, 31.0)] == [0, 0, 1, 2, 3]


def marked(stream: str, first: int, count: int, position: int) -> Run:
    one = run(stream, first, count)
    one.mark = Mark("@key", position)
    return one


def hole(stream: str, missed: int, last: int, position: int) -> Hole:
    return Hole(stream, "k", missed, last, Mark("@key", position))


def test_what_came_from_a_backbone_is_found_by_its_position() -> None:
    history = History(1 << 20)
    for position, first in ((3, 1), (7, 6), (8, 11)):
        history.append(marked("s", first, 5, position), 1.0)
    assert [history.place_after(position) for position in (0, 2, 3, 6, 7, 8, 9)] == [
        0, 0, 5, 5, 10, 15, 15,
    ]  # fmt: skip
    assert history.forgotten == 0
    assert Replay(history, history.place_after(7), None).next().cursor == {"s": 15, "@key": 8}


def test_it_knows_up_to_which_position_it_has_let_go() -> None:
    history = History(5000)
    for index in range(20):
        history.append(marked("s", 1 + 5 * index, 5, 10 * index), 1.0)
    kept = history.runs_from(history.begin)
    oldest = next(kept)
    assert oldest.mark is not None
    assert history.forgotten == oldest.mark.position - 10
    assert history.place_after(history.forgotten) == history.begin
    history.clear()
    assert (history.forgotten, history.size, history.begin) == (0, 0, history.end)


def test_a_replay_tells_of_what_is_missing_where_it_is() -> None:
    history = History(1 << 20)
    history.append(marked("s", 1, 5, 1), 1.0)
    history.miss(hole("s", 10, 15, 2))
    history.append(marked("s", 16, 5, 3), 1.0)
    history.miss(hole("s", 4, 24, 4))
    replay = Replay(history, 0, None)
    first, second = replay.next(), replay.next()
    assert (numbers(first), first.holes) == ([1, 2, 3, 4, 5], [])
    assert (second.holes, numbers(second)) == ([hole("s", 10, 15, 2)], [16, 17, 18, 19, 20])
    assert replay.ended
    assert replay.unknown(history.pending) == [hole("s", 4, 24, 4)]
    # Whoever knows some of it is told of the rest; of what it knows, nothing.
    begun = Replay(history, 5, None, {"s": 12})
    assert begun.next().holes == [hole("s", 3, 15, 2)]
    assert Replay(history, 5, None, {"s": 15}).next().holes == []


def test_a_replay_knows_how_far_it_has_come_and_that_it_is_too_late() -> None:
    history = History(5000)
    history.append(marked("s", 1, 5, 1), 1.0)
    replay = Replay(history, 0, None, {"t": 9})
    assert numbers(replay.next()) == [1, 2, 3, 4, 5]
    assert replay.reached == {"s": 5, "t": 9, "@key": 1}
    assert not replay.behind
    for index in range(1, 20):
        history.append(marked("s", 1 + 5 * index, 5, 1 + index), 1.0)
    assert replay.behind
