"""The outbox loses nothing that it does not count."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from netdumplings.delivery import Outbox, OutboxStatistics


def test_messages_come_out_in_the_order_in_which_they_went_in() -> None:
    outbox = Outbox(100)
    for message in (b"a", b"b", b"c"):
        assert outbox.put(message) == 0
    assert outbox.take(2, 100) == [b"a", b"b"]
    assert outbox.take(2, 100) == [b"c"]
    assert outbox.take(2, 100) == []


def test_a_full_outbox_drops_its_oldest_messages() -> None:
    outbox = Outbox(10)
    outbox.put(b"aaaa")
    outbox.put(b"bbbb")
    assert outbox.put(b"cccccc") == 1
    assert outbox.take(9, 100) == [b"bbbb", b"cccccc"]


def test_what_is_in_flight_is_not_dropped_for_what_comes_after() -> None:
    outbox = Outbox(10)
    outbox.put(b"aaaaaaaa")
    outbox.take(1, 100)
    assert outbox.put(b"bbbb") == 1
    outbox.rewind()
    assert outbox.take(9, 100) == [b"aaaaaaaa"]


def test_a_message_larger_than_the_outbox_is_dropped() -> None:
    outbox = Outbox(3)
    assert outbox.put(b"aaaa") == 1
    assert outbox.statistics() == OutboxStatistics(1, 0, 0, 1, 0)


def test_there_is_room_up_to_the_last_byte() -> None:
    outbox = Outbox(10)
    outbox.put(b"aaaa")
    assert outbox.has_room(6)
    assert not outbox.has_room(7)
    outbox.take(1, 100)
    assert not outbox.has_room(7)
    outbox.acknowledge(1)
    assert outbox.has_room(7)


def test_nobody_waits_for_ever_for_room_that_there_will_never_be() -> None:
    outbox = Outbox(10)
    assert outbox.has_room(11)
    outbox.put(b"a")
    assert not outbox.has_room(11)


def test_take_heeds_both_limits_but_takes_one_message_however_large() -> None:
    outbox = Outbox(100)
    for message in (b"aaaa", b"bbbb", b"cccc", b"dddd"):
        outbox.put(message)
    assert outbox.take(9, 8) == [b"aaaa", b"bbbb"]
    assert outbox.take(9, 1) == [b"cccc"]
    assert outbox.take(0, 100) == []


def test_a_rewind_puts_everything_back_in_its_place() -> None:
    outbox = Outbox(100)
    for message in (b"a", b"b", b"c", b"d"):
        outbox.put(message)
    outbox.take(2, 100)
    outbox.take(1, 100)
    outbox.acknowledge(1)
    outbox.rewind()
    assert outbox.take(9, 100) == [b"b", b"c", b"d"]


def test_refused_messages_are_counted_as_dropped() -> None:
    outbox = Outbox(100)
    for message in (b"bad", b"too", b"good"):
        outbox.put(message)
    outbox.take(2, 100)
    assert outbox.drop_in_flight() == 2
    assert outbox.statistics() == OutboxStatistics(3, 0, 1, 2, 4)
    assert outbox.drop_in_flight() == 0


@pytest.mark.parametrize("count", [-1, 2])
def test_no_more_is_acknowledged_than_is_in_flight(count: int) -> None:
    outbox = Outbox(100)
    outbox.put(b"a")
    outbox.put(b"b")
    outbox.take(1, 100)
    with pytest.raises(ValueError, match="1 in flight"):
        outbox.acknowledge(count)


def test_an_outbox_that_holds_nothing_makes_no_sense() -> None:
    with pytest.raises(ValueError, match="max_bytes"):
        Outbox(0)


class OutboxMachine(RuleBasedStateMachine):
    """Whatever is done to an outbox, in whatever order, the books balance."""

    def __init__(self) -> None:
        super().__init__()
        self.outbox = Outbox(64)
        self.made = 0
        self.in_flight: list[bytes] = []
        self.done: list[bytes] = []

    @rule(size=st.integers(4, 80))
    def put(self, size: int) -> None:
        self.outbox.put(b"%04d" % self.made + b"x" * (size - 4))
        self.made += 1

    @rule(messages=st.integers(0, 5), size=st.integers(0, 80))
    def take(self, messages: int, size: int) -> None:
        taken = self.outbox.take(messages, size)
        assert len(taken) <= messages
        assert len(taken) <= 1 or sum(map(len, taken)) <= size
        self.in_flight += taken

    @precondition(lambda self: self.in_flight)
    @rule(data=st.data())
    def acknowledge(self, data: st.DataObject) -> None:
        count = data.draw(st.integers(0, len(self.in_flight)))
        self.outbox.acknowledge(count)
        self.done += self.in_flight[:count]
        del self.in_flight[:count]

    @rule()
    def rewind(self) -> None:
        self.outbox.rewind()
        self.in_flight.clear()

    @rule()
    def refuse(self) -> None:
        assert self.outbox.drop_in_flight() == len(self.in_flight)
        self.in_flight.clear()

    @invariant()
    def the_books_balance(self) -> None:
        made, acknowledged, held, dropped, held_bytes = self.outbox.statistics()
        assert made == self.made == acknowledged + held + dropped
        assert acknowledged == len(self.done)
        assert held >= len(self.in_flight)
        assert 0 <= held_bytes <= 64

    @invariant()
    def nothing_is_delivered_twice_or_out_of_order(self) -> None:
        assert self.done + self.in_flight == sorted(set(self.done + self.in_flight))


TestOutboxMachine = OutboxMachine.TestCase
