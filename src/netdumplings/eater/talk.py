"""What the messages of a hub bring an eater, in either protocol."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Final

from ..defaults import MOST_JSON_DEPTH
from ..dumpling import Dumpling
from ..exceptions import InvalidDumpling
from ..wire import Batch, EaterSide, Limits, Matcher, Metadata, Refusal, read_dumpling
from ..wire import Gap as GapMessage
from .gaps import Gap

#: What a message may bring; an error stands for what could not be read, in its place.
News = Dumpling | Gap | InvalidDumpling
#: The same, where dumplings need not be read.
TextNews = str | Gap | InvalidDumpling

#: What a dumpling may be at most: another hub than ours may let through what ours does not.
_LIMITS: Final = Limits(depth=MOST_JSON_DEPTH)


class Talk(ABC):
    """One side of a conversation, for any number of connections.

    Args:
        matcher: what tells wanted dumplings from others; None if the hub does that.
    """

    def __init__(self, matcher: Matcher | None) -> None:
        self._matcher = matcher

    @property
    def cursor(self) -> dict[str, int] | None:
        """How far the eater has come, with all that was read: a copy; None if nobody knows."""
        return None

    @abstractmethod
    def hello(self) -> str:
        """Write the first message of a connection."""

    def read(self, message: str | bytes) -> Iterator[News]:
        """Read a message: text as str, binary as bytes."""
        for news in self._cut(message):
            if isinstance(news, str):
                yield from self._read_dumpling(news)
            else:
                yield news

    def read_texts(self, message: str | bytes) -> Iterator[TextNews]:
        """Read a message, but of its dumplings no more than is needed to see that they are such.

        The text of each has no line ends in it.
        """
        for news in self._cut(message):
            if isinstance(news, str):
                yield from self._check_dumpling(news)
            else:
                yield news

    @abstractmethod
    def _cut(self, message: str | bytes) -> Iterator[TextNews]:
        """Cut a message into what may be dumplings, and what is not."""

    def _read_dumpling(self, text: str) -> Iterator[News]:
        """Read a dumpling, if it is wanted."""
        # Most that is not wanted need not be read as far as its payload.
        metadata = read_dumpling(text.encode()) if self._matcher else None
        if self._matcher and isinstance(metadata, Metadata) and not self._matcher(metadata):
            return
        try:
            dumpling = Dumpling.from_json(text)
        except InvalidDumpling as error:
            yield error
            return
        if self._matcher and isinstance(metadata, Refusal):
            # Another hub than ours may let through what ours does not.
            metadata = Metadata(
                dumpling.chef_name,
                dumpling.creation_time,
                dumpling.driver.value,
                dumpling.kitchen,
            )
            if not self._matcher(metadata):
                return
        yield dumpling

    def _check_dumpling(self, text: str) -> Iterator[TextNews]:
        """See that a dumpling is one, and wanted."""
        # Outside of strings, where JSON allows none, line ends are spaces.
        text = text.replace("\r", " ").replace("\n", " ")
        metadata = read_dumpling(text.encode(), _LIMITS, from_hub=True)
        if isinstance(metadata, Refusal):
            yield InvalidDumpling(metadata.reason)
        elif self._matcher is None or self._matcher(metadata):
            yield text


class PlainTalk(Talk):
    """The protocol without a subprotocol: a dumpling a message.

    Args:
        announcement: the eater's first message.
        matcher: as for `Talk`.
    """

    def __init__(self, announcement: str, matcher: Matcher | None) -> None:
        super().__init__(matcher)
        self._announcement = announcement

    def hello(self) -> str:
        """Write the first message of a connection."""
        return self._announcement

    def _cut(self, message: str | bytes) -> Iterator[TextNews]:
        if isinstance(message, bytes):
            yield InvalidDumpling("not a dumpling: a binary message")
        else:
            yield message


class V2Talk(Talk):
    """The subprotocol ``netdumplings.v2``.

    Args:
        side: remembers how far the eater has come.
        matcher: as for `Talk`.
    """

    def __init__(self, side: EaterSide, matcher: Matcher | None) -> None:
        super().__init__(matcher)
        self._side = side

    @property
    def cursor(self) -> dict[str, int] | None:
        """See `Talk`; None until a hub has said where it begins."""
        return dict(self._side.cursor) if self._side.welcomed else None

    def hello(self) -> str:
        """Write the first message of a connection."""
        return self._side.hello()

    def _cut(self, message: str | bytes) -> Iterator[TextNews]:
        try:
            told = self._side.receive(message)
        except ValueError as error:
            # Such an error may quote what the hub sent.
            yield InvalidDumpling(ascii(str(error))[1:-1])
            return
        if isinstance(told, Batch):
            yield from told.lines
        elif isinstance(told, GapMessage):
            yield Gap(told.missed, told.reason, told.kitchen)
