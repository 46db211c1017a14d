"""The kitchens of `backbone`: one process, too cheap to be what is measured.

They send the same batches again and again, as fast as the slowest eater reads, and as far as what
they have sent is acknowledged.
"""

from __future__ import annotations

import re
import socket
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from ctypes import Array
from multiprocessing.connection import Connection

from _hub_dialects import SIZE, V2, dumpling
from _hub_drivers import OVER, PROGRESS, START, TOTAL, settle
from _jetstream import open_client, publication

#: Bytes that a kitchen may have sent and not seen acknowledged, as one of ours may.
UNACKNOWLEDGED = 4 * 1024 * 1024
#: Seconds that a kitchen that has nothing to do sleeps.
NAP = 0.0002

_STORED = re.compile(rb'"seq": ?\d+')


class Kitchen(ABC):
    """A kitchen that sends the same batch again and again.

    Args:
        sock: to its server.
        batch: dumplings in it.

    Attributes:
        sent: how many dumplings it has sent, those that wait to be written included.
        acknowledged: how many of those are.
    """

    def __init__(self, sock: socket.socket, batch: int) -> None:
        self._sock = sock
        self._batch = batch
        self._unwritten: list[memoryview] = []
        self.sent = 0
        self.acknowledged = 0

    def may_send(self, window: int) -> bool:
        """Tell whether there may be one batch more that is not acknowledged."""
        ahead = self.sent + self._batch - self.acknowledged
        return not self._unwritten and ahead <= max(window, self._batch)

    def send(self) -> None:
        """Send a batch, or as much of it as there is room for now; `write` sends the rest."""
        self._unwritten = [memoryview(part) for part in self._message(self.sent + 1)]
        self.sent += self._batch
        self.write()

    def write(self) -> bool:
        """Write what there is room for; tell whether that was anything."""
        parts = self._unwritten
        if not parts:
            return False
        try:
            size = self._sock.sendmsg(parts, (), socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        while parts and size >= len(parts[0]):
            size -= len(parts.pop(0))
        if parts:
            parts[0] = parts[0][size:]
        return True

    @property
    def written(self) -> bool:
        """Whether everything that was to be sent is written."""
        return not self._unwritten

    def listen(self) -> bool:
        """Take what the server says; tell whether it said anything."""
        try:
            data = self._sock.recv(65536, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        if not data:
            raise ConnectionError("a server has dropped a kitchen")
        self._heard(data)
        return True

    @abstractmethod
    def _message(self, first: int) -> Sequence[bytes]:
        """Write a batch that begins with this number, in pieces."""

    @abstractmethod
    def _heard(self, data: bytes) -> None:
        """Look for acknowledgements."""


class KitchenOfHub(Kitchen):
    """One that speaks netdumplings.v2 with a hub.

    Args:
        port: the hub's.
        name: the kitchen's.
        batch: dumplings in a batch.
    """

    def __init__(self, port: int, name: str, batch: int) -> None:
        self._dialect = V2(name)
        self._body = self._dialect.body([dumpling(n, kitchen=name) for n in range(batch)])
        self._said = b""
        super().__init__(self._dialect.open_kitchen(port), batch)

    def _message(self, first: int) -> Sequence[bytes]:
        return self._dialect.head(first, len(self._body)), self._body

    def _heard(self, data: bytes) -> None:
        self._said = (self._said + data)[-1024:]
        self.acknowledged = self._dialect.acknowledged(self._said) or self.acknowledged


class KitchenOfNats(Kitchen):
    """One that publishes to a stream.

    Args:
        port: the server's.
        name: the kitchen's.
        batch: dumplings in a message.
    """

    def __init__(self, port: int, name: str, batch: int) -> None:
        inbox = f"_INBOX.{name}"
        self._parts = (publication(name, inbox, [dumpling(n, kitchen=name) for n in range(batch)]),)
        self._rest = b""
        super().__init__(open_client(port, f"SUB {inbox} 1\r\n".encode()), batch)

    def _message(self, first: int) -> Sequence[bytes]:  # noqa: ARG002
        return self._parts

    def _heard(self, data: bytes) -> None:
        data = self._rest + data
        if b'"error"' in data or b"-ERR" in data or b" 503" in data:
            raise ConnectionError(f"JetStream says: {data[-300:]!r}")
        whole, end, self._rest = data.rpartition(b"\n")
        self.acknowledged += self._batch * len(_STORED.findall(whole + end))


def run_kitchens(
    result: Connection,
    numbers: Array[int],
    kind: str,
    ports: Sequence[int],
    batch: int,
    seconds: float,
    window: int,
    allowed: set[int] | None,
) -> None:
    """Be kitchens for so many seconds; send ``"sent"``, or what failed.

    Args:
        result: where to.
        numbers: those shared with the eaters.
        kind: ``hubs`` or ``nats``.
        ports: those of each kitchen's server.
        batch: dumplings in a batch.
        seconds: how long to send.
        window: bytes of dumplings to be ahead of the slowest eater at most.
        allowed: the cores to run on.
    """
    settle(allowed, len(ports))
    try:
        make = KitchenOfHub if kind == "hubs" else KitchenOfNats
        kitchens = [make(port, f"k{index:04}", batch) for index, port in enumerate(ports)]
        numbers[START] = start = time.monotonic_ns()
        _flood(kitchens, numbers, start + round(seconds * 1e9), window // SIZE)
        numbers[TOTAL] = sum(kitchen.sent for kitchen in kitchens)
        while any(kitchen.acknowledged < kitchen.sent for kitchen in kitchens):
            if not sum(kitchen.write() + kitchen.listen() for kitchen in kitchens):
                time.sleep(NAP)
        result.send("sent")
        # Whoever reads us may take our leave for the end.
        while not numbers[OVER]:
            time.sleep(0.01)
    except Exception as error:
        result.send(error)


def _flood(kitchens: Sequence[Kitchen], numbers: Array[int], end: int, window: int) -> None:
    """Send as fast as the eaters read.

    Args:
        kitchens: who sends.
        numbers: those shared with the eaters.
        end: when to end, in nanoseconds of the monotonic clock.
        window: dumplings to be ahead at most.
    """
    while time.monotonic_ns() < end:
        busy = False
        for kitchen in kitchens:
            busy |= kitchen.write() | kitchen.listen()
            ahead = sum(one.sent for one in kitchens) - numbers[PROGRESS]
            if ahead < window and kitchen.may_send(UNACKNOWLEDGED // SIZE):
                kitchen.send()
                busy = True
        if not busy:
            time.sleep(NAP)
