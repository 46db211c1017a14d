"""The outbox loses nothing that it does not count, and numbers whatever it is given."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from netdumplings.delivery import Burst, Outbox, OutboxStatistics


def outbox_of(*messages: bytes, max_bytes: int = 100) -> Outbox:
    outbox = Outbox(max_bytes)
    for message in messages:
        outbox.put(message)
    return outbox


def test_messages_come_out_in_the_order_in_which_they_went_in_numbered_from_one() -> None:
    outbox = Outbox(100)
    for message in (b"a", b"b", b"c"):
        assert outbox.put(message) == 0
    assert outbox.take(2, 100) == Burst(1, [b"a", b"b"])
    assert outbox.take(2, 100) == Burst(3, [b"c"])
    assert not outbox.take(2, 100).messages


def test_a_full_outbox_drops_its_oldest_messages() -> None:
    outbox = outbox_of(b"aaaa", b"bbbb", max_bytes=10)
    assert outbox.put(b"cccccc") == 1
    assert outbox.first == 2
    assert outbox.take(9, 100) == Burst(2, [b"bbbb", b"cccccc"])


def test_what_is_in_flight_is_not_dropped_for_what_comes_after() -> None:
    outbox = outbox_of(b"aaaaaaaa", max_bytes=10)
    outbox.take(1, 100)
    assert outbox.put(b"bbbb") == 1
    outbox.rewind()
    assert outbox.take(9, 100) == Burst(1, [b"aaaaaaaa"])


def test_a_message_larger_than_the_outbox_is_dropped() -> None:
    outbox = Outbox(3)
    assert outbox.put(b"aaaa") == 1
    assert outbox.statistics() == OutboxStatistics(1, 0, 0, 1, 0)
    assert outbox.first == 2


def test_there_is_room_up_to_the_last_byte() -> None:
    outbox = outbox_of(b"aaaa", max_bytes=10)
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
    outbox = outbox_of(b"aaaa", b"bbbb", b"cccc", b"dddd")
    assert outbox.take(9, 8) == Burst(1, [b"aaaa", b"bbbb"])
    assert outbox.in_flight_bytes == 8
    assert outbox.take(9, 1) == Burst(3, [b"cccc"])
    assert not outbox.take(0, 100).messages


def test_a_burst_never_crosses_a_hole() -> None:
    outbox = outbox_of(b"aaaa", b"bbbb", max_bytes=12)
    outbox.take(1, 100)
    assert outbox.put(b"cccccc") == 1  # bbbb
    outbox.rewind()
    assert outbox.take(9, 100) == Burst(1, [b"aaaa"])
    assert outbox.take(9, 100) == Burst(3, [b"cccccc"])


def test_a_rewind_puts_everything_back_in_its_place() -> None:
    outbox = outbox_of(b"a", b"b", b"c", b"d")
    outbox.take(2, 100)
    outbox.take(1, 100)
    outbox.acknowledge(1)
    outbox.rewind()
    assert outbox.in_flight_bytes == 0
    assert outbox.take(9, 100) == Burst(2, [b"b", b"c", b"d"])


def test_an_acknowledgement_is_cumulative_and_reaches_what_waits_to_be_sent_again() -> None:
    outbox = outbox_of(b"a", b"b", b"c", b"d")
    outbox.take(3, 100)
    outbox.rewind()
    assert outbox.first == 1
    outbox.acknowledge(2)
    assert outbox.first == 3
    outbox.acknowledge(1)  # an old one says nothing new
    assert outbox.statistics() == OutboxStatistics(4, 2, 2, 0, 2)


def test_another_hub_gets_what_no_hub_has_acknowledged() -> None:
    outbox = outbox_of(b"a", b"b", b"c", b"d", b"e")
    assert (outbox.acknowledged, outbox.first) == (0, 1)
    outbox.take(2, 100)
    outbox.acknowledge(2)
    outbox.take(2, 100)
    outbox.rewind()
    assert (outbox.acknowledged, outbox.first) == (2, 3)
    # The other hub knows nothing of it, and says so with one less than the first.
    outbox.acknowledge(outbox.first - 1)
    assert outbox.take(9, 100) == Burst(3, [b"c", b"d", b"e"])
    # Then it reads in the backbone what the hub before it had stored, and never acknowledged.
    outbox.acknowledge(4)
    assert (outbox.acknowledged, outbox.first) == (4, 5)
    outbox.acknowledge(5)
    assert outbox.statistics() == OutboxStatistics(5, 5, 0, 0, 0)


def test_what_was_dropped_is_not_taken_for_acknowledged() -> None:
    outbox = outbox_of(b"aaaa", b"bbbb", b"cccc", max_bytes=12)
    outbox.take(1, 100)
    outbox.acknowledge(1)
    outbox.put(b"dddd")
    outbox.put(b"eeee")  # bbbb makes room
    assert (outbox.acknowledged, outbox.first) == (1, 3)
    outbox.take(1, 100)
    assert outbox.drop_in_flight() == 1  # refused
    assert (outbox.acknowledged, outbox.first) == (1, 4)


@pytest.mark.parametrize("seq", [-1, 2])
def test_what_was_never_sent_cannot_be_acknowledged(seq: int) -> None:
    outbox = outbox_of(b"a", b"b")
    outbox.take(1, 100)
    with pytest.raises(ValueError, match="the latest sent is 1"):
        outbox.acknowledge(seq)


def test_refused_messages_are_counted_as_dropped() -> None:
    outbox = outbox_of(b"bad", b"too", b"good")
    outbox.take(2, 100)
    assert outbox.drop_in_flight() == 2
    assert outbox.statistics() == OutboxStatistics(3, 0, 1, 2, 4)
    assert outbox.drop_in_flight() == 0


def test_what_was_dropped_and_turns_out_to_have_arrived_was_not_lost() -> None:
    """The connection is lost, the outbox overflows, and the hub had the first of them after all."""
    outbox = outbox_of(b"aaaa", b"bbbb", b"cccc", max_bytes=12)
    outbox.take(3, 100)
    outbox.rewind()
    assert outbox.put(b"dddd") == 1
    assert outbox.put(b"eeee") == 1
    assert outbox.statistics()[:4] == (5, 0, 3, 2)
    assert outbox.first == 1  # so that the hub says how much of it arrived
    outbox.acknowledge(1)
    assert outbox.first == 3
    assert outbox.statistics()[:4] == (5, 1, 3, 1)


def test_what_was_dropped_before_others_were_sent_is_lost_whatever_is_acknowledged_later() -> None:
    outbox = outbox_of(b"aaaa", b"bbbb", b"cccc", max_bytes=12)
    outbox.take(3, 100)
    outbox.rewind()
    outbox.put(b"dddd")
    outbox.take(9, 100)
    outbox.acknowledge(4)
    assert outbox.statistics()[:4] == (4, 3, 0, 1)


def test_an_outbox_that_holds_nothing_makes_no_sense() -> None:
    with pytest.raises(ValueError, match="max_bytes"):
        Outbox(0)


class OutboxMachine(RuleBasedStateMachine):
    """An outbox, and what is to be expected of it, written as plainly as can be."""

    MAX_BYTES = 64

    def __init__(self) -> None:
        super().__init__()
        self.outbox = Outbox(self.MAX_BYTES)
        #: By number: the message; and where it is.
        self.messages: dict[int, bytes] = {}
        self.where: dict[int, str] = {}
        self.sent = 0

    def numbers(self, *places: str) -> list[int]:
        return [number for number, place in self.where.items() if place in places]

    def size(self) -> int:
        return sum(len(self.messages[number]) for number in self.numbers("waiting", "in flight"))

    @rule(size=st.integers(4, 80))
    def put(self, size: int) -> None:
        number = len(self.messages) + 1
        self.messages[number] = b"%04d" % number + b"x" * (size - 4)
        self.where[number] = "waiting"
        dropped = 0
        while self.size() > self.MAX_BYTES and self.numbers("waiting"):
            oldest = self.numbers("waiting")[0]
            doubtful = oldest <= self.sent and not self.numbers("in flight")
            self.where[oldest] = "doubtful" if doubtful else "dropped"
            dropped += 1
        assert self.outbox.put(self.messages[number]) == dropped

    @rule(messages=st.integers(0, 5), size=st.integers(0, 80))
    def take(self, messages: int, size: int) -> None:
        first, taken = self.outbox.take(messages, size)
        expected: list[int] = []
        for number in self.numbers("waiting")[:messages]:
            total = sum(len(self.messages[one]) for one in [*expected, number])
            if expected and (total > size or number != expected[-1] + 1):
                break
            expected.append(number)
        assert list(taken) == [self.messages[number] for number in expected]
        if expected:
            assert first == expected[0]
            self.sent = max(self.sent, expected[-1])
            self.settle()
        for number in expected:
            self.where[number] = "in flight"

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def acknowledge(self, data: Any) -> None:
        seq = data.draw(st.integers(0, self.sent))
        self.outbox.acknowledge(seq)
        for number in self.numbers("waiting", "in flight", "doubtful"):
            if number <= seq:
                self.where[number] = "acknowledged"
        self.settle()

    @rule()
    def acknowledge_too_much(self) -> None:
        with pytest.raises(ValueError, match="latest sent"):
            self.outbox.acknowledge(self.sent + 1)

    @rule()
    def rewind(self) -> None:
        self.outbox.rewind()
        for number in self.numbers("in flight"):
            self.where[number] = "waiting"

    @rule()
    def refuse(self) -> None:
        in_flight = self.numbers("in flight")
        assert self.outbox.drop_in_flight() == len(in_flight)
        for number in in_flight:
            self.where[number] = "dropped"

    def settle(self) -> None:
        """Whatever the hub has not owned to by now, it does not have."""
        for number in self.numbers("doubtful"):
            self.where[number] = "dropped"

    @invariant()
    def the_books_are_the_models(self) -> None:
        now = self.outbox.statistics()
        assert now == OutboxStatistics(
            made=len(self.messages),
            acknowledged=len(self.numbers("acknowledged")),
            held=len(self.numbers("waiting", "in flight")),
            dropped=len(self.numbers("dropped", "doubtful")),
            held_bytes=self.size(),
        )
        assert now.ledger.violations() == []
        held = self.numbers("waiting", "in flight", "doubtful")
        assert self.outbox.first == (held[0] if held else len(self.messages) + 1)
        in_flight = self.numbers("in flight")
        assert self.outbox.in_flight_bytes == sum(len(self.messages[one]) for one in in_flight)


TestOutboxMachine = OutboxMachine.TestCase
