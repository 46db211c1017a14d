"""Logging as the command line sets it up. The library itself configures none."""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from .errors import Failure
from .options import at_home
from .text import printable
from .trust import changeable_by_others, is_root

if TYPE_CHECKING:
    from logging import _SysExcInfoType

#: Names a JSON file in `logging.config.dictConfig`'s format, used instead of our own set-up.
CONFIG_VARIABLE = "NETDUMPLINGS_LOGGING_CONFIG"

LEVELS = ("debug", "info", "warning", "error")


class Formatter(logging.Formatter):
    """One line a record, time in UTC, with everything unprintable escaped.

    Tracebacks, which need lines of their own, are indented: no text in them can pass for a
    record. A configuration file may name this class as ``netdumplings.console.logs.Formatter``.
    """

    converter = staticmethod(time.gmtime)
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03d"

    def __init__(
        self,
        fmt: str = "%(asctime)s %(levelname)s %(name)s: %(message)s",
        *args: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(fmt, *args, **kwargs)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """Escape the message, which may quote the network."""
        record.message = printable(record.message)
        return super().formatMessage(record)

    def formatException(self, ei: _SysExcInfoType) -> str:  # noqa: N802 - logging's name
        """Escape and indent each line of a traceback."""
        return _indented(super().formatException(ei))

    def formatStack(self, stack_info: str) -> str:  # noqa: N802 - logging's name
        """Escape and indent each line of a stack."""
        return _indented(super().formatStack(stack_info))


class StandardErrorHandler(logging.StreamHandler[TextIO]):
    """Writes to whatever `sys.stderr` is at the moment of writing (a progress bar moves it)."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)
        self.setFormatter(Formatter())

    @property
    def stream(self) -> TextIO:  # type: ignore[override]  # StreamHandler has an attribute
        """Where it writes to, now."""
        # A chef may have closed it, or put something else in its place: Python's own is still
        # there then.
        stream = sys.stderr
        usable = hasattr(stream, "write") and not getattr(stream, "closed", True)
        return stream if usable else sys.__stderr__ or stream


def configure(level: str, *, gives_up_root: bool = False) -> None:
    """Set up logging: to standard error, or as `CONFIG_VARIABLE` says.

    A configuration may name any code to be run. Root runs none that somebody else may have written.

    Args:
        level: the least severe level that is shown, one of `LEVELS`; a configuration file says
            that itself.
        gives_up_root: whether root will be given up, and `configure_as_told` called then.

    Raises:
        Failure: the configuration file cannot be read, or is no logging configuration, or not
            root's alone.
    """
    # What goes wrong in logging (its stream was closed, its disk is full) must end nothing else.
    logging.raiseExceptions = False
    if not (gives_up_root and is_root()) and configure_as_told():
        return
    root = logging.getLogger()
    for handler in root.handlers[:]:
        if isinstance(handler, StandardErrorHandler):
            root.removeHandler(handler)
    root.addHandler(StandardErrorHandler())
    root.setLevel(level.upper())
    # scapy tells on standard error, past this set-up, of every malformed packet it meets.
    logging.getLogger("scapy").setLevel(logging.ERROR)


def name_process(name: str) -> None:
    """Have our own set-up say in each line which of several processes it is of."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, StandardErrorHandler):
            handler.setFormatter(Formatter(f"%(asctime)s %(levelname)s {name}: %(message)s"))


def configure_as_told() -> bool:
    """Set up logging as `CONFIG_VARIABLE` says.

    Returns:
        whether it says anything.

    Raises:
        Failure: as `configure`.
    """
    config = os.environ.get(CONFIG_VARIABLE)
    if not config:
        return False
    path = at_home(config)
    with suppress(OSError, RuntimeError):  # links in a circle
        # Once: nobody may lead a link elsewhere between the look and the reading.
        path = path.resolve()
    if is_root() and (other := changeable_by_others(path)):
        raise Failure(
            f"{CONFIG_VARIABLE}: {other} can be changed by others than root, who would have root "
            "run what they like; take that from them, or do not run this as root"
        )
    _configure_from_file(path)
    return True


def _configure_from_file(path: Path) -> None:
    from logging.config import dictConfig

    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Failure(f"{CONFIG_VARIABLE}: cannot read {path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise Failure(f"{CONFIG_VARIABLE}: {path} is not JSON: {error}") from error
    if not isinstance(config, dict):
        raise Failure(f"{CONFIG_VARIABLE}: {path} holds no JSON object")
    # The modules of the command have made their loggers by now; dictConfig's own default would
    # silence them all.
    config.setdefault("disable_existing_loggers", False)
    try:
        dictConfig(config)
    except (ValueError, TypeError, AttributeError, ImportError, OSError) as error:
        reason = ": ".join(str(part) for part in (error, error.__cause__) if part)
        raise Failure(f"{CONFIG_VARIABLE}: {path} is no logging configuration: {reason}") from error


def _indented(text: str) -> str:
    return "\n".join("  " + printable(line) for line in text.split("\n"))
