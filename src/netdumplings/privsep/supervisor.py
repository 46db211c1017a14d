"""Two processes of one: one that captures and watches, and one for everything else."""

from __future__ import annotations

import logging
import os
import signal
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NoReturn

from ..exceptions import CaptureError
from ..whereabouts import BEAT, Whereabouts
from . import linux
from .channel import Channel
from .culprit import Stillness, ending, name_of
from .memory import SharedMemory
from .privileges import Identity, capabilities, give_up
from .reach import ImportPath, hand_over, open_files

if TYPE_CHECKING:
    from ..capture.live import LiveSource
    from ..capture.ring_memory import RingMemory
    from ..packets import PacketBatch
    from .listener import Listener
    from .side import ChefSide

logger = logging.getLogger(__name__)

#: Bytes of packets that may wait between the two.
MEMORY: Final = 32 * 1024 * 1024
#: Seconds that it may take until a signal is noticed.
GLANCE: Final = 0.1
#: Seconds that a process may take to end when it is told to, if it shows no sign of life...
PATIENCE: Final = 4.5
#: ... and if it does: it keeps to a limit of its own, by its own clock, on however busy a machine.
LONG_PATIENCE: Final = 15.0
#: A second signal within so many seconds is the first one again: some send it to a whole group of
#: processes, and then to each of them.
ECHO: Final = 0.2
#: Seconds beyond a chef's budget: by then its kitchen should have ended the call by itself.
OVERTIME: Final = 2.0
#: Seconds without a sign of life of any thread after which that is said.
SILENCE: Final = 3.0
#: How many times a process may end by itself, with nobody to blame, until that is enough.
MAX_DEATHS: Final = 3
_SIGNALS: Final = frozenset({signal.SIGINT, signal.SIGTERM, signal.SIGHUP})


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is to be done.

    Attributes:
        who: whom to become; None to stay who one is.
        interfaces: what is to be captured, for log lines; None for nothing.
        capture: makes the source of packets; it is opened with all the rights there are.
        files: files that will be read, and perhaps only may be now.
        directory: a directory that will be written to; made, if it is not there.
        budget: seconds that a handler may take; 0 for as long as it likes.
        ring: bytes of memory in which the latest packets are kept; 0 for none. The side of the
            chefs can read it, and no more.
    """

    who: Identity | None = None
    interfaces: str | None = None
    capture: Callable[[], LiveSource] | None = None
    files: Iterable[str] = field(default=())
    directory: str | None = None
    budget: float = 0.0
    ring: int = 0


def separate(plan: Plan) -> ChefSide:
    """Become two processes; returns in the one that is for chefs, which may do nothing any more.

    The other one captures, until the first has ended; then it ends, too, with the same exit status.
    Should the first end in a chef's handler, or not get out of one, it is begun again without that
    chef: then this function returns another time, in another process.

    Raises:
        CannotGiveUpRoot: the privileges that there are cannot be given up.
        SystemExit: in the process that captures, at its end.
    """
    privileged = plan.who is not None or bool(capabilities())
    imports: ImportPath | None = None
    if plan.who:
        open_files(plan.files)
        if plan.directory:
            hand_over(plan.directory, plan.who.uid, plan.who.gid)
        imports = ImportPath()
    supervisor = Supervisor(plan, imports, privileged=privileged)
    side = supervisor.fork({}, plan.who)
    if side is None:
        supervisor.capture()
        side = supervisor.watch()
    return side


class Supervisor:
    """The process that captures, and looks after the one of the chefs.

    Args:
        plan: what is to be done.
        imports: where to import from, for who has given up root.
        privileged: whether there is anything to give up.
    """

    def __init__(self, plan: Plan, imports: ImportPath | None, *, privileged: bool) -> None:
        self._plan = plan
        self._imports = imports
        self._privileged = privileged
        self._memory = SharedMemory(MEMORY if plan.capture else 0)
        self._ring: RingMemory | None = None
        if plan.capture and plan.ring:
            from ..capture.ring_memory import RingMemory

            self._ring = RingMemory(plan.ring)
        self._source: LiveSource | None = None
        self._listener: Listener
        self._pid = 0
        self._quarantined: dict[str, str] = {}
        self._signals = {
            number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN
        }

    def fork(self, quarantined: dict[str, str], who: Identity | None) -> ChefSide | None:
        """Begin a process for the chefs.

        Args:
            quarantined: chefs that are not to be run, and why.
            who: whom it is to become.

        Returns:
            in that process, what it has to do with this one; None in this one.

        Raises:
            CannotGiveUpRoot: in that process.
        """
        ours, theirs = Channel.pair()
        reading, writing = os.pipe()
        # A signal is to be noticed by one that waits for it, or else by one that handles it.
        signal.pthread_sigmask(signal.SIG_BLOCK, self._signals)
        parent = os.getpid()
        pid = os.fork()
        if pid:
            theirs.close()
            os.close(reading)
            self._pid, self._channel, self._lifeline = pid, ours, writing
            return None
        ours.close()
        os.close(writing)
        if self._source is not None:
            self._source.disown()
        if self._plan.who is not None:
            # Or what runs here could type into the terminal that root sits at (TIOCSTI:
            # ioctl_tty(2)). Ctrl-C comes by way of the other process.
            os.setsid()
        if self._privileged:
            give_up(who)
        linux.die_with_parent(signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
        if self._imports is not None:
            self._imports.restore()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, self._signals)
        # Not before: it brings modules with it that read files of the user's.
        from .side import ChefSide

        side = ChefSide(self._memory, theirs, reading, self._plan.interfaces, quarantined)
        if self._ring is not None:
            from ..capture.ring_reader import RingReader

            side.ring = RingReader(self._ring)
            self._ring.close()
        return side

    def capture(self) -> None:
        """Open what is to be captured, then keep only what that takes.

        Raises:
            CannotGiveUpRoot: the privileges cannot be given up.
        """
        failure: CaptureError | None = None
        if self._plan.capture is not None:
            self._source = self._plan.capture()
            try:
                self._source.open()
            except CaptureError as error:
                failure, self._source = error, None
        # What is imported later could not be found any more.
        from .listener import Listener

        if self._source is not None:
            from .feeder import Feeder

            keep: Callable[[PacketBatch], object] | None = None
            if self._ring is not None:
                from ..capture.ring import PacketRing

                keep = PacketRing(self._ring).put
            self._listener = Feeder(self._source, self._memory, keep)
        else:
            self._listener = Listener(self._memory, failure)
        if self._privileged:
            give_up(self._plan.who, [linux.CAP_NET_RAW] if self._source else [])
            linux.be_dumpable(False)
        self._listener.begin(self._channel)

    def watch(self) -> ChefSide:
        """Capture, as long as there is a process of the chefs.

        Returns:
            in a process that was begun anew: as of `fork`.

        Raises:
            SystemExit: the process of the chefs has ended; with its exit status.
        """
        deaths = 0
        while True:
            life = _Life(self._pid, self._listener, self._memory, self._plan.budget, self._lifeline)
            status = life.run(self._signals)
            if life.stopping or life.ended_well:
                self._end(life.exit_status(status))
            name, why = life.blame(status)
            for revived in self._listener.revived:
                self._quarantined.pop(revived, None)
            if name in self._quarantined:
                name = None  # it does not run: what is said of it is not to be believed
            lost = self._listener.abandon()
            deaths += name is None
            if not self._listener.started or self._source is None or deaths >= MAX_DEATHS:
                logger.error("%s: the kitchen has ended", why)
                self._end(1)
            if name is not None:
                self._quarantined[name] = why
            logger.error(
                "%s; the kitchen begins anew%s; %d packets that it had, and what dumplings it "
                "still had in memory, are lost",
                why,
                f" without {name}" if name else "",
                lost,
            )
            self._channel.close()
            os.close(self._lifeline)
            side = self.fork(self._quarantined, None)
            if side is not None:
                return side
            self._listener.begin(self._channel)

    def _end(self, status: int) -> NoReturn:
        """End the process; nothing of libpcap is left to be found open by Python's own end."""
        if self._source is not None:
            self._source.close()
        raise SystemExit(status)


class _Life:
    """The life of one process of the chefs.

    Attributes:
        stopping: whether it was told to stop.
    """

    def __init__(
        self, pid: int, listener: Listener, memory: SharedMemory, budget: float, lifeline: int
    ) -> None:
        self._pid = pid
        self._listener = listener
        self._whereabouts = Whereabouts(memory.whereabouts)
        self._budget = budget
        self._lifeline = lifeline
        self._stillness = Stillness(time.monotonic())
        self._said = False
        self._overdue = ""
        self._told_at = 0.0
        self._second_signal = False
        self.stopping = False

    @property
    def ended_well(self) -> bool:
        """Whether it ended of its own accord."""
        return self._listener.ended or (self._listener.stopped and not self._overdue)

    def run(self, signals: set[signal.Signals]) -> int:
        """Let it live; returns its status, as of waitpid(2)."""
        while True:
            while signal.sigtimedwait(signals, 0) is not None:
                self._told_to_stop()
            try:
                self._listener.turn(GLANCE)
            except ValueError as error:
                logger.error("the process of the chefs makes no sense, and is ended: %s", error)
                self._kill()
            pid, status = os.waitpid(self._pid, os.WNOHANG)
            if pid:
                self._listener.hear_the_rest()
                return status
            self._look(time.monotonic())

    def blame(self, status: int) -> tuple[str | None, str]:
        """Say whose fault it was that the process ended.

        Returns:
            the name of the chef, if it was one's; and why.
        """
        name = name_of(self._whereabouts.read(), self._listener.chefs)
        how = self._overdue or ending(status)
        if name is None:
            where = (
                "outside of any chef's handler" if self._listener.chefs else "while loading chefs"
            )
            return None, f"{how}, {where}"
        return name, f"chef {name}: {how}"

    def exit_status(self, status: int) -> int:
        """The exit status for this process."""
        if self._overdue:
            logger.error("%s", self.blame(status)[1])
            return 1
        if self._second_signal:
            return 0
        code = os.waitstatus_to_exitcode(status)
        return code if code >= 0 else 128 - code

    def _told_to_stop(self) -> None:
        now = time.monotonic()
        if not self.stopping:
            self.stopping = True
            self._told_at = now
            with suppress(BrokenPipeError):
                os.write(self._lifeline, b"s")
        elif now - self._told_at > ECHO:
            self._second_signal = True
            self._kill()

    def _look(self, now: float) -> None:
        """See whether a chef does not return."""
        at = self._whereabouts.read()
        still, silent = self._stillness.look(at, self._whereabouts.words[BEAT], now)
        if self.stopping:
            # Python's own end takes a while, too, and has no thread for a sign of life.
            held_up = silent > SILENCE and not self._listener.ended
            patience = PATIENCE if held_up else LONG_PATIENCE
            if now - self._told_at > patience:
                self._overdue = self._overdue or "it did not end when it was told to"
                self._kill()
            return
        name = name_of(at, self._listener.chefs)
        if name is None:
            return
        if min(still, silent) > SILENCE and not self._said:
            self._said = True
            logger.error(
                "chef %s has not returned for %.0f seconds, and keeps all of the kitchen from "
                "going on",
                name,
                still,
            )
        if self._budget and still > self._budget + OVERTIME:
            self._overdue = f"it did not return for {still:.0f} seconds"
            self._kill()

    def _kill(self) -> None:
        with suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)
