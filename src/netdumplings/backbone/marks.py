"""Messages that say nothing but that they are stored.

A server that has just been the stream's leader, and does not know yet that another one is, tells
of the stream as it was. What it tells is no ground to leave anything out. A message is stored only
if most servers have it; so whatever was stored before a mark was asked for lies before that mark.
"""

from __future__ import annotations

import asyncio

from .link import EngineError, Link
from .messages import MARK
from .stream import read_acknowledgement
from .subjects import mark_subject


class Marks:
    """Stores marks; who asks for one at the same time is told of the same.

    Args:
        link: to the servers.
        stream: the stream's name.
    """

    def __init__(self, link: Link, stream: str) -> None:
        self._link = link
        self._subject = mark_subject(stream)
        self._storing = asyncio.Lock()
        # The number of the last one that was begun, and the last one that is stored, and where.
        self._begun = 0
        self._done = 0
        self._position: int | None = None

    async def store(self) -> int | None:
        """Store one.

        Returns:
            its position; None if the stream takes none.

        Raises:
            EngineError: there is no answer.
        """
        # One that is under way may have been sent before what this one is to lie behind.
        wanted = self._begun + 1
        async with self._storing:
            if self._done < wanted:
                self._begun += 1
                begun = self._begun
                self._position = await self._store()
                self._done = begun
            return self._position

    async def _store(self) -> int | None:
        try:
            answer = await self._link.ask(self._subject, headers={MARK: "1"})
        except EngineError as error:
            if error.code:
                return None
            raise
        return read_acknowledgement(answer).seq
