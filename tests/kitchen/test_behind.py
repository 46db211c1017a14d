"""A kitchen that falls behind says so once an episode; slow chefs do not make it deaf."""

from __future__ import annotations

import pytest

from netdumplings.kitchen.behind import CALM, Behind, Bites, CaughtUp, Watch, advice

CHEFS = {"FastChef": 0.0, "SlowChef": 0.0}


def test_a_kitchen_that_keeps_up_has_nothing_to_say() -> None:
    watch = Watch()
    assert [watch.look(float(second), 0, CHEFS) for second in range(1, 200)] == [None] * 199


def test_an_episode_is_told_once_with_the_chef_that_took_most_time_since_it_began() -> None:
    watch = Watch()
    # Before, it was the other one.
    assert watch.look(10.0, 0, {"FastChef": 9.0, "SlowChef": 0.5}) is None
    assert watch.look(11.0, 70, {"FastChef": 9.9, "SlowChef": 0.5}) is None
    told = watch.look(12.0, 90, {"FastChef": 10.0, "SlowChef": 1.25})
    assert told == Behind(90, "SlowChef", 0.75)
    assert watch.look(13.0, 170, {"FastChef": 11.0, "SlowChef": 1.25}) is None
    assert watch.look(14.0, 270, {"FastChef": 12.0, "SlowChef": 1.25}) is None


def test_an_episode_of_a_single_look_is_told_too() -> None:
    watch = Watch()
    assert watch.look(1.0, 7, CHEFS) is None
    assert watch.look(2.0, 7, CHEFS) == Behind(7, "FastChef", 0.0)


def test_an_episode_ends_a_minute_after_its_last_drop_and_another_may_begin() -> None:
    watch = Watch()
    assert watch.look(101.0, 5, CHEFS) is None
    assert watch.look(102.0, 5, CHEFS) == Behind(5, "FastChef", 0.0)
    assert watch.look(131.0, 25, CHEFS) is None
    assert watch.look(131.0 + CALM - 1, 25, CHEFS) is None
    assert watch.look(131.0 + CALM, 25, CHEFS) == CaughtUp(25, 30.0)
    assert watch.look(132.0 + CALM, 25, CHEFS) is None
    assert watch.look(133.0 + CALM, 26, CHEFS) is None
    assert watch.look(134.0 + CALM, 26, CHEFS) == Behind(1, "FastChef", 0.0)
    assert watch.look(134.0 + 2 * CALM, 26, CHEFS) == CaughtUp(1, 0.0)


def test_without_chefs_or_time_gone_by_it_still_tells() -> None:
    watch = Watch()
    watch.look(0.0, 3, {})
    assert watch.look(0.0, 3, {}) == Behind(3, "", 0.0)


@pytest.mark.parametrize(
    ("filters", "takes_batches", "help_"),
    [
        (False, False, "a packet_filter or a batch_handler"),
        (True, False, "a narrower packet_filter or a batch_handler"),
        (False, True, "a packet_filter or doing less for each packet"),
        (True, True, "a narrower packet_filter or doing less for each packet"),
    ],
)
def test_what_would_help_is_what_the_chef_does_not_do_yet(
    filters: bool, takes_batches: bool, help_: str
) -> None:
    said = advice(Behind(9, "SlowChef", 0.934), filters=filters, takes_batches=takes_batches)
    assert said == f"chef SlowChef took 93% of the time; {help_} in it would help"


def test_where_no_chef_takes_much_time_a_buffer_helps() -> None:
    said = advice(Behind(9, "SlowChef", 0.04), filters=False, takes_batches=False)
    assert said.startswith("no chef takes much of the time (most: SlowChef, 4%); a larger --buffer")


def test_bites_grow_until_they_take_a_quarter_second() -> None:
    bites = Bites()
    assert bites.size <= 64
    bites.took(64, 0.001)
    assert bites.size == 16_000
    bites.took(16_000, 0.5)
    assert bites.size == 8_000
    bites.took(10, 0.0)
    assert bites.size == Bites.LARGEST


def test_a_bite_is_one_packet_at_least_however_slow_the_chefs_are() -> None:
    bites = Bites()
    bites.took(1, 3600.0)
    assert bites.size == 1
