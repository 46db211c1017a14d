"""An isolated chef as its kitchen sees it: a process of its own, which is asked and answers."""

from __future__ import annotations

import logging
import math
import mmap
import os
import select
import signal
import socket
import sys
import threading
import time
import warnings
import weakref
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

from ..chef import DumplingChef
from ..exceptions import BrokenChef
from ..packets import PacketBatch
from ..whereabouts import HANDLER, HANDLERS, Whereabout, Whereabouts
from .parcels import (
    BROKEN,
    DONE,
    DUMPLING,
    GIVEN_UP,
    MOST_STATE,
    NO_STATE,
    READY,
    STATE,
    STATE_WANTED,
    Answer,
    Answers,
    Broken,
    Done,
    Ready,
    Request,
    Unintelligible,
    decode,
    dumpling_of,
    pack_request,
)

#: Bytes of packets that may be on their way to an isolated chef of a live kitchen; what is more,
#: it misses.
UNDER_WAY: Final = 16 * 1024 * 1024
MOST_UNDER_WAY: Final = 256
#: Seconds that it may take to be made, where a chef has no budget.
PATIENCE: Final = 60.0
#: Seconds between two looks whether it is still there.
GLANCE: Final = 0.2
#: Seconds that it has to end by itself.
GOODBYE: Final = 0.3
_READ: Final = 256 * 1024
#: What is sent last, to nobody.
_NO_MORE: Final = b""


class Ended(Exception):
    """The process of an isolated chef is no more, or must not be."""


class Isolated:
    """A chef in a process of its own.

    Made in the kitchen's process, before that has threads of its own: the chef's process is a copy
    of it. Its methods are for one thread, but for `kill`.

    Args:
        chef: its class.
        kitchen: the kitchen's name.
        poke_interval: seconds between two pokes.
        patience: seconds that it may take to be made; 0 for `PATIENCE`.
        state: what `state` of the one before it gave, to go on with; None to begin anew.

    Attributes:
        name: the chef's name.
        filter: its ``packet_filter``.
        takes_batches: whether it takes batches.
        only_when_wanted: whether it is to rest while nobody wants it.
        whereabouts: where it is, in memory that its process writes to.
        seconds: how long its handlers took, and those before it.
        seconds_before: how long those took that were in its place before it.
        errors: how many errors it made.

    Raises:
        BrokenChef: it cannot be made, or not in a process of its own.
    """

    def __init__(
        self,
        chef: type[DumplingChef],
        kitchen: str,
        poke_interval: float,
        patience: float = 0.0,
        state: bytes | None = None,
    ) -> None:
        self.name = chef.__name__
        self.only_when_wanted = bool(chef.only_when_wanted)
        self.seconds = 0.0
        self.seconds_before = 0.0
        self._patience = patience or PATIENCE
        self.errors = 0
        self._kitchen = kitchen
        if not hasattr(os, "fork"):
            raise BrokenChef(self.name, "this system has no fork(2): run it without --isolate")
        self.whereabouts = Whereabouts(memoryview(mmap.mmap(-1, mmap.PAGESIZE)))
        self._answers = Answers()
        self._waiting: deque[Answer] = deque()
        self._under_way: deque[tuple[int, int]] = deque()  # packets and bytes of each request
        self._to_send: deque[bytes] = deque()
        self._changed = threading.Condition()
        self._sender: threading.Thread | None = None
        self._why: str | None = None
        self._socket, theirs = socket.socketpair()
        self._pid = self._fork(chef, poke_interval, theirs, state)
        theirs.close()
        self._poll = select.poll()
        self._poll.register(self._socket, select.POLLIN)
        self._over = weakref.finalize(self, _end, os.getpid(), self._pid, self._socket)
        ready = self._first(time.monotonic() + self._patience)
        self.filter, self.takes_batches = ready.filter, ready.takes_batches

    @property
    def packets_under_way(self) -> int:
        """How many packets it was given and has not done with."""
        return sum(packets for packets, _ in self._under_way)

    @property
    def busy(self) -> bool:
        """Whether it has something to do."""
        return bool(self._under_way)

    def ask(
        self,
        packets: PacketBatch | None,
        time: float,
        *,
        replay: bool,
        closing: bool = False,
    ) -> bool:
        """Give it packets to handle, or an interval, or have it close.

        Args:
            packets: the packets; None for an interval, or to close.
            time: the time of either, seconds since the epoch.
            closing: whether its closing handler is to be called.
            replay: whether its dumplings bear the packets' times; then all is taken.

        Returns:
            whether it takes them; if not, too much is on its way to it already.
        """
        request = pack_request(Request(packets, time, replay, closing=closing))
        if self._under_way and not replay:
            waiting = sum(size for _, size in self._under_way)
            if waiting + len(request) > UNDER_WAY or len(self._under_way) >= MOST_UNDER_WAY:
                return False
        self._under_way.append((0 if packets is None else len(packets), len(request)))
        with self._changed:
            self._to_send.append(request)
            self._changed.notify()
        self._begin_to_send()
        return True

    def _begin_to_send(self) -> None:
        if self._sender is None:
            self._sender = threading.Thread(
                target=_send_all,
                args=(self._socket, self._to_send, self._changed),
                name=f"to chef {self.name}",
                daemon=True,
            )
            self._sender.start()

    def collect(self) -> Iterator[str]:
        """Take the dumplings that are there, without waiting.

        Raises:
            Ended: its process is no more.
        """
        while (answer := self._next(wait=False)) is not None:
            if answer.kind == DUMPLING:
                yield self._dumpling(answer)

    def finish(self) -> Iterator[str]:
        """Take the dumplings of what it was asked last; waits for it to be done.

        Raises:
            Ended: its process is no more.
        """
        while self._under_way or self._waiting:
            answer = self._next(wait=True)
            if answer is not None and answer.kind == DUMPLING:
                yield self._dumpling(answer)

    def of_packet(self, index: int) -> str | None:
        """The dumpling that it made of a packet of those it was given last; waits for it.

        Args:
            index: the number of the packet among them.

        Raises:
            Ended: its process is no more.
        """
        while not self._waiting:
            if not self._under_way:
                return None
            answer = self._next(wait=True)
            if answer is not None and answer.kind == DUMPLING:
                self._waiting.append(answer)
        if self._waiting[0].packet > index:
            return None
        return self._dumpling(self._waiting.popleft())

    def state(self) -> bytes | None:
        """What its ``state`` returns, pickled, for another process of the chef; waits for it.

        Returns:
            None if it has no state to give, and has perhaps said why.

        Raises:
            Ended: its process is no more, or does not answer, or the state is too large.
        """
        if self._under_way:
            raise Ended("it is still at work")
        with self._changed:
            self._to_send.append(STATE_WANTED)
            self._changed.notify()
        self._begin_to_send()
        state = bytearray()
        until = time.monotonic() + self._patience
        while True:
            answer = self._next(wait=True)
            if answer is None:
                if time.monotonic() > until:
                    raise Ended("it does not give it")
            elif answer.kind == NO_STATE:
                return None
            elif answer.kind == STATE:
                state += answer.body
                if len(state) > MOST_STATE:
                    raise Ended(f"it has over {MOST_STATE} bytes")
                if not answer.packet:
                    return bytes(state)

    def look(self) -> Whereabout:
        """The call that runs in its process now; from any thread."""
        at = self.whereabouts.read()
        inside = at.chef and self._over.alive and not self._has_ended()
        return Whereabout(1 if inside else 0, at.call)

    def handler(self) -> str:
        """The name of the handler that it was in last; from any thread."""
        number = self.whereabouts.words[HANDLER]
        return HANDLERS[number] if number < len(HANDLERS) else "handler"

    def kill(self, why: str) -> None:
        """End its process at once; from any thread."""
        # What has ended by itself has its own reason, and its number may be another process's.
        if self._over.alive and not self._has_ended():
            self._why = self._why or why
            with suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)

    def close(self) -> None:
        """End its process, if it is still there, and let go of everything."""
        with self._changed:
            self._to_send.clear()
            self._to_send.append(_NO_MORE)
            self._changed.notify()
        self._over()
        self._under_way.clear()

    def _fork(
        self,
        chef: type[DumplingChef],
        poke_interval: float,
        theirs: socket.socket,
        state: bytes | None,
    ) -> int:
        for stream in (sys.stdout, sys.stderr):
            with suppress(Exception):
                stream.flush()  # or what it holds would be written twice
        parent = os.getpid()
        with warnings.catch_warnings():
            # Python warns where there are other threads, whose locks stay locked in the copy. Those
            # of Python itself are taken care of, and ours are made after this; or, where a chef has
            # been edited, are none that a cell takes. What a thread is just writing to a log is let
            # be written.
            warnings.simplefilter("ignore", DeprecationWarning)
            handlers = list(logging.getLogger().handlers)
            for handler in handlers:
                handler.acquire()
            pid = os.fork()
            if pid:
                for handler in handlers:
                    handler.release()
        if not pid:
            from .cell import run_cell

            run_cell(chef, self._kitchen, poke_interval, theirs, self.whereabouts, parent, state)
        return pid

    def _first(self, until: float) -> Ready:
        """Wait for its first word."""
        try:
            answer = None
            while answer is None:
                answer = self._next(wait=True)
                if answer is None and time.monotonic() > until:
                    raise Ended("it does not come to its end")
            if answer.kind == BROKEN:
                broken: Broken = decode(answer.body, Broken)
                self.close()
                raise BrokenChef(self.name, broken.problem, broken.traceback)
            if answer.kind != READY:
                raise Ended("its process makes no sense")
            ready: Ready = decode(answer.body, Ready)
        except (Ended, Unintelligible) as error:
            self.close()
            raise BrokenChef(self.name, str(error)) from None
        return ready

    def _next(self, *, wait: bool) -> Answer | None:
        """The next answer; None if there is none yet, or none within `GLANCE` seconds."""
        if self._waiting:
            return self._waiting.popleft()
        try:
            while (answer := self._answers.next()) is None:
                if wait and not self._poll.poll(GLANCE * 1000):
                    return None
                # Not by the socket's own timeout: that is of the thread that sends as well.
                data = self._socket.recv(_READ, socket.MSG_DONTWAIT)
                if not data:
                    raise Ended(self._epitaph())
                self._answers.take(data)
            if answer.kind == GIVEN_UP:
                raise Ended(answer.body.decode(errors="replace"))
            if answer.kind == DONE:
                done: Done = decode(answer.body, Done)
                if not self._under_way or not math.isfinite(done.seconds):
                    raise Unintelligible("done with what it was not asked")
                self._under_way.popleft()
                self.seconds = self.seconds_before + max(0.0, done.seconds)
                self.errors = max(0, done.errors)
        except BlockingIOError:
            return None
        except Unintelligible as error:
            raise self._nonsense(error) from None
        except OSError as error:
            raise Ended(self._epitaph() or str(error)) from None
        return answer

    def _dumpling(self, answer: Answer) -> str:
        try:
            return dumpling_of(answer.body, self.name, self._kitchen)
        except Unintelligible as error:
            raise self._nonsense(error) from None

    def _nonsense(self, error: Unintelligible) -> Ended:
        why = f"its process makes no sense ({error})"
        self.kill(why)
        return Ended(why)

    def _has_ended(self) -> bool:
        with suppress(ChildProcessError):
            options = os.WEXITED | os.WNOHANG | os.WNOWAIT
            return os.waitid(os.P_PID, self._pid, options) is not None
        return True

    def _epitaph(self) -> str:
        """How its process has ended."""
        status = self._over()
        if self._why is not None:
            return self._why
        if status is None:
            return "its process has closed the connection"
        if os.WIFSIGNALED(status):
            number = os.WTERMSIG(status)
            with suppress(ValueError):
                return f"its process was ended by {signal.Signals(number).name}"
            return f"its process was ended by signal {number}"
        return f"its process ended with status {os.waitstatus_to_exitcode(status)}"


def _send_all(
    connection: socket.socket,
    to_send: deque[bytes],
    changed: threading.Condition,
) -> None:
    """Send what there is to be sent; the life of a thread."""
    with suppress(OSError):  # it has ended, or was closed
        while True:
            with changed:
                while not to_send:
                    changed.wait()
                request = to_send.popleft()
            if request is _NO_MORE:
                return
            connection.sendall(request)


def _end(owner: int, pid: int, connection: socket.socket) -> int | None:
    """End a process that was forked, and wait for it; how it ended, None if nobody knows."""
    if os.getpid() != owner:  # this is a copy of the kitchen's process
        return None
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
    until = time.monotonic() + GOODBYE
    try:
        while time.monotonic() < until:
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                return status
            time.sleep(0.005)
        os.kill(pid, signal.SIGKILL)
        return os.waitpid(pid, 0)[1]
    except (ChildProcessError, ProcessLookupError):  # somebody else has waited for it
        return None
