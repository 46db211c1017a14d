"""An eater's end of a router, without a socket: it reads when the test says so."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

from netdumplings.hub.feeds import Feed
from netdumplings.hub.router import Router
from netdumplings.wire import Metadata


class Socket:
    """An outlet that holds what is written to it until it is read.

    Args:
        room: bytes that it holds before it is full.

    Attributes:
        open: whether it takes bytes.
        writes: what was written, each write apart, and read by nobody yet.
        read: what has been read.
    """

    def __init__(self, room: int = 1 << 30) -> None:
        self.open = True
        self.writes: list[bytes] = []
        self.read = b""
        self._room = room

    @property
    def full(self) -> bool:
        return self.unsent > self._room

    @property
    def unsent(self) -> int:
        return sum(map(len, self.writes))

    def abort(self) -> None:
        self.open = False

    def write(self, data: bytes) -> None:
        assert self.open, "nothing may be written to a connection that is closing"
        assert data
        self.writes.append(data)

    def read_all(self) -> list[str | bytes]:
        """Read everything that has been written; return its messages."""
        data = b"".join(self.writes)
        self.writes.clear()
        self.read += data
        return list(messages(data))

    def read_until_dry(self, router: Router, feed: Feed, end_tick: Callable[[], None]) -> list[str]:
        """Read until nothing more comes, as an eater does that keeps up; return the messages."""
        found: list[str] = []
        while self.writes or not feed.idle:
            found += [str(message) for message in self.read_all()]
            router.pump(feed)
            end_tick()
        return found


class Loop:
    """An event loop whose ticks end when the test says so."""

    def __init__(self) -> None:
        self.calls: list[Callable[[], None]] = []

    def call_soon(self, call: Callable[[], None]) -> None:
        self.calls.append(call)

    def end_tick(self) -> None:
        calls, self.calls = self.calls, []
        for call in calls:
            call()

    def run(self) -> None:
        """End ticks until there is nothing to do."""
        while self.calls:
            self.end_tick()


def messages(data: bytes) -> Iterator[str | bytes]:
    """Read a server's frames: RFC 6455, section 5.2."""
    while data:
        first, length = data[0], data[1]
        head = 2
        if length == 126:
            (length,), head = struct.unpack("!H", data[2:4]), 4
        elif length == 127:
            (length,), head = struct.unpack("!Q", data[2:10]), 10
        body, data = data[head : head + length], data[head + length :]
        assert first in (0x81, 0x82)
        assert len(body) == length, "a frame was cut in half"
        yield body.decode() if first == 0x81 else body


def metadata(
    chef: str = "C", kitchen: str | None = "k", driver: str = "packet", time: float = 1.5
) -> Metadata:
    return Metadata(chef, time, driver, kitchen)  # type: ignore[arg-type]
