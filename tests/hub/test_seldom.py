"""What is made on demand, and how often."""

from __future__ import annotations

from netdumplings.hub.seldom import Seldom


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
