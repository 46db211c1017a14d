"""Where a thread that runs a chef's handler stands, as the chef's author would say it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Final

_HERE: Final = str(Path(__file__).parent)
#: Code that has locks of the whole program while it runs: an exception out of the blue, at just
#: the wrong line, would leave them locked.
_HOLD_LOCKS: Final = frozenset({"logging", "logging.handlers", "importlib._bootstrap"})
#: How many places of a stack are told.
_PLACES: Final = 3


def where_it_stands(thread: int) -> str:
    """Say in which line a thread is, from the innermost place outward to the chef's handler.

    Args:
        thread: its identifier.

    Returns:
        as in ``wait (threading.py:320), called from packet_handler (chefs.py:12)``, with whole
        paths; empty if it is not in a handler.
    """
    places = [
        f"{frame.f_code.co_name} ({frame.f_code.co_filename}:{frame.f_lineno})"
        for frame in _frames_of_chef(thread)
    ]
    if len(places) > _PLACES:
        places = [*places[: _PLACES - 1], places[-1]]
    return ", called from ".join(places)


def holds_locks(thread: int) -> bool:
    """Whether a thread is in code of Python's own that others wait for."""
    return any(frame.f_globals.get("__name__") in _HOLD_LOCKS for frame in _frames_of_chef(thread))


def _frames_of_chef(thread: int) -> Iterator[FrameType]:
    """The frames between the innermost one and those of the kitchen."""
    frame = sys._current_frames().get(thread)
    while frame is not None and not frame.f_code.co_filename.startswith(_HERE):
        yield frame
        frame = frame.f_back
