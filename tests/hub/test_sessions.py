"""Which dumplings the hub has, by their numbers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from netdumplings.hub.sessions import MAX_GONE, Sessions
from netdumplings.wire import stream_of
from support.outlets import metadata


@given(
    first=st.integers(1, 20),
    batches=st.lists(st.tuples(st.integers(1, 40), st.integers(1, 8)), max_size=12),
)
def test_each_number_is_taken_once_and_what_is_left_out_is_lost(
    first: int, batches: list[tuple[int, int]]
) -> None:
    sessions = Sessions()
    session, is_new = sessions.open("s" * 32, first, "k")
    assert is_new
    taken: list[int] = []
    beyond = first - 1
    lost = duplicates = 0
    for begin, count in batches:
        numbers = range(begin, begin + count)
        lines = [b"%d" % number for number in numbers]
        result = session.take(begin, b"\n".join(lines), [metadata()] * count)
        lost += max(0, begin - 1 - beyond)
        duplicates += sum(number <= beyond for number in numbers)
        fresh = [number for number in numbers if number > beyond]
        beyond = max(beyond, begin - 1, numbers[-1])
        assert [int(line) for line in (result.run.lines if result.run else [])] == fresh
        if result.run:
            assert (result.run.first, result.run.last) == (fresh[0], fresh[-1])
            assert len(result.run.metadata) == len(fresh)
        taken += fresh
    assert session.last == beyond
    assert session.intake.ledger == sessions.ledger
    assert sessions.ledger.taken == len(taken)
    assert sessions.ledger.duplicates == duplicates
    assert sessions.ledger.lost == lost
    assert sessions.ledger.violations() == []


def test_a_session_goes_on_where_it_was_when_its_kitchen_comes_back() -> None:
    sessions = Sessions()
    session, _ = sessions.open("s" * 32, 1, "k")
    session.take(1, b"\n" * 4, [metadata()] * 5)
    sessions.close(session)
    again, is_new = sessions.open("s" * 32, 3, "k")
    assert again is session
    assert not is_new
    assert again.last == 5
    assert again.skip_to(8) == 2


def test_a_kitchen_that_does_not_number_its_dumplings_has_them_numbered() -> None:
    sessions = Sessions()
    one, other = sessions.plain("one"), sessions.plain("other")
    for number, session in enumerate((one, one, other, one), start=1):
        taken = session.take(None, b"{}", [metadata()])
        assert taken.run is not None
        assert (taken.run.first, taken.lost) == (number, 0)
    # They are one stream, for however many came and went; but each has its counts.
    assert one.stream == other.stream
    assert sessions.cursor(10) == {one.stream: 4}
    assert (one.intake.received, other.intake.received) == (3, 1)


def test_of_kitchens_that_have_gone_only_so_many_are_remembered() -> None:
    sessions = Sessions()
    here, _ = sessions.open("here", 1, "k")
    for number in range(MAX_GONE + 10):
        session, _ = sessions.open(f"session {number}", 1, "k")
        sessions.close(session)
    assert len(list(sessions)) == MAX_GONE + 1
    _, is_new = sessions.open("session 0", 1, "k")
    assert is_new
    assert sessions.open("here", 1, "k") == (here, False)


def test_the_cursor_names_the_youngest_streams_and_nobodys_secret() -> None:
    sessions = Sessions()
    for number in range(5):
        session, _ = sessions.open(f"session {number}", 1 + number, "k")
        if number < 3:
            sessions.close(session)
    assert sessions.cursor(3) == {
        stream_of("session 2"): 2,
        stream_of("session 3"): 3,
        stream_of("session 4"): 4,
    }
