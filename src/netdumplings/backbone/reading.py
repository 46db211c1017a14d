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
        self._changing = asyncio.Lock()
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
            async with self._changing:
                if self._consumer is not None:
                    with suppress(EngineError):
                        await self._widen(self._consumer)
                        continue
            await asyncio.sleep(HEARTBEAT / 10)

    async def keep_only(self, pairs: Callable[[], Collection[Pair]]) -> None:
        """Take no more than some pairs.

        Args:
            pairs: says which, when it comes to that: somebody may have come in the meantime.
        """
        async with self._changing:
            wanted = pairs()
            if self._wanted.keys() == set(wanted):
                return
            before = self.wanted
            # What was taken as part of something wider is wanted by itself from now on.
            known = {pair: self._pair_since(pair) for pair in wanted}
            self._wanted = {
                pair: since
                for pair, since in known.items()
                if since is not None or pair in self._wanted
            }
            self._since.clear()
            if self._consumer is not None and self._link.up and self.wanted != before:
                # If it is not done now, it is when the consumer is made anew.
                with suppress(EngineError):
                    await self._consumer.want(self.wanted)

    def note_last(self, position: int) -> None:
        """Note the position of the last message, while the link is up."""
        self._last_position = position

    def begin_at(self, position: int) -> None:
        """Begin after this position: the stream is new, or it is the first time."""
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
        """Take what comes until the consumer is to be made anew."""
        consumer = Consumer(self._link, self._stream, self._took)
        loop = asyncio.get_running_loop()
        try:
            async with self._changing:
                position, new = self.position or 0, self._not_taken()
                reopened = self._reopened
                await consumer.open(self.wanted, after=position)
                if reopened != self._reopened:  # perhaps of a stream that was made anew
                    return
                self._consumer = consumer
                # They come all from that position on.
                self._take_since(new, max(position, self._last_position))
            while not consumer.broken and self._link.up:
                if consumer.waiting < LOW:
                    await consumer.pull(ASKED, ASKED_BYTES, expires=EXPIRES, heartbeat=HEARTBEAT)
                consumer.stirred.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout(SILENCE):
                        await consumer.stirred.wait()
                if loop.time() - consumer.heard > SILENCE:
                    return
        finally:
            self._consumer = None
            await consumer.close()

    async def _widen(self, consumer: Consumer) -> None:
        """Have everything come that is wanted."""
        new = self._not_taken()
        await consumer.want(self.wanted)
        # What is stored from now on comes. What came before now, and after the consumer's place,
        # may come, too: it is left out.
        position = await self._marks.store()
        if position is None:
            position = (await look(self._link, self._stream)).state.last_seq
        self._take_since(new, position)

    def _not_taken(self) -> list[Pair]:
        return [pair for pair, since in self._wanted.items() if since is None]

    def _take_since(self, pairs: Iterable[Pair], position: int) -> None:
        for pair in pairs:
            if self._wanted.get(pair, 0) is None:
                self._wanted[pair] = position
        self._since.clear()

    def _took(self, message: Msg, place: Place) -> None:
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
