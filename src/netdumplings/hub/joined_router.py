"""The router of a hub that has a backbone: what it feeds comes from the stream.

An eater's cursor has, besides the numbers of sessions, the position in the stream up to which it
was given everything: whichever hub it comes to goes on from there. What this hub has in its history
is given from that; what is older, and what its eaters had not wanted before, from the stream.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, Final

from ..backbone.backbone import Backbone
from ..backbone.messages import Stored
from ..backbone.subjects import Pair, wanted_by
from ..wire import EaterHello
from .approach import Approach
from .audiences import Audience, wanted_lines
from .feeds import Feed
from .history import Replay
from .router import Router
from .runs import Hole, Mark, Run, View
from .sessions import Sessions
from .tick import Tick

#: Bytes of history that are kept in any case: an eater is given what is new from there.
LEAST_HISTORY: Final = 1024 * 1024
#: How many eaters' questions the backbone is asked at once: a thousand may come at the same time,
#: when a hub has gone.
AT_ONCE: Final = 32


class JoinedRouter(Router):
    """Gives what is stored to every eater that wants it.

    Args:
        call_soon: calls a function when the current tick of the event loop is over.
        history_bytes: how much memory the latest dumplings may take.
        eater_buffer: bytes that may wait for an eater.
        eater_messages: how many dumplings may.

    Attributes:
        backbone: where everything comes from; to be set before there is any eater.
        turns: of those who ask the backbone for the past.
    """

    backbone: Backbone

    def __init__(
        self,
        call_soon: Callable[[Callable[[], None]], Any],
        *,
        history_bytes: int,
        eater_buffer: int,
        eater_messages: int,
    ) -> None:
        super().__init__(
            call_soon,
            Sessions(),
            history_bytes=max(history_bytes, LEAST_HISTORY),
            eater_buffer=eater_buffer,
            eater_messages=eater_messages,
        )
        self._approaches: dict[Feed, Approach] = {}
        self._pairs: dict[Feed, frozenset[Pair]] = {}
        self.turns = asyncio.Semaphore(AT_ONCE)
        # Numbers up to which eaters have had a session of which the reader does not know as much:
        # from another hub, or from the stream before the reader came to it. They may come again.
        self._had: dict[str, dict[Feed, int]] = {}
        self._key = ""

    @property
    def wanted(self) -> frozenset[Pair]:
        """What the eaters want, of the stream; each pair, though another may cover it."""
        return frozenset().union(*set(self._pairs.values()))

    def take(self, stored: Stored) -> None:
        """Take what is stored."""
        self._check_stream()
        mark = Mark(self._key, stored.position)
        if not stored.body:
            kitchen = stored.kitchen or ""
            self.miss(Hole(stored.session, kitchen, stored.dumplings, stored.last, mark))
            return
        # (Who comes before these are written finds them in the history.)
        matched = any(audience.matcher for audience in self._audiences.values())
        metadata = stored.metadata if matched else []
        self.route(Run(stored.session, stored.first, stored.body, metadata, mark, stored.dumplings))

    def remove(self, feed: Feed) -> None:
        """Feed an eater no more; what waits for it is dropped."""
        self._pairs.pop(feed, None)
        for stream in [stream for stream, feeds in self._had.items() if feed in feeds]:
            self._forget_had(stream, feed)
        approach = self._approaches.pop(feed, None)
        if approach is not None:
            approach.stop()
        super().remove(feed)

    def pump(self, feed: Feed) -> None:
        """Write what waits for an eater whose outlet is no longer full."""
        super().pump(feed)
        approach = self._approaches.get(feed)
        if approach is not None:
            approach.stirred.set()

    def covered_from(self, pairs: Iterable[Pair]) -> int | None:
        """Say after which position the history has everything of some pairs.

        Returns:
            None if they are not taken yet.
        """
        self._check_stream()
        # What is still to come to the history may push out of it what is asked for.
        self.flush()
        since = self.backbone.reader.taken_since(pairs)
        return None if since is None else max(since, self.history.forgotten)

    def go_on(self, feed: Feed, position: int, had: dict[str, int]) -> None:
        """Feed an eater what the history has after a position, and then what is new.

        Args:
            feed: the eater.
            position: up to where it has everything.
            had: what it has besides, of each session: the number of the last.
        """
        self._approaches.pop(feed, None)
        self.flush()
        known = self.backbone.reader.known
        for stream, number in had.items():
            if number > known(stream):
                self._had.setdefault(stream, {})[feed] = number
        place = self.history.place_after(position)
        had = {**had, self._key: position}
        feed.replay = Replay(self.history, place, feed.matcher, had)
        self._replay(feed)

    def flush(self) -> None:
        """Write what came in since the last flush to every eater that wants it."""
        items: list[Run | Hole] = [*self._tick.runs, *self._tick.holes] if self._had else []
        for item in items:
            if item.stream is not None and item.stream in self._had:
                self._leave_out_had(item.stream, item.first, item.last)
        super().flush()

    def tell_cursors(self) -> None:
        """Tell eaters for which there was nothing how far they have come."""
        self.flush()
        position = self.backbone.reader.position
        for audience in self._audiences.values():
            if position is not None and audience.view is not View.STATUS:
                audience.note_position(self.backbone.key, position)
            audience.tell_cursor()

    def _begin(self, feed: Feed, audience: Audience, hello: EaterHello) -> None:
        if audience.view is View.STATUS:
            feed.tell(feed.format.welcome({}))
            self._seat(feed)
            return
        pairs = self._pairs[feed] = wanted_by(hello.subscription)
        wants_past = hello.last or hello.since is not None or hello.resume is not None
        if not wants_past and self.covered_from(pairs) is not None:
            feed.tell(feed.format.welcome(self._cursor()))
            self._seat(feed)
            return
        self._approach(feed, hello)

    def _approach(self, feed: Feed, hello: EaterHello, *, welcomed: bool = False) -> None:
        approach = Approach(self, feed, self._pairs[feed], hello, welcomed=welcomed)
        self._approaches[feed] = approach
        approach.start()

    def _replay(self, feed: Feed) -> None:
        replay = feed.replay
        if replay is not None and replay.behind:
            # It was too slow for the history. The stream has it still.
            feed.replay = None
            hello = EaterHello(feed.label, b"{}", resume=replay.reached)
            self._approach(feed, hello, welcomed=True)
        else:
            super()._replay(feed)

    def _leave_out_had(self, stream: str, first: int, last: int) -> None:
        """See that numbers which come now are not given to who has had them."""
        for feed, number in list(self._had[stream].items()):
            if first <= number and feed.replay is None and feed not in self._approaches:
                feed.skip[stream] = number
                self._seat(feed)
            if last >= number:
                # From now on, the reader knows them.
                self._forget_had(stream, feed)

    def _forget_had(self, stream: str, feed: Feed) -> None:
        feeds = self._had[stream]
        del feeds[feed]
        if not feeds:
            del self._had[stream]

    def _check_stream(self) -> None:
        """See whether the stream was made anew: positions in another mean nothing in this one."""
        if self.backbone.key != self._key:
            super().flush()
            self.history.clear()
            self._key = self.backbone.key

    def _cursor(self) -> dict[str, int]:
        reader = self.backbone.reader
        cursor = reader.cursor()
        if reader.position is not None:
            cursor[self.backbone.key] = reader.position
        return cursor

    def _tell_absent(self, tick: Tick) -> None:
        """Give the hub's own dumplings to those who are still given the past.

        That takes long when the backbone is away, and the status says that it is.
        """
        own = [run for run in tick.runs if run.stream is None]
        for feed, approach in tuple(self._approaches.items()) if own else ():
            if not feed.outlet.open:
                continue
            # Nothing may come before that.
            approach.welcome_early()
            runs = self._feeds[feed].view.of(own)
            lines = wanted_lines(runs, feed.matcher)
            batch = feed.format.batch(lines, {}, history=False) if lines else b""
            feed.offer(batch, len(lines), sum(run.count for run in own), {})

    def _keep(self, tick: Tick) -> None:
        now = self._clock()
        for piece in tick.pieces():
            if isinstance(piece, Hole):
                self.history.miss(piece)
                continue
            for run in piece:
                if run.stream is not None:
                    self.history.append(run, now)
