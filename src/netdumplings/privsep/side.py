"""The side of the chefs: what its process has of the one that it was forked from."""

from __future__ import annotations

import atexit
import os
import select
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from ..whereabouts import BEAT, Whereabouts
from .channel import Channel
from .memory import SharedMemory
from .messages import Ended, Working, write
from .source import SharedSource

if TYPE_CHECKING:
    from ..capture.ring_reader import RingReader

#: Seconds between two beats, by which the other process sees that this one gets to run.
_BEAT: Final = 0.25


class ChefSide:
    """What is there for chefs to work with.

    Args:
        memory: shared with the process that captures.
        channel: to that process.
        lifeline: the end of a pipe, into which the other process writes for this one to stop.
        interfaces: what is captured, for log lines; None if nothing is.
        quarantined: chefs that are not to be run again, and why.

    Attributes:
        source: the packets; None if nothing is captured.
        whereabouts: where to say which chef is at work.
        quarantined: as given.
        ring: the latest packets, to be read; None if they are not kept.
    """

    def __init__(
        self,
        memory: SharedMemory,
        channel: Channel,
        lifeline: int,
        interfaces: str | None,
        quarantined: Mapping[str, str],
    ) -> None:
        self.source = None if interfaces is None else SharedSource(interfaces, channel, memory)
        self.whereabouts = Whereabouts(memory.whereabouts)
        self.quarantined = quarantined
        self.ring: RingReader | None = None
        self._words = self.whereabouts.words
        self._channel = channel
        self._lifeline = lifeline
        self._lock = threading.Lock()
        self._stop: Callable[[], object] | None = None
        self._told = False
        # A chef that ends the process by itself leaves this out.
        atexit.register(self._say_goodbye)
        threading.Thread(target=self._listen, name="lifeline", daemon=True).start()

    def working(self, chefs: Sequence[str], stop: Callable[[], object]) -> None:
        """Tell that there is a kitchen now.

        Args:
            chefs: the names of its chefs, in the order of their numbers.
            stop: ends it; may be called from any thread, once.
        """
        self._channel.send(write(Working(list(chefs))))
        with self._lock:
            self._stop = stop
            told = self._told
        if told:
            stop()

    def changed(self, chefs: Sequence[str], revived: Sequence[str]) -> None:
        """Tell that the kitchen has other chefs now; in the thread that runs them.

        Args:
            chefs: their names, as for `working`.
            revived: those that are run again, and had been quarantined.
        """
        self._channel.send(write(Working(list(chefs), list(revived))))

    def _listen(self) -> None:
        while not select.select([self._lifeline], [], [], _BEAT)[0]:
            self._words[BEAT] += 1
        if os.read(self._lifeline, 1):  # else the other process is no more, nor soon will be this
            self._end()
        while True:
            time.sleep(_BEAT)
            self._words[BEAT] += 1

    def _end(self) -> None:
        with self._lock:
            self._told = True
            stop = self._stop
        if stop is not None:
            stop()
        else:
            # It is still loading chefs, or asleep in one: only a signal gets it out of there.
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)

    def _say_goodbye(self) -> None:
        self._channel.send(write(Ended()))
