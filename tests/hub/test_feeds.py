"""Eaters that do not keep up."""

from __future__ import annotations

import logging

import pytest

from netdumplings.hub.feeds import MAX_GAPS, Feed
from netdumplings.hub.formats import PLAIN, v2
from netdumplings.wire import EaterSide, Gap
from support.outlets import Socket

LIMIT = 1000


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def feed(socket: Socket, *, plain: bool = False, clock: Clock | None = None) -> Feed:
    format = PLAIN if plain else v2(None)
    return Feed(socket, "eater 'e'", format, max_unsent=LIMIT, clock=clock or Clock())


def offer(feed: Feed, size: int, wanted: int = 1, number: int = 0) -> bytes:
    line = b"%0*d" % (size, number)
    batch = feed.format.batch([line], {"s": number}, history=False)
    feed.offer(batch, wanted, wanted, {"s": number})
    return batch


def gaps(socket: Socket) -> list[Gap]:
    side = EaterSide('{"eater_name":"e"}')
    events = [side.receive(message) for message in socket.read_all()]
    return [event for event in events if isinstance(event, Gap)]


def test_what_the_connection_does_not_take_waits_and_goes_later_in_order() -> None:
    socket = Socket(room=100)
    slow = feed(socket, plain=True)
    batches = [offer(slow, 120, number=number) for number in range(5)]
    assert len(socket.writes) == 1
    assert slow.ledger == (5, 1, 0, 0, 4)
    while not slow.idle:
        socket.read_all()
        slow.pump()
    socket.read_all()
    assert socket.read == b"".join(batches)
    assert slow.ledger == (5, 5, 0, 0, 0)
    assert slow.slow_since is None


def test_over_its_limit_dumplings_are_dropped_until_half_of_it_has_gone() -> None:
    socket = Socket(room=0)
    slow = feed(socket)
    for number in range(20):
        offer(slow, 100, number=number)
    assert slow.slow_since is not None
    waiting, dropped = slow.ledger.waiting, slow.ledger.dropped
    assert waiting + dropped == 19
    held = socket.unsent + sum(len(data) for data, _ in slow._queue)
    assert LIMIT - 200 < held <= LIMIT
    socket.read_all()
    slow.pump()
    assert slow.slow_since is not None
    offer(slow, 10, number=20)
    assert slow.ledger.dropped == dropped + 1
    while slow.slow_since is not None:
        socket.read_all()
        slow.pump()
    assert slow.ledger.waiting > 0
    offer(slow, 10, number=21)
    assert slow.ledger.dropped == dropped + 1


def test_so_many_dumplings_wait_for_an_eater_and_no_more() -> None:
    socket = Socket(room=0)
    slow = Feed(socket, "eater 'e'", PLAIN, max_unsent=10**9, max_waiting=10)
    for number in range(20):
        offer(slow, 1, number=number)
    assert slow.ledger == (20, 1, 0, 9, 10)
    assert slow.slow_since is not None
    while slow.ledger.waiting > 5:
        offer(slow, 1)
        socket.read_all()
        slow.pump()
    assert slow.slow_since is None
    dropped = slow.ledger.dropped
    offer(slow, 1)
    assert (slow.ledger.waiting, slow.ledger.dropped) == (6, dropped)


def test_an_eater_that_has_caught_up_is_told_once_what_it_missed_before_anything_new() -> None:
    socket = Socket(room=0)
    slow = feed(socket)
    for number in range(20):
        offer(slow, 100, number=number)
    dropped = slow.ledger.dropped
    told: list[Gap] = []
    last = 0
    side = EaterSide('{"eater_name":"e"}')
    while not slow.idle or socket.writes:
        for message in socket.read_all():
            event = side.receive(message)
            if isinstance(event, Gap):
                told.append(event)
                last = side.cursor["s"]
        slow.pump()
    assert [(gap.reason, gap.missed) for gap in told] == [("slow", dropped)]
    assert last == 19


def test_what_goes_wrong_elsewhere_is_told_to_a_slow_eater_when_it_has_caught_up() -> None:
    socket = Socket(room=0)
    slow = feed(socket)
    for number in range(20):
        offer(slow, 100, number=number)
    for kitchen in range(MAX_GAPS + 10):
        slow.gap("kitchen", 2, f"kitchen {kitchen}", {"t": kitchen})
    told: list[Gap] = []
    while not slow.idle or socket.writes:
        told += gaps(socket)
        slow.pump()
    assert sum(gap.missed for gap in told if gap.reason == "kitchen") == 2 * (MAX_GAPS + 10)
    assert len(told) == MAX_GAPS + 1
    assert told[0].cursor["t"] == MAX_GAPS + 9


def test_an_eater_of_the_plain_protocol_is_told_nothing() -> None:
    socket = Socket()
    plain = feed(socket, plain=True)
    plain.gap("kitchen", 3, "k", {})
    plain.tell(PLAIN.welcome({}))
    assert socket.writes == []


def test_how_long_it_has_been_slow_is_known() -> None:
    clock = Clock()
    socket = Socket(room=0)
    slow = feed(socket, clock=clock)
    clock.now = 5.0
    for number in range(20):
        offer(slow, 100, number=number)
        clock.now += 1.0
    assert slow.slow_since is not None
    assert 5.0 < slow.slow_since < 25.0


def test_a_slow_eater_is_logged_once_an_episode(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "netdumplings.hub")
    clock = Clock()
    socket = Socket(room=0)
    slow = feed(socket, clock=clock)
    for _ in range(2):
        for number in range(20):
            offer(slow, 100, number=number)
        clock.now += 2.5
        while not slow.idle:
            socket.read_all()
            slow.pump()
    said = [(record.levelname, record.getMessage()) for record in caplog.records]
    assert [level for level, _ in said] == ["WARNING", "INFO", "WARNING", "INFO"]
    assert said[0][1] == "eater 'e' is slow: its dumplings are dropped until it catches up"
    assert "has caught up after 2.5 seconds; it missed" in said[1][1]


def test_the_same_bytes_wait_for_all_who_are_slow() -> None:
    slow = [feed(Socket(room=0)) for _ in range(3)]
    for one in slow:
        offer(one, 10)
    batch = slow[0].format.batch([b"x" * 300], {}, history=False)
    for one in slow:
        one.offer(batch, 1, 1, {})
        assert one._queue[-1][0] is batch


def test_what_waits_for_an_eater_that_goes_is_dropped_and_counted() -> None:
    slow = feed(Socket(room=0))
    for number in range(3):
        offer(slow, 100, number=number)
    slow.end()
    assert slow.ledger == (3, 1, 0, 2, 0)
