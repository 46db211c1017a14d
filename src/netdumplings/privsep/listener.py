"""What the process that was started hears of the one of the chefs."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Final

from ..exceptions import CaptureError
from .channel import Channel
from .memory import SharedMemory
from .messages import (
    Ended,
    Narrow,
    Released,
    Start,
    Stopped,
    Working,
    read_to_capture,
    refusal,
    write,
)

#: Seconds between two looks at a process that cannot be heard any more.
_PAUSE: Final = 0.05


class Listener:
    """Listens to one process of chefs after the other; by itself it has no packets for them.

    Args:
        memory: shared with those processes.
        failure: why there are no packets to be had, if they are wanted.

    Attributes:
        chefs: the chefs at work on the other side, as that tells.
        revived: those that it runs although they were quarantined: they have been edited.
        started: whether they have begun.
        stopped: whether they want no more packets.
        ended: whether that process said that it ends.
        gone: whether it cannot be heard any more.
    """

    def __init__(self, memory: SharedMemory, failure: CaptureError | None = None) -> None:
        self._memory = memory
        self._failure = failure

    def begin(self, channel: Channel) -> None:
        """Listen to another process from now on.

        Args:
            channel: the connection to it.
        """
        self._channel = channel
        self.chefs: list[str] = []
        self.revived: set[str] = set()
        self.started = self.stopped = self.ended = self.gone = False
        self._memory.whereabouts[:] = bytes(len(self._memory.whereabouts))

    def turn(self, timeout: float) -> None:
        """Do whatever is next.

        Args:
            timeout: seconds that it may take, if there is nothing to do.

        Raises:
            ValueError: the other side makes no sense.
        """
        self._hear()
        if self.gone:
            time.sleep(min(timeout, _PAUSE))
        else:
            self._work(timeout)

    def hear_the_rest(self) -> None:
        """Take what the other side had said before it ended."""
        with suppress(ValueError):
            self._hear()

    def abandon(self) -> int:
        """Take back what the process that has gone did not come to.

        Returns:
            how many packets it was handling, which nobody will handle now.
        """
        return 0

    def _work(self, timeout: float) -> None:
        self._channel.wait(timeout)

    def _hear(self) -> None:
        while not self.gone and (message := self._channel.receive(0)) is not None:
            if not message:
                self.gone = True
                return
            told = read_to_capture(message)
            if isinstance(told, Released):
                self._released()
            elif isinstance(told, Start):
                self._start(told)
            elif isinstance(told, Narrow):
                self._narrow(told)
            elif isinstance(told, Working):
                self.chefs = told.chefs
                self.revived |= set(told.revived)
            elif isinstance(told, Stopped):
                self.stopped = True
            elif isinstance(told, Ended):
                self.ended = True

    def _start(self, start: Start) -> None:  # noqa: ARG002 - for those who have packets
        if self._failure is not None:
            self._channel.send(write(refusal(self._failure)))

    def _narrow(self, narrow: Narrow) -> None:  # noqa: ARG002 - for those who have packets
        raise ValueError("there is nothing to be narrowed")

    def _released(self) -> None:
        raise ValueError("no packets were sent")
