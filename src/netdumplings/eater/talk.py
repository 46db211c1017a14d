"""What the messages of a hub bring an eater, in either protocol."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator

from ..dumpling import Dumpling
from ..exceptions import InvalidDumpling
from ..wire import Batch, EaterSide, Matcher, Metadata, Refusal, read_dumpling
from ..wire import Gap as GapMessage
from .gaps import Gap

#: What a message may bring; an error stands for what could not be read, in its place.
News = Dumpling | Gap | InvalidDumpling


class Talk(ABC):
    """One side of a conversation, for any number of connections.

    Args:
        matcher: what tells wanted dumplings from others; None if the hub does that.
    """

    def __init__(self, matcher: Matcher | None) -> None:
        self._matcher = matcher

    @abstractmethod
    def hello(self) -> str:
        """Write the first message of a connection."""

    @abstractmethod
    def read(self, message: str | bytes) -> Iterator[News]:
        """Read a message: text as str, binary as bytes."""

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

    def read(self, message: str | bytes) -> Iterator[News]:
        """Read a message."""
        if isinstance(message, bytes):
            yield InvalidDumpling("not a dumpling: a binary message")
        else:
            yield from self._read_dumpling(message)


class V2Talk(Talk):
    """The subprotocol ``netdumplings.v2``.

    Args:
        side: remembers how far the eater has come.
        matcher: as for `Talk`.
    """

    def __init__(self, side: EaterSide, matcher: Matcher | None) -> None:
        super().__init__(matcher)
        self._side = side

    def hello(self) -> str:
        """Write the first message of a connection."""
        return self._side.hello()

    def read(self, message: str | bytes) -> Iterator[News]:
        """Read a message."""
        try:
            told = self._side.receive(message)
        except ValueError as error:
            # Such an error may quote what the hub sent.
            yield InvalidDumpling(ascii(str(error))[1:-1])
            return
        if isinstance(told, Batch):
            for line in told.lines:
                yield from self._read_dumpling(line)
        elif isinstance(told, GapMessage):
            yield Gap(told.missed, told.reason, told.kitchen)
