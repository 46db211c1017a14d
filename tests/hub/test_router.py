"""Fan-out without a socket: which bytes go to which eater, and when."""

from __future__ import annotations

import json
from typing import Any

from netdumplings.hub.feeds import Feed
from netdumplings.hub.formats import PLAIN, Format, v2
from netdumplings.hub.router import MAX_TICK, Router
from netdumplings.hub.runs import Hole, Run
from netdumplings.hub.sessions import Sessions
from netdumplings.wire import EVERYTHING, Batch, EaterHello, EaterSide, Gap, subscription
from support.outlets import Loop, Socket, messages, metadata

HELLO = EaterHello("e", b'{"eater_name":"e"}')


def line(payload: Any, chef: str = "C") -> bytes:
    about = {"chef": chef, "creation_time": 1.5, "driver": "packet", "kitchen": "k"}
    return json.dumps({"metadata": about, "payload": payload}).encode()


class Kitchen:
    """Numbers dumplings and routes them, as the hub's port for kitchens does."""

    def __init__(self, router: Router, sessions: Sessions, name: str = "k", first: int = 1) -> None:
        self._router = router
        self.session, is_new = sessions.open(f"the session of {name}", first, name)
        if is_new:
            router.session_opened(self.session)

    def send(self, *payloads: Any, chef: str = "C", first: int | None = None) -> None:
        lines = [line(payload, chef) for payload in payloads]
        taken = self.session.take(first, b"\n".join(lines), [metadata(chef)] * len(lines))
        if taken.lost:
            before = taken.run.first - 1 if taken.run else self.session.last
            self._router.miss(Hole(self.session.stream, "k", taken.lost, before))
        if taken.run:
            self._router.route(taken.run)


def join(
    router: Router, format: Format = PLAIN, hello: EaterHello = HELLO, room: int = 1 << 30
) -> tuple[Socket, Feed]:
    socket = Socket(room)
    return socket, router.add(socket, "an eater", format, hello)


def payloads(socket: Socket) -> list[Any]:
    """What plain dumplings came that have not been looked at."""
    return [json.loads(message)["payload"] for message in socket.read_all()]


def told(socket: Socket, side: EaterSide | None = None) -> list[Any]:
    """What an eater of v2 made of what came: payloads, and gaps."""
    side = side or EaterSide('{"eater_name":"e"}', EVERYTHING)
    found: list[Any] = []
    for message in socket.read_all():
        event = side.receive(message)
        if isinstance(event, Batch):
            found += [json.loads(text)["payload"] for text in event.lines]
        elif isinstance(event, Gap):
            found.append((event.reason, event.missed))
    return found


def test_a_ticks_dumplings_are_one_write_of_the_same_bytes_to_every_eater(
    loop: Loop, router: Router, sessions: Sessions
) -> None:
    (one, _), (other, _) = join(router), join(router)
    kitchen = Kitchen(router, sessions)
    kitchen.send("first")
    kitchen.send("second", "third")
    assert one.writes == []
    loop.end_tick()
    assert len(one.writes) == 1
    assert other.writes[0] is one.writes[0]
    assert payloads(one) == ["first", "second", "third"]


def test_eaters_of_v2_that_want_the_same_share_the_bytes_and_others_do_not(
    loop: Loop, router: Router, sessions: Sessions
) -> None:
    wanted = EaterHello("e", b"{}", subscription(chefs=["R*"]))
    same = EaterHello("f", b"{}", subscription(chefs=["R*", "R*"]))
    (one, _), (other, _) = join(router, v2(None), wanted), join(router, v2(None), same)
    third, _ = join(router, v2("zstd"), wanted)
    every, _ = join(router, v2(None))
    kitchen = Kitchen(router, sessions)
    for socket in (one, other, third, every):
        socket.read_all()  # the welcome, and that there is a kitchen
    kitchen.send("common")
    kitchen.send("rare", chef="Rare")
    loop.end_tick()
    assert other.writes[0] is one.writes[0]
    assert told(one) == ["rare"]
    assert told(every) == ["common", "rare"]
    assert isinstance(next(messages(third.writes[0])), bytes)


def test_a_tick_is_ended_once_however_many_dumplings_it_has(
    loop: Loop, router: Router, sessions: Sessions
) -> None:
    join(router)
    kitchen = Kitchen(router, sessions)
    for _ in range(10):
        kitchen.send("x")
    assert len(loop.calls) == 1


def test_what_waits_for_the_end_of_a_tick_is_bounded(
    loop: Loop, router: Router, sessions: Sessions
) -> None:
    socket, _ = join(router)
    kitchen = Kitchen(router, sessions)
    for _ in range(10):
        kitchen.send("x" * (MAX_TICK // 3))
    assert len(socket.writes) == 4
    loop.end_tick()
    assert len(payloads(socket)) == 10


def test_an_eater_gets_everything_from_when_it_came_and_nothing_from_before(
    loop: Loop, router: Router, sessions: Sessions
) -> None:
    kitchen = Kitchen(router, sessions)
    early, _ = join(router)
    kitchen.send("before")
    late, _ = join(router)
    kitchen.send("after")
    loop.end_tick()
    assert payloads(early) == ["before", "after"]
    assert payloads(late) == ["after"]


def test_an_eater_that_has_gone_gets_nothing_more(
    loop: Loop, router: Router, sessions: Sessions
) -> None:
    socket, feed = join(router)
    Kitchen(router, sessions).send("x")
    router.remove(feed)
    loop.end_tick()
    assert socket.writes == []
    assert router.feeds == ()
    router.remove(feed)


def test_nothing_is_written_to_an_eater_that_is_closing(
    loop: Loop, router: Router, sessions: Sessions
) -> None:
    socket, feed = join(router)
    socket.open = False
    Kitchen(router, sessions).send("x")
    loop.end_tick()
    assert socket.writes == []
    assert feed.ledger.routed == 0


def test_the_hubs_own_dumplings_are_routed_and_not_kept(loop: Loop, router: Router) -> None:
    socket, _ = join(router, v2(None))
    router.route(Run(None, 0, line("status"), [metadata(kitchen=None)]))
    loop.end_tick()
    assert told(socket) == ["status"]
    assert router.history.end == 0


def test_an_eater_that_asks_for_the_last_gets_them_and_then_what_is_new(
    loop: Loop, router: Router, sessions: Sessions
) -> None:
    kitchen = Kitchen(router, sessions)
    kitchen.send(*range(10))
    kitchen.send("rare", chef="Rare")
    kitchen.send(*range(10, 20))
    hello = EaterHello("e", b"{}", subscription(chefs=["C"]), last=12)
    socket, feed = join(router, v2(None), hello)
    kitchen.send("new")
    loop.run()
    assert told(socket) == [*range(8, 20), "new"]
    assert feed.ledger.violations() == []
    assert feed.ledger.filtered_out == 1


def test_an_eater_may_ask_for_what_came_since_a_time(loop: Loop, sessions: Sessions) -> None:
    now = 100.0
    router = Router(
        loop.call_soon, sessions, history_bytes=1 << 20, eater_buffer=1000, clock=lambda: now
    )
    kitchen = Kitchen(router, sessions)
    kitchen.send("old")
    loop.end_tick()
    now = 200.0
    kitchen.send("young")
    loop.end_tick()
    by_time, _ = join(router, v2(None), EaterHello("e", b"{}", since=150.0))
    everything, _ = join(router, v2(None), EaterHello("e", b"{}", since=0.0))
    both, _ = join(router, v2(None), EaterHello("e", b"{}", since=0.0, last=1))
    future, _ = join(router, v2(None), EaterHello("e", b"{}", since=300.0))
    loop.run()
    assert told(by_time) == ["young"]
    assert told(everything) == ["old", "young"]
    assert told(both) == ["young"]
    assert told(future) == []


def test_the_past_is_told_apart_from_what_came_meanwhile(
    loop: Loop, router: Router, sessions: Sessions
) -> None:
    kitchen = Kitchen(router, sessions)
    kitchen.send("past")
    socket, feed = join(router, v2(None), EaterHello("e", b"{}", last=5), room=0)
    kitchen.send("meanwhile")
    loop.run()
    side = EaterSide('{"eater_name":"e"}')
    batches = []
    for message in socket.read_until_dry(router, feed, loop.run):
        event = side.receive(message)
        if isinstance(event, Batch):
            batches.append((len(event.lines), event.history))
    assert batches == [(1, True), (1, False)]


def test_an_eater_that_comes_back_goes_on_where_it_was(
    loop: Loop, router: Router, sessions: Sessions
) -> None:
    kitchen = Kitchen(router, sessions)
    side = EaterSide('{"eater_name":"e"}')
    socket, feed = join(router, v2(None))
    kitchen.send("one", "two")
    loop.run()
    assert told(socket, side) == ["one", "two"]
    router.remove(feed)
    kitchen.send("three")
    other = Kitchen(router, sessions, "another")
    other.send("four")
    back = EaterHello("e", b"{}", resume=dict(side.cursor))
    socket, feed = join(router, v2(None), back)
    kitchen.send("five")
    loop.run()
    assert told(socket, side) == ["three", "four", "five"]


def test_an_eater_that_comes_back_too_late_is_told_how_much_it_missed(
    loop: Loop, sessions: Sessions
) -> None:
    router = Router(loop.call_soon, sessions, history_bytes=1000, eater_buffer=1000)
    kitchen = Kitchen(router, sessions)
    for number in range(1, 101):
        kitchen.send(number)
        loop.end_tick()
    socket, _ = join(router, v2(None), EaterHello("e", b"{}", resume={kitchen.session.stream: 10}))
    loop.run()
    gap, *rest = told(socket)
    assert rest == list(range(101 - len(rest), 101))
    assert gap == ("history", 90 - len(rest))
    assert 0 < len(rest) < 10


def test_what_the_history_lets_go_while_it_is_replayed_is_told(
    loop: Loop, sessions: Sessions
) -> None:
    router = Router(loop.call_soon, sessions, history_bytes=300_000, eater_buffer=10_000_000)
    kitchen = Kitchen(router, sessions)
    for number in range(1, 301):
        kitchen.send([number, "x" * 900])
        loop.end_tick()
    socket, feed = join(router, v2(None), EaterHello("e", b"{}", since=0.0), room=1000)
    loop.run()
    for number in range(301, 701):
        kitchen.send([number, "x" * 900])
        loop.run()
    side = EaterSide('{"eater_name":"e"}')
    numbers, missed = [], 0
    for message in socket.read_until_dry(router, feed, loop.run):
        event = side.receive(message)
        if isinstance(event, Batch):
            numbers += [json.loads(text)["payload"][0] for text in event.lines]
        elif isinstance(event, Gap):
            assert event.reason == "history"
            missed += event.missed
    assert missed > 100
    assert numbers == sorted(set(numbers))
    assert numbers[-1] == 700
    assert numbers[0] + len(numbers) + missed == 701
    assert side.cursor == {kitchen.session.stream: 700}


def test_what_a_kitchen_dropped_is_told_to_everybody_in_its_place(
    loop: Loop, router: Router, sessions: Sessions
) -> None:
    plain, _ = join(router)
    filtered, _ = join(router, v2(None), EaterHello("e", b"{}", subscription(chefs=["Other"])))
    every, _ = join(router, v2(None))
    kitchen = Kitchen(router, sessions)
    kitchen.send("one")
    kitchen.send("five", first=5)
    loop.end_tick()
    assert told(every) == ["one", ("kitchen", 3), "five"]
    assert told(filtered) == [("kitchen", 3)]
    assert payloads(plain) == ["one", "five"]


def test_what_came_before_is_not_routed_again(
    loop: Loop, router: Router, sessions: Sessions
) -> None:
    socket, _ = join(router)
    kitchen = Kitchen(router, sessions)
    kitchen.send("one", "two", "three")
    kitchen.send("two", "three", "four", first=2)
    kitchen.send("one", first=1)
    loop.end_tick()
    assert payloads(socket) == ["one", "two", "three", "four"]
    assert sessions.ledger == (7, 4, 3, 0)


def test_an_eater_is_not_given_again_what_a_hub_before_gave_it(
    loop: Loop, router: Router, sessions: Sessions
) -> None:
    # The hub before was killed after it had routed 1 to 5, of which it had acknowledged 1 and 2.
    before = Sessions()
    session, _ = before.open("the session of k", 1, "k")
    resume = EaterHello("e", b"{}", resume={session.stream: 5})
    early, early_feed = join(router, v2(None), resume)
    kitchen = Kitchen(router, sessions, first=3)
    kitchen.send(3, 4)
    loop.run()
    late, late_feed = join(router, v2(None), resume)
    fresh, _ = join(router, v2(None))
    kitchen.send(5, 6)
    loop.run()
    kitchen.send(7)
    loop.run()
    assert told(early) == [6, 7]
    assert told(late) == [6, 7]
    assert told(fresh) == [5, 6, 7]
    for feed in (early_feed, late_feed):
        assert feed.ledger == (2, 2, 0, 0, 0)


def test_an_eater_is_told_what_a_hub_before_took_with_it(
    loop: Loop, router: Router, sessions: Sessions
) -> None:
    # The hub before had acknowledged 1 to 9, of which the eater has had 1 to 6.
    before = Sessions()
    session, _ = before.open("the session of k", 1, "k")
    resume = EaterHello("e", b"{}", resume={session.stream: 6})
    early, _ = join(router, v2(None), resume)
    kitchen = Kitchen(router, sessions, first=10)
    kitchen.send(10)
    loop.run()
    late, _ = join(router, v2(None), resume)
    loop.run()
    assert told(early) == [("hub", 3), 10]
    assert told(late) == [("hub", 3), 10]


def test_an_eater_for_which_there_is_nothing_is_told_how_far_it_has_come(
    loop: Loop, router: Router, sessions: Sessions
) -> None:
    side = EaterSide('{"eater_name":"e"}')
    socket, _ = join(router, v2(None), EaterHello("e", b"{}", subscription(chefs=["Rare"])))
    kitchen = Kitchen(router, sessions)
    kitchen.send(1, 2, 3)
    router.tell_cursors()
    assert told(socket, side) == []
    assert side.cursor == {kitchen.session.stream: 3}
    router.tell_cursors()
    assert socket.writes == []


def test_an_audience_that_has_gone_is_forgotten(
    loop: Loop, router: Router, sessions: Sessions
) -> None:
    feeds = [
        join(router, v2(None), EaterHello("e", b"{}", subscription(chefs=[str(number)])))[1]
        for number in range(10)
    ]
    waiting = join(router, v2(None), EaterHello("e", b"{}", resume={"unknown": 5}))[1]
    for feed in (*feeds, waiting):
        router.remove(feed)
    assert not router._audiences
    assert not router._awaited
    assert not router._alone
