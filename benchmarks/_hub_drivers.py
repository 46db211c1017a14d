"""The kitchen and the eaters of `hub`: two processes, cheap enough not to be what is measured.

They share a few numbers. The kitchen sends as fast as the slowest eater reads: it stays within a
window ahead of it, the same for every server, so that none has to drop anything or to hoard it,
and that all has arrived soon after the last dumpling was sent.
"""

from __future__ import annotations

import gc
import os
import selectors
import socket
import statistics
import sys
import time
from ctypes import Array
from dataclasses import dataclass
from multiprocessing.connection import Connection

from _hub_dialects import DIALECTS, SENT, SIZE, BatchCounter, Dialect, dumpling

# The numbers that kitchen and eaters share. Times are nanoseconds of the monotonic clock, which
# on every platform is one for all processes.
PROGRESS, TOTAL, START, OVER = range(4)
NUMBERS = 4

#: Dumplings sent together: as many as this where the server keeps up, else fewer.
BATCH = 512
SMALL_BATCH = 32
#: The kitchen is at most so far ahead of the slowest eater: in bytes (less of them the more eaters
#: there are), and in seconds.
MIN_WINDOW = 256 * 1024
MAX_WINDOW = 4 * 1024 * 1024
WINDOW_SECONDS = 0.25
#: Bytes that a v2 kitchen may have sent and not seen acknowledged.
UNACKNOWLEDGED = 4 * 1024 * 1024

#: Seconds without a byte after which what is missing has been dropped.
QUIET = 3.0
#: Servers may send so much beside dumplings, such as pings.
SLACK = 64
#: Dumplings a second, and seconds between two bursts, when latency is measured.
PACE = 10_000
BURST = 0.001

_DISCARD = socket.MSG_TRUNC if sys.platform == "linux" else 0


@dataclass
class Eaten:
    """What the eaters got.

    Attributes:
        eaters: how many read.
        total: dumplings the kitchen sent.
        missing: dumplings that did not come, of all eaters.
        surplus: bytes that came beyond all dumplings, at the eater that got most of them.
        size: bytes that came, of all eaters.
        seconds: from the first dumpling sent to the last one read.
        p50: median of the time from kitchen to eater in seconds, if that was measured.
        p99: what 99 % of them were below.
    """

    eaters: int
    total: int
    missing: int
    surplus: int
    size: int
    seconds: float
    p50: float | None = None
    p99: float | None = None

    @property
    def rate_in(self) -> float:
        """Dumplings a second that came in (and went out to each eater)."""
        return self.total / self.seconds

    @property
    def rate_out(self) -> float:
        """Dumplings a second that arrived, of all eaters together."""
        return (self.total * self.eaters - self.missing) / self.seconds


def run_eaters(
    result: Connection,
    numbers: Array[int],
    kind: str,
    port: int,
    eaters: int,
    stalled: int,
    latency: bool,
    allowed: set[int] | None,
) -> None:
    """Be eaters until all has arrived; send ``"ready"`` and then an `Eaten`, or what failed.

    Args:
        result: where to.
        numbers: those shared with the kitchen.
        kind: the kind of server.
        port: its port for eaters.
        eaters: how many read.
        stalled: how many more connect and never read.
        latency: whether the first one is to look at the times in the dumplings.
        allowed: the cores to run on.
    """
    settle(allowed, eaters + stalled)
    try:
        dialect = DIALECTS[kind]()
        table = _Table(dialect, port, eaters, numbers, latency)
        # Soon full: it is the server's memory that is to be seen, not the kernel's.
        idle = [dialect.open_eater(port, 64 * 1024) for _ in range(stalled)]
        result.send("ready")
        result.send(table.eat())
        del idle
    except Exception as error:
        result.send(error)


class _Table:
    """Eaters at work.

    Args: as those of `run_eaters`.
    """

    def __init__(
        self, dialect: Dialect, port: int, eaters: int, numbers: Array[int], latency: bool
    ) -> None:
        self._numbers = numbers
        self._frame_size = dialect.frame_size
        self._counter = BatchCounter()
        self._latency = latency
        self._latencies: list[int] = []
        self._rest = b""
        self._sizes = [0] * eaters
        self._buffer = bytearray(16 * 1024 * 1024)
        self._selector = selectors.DefaultSelector()
        for index in range(eaters):
            sock = dialect.open_eater(port)
            looked_at = not index and (latency or self._frame_size is None)
            if looked_at:
                self._first = sock
            data = (sock, index, self._look if looked_at else self._discard)
            self._selector.register(sock, selectors.EVENT_READ, data)

    def eat(self) -> Eaten:
        """Read until all has arrived, or nothing comes any more."""
        numbers, sizes = self._numbers, self._sizes
        last = time.monotonic_ns()
        while True:
            events = self._selector.select(0.1)
            for key, _ in events:
                sock, index, read = key.data
                size = read(sock)
                if not size:
                    raise ConnectionError(f"the server has dropped the eater {index}")
                sizes[index] += size
            now = time.monotonic_ns()
            numbers[PROGRESS] = progress = self._progress()
            total = numbers[TOTAL]
            if events:
                last = now
            if total >= 0 and (progress >= total or now - last > QUIET * 1e9):
                numbers[OVER] = last
                return self._result(total, (last - numbers[START]) / 1e9)

    def _progress(self) -> int:
        """How many dumplings have come to the eater that is most behind."""
        least = min(self._sizes)
        if self._frame_size:
            return least // self._frame_size
        # All eaters with one subscription are sent the same bytes; the first one looks at them.
        behind = max(0, self._sizes[0] - least - SLACK)
        return self._counter.count + self._counter.missed - -(-behind // (SIZE + 1))

    def _result(self, total: int, seconds: float) -> Eaten:
        sizes = self._sizes
        if self._frame_size:
            missing = sum(max(0, total - size // self._frame_size) for size in sizes)
            surplus = max(sizes) - total * self._frame_size
        else:
            behind = (max(0, sizes[0] - size - SLACK) for size in sizes)
            missing = len(sizes) * (total - self._counter.count) + sum(
                -(-size // (SIZE + 1)) for size in behind
            )
            surplus = max(sizes) - sizes[0]
        eaten = Eaten(len(sizes), total, missing, surplus, sum(sizes), seconds)
        if self._latencies:
            cuts = statistics.quantiles(self._latencies, n=100)
            eaten.p50, eaten.p99 = cuts[49] / 1e9, cuts[98] / 1e9
        return eaten

    def _discard(self, sock: socket.socket) -> int:
        """Read what there is and have the kernel throw it away; return how much it was."""
        return sock.recv_into(self._buffer, 0, _DISCARD)

    def _look(self, sock: socket.socket) -> int:
        """Read what there is, count its dumplings, take the time of each."""
        size = sock.recv_into(self._buffer)
        if self._latency:
            now = time.monotonic_ns()
            data = self._rest + self._buffer[:size]
            end = 0
            for found in SENT.finditer(data):
                end = found.end()
                self._latencies.append(now - int(found[1]))
            self._rest = bytes(data[max(end, len(data) - 2 * SIZE) :])
        if self._frame_size is None:
            self._counter.feed(self._buffer, size)
        return size


def run_kitchen(
    result: Connection,
    numbers: Array[int],
    kind: str,
    port: int,
    seconds: float,
    window: int,
    latency: bool,
    allowed: set[int] | None,
) -> None:
    """Be a kitchen for so many seconds; send ``"sent"``, or what failed.

    Args:
        result: where to.
        numbers: those shared with the eaters.
        kind: the kind of server.
        port: its port for kitchens.
        seconds: how long to send.
        window: bytes of dumplings to be ahead of the slowest eater at most.
        latency: whether to send at `PACE` rather than as fast as it goes.
        allowed: the cores to run on.
    """
    settle(allowed, 1)
    try:
        sender = _Sender(DIALECTS[kind](), port, numbers)
        start = time.monotonic_ns()
        numbers[START] = start
        (sender.pace if latency else sender.flood)(start, round(seconds * 1e9), window // SIZE)
        numbers[TOTAL] = sender.sent
        sender.wait()
        result.send("sent")
        # Whoever reads us may take our leave for the end.
        while not numbers[OVER]:
            time.sleep(0.01)
    except Exception as error:
        result.send(error)


class _Sender:
    """A kitchen at work.

    Attributes:
        sent: dumplings so far.
    """

    def __init__(self, dialect: Dialect, port: int, numbers: Array[int]) -> None:
        self.sent = 0
        self._acknowledged = 0
        self._dialect = dialect
        self._numbers = numbers
        self._said = b""
        self._bodies = {
            count: dialect.body([dumpling(number) for number in range(count)])
            for count in (SMALL_BATCH, BATCH)
        }
        self._sock = dialect.open_kitchen(port)

    def flood(self, start: int, duration: int, window: int) -> None:
        """Send as fast as the eaters read.

        Args:
            start: when it is now; nanoseconds, as all times here.
            duration: how long to go on.
            window: dumplings to be ahead at most.
        """
        while (elapsed := time.monotonic_ns() - start) < duration:
            progress = self._numbers[PROGRESS]
            ahead = min(window, int(progress * WINDOW_SECONDS * 1e9 / (elapsed + 1)))
            count = BATCH if ahead >= BATCH else SMALL_BATCH
            if self.sent > progress and self.sent + count > progress + ahead:
                time.sleep(0.0001)
            else:
                self._send(self._bodies[count], count)
            self._listen()

    def pace(self, start: int, duration: int, _window: int) -> None:
        """Send bursts at a steady rate; as `flood`.

        A dumpling's time is when it was sent, or, where the server held the kitchen back, when it
        should have been.
        """
        count, due = round(PACE * BURST), start
        while due - start < duration:
            now = time.monotonic_ns()
            late = now > due
            if not late:
                time.sleep((due - now) / 1e9)
            stamp = due if late else time.monotonic_ns()
            texts = [dumpling(self.sent + index, stamp) for index in range(count)]
            self._send(self._dialect.body(texts), count)
            self._listen()
            due += round(BURST * 1e9)

    def wait(self) -> None:
        """Wait until all is acknowledged, if the server does that."""
        while self._dialect.acknowledges and self._acknowledged < self.sent:
            self._listen(wait=True)

    def _send(self, body: bytes, count: int) -> None:
        head = self._dialect.head(self.sent + 1, len(body))
        if head:
            self._sock.sendall(head, socket.MSG_MORE if sys.platform == "linux" else 0)
        self._sock.sendall(body)
        self.sent += count
        if self._dialect.acknowledges:
            while (self.sent - self._acknowledged) * SIZE > UNACKNOWLEDGED:
                self._listen(wait=True)

    def _listen(self, *, wait: bool = False) -> None:
        """Take what the server says."""
        try:
            data = self._sock.recv(65536, 0 if wait else socket.MSG_DONTWAIT)
        except BlockingIOError:
            if wait:
                raise TimeoutError("the server acknowledges nothing") from None
            return
        if not data:
            raise ConnectionError("the server has dropped the kitchen")
        self._said = (self._said + data)[-1024:]
        acknowledged = self._dialect.acknowledged(self._said)
        if acknowledged is not None:
            self._acknowledged = acknowledged


def settle(allowed: set[int] | None, sockets: int) -> None:
    """Run where one may, without pauses, with so many sockets."""
    import resource

    gc.disable()
    if allowed:
        os.sched_setaffinity(0, allowed)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = sockets + 64
    if soft != resource.RLIM_INFINITY and soft < wanted:
        if hard != resource.RLIM_INFINITY and hard < wanted:
            raise OSError(f"{wanted} open files are needed, {hard} allowed: ulimit -Hn {wanted}")
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
