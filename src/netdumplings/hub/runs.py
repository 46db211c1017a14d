"""Dumplings on their way through the hub."""

from __future__ import annotations

from typing import Final

from ..wire import Metadata

#: Bytes that Python takes to hold a line, apart from the line itself, with its place in a list.
LINE_OVERHEAD: Final = 41


class Run:
    """Dumplings of one stream, numbered without a hole.

    Args:
        stream: the stream's public name; None for the hub's own dumplings, which have no numbers.
        first: the number of the first.
        lines: the JSON of each in UTF-8, on one line. The run keeps the list.
        metadata: what each says of itself. Likewise.

    Attributes:
        size: bytes that the lines take in memory.
        offset: how many dumplings ever came into the history before it, once it is there.
        arrived: when it came there, seconds since the epoch.
    """

    __slots__ = ("arrived", "first", "lines", "metadata", "offset", "size", "stream")

    def __init__(
        self, stream: str | None, first: int, lines: list[bytes], metadata: list[Metadata]
    ) -> None:
        self.stream = stream
        self.first = first
        self.lines = lines
        self.metadata = metadata
        self.size = sum(map(len, lines)) + LINE_OVERHEAD * len(lines)
        self.offset = 0
        self.arrived = 0.0

    @property
    def last(self) -> int:
        """The number of the last dumpling."""
        return self.first + len(self.lines) - 1

    def extend(self, other: Run) -> bool:
        """Take in the run that follows this one; False if that one does not follow this one."""
        if other.stream != self.stream or other.first != self.first + len(self.lines):
            return False
        self.lines += other.lines
        self.metadata += other.metadata
        self.size += other.size
        return True
