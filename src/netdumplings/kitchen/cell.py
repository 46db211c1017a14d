"""The process of an isolated chef: what runs in it."""

from __future__ import annotations

import logging
import os
import pickle
import signal
import socket
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, NoReturn

import msgspec

from ..chef import DumplingChef
from ..defaults import MAX_MESSAGE
from ..exceptions import BrokenChef
from ..whereabouts import HANDLER, HANDLERS, Whereabouts
from .errors import HandlerErrors
from .parcels import (
    BROKEN,
    DONE,
    DUMPLING,
    GIVEN_UP,
    NO_STATE,
    READY,
    STATE,
    Broken,
    Done,
    Ready,
    Request,
    pack_answer,
    read_request,
)
from .runner import ChefRunner
from .stations import make_chef
from .tracebacks import one_line, own_exc_info, own_traceback

#: Characters of a traceback, and of what else is told of a chef that cannot be made.
_MUCH = 20_000


class CellKitchen:
    """What an isolated chef has for a kitchen.

    Attributes:
        name: the kitchen's name.
    """

    def __init__(self, name: str) -> None:
        self.name = name


def run_cell(
    chef: type[DumplingChef],
    kitchen: str,
    poke_interval: float,
    connection: socket.socket,
    whereabouts: Whereabouts,
    parent: int,
    state: bytes | None = None,
) -> NoReturn:
    """Run a chef for a kitchen in another process, until that closes the connection.

    Called in a process that was forked for it, and ends that.

    Args:
        chef: its class.
        kitchen: the kitchen's name.
        poke_interval: seconds between two pokes.
        connection: to the kitchen.
        whereabouts: where to leave word, in memory that the kitchen reads.
        parent: the process identifier of the kitchen.
        state: what it is to go on with, pickled by another such process; None for nothing.
    """
    status = 1
    try:
        _settle_in(connection, parent)
        _serve(chef, kitchen, poke_interval, connection, whereabouts, state)
        status = 0
    except (EOFError, OSError):
        status = 0  # the kitchen has ended
    except BaseException:
        logging.getLogger(__name__).exception("the process of chef %s ends", chef.__name__)
    finally:
        for stream in (sys.stdout, sys.stderr):
            with suppress(Exception):
                stream.flush()
        os._exit(status)


def _settle_in(connection: socket.socket, parent: int) -> None:
    """Leave behind what is the kitchen's: its signals, its sockets."""
    # A terminal, or systemd, signals all processes at once; it is the kitchen that ends this one.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    signal.set_wakeup_fd(-1)
    for opened in range(3, 4096):
        with suppress(OSError):
            if opened != connection.fileno() and stat.S_ISSOCK(os.fstat(opened).st_mode):
                os.close(opened)
    if "asyncio" in sys.modules:
        sys.modules["asyncio"]._set_running_loop(None)
    if sys.platform == "linux":
        import ctypes

        # PR_SET_PDEATHSIG of prctl(2): however the kitchen ends, a chef that never returns to
        # see it ends too.
        ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        raise EOFError


def _serve(
    chef: type[DumplingChef],
    kitchen: str,
    poke_interval: float,
    connection: socket.socket,
    whereabouts: Whereabouts,
    state: bytes | None,
) -> None:
    errors = HandlerErrors()
    try:
        made = make_chef(chef, CellKitchen(kitchen))
        if state is not None:
            _restore(made, state)
        expression = made.packet_filter
        if not isinstance(expression, str | None):
            raise BrokenChef(made.name, f"its packet_filter is no text but {expression!r:.100}")
    except BrokenChef as error:
        broken = Broken(error.problem[:_MUCH], error.traceback[-_MUCH:])
        connection.sendall(pack_answer(BROKEN, msgspec.json.encode(broken)))
        return
    runner = ChefRunner([made], poke_interval, errors, whereabouts=whereabouts, filtered=True)
    (station,) = runner.stations
    ready = msgspec.json.encode(Ready(expression, station.takes_batches))
    connection.sendall(pack_answer(READY, ready))

    def read(size: int) -> bytearray:
        data = bytearray(size)
        view = memoryview(data)
        while view:
            count = connection.recv_into(view)
            if not count:
                raise EOFError
            view = view[count:]
        return data

    while True:
        request = read_request(read)
        if request.state:
            _give_state(station.chef, connection)
            continue
        handler = "batch_handler" if station.takes_batches else "packet_handler"
        if request.packets is None:
            handler = "closing_handler" if request.closing else "interval_handler"
        whereabouts.words[HANDLER] = HANDLERS.index(handler)
        for text in _dumplings(runner, request):
            connection.sendall(pack_answer(DUMPLING, text.encode(), runner.position))
        if station.quarantined is not None:
            connection.sendall(pack_answer(GIVEN_UP, station.quarantined[:_MUCH].encode()))
            return
        done = Done(station.seconds, errors.counts[station.name])
        connection.sendall(pack_answer(DONE, msgspec.json.encode(done)))


def _dumplings(runner: ChefRunner, request: Request) -> Iterator[str]:
    if request.closing:
        return runner.closing(request.time, replay=True)
    if request.packets is None:
        return runner.poke(request.time)
    return runner.handle(request.packets, None if request.replay else time.time)


def _restore(chef: DumplingChef, state: bytes) -> None:
    """Have a chef go on with a state.

    Raises:
        BrokenChef: it does not take it.
    """
    try:
        chef.restore(pickle.loads(state))  # type: ignore[attr-defined]  # noqa: S301  # its own
    except (Exception, SystemExit) as error:
        problem = f"restore() {one_line(error)}"
        raise BrokenChef(chef.name, problem, own_traceback(error)) from error


def _give_state(chef: Any, connection: socket.socket) -> None:
    """Send a chef's state, if it has one to give."""
    if not callable(getattr(chef, "state", None)):
        connection.sendall(pack_answer(NO_STATE))
        return
    try:
        packed = pickle.dumps(chef.state())
    except (Exception, SystemExit) as error:
        logging.getLogger(__name__).error(
            "chef %s: its state() failed, or cannot be pickled: it begins anew",
            chef.name,
            exc_info=own_exc_info(error),
        )
        connection.sendall(pack_answer(NO_STATE))
        return
    for start in range(0, len(packed), MAX_MESSAGE):
        part = packed[start : start + MAX_MESSAGE]
        more = start + len(part) < len(packed)
        connection.sendall(pack_answer(STATE, part, 1 if more else 0))
