"""Fan-out: every dumpling to every eater, encoded once, written once a tick.

The naive way, one ``send`` per eater and dumpling, spends all its time in the event loop. Instead
the frames of everything that came in during one tick of the event loop are joined, and the same
bytes are written once to each eater: a server's frames are not masked, so they are the same for
all (RFC 6455, section 5.1).

An eater's queue is the write buffer of its connection. An eater whose buffer is full is slow: its
dumplings are dropped, and counted, until it has caught up with half of what waits for it; nobody
else notices. So at all times, for each eater::

    routed while it was connected == sent + dropped + in the tick that is not flushed yet
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Final, Protocol

from ..wire import text_frame_header

logger = logging.getLogger("netdumplings.hub")

#: Bytes after which a tick is flushed early; what waits in the router is never much more.
MAX_TICK: Final = 256 * 1024


class Outlet(Protocol):
    """Where an eater's bytes go."""

    @property
    def open(self) -> bool:
        """Whether it takes bytes: neither closing nor closed."""

    @property
    def full(self) -> bool:
        """Whether so many bytes wait in it that it is to be given no more."""

    def write(self, data: bytes) -> None:
        """Take bytes, without waiting."""


class Eater:
    """An eater, as the router knows it.

    Attributes:
        label: what to call it in the log.
        sent: dumplings written to it.
        dropped: dumplings it missed because it was slow.
    """

    __slots__ = ("dropped", "label", "outlet", "sent", "slow")

    def __init__(self, outlet: Outlet, label: str) -> None:
        self.outlet = outlet
        self.label = label
        self.sent = 0
        self.dropped = 0
        self.slow = False


class Router:
    """Gives every dumpling to every eater.

    Args:
        call_soon: calls a function when the current tick of the event loop is over.

    Attributes:
        sent: dumplings written to eaters, each counted once per eater.
        dropped: dumplings that slow eaters missed, likewise.
    """

    def __init__(self, call_soon: Callable[[Callable[[], None]], Any]) -> None:
        self.sent = 0
        self.dropped = 0
        self._call_soon = call_soon
        self._eaters: dict[Eater, None] = {}
        self._tick: list[bytes] = []
        self._tick_bytes = 0
        self._scheduled = False

    @property
    def eaters(self) -> tuple[Eater, ...]:
        """Who is fed, in the order in which they came."""
        return tuple(self._eaters)

    def add(self, outlet: Outlet, label: str) -> Eater:
        """Feed an eater with every dumpling from now on."""
        self.flush()
        eater = Eater(outlet, label)
        self._eaters[eater] = None
        return eater

    def remove(self, eater: Eater) -> None:
        """Feed an eater no more."""
        self._eaters.pop(eater, None)

    def route(self, text: bytes) -> None:
        """Give a dumpling to every eater.

        Args:
            text: the dumpling's JSON in UTF-8; it is passed on to the byte.
        """
        if not self._eaters:
            return
        self._tick.append(text_frame_header(len(text)))
        self._tick.append(text)
        self._tick_bytes += len(text)
        if self._tick_bytes >= MAX_TICK:
            self.flush()
        elif not self._scheduled:
            self._scheduled = True
            self._call_soon(self._end_tick)

    def flush(self) -> None:
        """Write what came in since the last flush to every eater."""
        if not self._tick:
            return
        count = len(self._tick) // 2
        data = b"".join(self._tick)
        self._tick.clear()
        self._tick_bytes = 0
        for eater in self._eaters:
            outlet = eater.outlet
            if not outlet.open:
                continue
            if outlet.full:
                self._drop(eater, count)
                continue
            if eater.slow:
                self._caught_up(eater)
            outlet.write(data)
            eater.sent += count
            self.sent += count

    def _end_tick(self) -> None:
        self._scheduled = False
        self.flush()

    def _drop(self, eater: Eater, count: int) -> None:
        eater.dropped += count
        self.dropped += count
        if not eater.slow:
            eater.slow = True
            logger.warning("%s is slow: its dumplings are dropped until it catches up", eater.label)

    def _caught_up(self, eater: Eater) -> None:
        eater.slow = False
        logger.info("%s has caught up; it missed %d dumplings so far", eater.label, eater.dropped)
