"""What the WebSocket library may write to the log.

It logs every connection at INFO, and, depending on its version, a whole traceback for every port
scan. What an operator needs of that, we say ourselves, in one line; the rest is for whoever
turns on DEBUG of the library's own loggers. Even they do not read tokens: of messages the log has
the length, and nothing of the headers that may have one.
"""

from __future__ import annotations

import logging
from typing import Any, Final

from websockets.frames import DATA_OPCODES, Frame

_SECRET_HEADERS: Final = ("authorization", "cookie")


class Quiet(logging.LoggerAdapter[logging.Logger]):
    """A logger that logs everything at DEBUG."""

    def log(self, level: int, msg: object, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002
        """Log at DEBUG, whatever the level."""
        # Tracebacks of handshakes that failed quote what was sent.
        kwargs.pop("exc_info", None)
        if len(args) == 2 and str(args[0]).lower() in _SECRET_HEADERS:
            args = args[0], "[hidden]"
        super().log(logging.DEBUG, msg, *map(_hidden, args), **kwargs)


def _hidden(argument: object) -> object:
    """Give what may be written of something: of a message, its kind and length; no controls."""
    if isinstance(argument, Frame) and argument.opcode in DATA_OPCODES:
        return f"{argument.opcode.name} [{len(argument.data)} bytes]"
    if isinstance(argument, Frame | str) and not str(argument).isprintable():
        return ascii(str(argument))
    return argument


def quiet(side: str) -> Quiet:
    """Return a logger for the library.

    Args:
        side: ``client`` or ``server``.
    """
    return Quiet(logging.getLogger(f"websockets.{side}"), {})
