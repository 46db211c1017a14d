"""What comes from the stream as it is stored, for the eaters that are here."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from ..delivery import ReturnLedger, delays
from ..wire import MAX_CURSOR
from .consuming import Consumer, Damaged, Place, read_message
from .link import EngineError, Link
from .marks import Marks
from .messages import Own, Stored
from .stream import look
from .subjects import ANY, EVERYTHING, Pair, fewest

if TYPE_CHECKING:
    from nats.aio.msg import Msg

logger = logging.getLogger("netdumplings.hub")

#: How many messages are asked for at a time, when how many of those are left, and bytes of them.
ASKED: Final = 1000
LOW: Final = 500
ASKED_BYTES: Final = 16 * 1024 * 1024
#: Seconds that a request holds; between signs of life; and without one until it is made anew.
EXPIRES: Final = 30.0
HEARTBEAT: Final = 1.0
SILENCE: Final = 2.5
#: Seconds until it is looked again, and how often at most: a second in all.
AGAIN: Final = 0.02
MOST_AGAIN: Final = 50
#: How many sessions' numbers are remembered, the youngest.
MAX_SESSIONS: Final = 10_000
#: How many subjects are remembered, and since when they are wanted.
MAX_REMEMBERED: Final = 10_000


class Reader:
    """Takes what comes into the stream, of the subjects that somebody wants.

    Args:
        link: to the servers.
        stream: the stream's name.
        take: is called with what came, each dumpling once, in the order of the stream.
        own: what this hub has sent there.
        marks: stores marks there.

    Attributes:
        position: the sequence number up to which everything wanted has been taken; None before
            the first connection.
    """

    def __init__(
        self,
        link: Link,
        stream: str,
        take: Callable[[Stored], None],
        own: Own,
        marks: Marks,
    ) -> None:
        self._link = link
        self._stream = stream
        self._take = take
        self._own = own
        self._marks = marks
        self.position: int | None = None
        self._consumer: Consumer | None = None
        # From which position on each pair is taken; None while JetStream has not been told.
        self._wanted: dict[Pair, int | None] = {}
        self._since: dict[str, int | None] = {}
        self._last: dict[str, int] = {}
        self._last_position = 0
        self._reopened = 0
        self._change_asked = False
        self._changed = asyncio.Event()
        self._came = self._routed = self._repeated = self._damaged = 0

    @property
    def ledger(self) -> ReturnLedger:
        """What became of what came: a snapshot."""
        return ReturnLedger(self._came, self._routed, self._repeated, self._damaged)

    @property
    def wanted(self) -> frozenset[Pair]:
        """What it asks for."""
        return fewest(self._wanted)

    def cursor(self) -> dict[str, int]:
        """Say how far the sessions have come; of too many, the youngest."""
        return dict(list(self._last.items())[1 - MAX_CURSOR :])

    def known(self, session: str) -> int:
        """Say up to which number it has seen a session."""
        return self._last.get(session, 0)

    def taken_since(self, pairs: Iterable[Pair]) -> int | None:
        """Say from which position on everything of some pairs has been taken; None if it is not."""
        latest = self.position
        if latest is None:
            return None
        found = 0
        for pair in pairs:
            since = self._pair_since(pair)
            if since is None:
                return None
            found = max(found, since)
        return found

    async def cover(self, pairs: Collection[Pair]) -> int:
        """Take everything of some pairs, too.

        Returns:
            the position after which it is taken.
        """
        while True:
            # Who comes while the backbone is away is given what is stored meanwhile by other hubs,
            # and what is stored when it is back.
            for pair in pairs:
                self._wanted.setdefault(pair, None)
            await self._link.rises()
            since = self.taken_since(pairs)
            if since is not None:
                return since
            try:
                await self._come_to(await self._now())
            except EngineError:
                await asyncio.sleep(AGAIN)
                continue
            if self.taken_since(pairs) is None:  # others may have wanted them at the same time
                self._change()
                with suppress(TimeoutError):
                    async with asyncio.timeout(SILENCE):
                        await self._changed.wait()

    def keep_only(self, pairs: Collection[Pair]) -> None:
        """Take no more than some pairs."""
        if self._wanted.keys() == set(pairs):
            return
        before = self.wanted
        # What was taken as part of something wider is wanted by itself from now on.
        known = {pair: self._pair_since(pair) for pair in pairs}
        self._wanted = {
            pair: since
            for pair, since in known.items()
            if since is not None or pair in self._wanted
        }
        self._since.clear()
        if self.wanted != before:
            self._change()

    def note_last(self, position: int) -> None:
        """Note the position of the last message, while the link is up."""
        self._last_position = position

    def begin_at(self, position: int) -> None:
        """Begin after this position: the stream is new, or it is the first time."""
        self.reopen()
        self.position = self._last_position = position
        self._wanted = dict.fromkeys(self._wanted, position)
        self._since.clear()

    def reopen(self) -> None:
        """Make the consumer anew; from where it was, nothing is missed."""
        self._reopened += 1
        if self._consumer is not None:
            self._consumer.broken = True
            self._consumer.stirred.set()

    async def run(self) -> None:
        """Take what comes, until cancelled."""
        waits = delays(longest=2.0)
        while True:
            await self._link.rises()
            try:
                await self._read()
                waits = delays(longest=2.0)
            except EngineError as error:
                logger.debug("reading the stream: %s", error)
                await asyncio.sleep(next(waits))
            except Exception:
                logger.exception("a fault of the hub's own while it reads the stream")
                await asyncio.sleep(next(waits))

    async def _read(self) -> None:
        """Take what comes until there is no more of it."""
        loop = asyncio.get_running_loop()
        try:
            self._consumer = await self._follow(None)
            while (consumer := self._consumer) is not None:
                # Whatever stirs it from here on is looked at in the next round.
                consumer.stirred.clear()
                if consumer.broken or not self._link.up:
                    return
                if self._change_asked:
                    self._consumer = await self._follow(consumer)
                    continue
                if consumer.waiting < LOW:
                    await consumer.pull(ASKED, ASKED_BYTES, expires=EXPIRES, heartbeat=HEARTBEAT)
                with suppress(TimeoutError):
                    async with asyncio.timeout(SILENCE):
                        await consumer.stirred.wait()
                if loop.time() - consumer.heard > SILENCE:
                    return
        finally:
            consumer, self._consumer = self._consumer, None
            if consumer is not None:
                await consumer.close()

    async def _follow(self, before: Consumer | None) -> Consumer | None:
        """Make a consumer of what is wanted now, which goes on where another is.

        None is changed while it runs: a server that hangs may do so much later than it was asked,
        when something else is wanted. This one is asked for nothing before it takes over, so what
        both have is taken once.

        Args:
            before: the other one.

        Returns:
            it; None if the stream was made anew meanwhile.

        Raises:
            EngineError: it cannot be made; the other one is as it was.
        """
        self._change_asked = False
        reopened = self._reopened
        new = self._not_taken()
        consumer = Consumer(self._link, self._stream, self._took)
        try:
            await consumer.open(self.wanted, after=self.position or 0)
        except BaseException:
            await consumer.close()
            raise
        if before is not None:
            before.broken = True
            await before.close()
        if reopened != self._reopened:
            await consumer.close()
            return None
        # They come all from that position on.
        self._take_since(new, max(self.position or 0, self._last_position))
        return consumer

    async def _now(self) -> int:
        """Say how far the stream has come: whatever was stored until now lies before that."""
        position = await self._marks.store()
        if position is None:
            # It takes nothing else either.
            position = (await look(self._link, self._stream)).state.last_seq
        self._last_position = max(self._last_position, position)
        return position

    async def _come_to(self, position: int) -> None:
        """Wait until everything up to a position is taken, if that does not take long.

        A hub whose eaters want little may have taken nothing since yesterday. What others want now
        would come from there on.
        """
        for _ in range(MOST_AGAIN):
            if (self.position or 0) >= position:
                return
            await asyncio.sleep(AGAIN)

    def _change(self) -> None:
        """Have another consumer take over."""
        self._change_asked = True
        if self._consumer is not None:
            self._consumer.stirred.set()

    def _not_taken(self) -> list[Pair]:
        return [pair for pair, since in self._wanted.items() if since is None]

    def _take_since(self, pairs: Iterable[Pair], position: int) -> None:
        for pair in pairs:
            if self._wanted.get(pair, 0) is None:
                self._wanted[pair] = position
        self._since.clear()
        # All who wait are woken, and who comes later waits for the next.
        self._changed.set()
        self._changed.clear()

    def _took(self, message: Msg, place: Place) -> None:
        if place.position <= (self.position or 0):
            # The consumer before this one has given it.
            return
        stored = read_message(message, place, self._own)
        self.position = place.position
        if stored is None:
            return
        since = self._subject_since(message.subject)
        if since is None or place.position <= since:
            return
        if isinstance(stored, Damaged):
            if not self._damaged:
                logger.warning(
                    "message %d of the stream is none of a hub's (%s); such are counted, and left "
                    "out",
                    stored.position,
                    ascii(stored.reason)[1:-1][:200],
                )
            self._came += stored.dumplings
            self._damaged += stored.dumplings
            return
        self._pass_on(stored)

    def _pass_on(self, stored: Stored) -> None:
        """Take what has not come before."""
        # Taken out and put in again, it is the youngest.
        known = self._last.pop(stored.session, 0)
        self._last[stored.session] = max(known, stored.last)
        if len(self._last) > MAX_SESSIONS:
            del self._last[next(iter(self._last))]
        new = stored.after(known)
        came, routed = (one.dumplings if one and one.body else 0 for one in (stored, new))
        self._came += came
        self._routed += routed
        self._repeated += came - routed
        if new is not None:
            self._take(new)

    def _subject_since(self, subject: str) -> int | None:
        """Say from which position on a subject is taken; None if nobody wants it."""
        if subject not in self._since:
            if len(self._since) >= MAX_REMEMBERED:
                self._since.clear()
            parts = subject.split(".")
            # Notices are for everybody.
            self._since[subject] = self._pair_since(Pair(*parts[1:])) if len(parts) == 3 else 0
        return self._since[subject]

    def _pair_since(self, pair: Pair) -> int | None:
        kitchen, chef = pair
        # Those that cover it.
        covering = (pair, Pair(kitchen, ANY), Pair(ANY, chef), EVERYTHING)
        found = [since for one in covering if (since := self._wanted.get(one)) is not None]
        return min(found, default=None)
