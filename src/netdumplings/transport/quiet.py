"""What the WebSocket library may write to the log.

It logs every connection at INFO, and, depending on its version, a whole traceback for every port
scan. What an operator needs of that, we say ourselves, in one line; the rest is for whoever
turns on DEBUG of the library's own loggers.
"""

from __future__ import annotations

import logging
from typing import Any


class Quiet(logging.LoggerAdapter[logging.Logger]):
    """A logger that logs everything at DEBUG."""

    def log(self, level: int, msg: object, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002
        """Log at DEBUG, whatever the level."""
        super().log(logging.DEBUG, msg, *args, **kwargs)


def quiet(side: str) -> Quiet:
    """Return a logger for the library.

    Args:
        side: ``client`` or ``server``.
    """
    return Quiet(logging.getLogger(f"websockets.{side}"), {})
