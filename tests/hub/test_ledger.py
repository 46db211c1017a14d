"""Every way to lose a dumpling between a kitchen and an eater, and the books after each."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
)

from netdumplings.delivery import EaterLedger
from netdumplings.hub.feeds import Feed
from netdumplings.hub.formats import PLAIN, Format, v2
from netdumplings.hub.router import Router
from netdumplings.hub.runs import Hole, Run
from netdumplings.hub.sessions import Session, Sessions
from netdumplings.wire import Batch, EaterHello, EaterSide, Gap, Subscription, subscription
from support.examples import examples
from support.outlets import Loop, Socket, metadata

CHEFS = ("Common", "Rare")


class Kitchen:
    """Numbers what it makes, keeps what is not acknowledged, drops some of that."""

    def __init__(self, number: int) -> None:
        self.name = f"kitchen {number}"
        self.made = 0
        self.first = 1
        self.session: Session | None = None


class Eater:
    """An eater that reads when it is told to, and comes back where it was."""

    def __init__(self, wanted: Subscription, plain: bool, room: int) -> None:
        self.side = EaterSide('{"eater_name":"e"}', wanted)
        self.wanted = wanted
        self.format: Format = PLAIN if plain else v2(None)
        self.plain = plain
        self.room = room
        self.socket = Socket(room)
        self.feed: Feed | None = None
        self.welcomed = False
        self.eaten: list[tuple[str, int]] = []
        self.missed = 0

    def read(self) -> None:
        for message in self.socket.read_all():
            if self.plain:
                assert isinstance(message, str)
                self._eat([message])
                continue
            event = self.side.receive(message)
            if isinstance(event, Batch):
                self._eat(event.lines)
            elif isinstance(event, Gap):
                self.missed += event.missed
            self.welcomed = True

    def _eat(self, lines: list[str]) -> None:
        for text in lines:
            payload = json.loads(text)["payload"]
            if payload is not None:
                self.eaten.append((payload[0], payload[1]))


class Books(RuleBasedStateMachine):
    """Kitchens, a hub and eaters, to which everything may happen."""

    kitchens: Bundle[Kitchen] = Bundle("kitchens")
    eaters: Bundle[Eater] = Bundle("eaters")

    @initialize()
    def start(self) -> None:
        self.everyone: list[Eater] = []
        self.all_kitchens: list[Kitchen] = []
        # From the first moment to the last it wants everything, and is told of what it misses.
        self.witness = Eater(subscription(), plain=False, room=200)
        self._start_hub()
        self._join(self.witness)
        self.witness.read()

    def _start_hub(self) -> None:
        self.loop = Loop()
        self.sessions = Sessions()
        self.router = Router(
            self.loop.call_soon, self.sessions, history_bytes=3000, eater_buffer=1500
        )

    def _join(self, eater: Eater, last: int | None = None) -> None:
        resume = dict(eater.side.cursor) if eater.welcomed and not eater.plain else None
        hello = EaterHello("e", b"{}", eater.wanted, last=last, resume=resume)
        eater.socket = Socket(eater.room)
        eater.feed = self.router.add(eater.socket, "e", eater.format, hello)

    def _open(self, kitchen: Kitchen) -> Session:
        if kitchen.session is None:
            kitchen.session, is_new = self.sessions.open(
                f"the session of {kitchen.name}", kitchen.first, kitchen.name
            )
            if is_new:
                self.router.session_opened(kitchen.session)
            else:
                self._lost(kitchen.session, kitchen.session.skip_to(kitchen.first))
            kitchen.first = max(kitchen.first, kitchen.session.last + 1)
        return kitchen.session

    def _lost(self, session: Session, lost: int, last: int | None = None) -> None:
        if lost:
            last = session.last if last is None else last
            self.router.miss(Hole(session.stream, session.name, lost, last))

    def _send(self, kitchen: Kitchen, numbers: range, chef: str) -> None:
        session = self._open(kitchen)
        lines = [
            json.dumps(
                {
                    "metadata": {
                        "chef": chef,
                        "creation_time": 1.5,
                        "driver": "packet",
                        "kitchen": kitchen.name,
                    },
                    "payload": [kitchen.name, number],
                }
            ).encode()
            for number in numbers
        ]
        about = [metadata(chef, kitchen.name)] * len(lines)
        taken = session.take(numbers.start, b"\n".join(lines), about)
        self._lost(session, taken.lost, taken.run.first - 1 if taken.run else None)
        if taken.run:
            self.router.route(taken.run)

    @rule(target=kitchens)
    def a_kitchen_begins(self) -> Any:
        if len(self.all_kitchens) == 3:
            return multiple()
        kitchen = Kitchen(len(self.all_kitchens))
        self.all_kitchens.append(kitchen)
        self._open(kitchen)
        return kitchen

    @rule(
        target=eaters,
        chefs=st.sampled_from([None, ["Rare"], ["Nobody"]]),
        plain=st.booleans(),
        room=st.sampled_from([0, 100, 100_000]),
        last=st.sampled_from([None, 3, 100]),
    )
    def an_eater_begins(
        self, chefs: list[str] | None, plain: bool, room: int, last: int | None
    ) -> Any:
        if len(self.everyone) == 4:
            return multiple()
        eater = Eater(subscription() if plain else subscription(chefs=chefs), plain, room)
        self.everyone.append(eater)
        self._join(eater, None if plain else last)
        return eater

    @rule(kitchen=kitchens, count=st.integers(1, 12), chef=st.sampled_from(CHEFS))
    def it_sends(self, kitchen: Kitchen, count: int, chef: str) -> None:
        kitchen.made += count
        self._send(kitchen, range(kitchen.made - count + 1, kitchen.made + 1), chef)

    @rule(kitchen=kitchens, count=st.integers(1, 5))
    def it_drops_some(self, kitchen: Kitchen, count: int) -> None:
        kitchen.made += count

    @rule(kitchen=kitchens, count=st.integers(1, 20))
    def it_sends_again_what_it_sent(self, kitchen: Kitchen, count: int) -> None:
        first = max(kitchen.first, kitchen.made - count + 1)
        if first <= kitchen.made:
            self._send(kitchen, range(first, kitchen.made + 1), "Common")

    @rule(kitchen=kitchens)
    def it_is_told_what_has_come(self, kitchen: Kitchen) -> None:
        self.router.flush()
        kitchen.first = self._open(kitchen).last + 1

    @rule(kitchen=kitchens)
    def it_loses_its_connection(self, kitchen: Kitchen) -> None:
        if kitchen.session is not None:
            self.sessions.close(kitchen.session)
            kitchen.session = None

    @rule()
    def a_tick_ends(self) -> None:
        self.loop.run()

    @rule()
    def the_hub_makes_a_dumpling(self) -> None:
        about = {"chef": "S", "creation_time": 1.5, "driver": "interval", "kitchen": None}
        line = json.dumps({"metadata": about, "payload": None}).encode()
        self.router.route(Run(None, 0, line, [metadata("S", None, "interval")]))

    @rule()
    def some_time_passes(self) -> None:
        self.router.tell_cursors()

    @rule(eater=eaters)
    def it_reads(self, eater: Eater) -> None:
        self._read(eater)

    @rule()
    def the_witness_reads(self) -> None:
        self._read(self.witness)

    @rule(eater=eaters, reads=st.booleans())
    def it_comes_back(self, eater: Eater, reads: bool) -> None:
        self._leave(eater, reads)
        self._join(eater)

    @rule(reads=st.booleans())
    def the_witness_comes_back(self, reads: bool) -> None:
        self._leave(self.witness, reads)
        self._join(self.witness)

    @rule(reads=st.booleans())
    def the_hub_is_killed_and_another_takes_its_place(self, reads: bool) -> None:
        for eater in (*self.everyone, self.witness):
            self._leave(eater, reads)
        self._start_hub()
        for kitchen in self.all_kitchens:
            kitchen.session = None
        for eater in (*self.everyone, self.witness):
            self._join(eater)

    def _read(self, eater: Eater) -> None:
        eater.read()
        if eater.feed is not None:
            self.router.pump(eater.feed)

    def _leave(self, eater: Eater, reads: bool) -> None:
        """End its connection; what was on the way comes, or does not."""
        if reads:
            eater.read()
        if eater.feed is not None:
            self.router.remove(eater.feed)
            eater.feed = None

    @invariant()
    def every_identity_holds(self) -> None:
        total = EaterLedger()
        for feed in self.router.feeds:
            assert feed.ledger.violations() == []
            total = EaterLedger(*map(sum, zip(total, feed.ledger, strict=True)))
        assert self.router.ledger.violations() == []
        assert all(all_ >= one for all_, one in zip(self.router.ledger, total, strict=True))
        assert self.sessions.ledger.violations() == []
        in_tick = sum(run.count for run in self.router._tick.runs if run.stream)
        assert self.router.history.end + in_tick == self.sessions.ledger.taken

    @invariant()
    def nobody_eats_anything_twice(self) -> None:
        for eater in (*self.everyone, self.witness):
            if not eater.plain:
                assert len(set(eater.eaten)) == len(eater.eaten)

    def teardown(self) -> None:
        """Let everything come to its end: what was made has been eaten, or is stated as missed."""
        if not hasattr(self, "witness"):
            return
        for kitchen in self.all_kitchens:
            session = self._open(kitchen)
            kitchen.made += 1
            self._send(kitchen, range(max(session.last + 1, kitchen.first), kitchen.made + 1), "C")
        for _ in range(100):
            self.loop.run()
            self._read(self.witness)
        made = sum(kitchen.made for kitchen in self.all_kitchens)
        assert len(self.witness.eaten) + self.witness.missed >= made
        self.every_identity_holds()
        self.nobody_eats_anything_twice()


TestBooks = Books.TestCase
TestBooks.settings = examples(1, stateful_step_count=40)
