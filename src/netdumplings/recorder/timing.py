"""When recorded dumplings are sent, and what time they say of themselves."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Final

import msgspec

from .selecting import Chosen


def restamped(dumplings: Iterable[Chosen], clock: Callable[[], float]) -> Iterator[Chosen]:
    """Give dumplings the time at which they are sent; their payloads stay to the byte."""
    for metadata, line in dumplings:
        yield Chosen(metadata, _with_time(line, clock()))


class _Dumpling(msgspec.Struct):
    # Beside what we know there may be anything, such as numbers that no float holds.
    metadata: dict[str, msgspec.Raw]
    payload: msgspec.Raw


def _with_time(line: bytes, now: float) -> bytes:
    dumpling = _decode(line)
    dumpling.metadata["creation_time"] = msgspec.Raw(msgspec.json.encode(now))
    return msgspec.json.encode(dumpling)


_decode: Final = msgspec.json.Decoder(_Dumpling).decode


def paced(
    dumplings: Iterable[Chosen],
    wait: Callable[[str | None, float, float], float],
    stopping: threading.Event,
) -> Iterator[Chosen]:
    """Yield dumplings when they are due, until it is to stop.

    Args:
        dumplings: the dumplings.
        wait: of `Pace`.
        stopping: when that is set, it ends.
    """
    for chosen in dumplings:
        metadata = chosen.metadata
        pause = wait(metadata.kitchen, metadata.creation_time, time.monotonic())
        # (A dumpling may say that it is of the year 10^100, and no system waits so long.)
        if pause > 0 and stopping.wait(min(pause, threading.TIMEOUT_MAX)):
            return
        yield chosen
