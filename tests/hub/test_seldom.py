"""What is made on demand, and how often; and the statuses that are kept."""

from __future__ import annotations

import json

from netdumplings.hub.seldom import Seldom
from netdumplings.hub.statuses import Statuses


class Maker:
    def __init__(self, takes: float) -> None:
        self.now = 0.0
        self.made = 0
        self.takes = takes

    def __call__(self) -> int:
        self.now += self.takes
        self.made += 1
        return self.made


def test_however_often_it_is_asked_for_little_of_the_time_goes_into_it() -> None:
    maker = Maker(takes=0.01)
    seldom = Seldom(maker, lambda: maker.now)
    while maker.now < 10.0:
        seldom.get()
        maker.now += 0.001
    assert 40 <= maker.made <= 51
    assert maker.made * maker.takes <= 0.05 * 10.0 + maker.takes


def test_what_takes_no_time_is_made_anew_each_time() -> None:
    maker = Maker(takes=0.0)
    seldom = Seldom(maker, lambda: maker.now)
    assert [seldom.get() for _ in range(3)] == [1, 2, 3]


def kept(statuses: Statuses, now: float) -> list[int]:
    told: list[int] = json.loads(statuses.text(now))["statuses"]
    return told


def test_statuses_are_kept_for_five_minutes_the_oldest_first() -> None:
    statuses = Statuses()
    assert kept(statuses, 0.0) == []
    for second in range(0, 900, 5):
        statuses.keep(b"%d" % second, float(second))
    assert kept(statuses, 895.0) == list(range(595, 900, 5))
    assert kept(statuses, 1190.0) == [890, 895]
    assert kept(statuses, 9999.0) == []


def test_of_long_statuses_the_newest_are_kept_that_there_is_room_for() -> None:
    statuses = Statuses(max_bytes=10)
    for number in range(1000, 1010):
        statuses.keep(b"%d" % number, 0.0)
    assert kept(statuses, 0.0) == [1008, 1009]
