"""Fan-out: every dumpling to every eater that wants it, encoded once, written once a tick.

The naive way, one ``send`` per eater and dumpling, spends all its time in the event loop. Instead
everything that came in during one tick of the event loop is joined, and the same bytes are written
once to each eater: a server's frames are not masked, so they are the same for all (RFC 6455,
section 5.1).

An eater that does not keep up has a queue of its own, with a limit; over it, its dumplings are
dropped, and counted, until it has caught up with half of what waits for it; nobody else notices.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from ..defaults import EATER_MESSAGES
from ..delivery import EaterLedger
from ..wire import MAX_CURSOR, EaterHello, Subscription
from .audiences import Audience, wanted_lines
from .feeds import Feed, Outlet
from .formats import Format
from .history import History, Replay
from .resuming import resume
from .runs import Hole, Run, View
from .sessions import Session, Sessions
from .tick import Tick

#: Bytes after which a tick is flushed early; what waits in the router is never much more.
MAX_TICK: Final = 256 * 1024


class Router:
    """Gives every dumpling to every eater that wants it, and keeps the latest.

    Args:
        call_soon: calls a function when the current tick of the event loop is over.
        sessions: the sessions of the kitchens.
        history_bytes: how much memory the latest dumplings may take.
        eater_buffer: bytes that may wait for an eater.
        eater_messages: how many dumplings may.
        clock: seconds since the epoch.

    Attributes:
        on_wants: called when somebody wants what nobody wanted before, or nobody does any more.
    """

    def __init__(
        self,
        call_soon: Callable[[Callable[[], None]], Any],
        sessions: Sessions,
        *,
        history_bytes: int,
        eater_buffer: int,
        eater_messages: int = EATER_MESSAGES,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.history = History(history_bytes)
        self.on_wants: Callable[[], object] = lambda: None
        self._call_soon = call_soon
        self._sessions = sessions
        self._eater_buffer = eater_buffer
        self._eater_messages = eater_messages
        self._clock = clock
        self._feeds: dict[Feed, Audience] = {}
        self._audiences: dict[tuple[Subscription, View], Audience] = {}
        # Eaters that have had from another hub some of what is to come, by themselves.
        self._alone: dict[Feed, None] = {}
        # What they had of streams that this hub does not know yet.
        self._awaited: dict[str, dict[Feed, int]] = {}
        self._departed = EaterLedger()
        self._tick = Tick()
        self._scheduled = False

    @property
    def feeds(self) -> tuple[Feed, ...]:
        """Who is fed, in the order in which they came."""
        return tuple(self._feeds)

    @property
    def subscriptions(self) -> list[Subscription]:
        """What eaters have subscribed to who are given the dumplings of kitchens; each once."""
        return [wanted for wanted, view in self._audiences if view is not View.STATUS]

    @property
    def ledger(self) -> EaterLedger:
        """What became of everything, summed over all eaters there ever were: a snapshot."""
        ledgers = [self._departed, *(feed.ledger for feed in self._feeds)]
        return EaterLedger(*map(sum, zip(*ledgers, strict=True)))

    def add(
        self,
        outlet: Outlet,
        label: str,
        format: Format,
        hello: EaterHello,
        *,
        view: View = View.ALL,
        clock: Callable[[], float] = time.monotonic,
    ) -> Feed:
        """Feed an eater from now on, and with what it asks for of the past.

        Args:
            outlet: where its bytes go; call `pump` when that is no longer full.
            label: what to call it in the log.
            format: how it is spoken to.
            hello: what it asks for.
            view: what of that it may be given.
            clock: seconds of a steady clock.
        """
        self.flush()
        wanted = hello.subscription, view
        audience = self._audiences.get(wanted)
        if audience is None:
            audience = self._audiences[wanted] = Audience(*wanted)
            self.on_wants()
        audience.members += 1
        feed = Feed(
            outlet,
            label,
            format,
            audience.matcher,
            max_unsent=self._eater_buffer,
            max_waiting=self._eater_messages,
            clock=clock,
        )
        self._feeds[feed] = audience
        self._begin(feed, audience, hello)
        return feed

    def remove(self, feed: Feed) -> None:
        """Feed an eater no more; what waits for it is dropped."""
        audience = self._feeds.pop(feed, None)
        if audience is None:
            return
        self._alone.pop(feed, None)
        audience.unseat(feed)
        audience.members -= 1
        if not audience.members:
            self._audiences = {
                wanted: other for wanted, other in self._audiences.items() if other is not audience
            }
            self.on_wants()
        for stream in [stream for stream, feeds in self._awaited.items() if feed in feeds]:
            del self._awaited[stream][feed]
            if not self._awaited[stream]:
                del self._awaited[stream]
        feed.end()
        self._departed = EaterLedger(*map(sum, zip(self._departed, feed.ledger, strict=True)))

    def route(self, run: Run) -> None:
        """Give dumplings to every eater that wants them; the run belongs to the router then."""
        if self._tick.size and self._tick.size + run.size > MAX_TICK:
            self.flush()
        self._tick.add(run)
        self._end_tick_soon()

    def miss(self, hole: Hole) -> None:
        """Tell every eater that something is missing here."""
        self._tick.miss(hole)
        self._end_tick_soon()

    def session_opened(self, session: Session) -> None:
        """Note that a session has begun on this hub; some eaters may know it from another."""
        awaited = self._awaited.pop(session.stream, {})
        cursor = {session.stream: session.began}
        for feed in [feed for feed in self._feeds if feed.resumed]:
            # Who has come back, and does not know of it, was away when it began.
            had = awaited.get(feed, 0)
            if had != session.began:
                self.flush()
            if had < session.began:
                # To one that is still given the past, the cursor would promise what is to come.
                missed = session.began - had
                feed.gap("hub", missed, session.name, {} if feed.replay else cursor)
            elif had > session.began:
                feed.skip[session.stream] = had
                if feed.replay is None:
                    self._seat(feed)
        # From where they are told of it, they can go on.
        for audience in self._audiences.values():
            audience.note_cursor(cursor)

    def pump(self, feed: Feed) -> None:
        """Write what waits for an eater whose outlet is no longer full."""
        feed.pump()
        self._replay(feed)

    def tell_cursors(self) -> None:
        """Tell eaters for which there was nothing how far they have come; call it now and then."""
        self.flush()
        for audience in self._audiences.values():
            audience.tell_cursor()

    def flush(self) -> None:
        """Write what came in since the last flush to every eater that wants it."""
        if not self._tick:
            return
        tick, self._tick = self._tick, Tick()
        try:
            for audience in self._audiences.values():
                audience.serve(tick)
            for feed in tuple(self._alone):
                self._serve_alone(feed, tick)
            self._tell_absent(tick)
        finally:
            # Whatever is wrong with one eater, others find this in the history.
            self._keep(tick)

    def _tell_absent(self, tick: Tick) -> None:
        """Tell eaters that are still given the past what must not wait until they are not."""
        for feed in self._feeds if tick.holes else ():
            if feed.replay:
                for hole in tick.holes:
                    # The cursor would promise it what is to come.
                    feed.gap(hole.reason, hole.missed, hole.kitchen, {})

    def _keep(self, tick: Tick) -> None:
        """Put what came in into the history."""
        now = self._clock()
        for run in tick.runs:
            if run.stream is not None:
                self.history.append(run, now)

    def _begin(self, feed: Feed, audience: Audience, hello: EaterHello) -> None:
        """Give an eater what it asks for of the past, and then what is new."""
        # None of the hub's own dumplings is in the history.
        past = audience.view is not View.STATUS
        if hello.resume is not None and past:
            self._resume(feed, hello.resume)
        else:
            place = self._place(hello, audience) if past else self.history.end
            cursor = self.history.cursor_before(place, self._cursor())
            feed.tell(feed.format.welcome(cursor))
            if place < self.history.end:
                feed.replay = Replay(self.history, place, audience.matcher)
        if feed.replay:
            self._replay(feed)
        else:
            self._seat(feed)

    def _cursor(self) -> dict[str, int]:
        """Say how far everything has come."""
        return self._sessions.cursor(MAX_CURSOR)

    def _end_tick_soon(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            self._call_soon(self._end_tick)

    def _end_tick(self) -> None:
        self._scheduled = False
        self.flush()

    def _place(self, hello: EaterHello, audience: Audience) -> int:
        """Find from where on an eater wants the past."""
        place = self.history.end
        if hello.last is not None:
            place = self.history.place_of_last(hello.last, audience.matcher)
        if hello.since is not None:
            since = self.history.place_since(hello.since)
            place = since if hello.last is None else max(since, place)
        return place

    def _resume(self, feed: Feed, cursor: Mapping[str, int]) -> None:
        found = resume(cursor, self._sessions, self.history)
        feed.resumed = True
        feed.skip = found.skip
        for stream, had in found.awaited.items():
            self._awaited.setdefault(stream, {})[feed] = had
        feed.tell(feed.format.welcome({}))
        if found.lost:
            feed.gap("hub", found.lost, None, {})
        if found.forgotten:
            feed.gap("history", found.forgotten, None, {})
        feed.replay = Replay(self.history, self.history.begin, feed.matcher, cursor)

    def _replay(self, feed: Feed) -> None:
        """Give an eater the next piece of the past; and when there is none left, what is new."""
        replay = feed.replay
        if replay is None or not feed.hungry:
            return
        if replay.ended:
            # What came in during this tick has not come to the history yet.
            self.flush()
        if replay.ended:
            for hole in replay.unknown(self.history.pending):
                feed.gap(hole.reason, hole.missed, hole.kitchen, hole.cursor)
            feed.replay = None
            feed.tell(feed.format.cursor_moved(self._cursor()))
            self._seat(feed)
            return
        piece = replay.next()
        if piece.missed:
            feed.gap("history", piece.missed, None, {})
        for hole in piece.holes:
            feed.gap(hole.reason, hole.missed, hole.kitchen, hole.cursor)
        batch = b""
        if piece.wanted:
            batch = feed.format.batch(piece.parts, piece.cursor, history=piece.past)
        feed.offer(batch, piece.wanted, piece.total, piece.cursor)
        # Others have their turn before the next piece.
        self._call_soon(lambda: self._replay(feed))

    def _seat(self, feed: Feed) -> None:
        audience = self._feeds[feed]
        if feed.skip:
            audience.unseat(feed)
            self._alone[feed] = None
        else:
            self._alone.pop(feed, None)
            audience.seat(feed)

    def _serve_alone(self, feed: Feed, tick: Tick) -> None:
        """Serve an eater that must not be given what it has had from another hub."""
        for piece in tick.pieces() if feed.outlet.open else ():
            if isinstance(piece, Hole):
                had = max(feed.skip.get(piece.stream, 0), piece.last - piece.missed)
                if had < piece.last:
                    cursor = {piece.stream: piece.last}
                    feed.gap(piece.reason, piece.last - had, piece.kitchen, cursor)
                continue
            total = len(wanted_lines(piece, None, feed.skip))
            lines = wanted_lines(self._feeds[feed].view.of(piece), feed.matcher, feed.skip)
            cursor = {run.stream: run.last for run in piece if run.stream is not None}
            batch = feed.format.batch(lines, cursor, history=False) if lines else b""
            feed.offer(batch, len(lines), total, cursor)
        feed.skip = {
            stream: had for stream, had in feed.skip.items() if had > tick.cursor.get(stream, 0)
        }
        if not feed.skip:
            self._seat(feed)
