"""How often scapy dissects something, for how long, and on whose behalf: for those who measure."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from scapy.packet import Packet

Place = tuple[str, int]


class Dissections:
    """What scapy has dissected so far.

    A packet is dissected once, however many layers it has; but bytes that it is asked to look at
    again (a tunnel's content, say) count again.

    Attributes:
        count: how often it did.
        seconds: how long that took.
        places: from which lines it was had to, as files and line numbers, and how often.
    """

    def __init__(self) -> None:
        self.count = 0
        self.seconds = 0.0
        self.places: Counter[Place] = Counter()


@contextmanager
def counting_dissections(is_own: Callable[[str], bool]) -> Iterator[Dissections]:
    """Count what scapy dissects in this process while the body runs, which takes a little longer.

    Args:
        is_own: whether a file, by its path, has the code on whose behalf it may be. What no line of
            such a file has asked for is in no place.
    """
    found = Dissections()
    original = vars(Packet)["__init__"]
    inside = False

    def __init__(self: Packet, _pkt: Any = b"", *args: Any, **kwargs: Any) -> None:  # noqa: N807
        nonlocal inside
        if inside or not _pkt:
            original(self, _pkt, *args, **kwargs)
            return
        inside = True
        began = time.perf_counter()
        try:
            original(self, _pkt, *args, **kwargs)
        finally:
            found.seconds += time.perf_counter() - began
            found.count += 1
            inside = False
            place = _place(sys._getframe(1), is_own)
            if place is not None:
                found.places[place] += 1

    Packet.__init__ = __init__
    try:
        yield found
    finally:
        Packet.__init__ = original


def _place(frame: FrameType | None, is_own: Callable[[str], bool]) -> Place | None:
    """The innermost line of somebody's own code."""
    while frame is not None:
        if is_own(frame.f_code.co_filename):
            return frame.f_code.co_filename, frame.f_lineno
        frame = frame.f_back
    return None
