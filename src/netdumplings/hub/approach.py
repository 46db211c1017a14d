"""How an eater comes from where it begins to what is new, in the stream of a backbone."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from ..backbone.beginnings import Beginning
from ..backbone.link import EngineError
from ..backbone.messages import Stored
from ..backbone.past import Past
from ..backbone.stream import is_key
from ..backbone.subjects import Pair
from ..wire import EaterHello
from .feeds import Feed
from .history import PIECE

if TYPE_CHECKING:
    from .joined_router import JoinedRouter

logger = logging.getLogger("netdumplings.hub")

#: Seconds until the stream is asked again, when there is no getting at it, and when it is behind.
RETRY: Final = 0.5
AGAIN: Final = 0.02


class Approach:
    """Gives an eater what the stream has, up to where the hub's history begins.

    Args:
        router: feeds it then.
        feed: the eater.
        pairs: what it wants.
        hello: what it asks for.
        welcomed: whether it was told where it begins.

    Attributes:
        stirred: set when the eater may take more.
    """

    def __init__(
        self,
        router: JoinedRouter,
        feed: Feed,
        pairs: Collection[Pair],
        hello: EaterHello,
        *,
        welcomed: bool = False,
    ) -> None:
        self.stirred = asyncio.Event()
        self._router = router
        self._backbone = router.backbone
        self._feed = feed
        self._pairs = pairs
        self._hello = hello
        self._leave_out = 0
        self._welcomed = welcomed
        self._welcomed_early = False
        self._past: Past | None = None
        self._key = ""
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._run())

    def welcome_early(self) -> None:
        """Welcome the eater before it is known where it begins: there is something to tell it."""
        if not self._welcomed:
            self._welcome({})
            self._welcomed_early = True

    def stop(self) -> None:
        """End: the eater has gone."""
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        feed = self._feed
        try:
            while True:
                try:
                    await self._go()
                except EngineError as error:
                    logger.debug("the past of %s: %s", feed.label, error)
                    await asyncio.sleep(RETRY)
                else:
                    return
        except Exception:
            logger.exception(
                "a fault of the hub's own while %s is given the past", self._feed.label
            )
            feed.outlet.abort()
            raise
        finally:
            if self._past is not None:
                await asyncio.shield(asyncio.ensure_future(self._past.close()))

    async def _go(self) -> None:
        """Give the past; what was given is not given again when this is called again."""
        backbone = self._backbone
        now = await backbone.reader.cover(self._pairs)
        if self._past is None:
            self._key = backbone.key
            async with self._router.turns:
                self._past = await self._beginning(now)
        past = self._past
        marked = 0
        while True:
            await self._hunger()
            covered = self._router.covered_from(self._pairs)
            if covered is None:
                await backbone.reader.cover(self._pairs)
                continue
            if self._key != backbone.key:  # the stream was made anew
                self._key = backbone.key
                await past.close()
                past = self._past = backbone.past(self._pairs, past.had, after=0)
                marked = 0
                continue
            if past.position >= covered:
                break
            before = past.position
            async with self._router.turns:
                got = await past.next()
                moved = bool(got) or past.position > before
                if not moved and marked < covered:
                    # That nothing is given does not mean that nothing is there: what was asked may
                    # be a server that is behind the others. The mark will come from it, too.
                    marked = await backbone.marks.store() or 0
                    if not marked:
                        past.position = await past.reached()
            if moved:
                await self._give(got)
            else:
                await asyncio.sleep(AGAIN)
        self._router.go_on(self._feed, past.position, past.had)

    async def _beginning(self, now: int) -> Past:
        """Find where it begins, and tell it.

        Args:
            now: the position after which what it wants is taken anyway.
        """
        hello, backbone = self._hello, self._backbone
        if hello.resume is not None:
            self._feed.resumed = True
            self._welcome({})
            position = hello.resume.get(backbone.key)
            if position is None:
                # It comes from a hub without this stream, or the stream was made anew since; then
                # everything in it is news. What it has is left out.
                position = 0 if any(map(is_key, hello.resume)) else now
            else:
                await self._tell_forgotten(position, hello.resume)
            return backbone.past(self._pairs, hello.resume, after=position)
        beginning = Beginning(now, 0, {})
        if hello.last:
            beginning = await backbone.position_of_last(self._pairs, hello.last, self._feed.matcher)
        if hello.since is not None:
            since = await backbone.position_since(hello.since)
            if not hello.last or since > beginning.position:
                beginning = Beginning(since, 0, {})
        position, self._leave_out, had = beginning
        self._welcome({self._key: position})
        return backbone.past(self._pairs, had, after=position)

    async def _tell_forgotten(self, position: int, had: Mapping[str, int]) -> None:
        """Tell the eater of what the stream does not have any more."""
        first, _ = await self._backbone.first_and_last()
        if first <= position + 1:
            return
        missed = await self._backbone.lost_before(first, position, had)
        self._feed.gap("history", missed, None, {})

    def _welcome(self, cursor: dict[str, int]) -> None:
        format_ = self._feed.format
        if not self._welcomed:
            self._welcomed = True
            self._feed.tell(format_.welcome(cursor))
        elif self._welcomed_early and cursor:
            self._welcomed_early = False
            self._feed.tell(format_.cursor_moved(cursor))

    async def _hunger(self) -> None:
        """Wait until the eater takes more."""
        while not self._feed.hungry:
            self.stirred.clear()
            await self.stirred.wait()

    async def _give(self, got: Sequence[Stored]) -> None:
        """Give it what it wants of some messages, in pieces, each when it has taken the last."""
        lines: list[bytes] = []
        cursor: dict[str, int] = {}
        total = size = 0
        for stored in got:
            if not stored.body:
                await self._write(lines, total, cursor)
                lines, cursor, total, size = [], {}, 0, 0
                self._tell_hole(stored)
                continue
            lines += self._wanted(stored)
            total += stored.dumplings
            size += len(stored.body)
            cursor[stored.session] = stored.last
            cursor[self._key] = stored.position
            if size >= PIECE:
                await self._write(lines, total, cursor)
                lines, cursor, total, size = [], {}, 0, 0
        await self._write(lines, total, cursor)

    def _wanted(self, stored: Stored) -> list[bytes]:
        lines = stored.body.split(b"\n")
        matcher = self._feed.matcher
        if matcher is not None:
            lines = [
                line
                for line, metadata in zip(lines, stored.metadata, strict=True)
                if matcher(metadata)
            ]
        left_out = min(self._leave_out, len(lines))
        self._leave_out -= left_out
        return lines[left_out:]

    async def _write(self, lines: Sequence[bytes], total: int, cursor: dict[str, int]) -> None:
        if not total:
            return
        await self._hunger()
        format_ = self._feed.format
        batch = format_.batch(lines, cursor, history=True) if lines else b""
        self._feed.offer(batch, len(lines), total, cursor)

    def _tell_hole(self, stored: Stored) -> None:
        cursor = {stored.session: stored.last, self._key: stored.position}
        self._feed.gap("kitchen", stored.dumplings, stored.kitchen, cursor)
