"""Fan-out without a socket: which bytes go to which eater, and what is counted."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest

from netdumplings.hub.router import MAX_TICK, Router


class Socket:
    """An outlet that keeps what is written to it."""

    def __init__(self) -> None:
        self.open = True
        self.full = False
        self.writes: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.writes.append(data)


class Loop:
    """An event loop whose ticks end when the test says so."""

    def __init__(self) -> None:
        self.calls: list[Callable[[], None]] = []

    def end_tick(self) -> None:
        calls, self.calls = self.calls, []
        for call in calls:
            call()


@pytest.fixture
def loop() -> Loop:
    return Loop()


@pytest.fixture
def router(loop: Loop) -> Router:
    return Router(lambda call: loop.calls.append(call))


def frame(text: bytes) -> bytes:
    assert len(text) < 126
    return bytes([0x81, len(text)]) + text


def test_a_ticks_dumplings_are_one_write_of_the_same_bytes_to_every_eater(
    loop: Loop, router: Router
) -> None:
    one, other = Socket(), Socket()
    router.add(one, "one")
    router.add(other, "other")
    router.route(b"first")
    router.route(b"second")
    assert one.writes == []
    loop.end_tick()
    assert one.writes == [frame(b"first") + frame(b"second")]
    assert other.writes[0] is one.writes[0]
    router.route(b"third")
    loop.end_tick()
    assert one.writes[1:] == [frame(b"third")]


def test_a_tick_is_ended_once_however_many_dumplings_it_has(loop: Loop, router: Router) -> None:
    router.add(Socket(), "one")
    for _ in range(10):
        router.route(b"x")
    assert len(loop.calls) == 1


def test_what_waits_for_the_end_of_a_tick_is_bounded(loop: Loop, router: Router) -> None:
    socket = Socket()
    router.add(socket, "one")
    text = b"x" * (MAX_TICK // 2)
    for _ in range(10):
        router.route(text)
    assert len(socket.writes) == 5
    loop.end_tick()
    assert len(socket.writes) == 5


def test_an_eater_gets_everything_from_when_it_came_and_nothing_from_before(
    loop: Loop, router: Router
) -> None:
    early, late = Socket(), Socket()
    router.add(early, "early")
    router.route(b"before")
    router.add(late, "late")
    router.route(b"after")
    loop.end_tick()
    assert b"".join(early.writes) == frame(b"before") + frame(b"after")
    assert late.writes == [frame(b"after")]


def test_an_eater_that_has_gone_gets_nothing_more(loop: Loop, router: Router) -> None:
    socket = Socket()
    eater = router.add(socket, "one")
    router.route(b"x")
    router.remove(eater)
    loop.end_tick()
    assert socket.writes == []
    assert router.eaters == ()
    router.remove(eater)


def test_nothing_is_written_to_an_eater_that_is_closing(loop: Loop, router: Router) -> None:
    socket = Socket()
    eater = router.add(socket, "one")
    socket.open = False
    router.route(b"x")
    loop.end_tick()
    assert socket.writes == []
    assert (eater.sent, eater.dropped) == (0, 0)


def test_without_eaters_nothing_is_kept(loop: Loop, router: Router) -> None:
    router.route(b"x")
    assert loop.calls == []
    socket = Socket()
    router.add(socket, "one")
    loop.end_tick()
    assert socket.writes == []


def test_a_slow_eaters_dumplings_are_dropped_and_counted_and_nobody_else_notices(
    loop: Loop, router: Router
) -> None:
    slow, quick = Socket(), Socket()
    slow_eater, quick_eater = router.add(slow, "slow"), router.add(quick, "quick")
    router.route(b"one")
    loop.end_tick()
    slow.full = True
    router.route(b"two")
    router.route(b"three")
    loop.end_tick()
    slow.full = False
    router.route(b"four")
    loop.end_tick()
    assert slow.writes == [frame(b"one"), frame(b"four")]
    assert quick.writes == [frame(b"one"), frame(b"two") + frame(b"three"), frame(b"four")]
    assert (slow_eater.sent, slow_eater.dropped) == (2, 2)
    assert (quick_eater.sent, quick_eater.dropped) == (4, 0)
    assert (router.sent, router.dropped) == (6, 2)


def test_a_slow_eater_is_logged_once_an_episode(
    loop: Loop, router: Router, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "netdumplings.hub")
    socket = Socket()
    router.add(socket, "eater 'e' at 1.2.3.4:5")
    for full in (False, True, True, True, False, False, True, True):
        socket.full = full
        router.route(b"x")
        loop.end_tick()
    slow = "eater 'e' at 1.2.3.4:5 is slow: its dumplings are dropped until it catches up"
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("WARNING", slow),
        ("INFO", "eater 'e' at 1.2.3.4:5 has caught up; it missed 3 dumplings so far"),
        ("WARNING", slow),
    ]
