"""How a command ends: the exit status, and the one line that goes with it."""

from __future__ import annotations

import errno
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING, Any, Final

import click

from netdumplings.exceptions import NetDumplingsError

from .text import printable

if TYPE_CHECKING:
    from types import FrameType


#: What a full disk, or one that fails, says to whoever writes.
_NOT_WRITTEN: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})


class Failure(click.ClickException):
    """A command failed: one line on standard error, exit status 1.

    Raise it for what only the command line can get wrong. Its message, which may quote the
    network, is escaped when it is shown.

    Attributes:
        tool: the command's name, once `ending_well` has seen the failure.
    """

    tool = "netdumplings"

    def show(self, file: IO[Any] | None = None) -> None:
        """Write the line: the command's name, then the message."""
        click.echo(f"{self.tool}: {printable(self.message)}", file, err=True)


class Misuse(Failure):
    """The command line itself is wrong: exit status 2, as click has it."""

    exit_code = 2


@contextmanager
def ending_well(tool: str) -> Iterator[None]:
    """Turn whatever ends a command into the exit status its users expect.

    ============================================  ======  =======================================
    the body ends with                            status  on standard error
    ============================================  ======  =======================================
    a return; Ctrl-C; SIGTERM; SIGHUP             0       nothing
    its output closed by the reader (``| head``)  0       nothing
    a `NetDumplingsError` or a `Failure`          1       one line
    its output on a disk that is full             1       one line
    click's usage errors                          2       one line
    anything else: a bug of ours                  1       the traceback that a bug report needs
    ============================================  ======  =======================================

    Args:
        tool: the command's name, which starts that line.

    Raises:
        Failure: for every error that is no bug.
        click.exceptions.Exit: for Ctrl-C, SIGTERM, SIGHUP and a closed output.
    """
    try:
        with _one_kind_of_failure(tool), _like_ctrl_c():
            yield
    except Failure as failure:
        failure.tool = tool
        raise
    except KeyboardInterrupt:
        if sys.stderr.isatty():
            click.echo(err=True)  # the terminal has just echoed ^C
        raise click.exceptions.Exit(0) from None
    except BrokenPipeError:
        _discard_output()
        raise click.exceptions.Exit(0) from None
    except OSError as error:
        # (A file of ours would have its name in it, or was dealt with where it is written.)
        if error.errno not in _NOT_WRITTEN or error.filename is not None:
            raise
        _discard_output()
        unwritten = Failure(f"the output cannot be written: {error.strerror}")
        unwritten.tool = tool
        raise unwritten from error


@contextmanager
def writing() -> Iterator[None]:
    """Let signals end the body, which writes to standard output, at once.

    Whoever is at the other end of a pipe may have ceased to read without closing it. An event loop
    would wait for the end of the write before it ends, and so would Python at its exit.
    """
    handler = signal.getsignal(signal.SIGINT)
    ours = callable(handler) and threading.current_thread() is threading.main_thread()
    try:
        if ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        yield
    except KeyboardInterrupt:
        _discard_output()
        raise
    finally:
        if ours:
            signal.signal(signal.SIGINT, handler)


@contextmanager
def _one_kind_of_failure(tool: str) -> Iterator[None]:
    try:
        yield
    except NetDumplingsError as error:
        raise Failure(str(error)) from error
    except click.UsageError as error:
        problem = error.format_message().rstrip(".")
        raise Misuse(f"{problem}; see {tool} --help") from error


@contextmanager
def _like_ctrl_c() -> Iterator[None]:
    """Let SIGTERM and SIGHUP do what Ctrl-C does, whoever handles that at the moment."""

    def on_signal(number: int, frame: FrameType | None) -> None:
        handler = signal.getsignal(signal.SIGINT)
        # A shell starts background jobs with SIGINT ignored; SIGTERM must end those too.
        if not callable(handler):
            handler = signal.default_int_handler
        handler(number, frame)

    before = {}
    for name in ("SIGTERM", "SIGHUP"):  # of which Windows has one
        number = getattr(signal, name, None)
        # nohup(1) starts a command with SIGHUP ignored, and means it.
        if number is not None and (name == "SIGTERM" or not _is_ignored(number)):
            before[number] = signal.signal(number, on_signal)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _is_ignored(number: int) -> bool:
    return signal.getsignal(number) is signal.SIG_IGN


def _discard_output() -> None:
    """Keep Python's own flush at exit from finding the closed pipe again."""
    with suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
