"""What every format of a recording can do."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from .entries import Cursor, Entry


class Recording(Protocol):
    """A recording that is open to be written; made by `open_recording`. One thread may use it.

    Whatever it is asked to do, on failure it raises `RecordingUnavailable`, and what was appended
    before is there, in a file that can be opened again.

    Attributes:
        path: where it is.
    """

    path: Path

    @property
    def cursor(self) -> Cursor | None:
        """How far the eater had come with what is in it; None if nobody knows, or nothing is."""
        ...

    def append(self, entries: Sequence[Entry], cursor: Cursor | None, now: float) -> None:
        """Append entries and how far the eater has come with them: all of that, or nothing.

        When it returns, it is on the disk.

        Args:
            entries: dumplings and gaps, in their order.
            cursor: how far the eater has come; None if nobody knows.
            now: seconds since the epoch.
        """
        ...

    def tend(self, now: float) -> None:
        """Do what is due: finish a file, delete what is too old. To be called about once a second.

        Args:
            now: seconds since the epoch.
        """
        ...

    def close(self) -> None:
        """Close it; it can be opened again."""
        ...
