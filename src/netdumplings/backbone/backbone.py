"""A hub's side of its backbone: what the hub does with it, in one place."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Final

from ..wire import Matcher
from .beginnings import Beginning, lost_before, position_of_last, position_since
from .link import EngineError, Link
from .marks import Marks
from .messages import Own, Stored
from .past import Past
from .publishing import Publisher
from .reading import Reader
from .settings import BackboneSettings
from .state import BackboneState
from .stream import NOT_FOUND, StreamInfo, find_or_make, key_of, look
from .subjects import Pair, filters

if TYPE_CHECKING:
    from nats.aio.msg import Msg

logger = logging.getLogger("netdumplings.hub")

#: Seconds between two looks at the stream.
LOOK_EVERY: Final = 2.0
#: Seconds until a task that goes on is cancelled again.
CANCEL_EVERY: Final = 0.05
#: Where hubs tell one another how they are: a message that is not kept.
REPORTS: Final = "_netdumplings.hubs"


class Backbone:
    """Stores what kitchens have sent, and gives what is stored.

    Args:
        settings: which backbone, and how it is to be used.
        name: what the hub calls itself there.
        take: is called with what is stored, once each, in the order of the stream.
        on_stored: is called with a session and the number up to which the stream has it.
        on_room: is called when what waits becomes too much, with False, and when it is not, with
            True.
        on_report: is called with what another hub says of itself.

    Attributes:
        key: what stands for the stream in the cursors of eaters; empty before the first connection.
        publisher: takes what is to be stored.
        marks: stores what says nothing else.
        reader: takes what is.
    """

    def __init__(
        self,
        settings: BackboneSettings,
        *,
        name: str,
        take: Callable[[Stored], None],
        on_stored: Callable[[str, int], None],
        on_room: Callable[[bool], None],
        on_report: Callable[[bytes], None],
    ) -> None:
        self._settings = settings
        self._on_report = on_report
        self.key = ""
        self._info: StreamInfo | None = None
        self._differs: list[str] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._wishes: Collection[Pair] = ()
        self._link = Link(settings, name, self._prepare, self._up, self._down)
        own = Own()
        self.marks = Marks(self._link, settings.stream)
        self.publisher = Publisher(
            self._link, settings.stream, settings.buffer_bytes, on_stored, on_room, own
        )
        self.reader = Reader(self._link, settings.stream, take, own, self.marks)

    async def start(self) -> None:
        """Begin to connect; there may be nobody to connect to yet.

        Raises:
            BackboneError: the settings are of no use, or a package is missing.
        """
        linking = asyncio.create_task(self._link.run())
        self._tasks = [
            linking,
            asyncio.create_task(self.reader.run()),
            asyncio.create_task(self._keep_looking()),
        ]
        # What is wrong with the settings shows at once.
        await asyncio.wait({linking}, timeout=0)
        await asyncio.sleep(0)
        if linking.done():
            linking.result()

    async def stop(self, patience: float) -> None:
        """Store what waits, for so many seconds, and disconnect."""
        await self.publisher.stop(patience)
        left: Collection[asyncio.Task[None]] = self._tasks
        while left:
            # asyncio.wait_for of Python 3.11, which the client connects by, may swallow one.
            for task in left:
                task.cancel()
            _, left = await asyncio.wait(left, timeout=CANCEL_EVERY)

    @property
    def up(self) -> bool:
        """Whether it is connected, and the stream is there."""
        return self._link.up

    @property
    def max_report(self) -> int:
        """Bytes that a report may have."""
        return self._link.max_payload

    def state(self) -> BackboneState:
        """Say how it is."""
        info, publisher, reader = self._info, self.publisher, self.reader
        stream = info.state if info is not None else None
        return BackboneState(
            connected=self._link.up,
            server=self._link.server,
            problem=self._link.trouble or publisher.trouble,
            stream=self._settings.stream,
            messages=stream.messages if stream else 0,
            bytes=stream.bytes if stream else 0,
            first=stream.first_seq if stream else 0,
            last=max(stream.last_seq if stream else 0, reader.position or 0),
            replicas=info.config.num_replicas if info else 0,
            differs=self._differs,
            wanted=filters(self._settings.stream, reader.wanted),
            waiting_bytes=publisher.waiting_bytes,
            kitchens_paused=not publisher.has_room,
            storing=publisher.ledger,
            returning=reader.ledger,
        )

    async def first_and_last(self) -> tuple[int, int]:
        """Ask for the positions of the oldest message that is kept and of the youngest.

        Raises:
            EngineError: there is no answer.
        """
        info = await look(self._link, self._settings.stream)
        return info.first, info.state.last_seq

    async def rises(self) -> None:
        """Wait until it is connected."""
        await self._link.rises()

    def past(
        self,
        pairs: Collection[Pair],
        had: Mapping[str, int],
        *,
        after: int,
    ) -> Past:
        """Go through what is stored; the arguments are those of `Past`."""
        stream = self._settings.stream
        return Past(self._link, stream, pairs, had, after=after)

    async def position_of_last(
        self, pairs: Collection[Pair], count: int, matcher: Matcher | None
    ) -> Beginning:
        """Find where the last so many dumplings begin; see `beginnings.position_of_last`.

        Raises:
            EngineError: there is no getting at it now.
        """
        stream = self._settings.stream
        return await position_of_last(self._link, stream, pairs, count, matcher)

    async def position_since(self, time: float) -> int:
        """Find the position before what came at a time or later; see `beginnings.position_since`.

        Raises:
            EngineError: there is no getting at it now.
        """
        return await position_since(self._link, self._settings.stream, time)

    async def lost_before(self, first: int, position: int, had: Mapping[str, int]) -> int:
        """Estimate what an eater has missed that has gone; see `beginnings.lost_before`.

        Raises:
            EngineError: there is no getting at it now.
        """
        return await lost_before(self._link, self._settings.stream, first, position, had)

    def tell(self, report: bytes) -> None:
        """Tell the other hubs how this one is, if that is possible now."""
        if self._link.up:
            # It is kept until it is done.
            self._telling = asyncio.ensure_future(self._tell(report))

    async def _tell(self, report: bytes) -> None:
        try:
            await self._link.publish(f"{REPORTS}.{self._settings.stream}", report)
        except EngineError as error:
            logger.debug("no report to the other hubs: %s", error)

    async def _prepare(self) -> None:
        info, self._differs = await find_or_make(self._link, self._settings)
        key = key_of(self._settings.stream, info)
        if key != self.key:
            for difference in self._differs:
                logger.warning("the stream is used as it is: %s", difference)
            # Of a stream that was made anew, everything is news.
            self.reader.begin_at(0 if self.key else info.state.last_seq)
            self.key = key
        self._info = info
        self.publisher.replicas = info.config.num_replicas
        self.publisher.max_message = max(0, info.config.max_msg_size)
        await self._link.listen(f"{REPORTS}.{self._settings.stream}", self._heard)

    def _up(self) -> None:
        self.reader.reopen()

    def _down(self) -> None:
        self.reader.reopen()

    async def _heard(self, message: Msg) -> None:
        self._on_report(message.data)

    async def _keep_looking(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY)
            if not self._link.up:
                continue
            try:
                self._info = await look(self._link, self._settings.stream)
            except EngineError as error:
                if error.code == NOT_FOUND:
                    self._link.prepare_again()
            else:
                self.publisher.replicas = self._info.config.num_replicas
                if key_of(self._settings.stream, self._info) != self.key:
                    self._link.prepare_again()
                else:
                    self.reader.note_last(self._info.state.last_seq)
