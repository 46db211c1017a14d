"""A recording that is several files: what they are called, and when one is finished or goes.

``dumplings.jsonl`` is the one that is written; finished ones are called after the time when they
were begun, as in ``dumplings.20261129T165421.123456Z.jsonl``. Sorted by name all are in order.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

_STAMP: Final = "%Y%m%dT%H%M%S.%fZ"
_STAMPED: Final = re.compile(r"\.(\d{8}T\d{6}\.\d{6}Z)$", re.ASCII)


class Rotation(NamedTuple):
    """When a file is finished, and the next one begun.

    Attributes:
        max_bytes: when it has so many; None for never.
        max_seconds: when it was begun so long ago; None for never.
    """

    max_bytes: int | None = None
    max_seconds: float | None = None

    @property
    def wanted(self) -> bool:
        """Whether there is any."""
        return self != (None, None)

    def due(self, size: int, age: float) -> bool:
        """Tell whether a file of some size and age is finished."""
        return (self.max_bytes is not None and size >= self.max_bytes) or (
            self.max_seconds is not None and age >= self.max_seconds
        )


class Retention(NamedTuple):
    """What of a recording is kept; the oldest of the rest goes.

    Attributes:
        max_bytes: about so many bytes; None for all.
        max_seconds: what was recorded within so many seconds; None for all.
    """

    max_bytes: int | None = None
    max_seconds: float | None = None

    @property
    def wanted(self) -> bool:
        """Whether there is any."""
        return self != (None, None)


class Part(NamedTuple):
    """A finished file of a recording.

    Attributes:
        path: where it is.
        begun: when it was begun, seconds since the epoch.
        size: its bytes.
    """

    path: Path
    begun: float
    size: int


def finished_name(path: Path, suffix: str, begun: float, others: Sequence[str] = ()) -> Path:
    """Where a finished part of a recording goes: by its name it is the last of all.

    Args:
        path: the file that is written.
        suffix: what its name ends in, such as ``.jsonl.gz``.
        begun: when it was begun, seconds since the epoch.
        others: what the names of other finished parts of the same recording end in.
    """
    stem = path.name.removesuffix(suffix)
    for ending in (suffix, *others):
        for part in finished_parts(path.with_name(stem + ending), ending):
            # (The clock may have been set back.)
            begun = max(begun, part.begun + 2e-6)
    return path.with_name(f"{stem}.{_stamp(begun)}{suffix}")


def finished_parts(path: Path, suffix: str) -> list[Part]:
    """List the finished parts of a recording, oldest first.

    Args:
        path: the file that is written.
        suffix: what the names of all end in.

    Raises:
        OSError: the directory cannot be read.
    """
    return sorted(_parts(path, suffix), key=lambda part: part.path.name)


def is_finished_part(path: Path, suffix: str) -> bool:
    """Tell by its name whether a file is a finished part of a recording."""
    return _STAMPED.search(path.name.removesuffix(suffix)) is not None


def remove_old(
    path: Path, suffix: str, keep: Retention, begun: float, size: int, now: float
) -> int:
    """Delete those finished parts that are not to be kept.

    Args:
        path: the file that is written.
        suffix: what the names of all end in.
        keep: what is to be kept.
        begun: when the file that is written was begun.
        size: its bytes.
        now: seconds since the epoch.

    Returns:
        how many were deleted.

    Raises:
        OSError: that is not possible.
    """
    parts = finished_parts(path, suffix) if keep.wanted else []
    if not parts:
        return 0
    total = size + sum(part.size for part in parts)
    # A part has nothing that was recorded after the next one was begun.
    ends = [part.begun for part in parts[1:]] + [begun]
    removed = 0
    for part, end in zip(parts, ends, strict=True):
        too_old = keep.max_seconds is not None and end < now - keep.max_seconds
        if not too_old and (keep.max_bytes is None or total <= keep.max_bytes):
            break
        part.path.unlink(missing_ok=True)
        total -= part.size
        removed += 1
    return removed


def sync_directory(path: Path) -> None:
    """Have the names in a directory last through a power failure, where the system can."""
    with suppress(OSError):
        directory = os.open(path, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)


def _parts(path: Path, suffix: str) -> Iterator[Part]:
    stem = path.name.removesuffix(suffix)
    for found in path.parent.iterdir():
        if not (found.name.startswith(f"{stem}.") and found.name.endswith(suffix)):
            continue
        stamped = _STAMPED.fullmatch(found.name.removeprefix(stem).removesuffix(suffix))
        if stamped is None:
            continue
        with suppress(ValueError, FileNotFoundError):
            begun = datetime.strptime(stamped[1], _STAMP).replace(tzinfo=UTC).timestamp()
            yield Part(found, begun, found.stat().st_size)


def _stamp(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime(_STAMP)
