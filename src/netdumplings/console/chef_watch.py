"""``nd-chef watch``: the same as ``nd-chef test``, again and again, whenever something is saved.

Each run is a process of its own, so that it finds every module as it is now, and can be ended
wherever it is: an edit may well have a handler that never returns.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
import warnings
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from .chef_test import Trial
from .completion import sources_of
from .errors import ending_well
from .options import CHEF_MODULE, at_home
from .text import printable

if TYPE_CHECKING:
    from multiprocessing.context import BaseContext
    from multiprocessing.process import BaseProcess

#: Seconds between two looks at the files.
LOOK_EVERY: Final = 0.2
#: Seconds for which they must stay as they are: some editors write a file in several steps.
_CALM: Final = 0.05
#: What every run needs and takes a while to load; it is not the user's, so it can be loaded once.
_LOADED: Final = ("netdumplings.testing.trial", "netdumplings.testing.comparing")

#: What there is to be known of a file without reading it: time, size, which one it is.
_State = tuple[int, int, int] | None


def watch_chef(options: Mapping[str, Any]) -> None:
    """Run a chef over captures, again whenever a file has changed, until Ctrl-C.

    Args:
        options: those of `Trial`.

    Raises:
        KeyboardInterrupt: that was Ctrl-C.
        click.UsageError: a capture that cannot be read again.
    """
    if "-" in options["read"]:
        raise click.UsageError("standard input cannot be read again: --read a file")
    Trial(**options)  # what is wrong with the options is wrong each time
    context = _context()
    process: BaseProcess | None = None
    try:
        while True:
            state = _state(options)
            _say(f"running {options['module']}")
            process = _start(context, options)
            while process.is_alive() and _state(options) == state:
                process.join(LOOK_EVERY)
            if process.is_alive():
                _say("a file has changed: this run is ended")
                process.kill()
            process.join()
            if _state(options) == state:
                _say(f"{_how(process.exitcode)}; waiting for a file to change (Ctrl-C ends it)")
            while (now := _state(options)) == state:
                time.sleep(LOOK_EVERY)
            while now != (now := _settled(options)):
                pass
    finally:
        if process is not None and process.is_alive():
            process.kill()
            process.join()


def _context() -> BaseContext:
    """How processes are started: on Linux with all that is loaded here."""
    if sys.platform != "linux":
        return multiprocessing.get_context("spawn")
    for name in _LOADED:
        import_module(name)
    return multiprocessing.get_context("fork")


def _start(context: BaseContext, options: Mapping[str, Any]) -> BaseProcess:
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    process = context.Process(target=_run, args=(dict(options),))  # type: ignore[attr-defined]
    with warnings.catch_warnings():
        # Of threads, numpy's library has some, which know what to do when a process is copied.
        warnings.simplefilter("ignore", DeprecationWarning)
        process.start()
    return process  # type: ignore[no-any-return]


def _run(options: dict[str, Any]) -> None:
    """The life of one run, in its process."""
    # Ctrl-C comes to all processes of a terminal: it is the other one that ends this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    # Python takes compiled code for that of a file of the same second and the same size: a word
    # that is put in another's place and saved at once would not be seen.
    sys.dont_write_bytecode = True
    status = 0
    try:
        with ending_well("nd-chef watch"):
            Trial(**options).run()
    except click.exceptions.Exit as ending:
        status = ending.exit_code
    except click.ClickException as failure:
        failure.show()
        status = failure.exit_code
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    # Whatever a chef has begun, threads for instance, is not waited for.
    os._exit(status)


def _state(options: Mapping[str, Any]) -> dict[Path, _State]:
    """What is known of every file that a run depends on."""
    return {path: _state_of(path) for path in _files(options)}


def _settled(options: Mapping[str, Any]) -> dict[Path, _State]:
    time.sleep(_CALM)
    return _state(options)


def _files(options: Mapping[str, Any]) -> Iterable[Path]:
    """The chef's file and those beside it, the captures, and what is expected."""
    module: str = options["module"]
    files = [at_home(module)] if CHEF_MODULE.is_path(module) else sources_of(module)
    beside = {path for file in files[:1] for path in file.parent.glob("*.py")}
    captures = {Path(capture) for capture in options["read"] if capture != "-"}
    expected = {options["expect"]} - {None}
    return sorted({*files, *beside, *captures, *expected})


def _state_of(path: Path) -> _State:
    try:
        status = path.stat()
    except OSError:  # an editor is about to put another one in its place, perhaps
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def _how(status: int | None) -> str:
    return "it went well" if status == 0 else f"it did not go well (status {status})"


def _say(text: str) -> None:
    now = datetime.now(UTC).strftime("%H:%M:%S")
    click.echo(f"-- {now} {printable(text)}", err=True)
