"""Rates from one status to the next, and who has gone."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netdumplings.console.fleet import Fleet, Rates, read_status
from support.statuses import eater, fleet_after, kitchen, status


def counting(handled: int, **more: Any) -> dict[str, Any]:
    return kitchen(packets_received=handled, packets_handled=handled, **more)


def test_rates_are_what_was_counted_between_two_statuses() -> None:
    fleet = fleet_after(
        status(10, counting(100, bytes_handled=1000, dumplings_made=5, traffic={"TCP": [9, 90]})),
        status(
            12,
            kitchen(
                packets_handled=300,
                bytes_handled=2000,
                dumplings_made=6,
                packets_dropped_by_kernel=40,
                traffic={"TCP": [19, 190], "UDP": [4, 40]},
            ),
        ),
    )
    [one] = fleet.kitchens
    assert one.rates == Rates(
        packets=100.0,
        bits=4000.0,
        dumplings=0.5,
        lost=20.0,
        traffic={"TCP": (5.0, 400.0), "UDP": (2.0, 160.0)},
    )


def test_before_the_second_status_no_rate_is_known() -> None:
    fleet = fleet_after(status(10, counting(100)))
    assert (fleet.kitchens[0].rates, fleet.rates, fleet.together()) == (None, None, None)


def test_a_kitchen_that_counts_no_bytes_has_no_bits() -> None:
    fleet = fleet_after(status(1, counting(1)), status(2, counting(5)))
    assert fleet.together() == Rates(packets=4.0)


def test_counters_that_begin_anew_count_from_nothing() -> None:
    fleet = fleet_after(
        status(1, counting(1000, packets_dropped_by_kernel=50), total_dumplings_in=70),
        status(2, counting(30, packets_dropped_by_kernel=2), total_dumplings_in=7),
    )
    [one] = fleet.kitchens
    assert one.rates is not None
    assert (one.rates.packets, one.rates.lost) == (30.0, 2.0)
    assert fleet.rates is not None
    assert fleet.rates.dumplings_in == 7.0


def test_counts_told_less_often_than_statuses_come_make_no_jumps() -> None:
    """A kitchen tells its counts each second, or five; a hub may tell of them more often."""
    statuses = [status(t / 10, counting(100 * (t // 20))) for t in range(100)]
    fleet = fleet_after(*statuses[:41])
    for one in statuses[41:]:
        fleet.update(read_status(one))
        rates = fleet.kitchens[0].rates
        assert rates is not None
        assert rates.packets == pytest.approx(50)


def test_counts_that_stand_still_for_long_are_no_traffic() -> None:
    fleet = fleet_after(status(0, counting(0)), status(1, counting(100)))
    for t in range(2, 7):
        fleet.update(read_status(status(t, counting(100))))
        assert (fleet.together() or Rates()).packets == 100
    fleet.update(read_status(status(7, counting(100))))
    assert fleet.together() == Rates()
    fleet.update(read_status(status(8, counting(160))))
    assert (fleet.together() or Rates()).packets == pytest.approx(30, rel=0.5)


def test_a_kitchen_that_has_gone_is_remembered_for_a_while() -> None:
    fleet = fleet_after(status(1, counting(1)), status(2))
    [one] = fleet.kitchens
    assert (one.gone, one.seen, fleet.here) == (True, 1, [])
    fleet.update(read_status(status(290)))
    assert len(fleet.kitchens) == 1
    fleet.update(read_status(status(302)))
    assert fleet.kitchens == []


def test_a_kitchen_that_comes_back_is_the_one_that_has_gone() -> None:
    fleet = fleet_after(
        status(1, counting(100)),
        status(2),
        status(60, counting(700, port=2)),
        status(61, counting(710, port=2)),
    )
    [one] = fleet.kitchens
    assert not one.gone
    assert one.rates is not None
    assert one.rates.packets == 10  # not the 600 of the time it was away


def test_kitchens_of_one_name_are_told_apart_by_their_connections() -> None:
    fleet = fleet_after(
        status(1, counting(100, port=1), counting(5000, port=2)),
        status(2, counting(5007, port=2), counting(103, port=1)),
    )
    assert sorted(one.rates.packets for one in fleet.kitchens if one.rates) == [3, 7]
    fleet.update(read_status(status(3, counting(106, port=1))))
    assert [(one.status.port, one.gone) for one in fleet.kitchens] == [(1, False), (2, True)]


def test_those_remembered_have_a_bound() -> None:
    fleet = fleet_after(status(1, *[kitchen(f"k{n}") for n in range(1000)]), status(2))
    assert len(fleet.kitchens) == 200


def test_a_clock_that_is_set_back_begins_anew() -> None:
    fleet = fleet_after(status(100, counting(1)), status(101, counting(2)), status(50, counting(3)))
    assert (fleet.rates, fleet.together(), len(fleet.kitchens)) == (None, None, 1)


def test_what_all_kitchens_lost_is_a_share_of_what_all_received() -> None:
    losing = kitchen("b", packets_received=10, packets_dropped_by_kernel=5)
    fleet = fleet_after(status(1, kitchen("a", packets_received=90), losing))
    assert fleet.loss_share() == 0.05
    assert fleet_after(status(1)).loss_share() is None


def test_an_eater_has_a_rate_too() -> None:
    fleet = fleet_after(
        status(1, eaters=[eater(dumplings_out=5)]), status(3, eaters=[eater(dumplings_out=11)])
    )
    assert [(one.status.name, one.rate) for one in fleet.eaters] == [("printer", 3.0)]
    fleet.update(read_status(status(4)))
    assert fleet.eaters[0].gone


times = st.floats(0, 1e6) | st.sampled_from([1.0, 2.0])
kitchens = st.builds(
    lambda name, port, counts: kitchen(name, port=port, **counts),
    st.sampled_from("ab"),
    st.integers(1, 3),
    st.dictionaries(st.sampled_from(["packets_handled", "bytes_handled"]), st.integers(0, 2**64)),
)


@given(st.lists(st.tuples(times, st.lists(kitchens, max_size=4)), max_size=6))
def test_no_rate_is_negative_or_infinite(told: list[tuple[float, list[Any]]]) -> None:
    fleet = Fleet()
    for time, those in told:
        fleet.update(read_status(status(time, *those)))
        assert len(fleet.here) == len(those)
        for one in fleet.kitchens:
            if one.rates is not None:
                assert 0 <= one.rates.packets < float("inf")
