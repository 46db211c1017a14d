"""Tracebacks as the author of a chef wants them: from their own first line on."""

from __future__ import annotations

import importlib
import traceback
from pathlib import Path
from types import TracebackType

_PACKAGE = Path(__file__).parent.parent
_IMPORT_SYSTEM = Path(importlib.__file__).parent
_CHEFS_IN_THE_BOX = _PACKAGE / "dumplingchefs"
ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]


def own_exc_info(error: BaseException) -> ExcInfo:
    """An error for `logging`'s ``exc_info``, its traceback as `own_traceback` has it."""
    trimmed = error.__traceback__
    while trimmed is not None and _is_ours(trimmed):
        trimmed = trimmed.tb_next
    return type(error), error, trimmed


def own_traceback(error: BaseException) -> str:
    """The traceback of an error, without the frames of netdumplings and of the import system.

    Args:
        error: an error raised by somebody's chef or chef module.

    Returns:
        the text Python would print, several lines, the last one naming the error.
    """
    lines = traceback.format_exception(*own_exc_info(error))
    return "".join(lines).rstrip("\n")


def one_line(error: BaseException) -> str:
    """An error's type and message on one line: ``ZeroDivisionError: division by zero``."""
    return " ".join(traceback.format_exception_only(error)[-1].split())


def where(error: BaseException) -> tuple[str, int]:
    """The file and line at which an error was raised."""
    frames = traceback.extract_tb(error.__traceback__, limit=-1)
    return (frames[0].filename, frames[0].lineno or 0) if frames else ("", 0)


def _is_ours(frame: TracebackType) -> bool:
    filename = frame.tb_frame.f_code.co_filename
    path = Path(filename)
    if filename.startswith("<frozen importlib") or path.is_relative_to(_IMPORT_SYSTEM):
        return True
    return path.is_relative_to(_PACKAGE) and not path.is_relative_to(_CHEFS_IN_THE_BOX)
