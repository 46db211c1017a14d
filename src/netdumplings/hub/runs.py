"""Dumplings on their way through the hub."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Final, NamedTuple

from ..wire import GapReason, Metadata

#: Bytes that Python takes to hold a part of a run, apart from its text.
PART_OVERHEAD: Final = 41


class Mark(NamedTuple):
    """A place in the stream of a backbone.

    Attributes:
        key: what stands for that stream in the cursors of eaters.
        position: the sequence number of a message.
    """

    key: str
    position: int


class Run:
    """Dumplings of one stream, numbered without a hole.

    Args:
        stream: the stream's public name; None for the hub's own dumplings, which have no numbers.
        first: the number of the first.
        body: the JSON of each in UTF-8, on one line; the lines are parted by newlines.
        metadata: what each says of itself. The run keeps the list, which may be empty where nobody
            is to ask for it.
        mark: where the last of them is in the stream of a backbone, if it came from there.
        count: how many dumplings there are; None for as many as there are metadata.

    Attributes:
        parts: the body, in pieces that each hold whole lines. Nobody takes it apart or puts it
            together who need not: most dumplings leave the hub as they came.
        count: how many dumplings there are.
        size: bytes that the parts take in memory.
        offset: how many dumplings ever came into the history before it, once it is there.
        arrived: when it came there, seconds since the epoch.
        holes: what is missing right before it, once it is in the history of a hub that has a
            backbone.
    """

    __slots__ = (
        "arrived",
        "count",
        "first",
        "holes",
        "mark",
        "metadata",
        "offset",
        "parts",
        "size",
        "stream",
    )

    def __init__(
        self,
        stream: str | None,
        first: int,
        body: bytes,
        metadata: list[Metadata],
        mark: Mark | None = None,
        count: int | None = None,
    ) -> None:
        self.stream = stream
        self.first = first
        self.parts = [body]
        self.metadata = metadata
        self.count = len(metadata) if count is None else count
        self.size = len(body) + PART_OVERHEAD
        self.offset = 0
        self.arrived = 0.0
        self.mark = mark
        self.holes: Sequence[Hole] = ()

    @property
    def last(self) -> int:
        """The number of the last dumpling."""
        return self.first + self.count - 1

    @property
    def lines(self) -> list[bytes]:
        """Every dumpling by itself."""
        return split(self.parts)

    def extend(self, other: Run) -> bool:
        """Take in the run that follows this one; False if that one does not follow this one."""
        if other.stream != self.stream or other.first != self.first + self.count:
            return False
        self.parts += other.parts
        self.metadata += other.metadata
        self.count += other.count
        self.size += other.size
        self.mark = other.mark
        return True


class View(enum.Enum):
    """What an eater may be given, whatever it has subscribed to."""

    ALL = "dumplings of kitchens, and the hub's own"
    KITCHENS = "dumplings of kitchens"
    STATUS = "the hub's own dumplings"

    def of(self, runs: Sequence[Run]) -> Sequence[Run]:
        """Give those of some runs that it may be given."""
        if self is View.ALL:
            return runs
        own = self is View.STATUS
        return [run for run in runs if (run.stream is None) is own]


class Hole(NamedTuple):
    """A place in a stream where dumplings are missing.

    Attributes:
        stream: the stream's public name.
        kitchen: the kitchen's.
        missed: how many are missing.
        last: the number of the last of them.
        mark: where the notice of that is in the stream of a backbone, if it came from there.
        reason: why: their kitchen had dropped them, or another hub has had them.
    """

    stream: str
    kitchen: str
    missed: int
    last: int
    mark: Mark | None = None
    reason: GapReason = "kitchen"

    @property
    def first(self) -> int:
        """The number of the first of them."""
        return self.last - self.missed + 1

    @property
    def cursor(self) -> dict[str, int]:
        """How far an eater has come that was told."""
        cursor = {self.stream: self.last}
        if self.mark is not None:
            cursor[self.mark.key] = self.mark.position
        return cursor


def split(parts: list[bytes]) -> list[bytes]:
    """Give each line of some parts by itself."""
    return b"\n".join(parts).split(b"\n")


def cursor_of(runs: Sequence[Run]) -> dict[str, int]:
    """Say how far an eater has come that was given runs, or all that it wants of them."""
    cursor: dict[str, int] = {}
    for run in runs:
        if run.stream is not None:
            cursor[run.stream] = run.last
        if run.mark is not None:
            cursor[run.mark.key] = run.mark.position
    return cursor
