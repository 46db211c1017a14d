"""A call that does not return is talked about after two seconds, and ended when its time is up."""

from __future__ import annotations

from netdumplings.kitchen.watch import CallWatch, Returned, Spent, Stuck
from netdumplings.whereabouts import Whereabout

NOWHERE = Whereabout(0, 7)
CALL = Whereabout(1, 7)
NEXT = Whereabout(1, 8)


def test_calls_that_return_in_time_are_no_news() -> None:
    watch = CallWatch()
    for second in range(100):
        assert watch.look(second, Whereabout(1, second), 10) is None
    assert watch.look(100, NOWHERE, 10) is None
    assert watch.look(1000, NOWHERE, 10) is None


def test_a_call_is_stuck_once_and_then_spent_until_it_is_ended() -> None:
    watch = CallWatch()
    told = [watch.look(tenth / 10, CALL, 10) for tenth in range(121)]
    assert [news for news in told if news] == [
        Stuck(CALL, 2.0),
        Spent(CALL, 10.0, 0),
        Spent(CALL, 11.0, 1),
        Spent(CALL, 12.0, 2),
    ]
    assert watch.look(12.5, NEXT, 10) == Returned(CALL, 12.5, ended=True)
    assert watch.look(14, NEXT, 10) is None
    assert watch.look(14.5, NEXT, 10) == Stuck(NEXT, 2.0)
    assert watch.look(15, NOWHERE, 10) == Returned(NEXT, 2.5, ended=False)


def test_without_a_budget_no_call_is_ever_spent() -> None:
    watch = CallWatch()
    told = [watch.look(second, CALL, 0) for second in range(10_000)]
    assert [news for news in told if news] == [Stuck(CALL, 2)]


def test_a_short_budget_is_spent_before_anybody_would_talk_about_it() -> None:
    watch = CallWatch()
    assert watch.look(0, CALL, 0.5) is None
    assert watch.look(0.5, CALL, 0.5) == Spent(CALL, 0.5, 0)
    assert watch.look(0.75, NOWHERE, 0.5) == Returned(CALL, 0.75, ended=True)
