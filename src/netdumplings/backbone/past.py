"""What is in the stream already, for an eater that asks for it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Final

from .consuming import Consumer, Place, read_message
from .link import Link
from .messages import Stored
from .stream import look, position_of
from .subjects import Pair, filters

if TYPE_CHECKING:
    from nats.aio.msg import Msg

#: How many messages are asked for at a time, and bytes of them.
ASKED: Final = 64
ASKED_BYTES: Final = 4 * 1024 * 1024


class Past:
    """Goes through what is in the stream, of what an eater wants, in order.

    Args:
        link: to the servers.
        stream: the stream's name.
        pairs: what is wanted.
        had: of each session named in it, what has a lower number, or that one, is left out.
        after: begin after this position.

    Attributes:
        position: up to where it has come.
        had: up to which number it has come with each session.
    """

    def __init__(
        self,
        link: Link,
        stream: str,
        pairs: Collection[Pair],
        had: Mapping[str, int],
        *,
        after: int,
    ) -> None:
        self._link = link
        self._stream = stream
        self._pairs = pairs
        self.position = after
        self.had = dict(had)
        self._consumer: Consumer | None = None
        self._got: list[Stored] = []

    async def next(self) -> list[Stored]:
        """Go on; nothing is given when there is nothing at the moment.

        Raises:
            EngineError: there is no getting at it now; try again later.
        """
        if self._consumer is None:
            consumer = Consumer(self._link, self._stream, self._took)
            self._consumer = consumer
            try:
                await consumer.open(self._pairs, after=self.position)
            except BaseException:
                await self.close()
                raise
        consumer = self._consumer
        await consumer.pull_there_is(ASKED, ASKED_BYTES)
        if not await consumer.given():
            await self.close()
        got, self._got = self._got, []
        return got

    async def reached(self) -> int:
        """Say up to where everything wanted has been given, as the stream tells it.

        It may be wrong: see `marks`. But one that takes no marks takes nothing else either.

        Raises:
            EngineError: as `next` does.
        """
        info = await look(self._link, self._stream)
        for subject in filters(self._stream, self._pairs):
            last = await position_of(self._link, self._stream, {"last_by_subj": subject})
            if last is not None and last > self.position:
                return self.position
        return max(self.position, info.state.last_seq)

    async def close(self) -> None:
        """Let go of the consumer; `next` makes another."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            await consumer.close()

    def _took(self, message: Msg, place: Place) -> None:
        stored = read_message(message, place)
        self.position = place.position
        if not isinstance(stored, Stored):
            return
        new = stored.after(self.had.get(stored.session, 0))
        if new is not None:
            self.had[stored.session] = new.last
            self._got.append(new)
