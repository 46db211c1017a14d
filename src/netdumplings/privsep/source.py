"""The packets as the side of the chefs has them."""

from __future__ import annotations

import time
from collections.abc import Sequence

import msgspec

from ..capture import CaptureStatistics
from ..capture.own_traffic import OwnTraffic
from ..exceptions import CaptureError
from ..packets import PacketBatch
from ..packets.transfer import unpack
from .channel import Channel
from .memory import SharedMemory
from .messages import (
    Filled,
    FromCapture,
    Narrow,
    Refused,
    Released,
    Start,
    Stopped,
    raised,
    read_from_capture,
    write,
)


class SharedSource:
    """A `PacketSource` whose packets another process captures.

    Args:
        name: the interfaces, for log lines.
        channel: to the process that captures.
        memory: where it puts them.
    """

    live = True
    ended = False

    def __init__(self, name: str, channel: Channel, memory: SharedMemory) -> None:
        self.name = name
        self._channel = channel
        self._memory = memory
        self._read = 0
        self._taken = False
        self._own = OwnTraffic()
        self._only: tuple[str, ...] | None = None
        self._opened = False

    def open(self) -> None:
        """Wait until the interfaces are open.

        Raises:
            CaptureError: they cannot be sniffed on.
        """
        self._channel.send(write(Start(self._own.hosts, self._own.ports, self._only)))
        told = self._receive(None)
        if isinstance(told, Refused):
            raise raised(told)
        self._opened = True

    def leave_out(self, own: OwnTraffic) -> None:
        """Do without some packets; see `PacketSource.leave_out`."""
        self._own = own

    def narrow(self, only: Sequence[str] | None) -> None:
        """Be sent only what one of some filters lets through; see `LiveSource.narrow`."""
        self._only = None if only is None else tuple(only)
        if self._opened:
            self._channel.send(write(Narrow(self._only)))

    def read(self, timeout: float) -> PacketBatch | None:
        """Take the next packets, all of one interface; see `PacketSource.read`.

        Raises:
            CaptureError: the process that captures is no more.
        """
        deadline = time.monotonic() + timeout
        if self._taken:
            # Not before: should this process end while chefs are at it, it is known how many
            # packets went with it.
            self._channel.send(write(Released()))
            self._taken = False
        while True:
            told = self._receive(max(0.0, deadline - time.monotonic()))
            if told is None:
                return None
            if isinstance(told, Filled):
                return self._take(told)

    def progress(self) -> None:
        """None: there is no end to come nearer to."""

    def statistics(self) -> CaptureStatistics:
        """What was seen so far."""
        by_kernel, by_interface = self._memory.drops
        return CaptureStatistics(self._read + by_kernel, by_kernel, by_interface)

    def close(self) -> None:
        """Have nothing sent any more; harmless when done before."""
        self._channel.send(write(Stopped()))

    def _take(self, filled: Filled) -> PacketBatch:
        part = self._memory.parts[filled.start : filled.start + filled.size]
        # A chef may keep a packet for as long as it likes, so this is a copy.
        batch = unpack(part, filled.packets, filled.link_type, filled.interface)
        self._taken = True
        self._read += len(batch)
        return batch

    def _receive(self, timeout: float | None) -> FromCapture | None:
        message = self._channel.receive(timeout)
        if message is None:
            return None
        if not message:
            raise CaptureError("the process that captures the packets is no more")
        try:
            return read_from_capture(message)
        except msgspec.DecodeError as error:
            raise CaptureError(f"the process that captures makes no sense: {error}") from error
