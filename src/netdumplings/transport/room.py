"""How many connections a port has room for, and who must go when there are more."""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Hashable
from typing import Final, Generic, TypeVar

from ..defaults import MAX_CONNECTIONS, MAX_PER_ADDRESS
from ..wire import Cause

#: Connections that have yet to ask for a WebSocket; and again those that have yet to say hello.
#: When a hub starts again, many eaters may come within the time of one way there and back.
MAX_WAITING: Final = 1024
#: The same of one host: each takes some 12 KiB, and who has that many at once means no good, or can
#: try again.
MAX_WAITING_EACH: Final = 128

#: Connections of one host that have asked for a page and have yet to take it. (A browser opens six
#: at a time.)
MAX_ASKING_EACH: Final = 64

#: Bytes of messages of which the end has yet to come, and of answers that have yet to be taken, of
#: all peers of a port together.
MAX_UNFINISHED: Final = 64 * 1024 * 1024

T = TypeVar("T", bound=Hashable)


class WaitingRoom(Generic[T]):
    """Guests that are not welcome to stay: when there are too many, one must go.

    That is the one who has been here longest, of the host that has most of them here: so a host
    that fills the room crowds out itself, and who comes to say something has the time to say it.

    Args:
        limit: how many there may be.
        each: how many there may be of one host.
    """

    def __init__(self, limit: int, each: int = MAX_WAITING_EACH) -> None:
        self._limit = limit
        self._each = each
        self._hosts: dict[str, dict[T, None]] = {}
        self._host_of: dict[T, str] = {}

    def __len__(self) -> int:
        return len(self._host_of)

    def enter(self, guest: T, host: str) -> T | None:
        """Let a guest in.

        Returns:
            who must go, and is no longer in the room; None if there is room.
        """
        self._hosts.setdefault(host, {})[guest] = None
        self._host_of[guest] = host
        if len(self._hosts[host]) > self._each:
            crowd = host
        elif len(self) > self._limit:
            crowd = max(self._hosts, key=lambda host: len(self._hosts[host]))
        else:
            return None
        leaver = next(iter(self._hosts[crowd]))
        self.leave(leaver)
        return leaver

    def leave(self, guest: T) -> None:
        """Forget a guest, if it is here."""
        host = self._host_of.pop(guest, None)
        if host is not None:
            del self._hosts[host][guest]
            if not self._hosts[host]:
                del self._hosts[host]


class Room(Generic[T]):
    """The connections of a port, in three stages: silent, greeting, admitted.

    Or in two: silent, asking, of those who ask for something by HTTP and go.

    Args:
        max_connections: how many may be admitted.
        max_per_address: how many of those from one address; of IPv6, from one network.
        max_waiting: how many may be silent, and how many greeting.
        max_unfinished: bytes of unfinished messages and answers that may be kept.

    Attributes:
        all: every connection.
        max_connections: as given.
        max_per_address: as given.
    """

    def __init__(
        self,
        max_connections: int = MAX_CONNECTIONS,
        max_waiting: int = MAX_WAITING,
        max_unfinished: int = MAX_UNFINISHED,
        *,
        max_per_address: int = MAX_PER_ADDRESS,
    ) -> None:
        self.all: set[T] = set()
        self.max_connections = max_connections
        self.max_per_address = max_per_address
        self._admitted: dict[T, str] = {}
        self._addresses: Counter[str] = Counter()
        # Apart, so that those who never ask for a WebSocket cannot crowd out those who have.
        self._silent: WaitingRoom[T] = WaitingRoom(max_waiting)
        self._greeting: WaitingRoom[T] = WaitingRoom(max_waiting)
        self._asking: WaitingRoom[T] = WaitingRoom(asking_room(max_waiting), MAX_ASKING_EACH)
        self._max_unfinished = max_unfinished
        self._unfinished: dict[T, int] = {}
        self._unfinished_bytes = 0

    def no_room(self, host: str) -> Cause | None:
        """Tell why nobody more from a host can be admitted; None if somebody can."""
        if len(self._admitted) >= self.max_connections:
            return "too many"
        if self._addresses[_address(host)] >= self.max_per_address:
            return "too many of an address"
        return None

    def enter(self, guest: T, host: str) -> T | None:
        """Let a connection in that has just been made.

        Returns:
            whom to cut in its favour, if anybody.
        """
        self.all.add(guest)
        return self._silent.enter(guest, host)

    def greet(self, guest: T, host: str) -> T | None:
        """Note that a connection has asked for a WebSocket, and may now say hello.

        Returns:
            whom to cut in its favour, if anybody.
        """
        self._silent.leave(guest)
        return self._greeting.enter(guest, host)

    def ask(self, guest: T, host: str) -> T | None:
        """Note that a connection has asked for something that is no WebSocket.

        Returns:
            whom to cut in its favour, if anybody.
        """
        self._silent.leave(guest)
        self._greeting.leave(guest)
        return self._asking.enter(guest, host)

    def admit(self, guest: T, host: str) -> Cause | None:
        """Let a peer stay that has said hello, unless there are too many.

        Returns:
            why it may not stay; None if it may.
        """
        if guest in self._admitted:
            return None
        cause = self.no_room(host)
        if cause is None:
            self._greeting.leave(guest)
            self._admitted[guest] = address = _address(host)
            self._addresses[address] += 1
        return cause

    def keep(self, guest: T, size: int) -> T | None:
        """Note that so many more bytes are kept of a message that has no end yet, or an answer.

        Returns:
            whom to cut because all keep too much together: whose message or answer began first.
        """
        self._unfinished[guest] = self._unfinished.get(guest, 0) + size
        self._unfinished_bytes += size
        if self._unfinished_bytes <= self._max_unfinished:
            return None
        slowest = next(iter(self._unfinished))
        self.finish(slowest)
        return slowest

    def finish(self, guest: T) -> None:
        """Note that a message has come to its end, if one had begun."""
        self._unfinished_bytes -= self._unfinished.pop(guest, 0)

    def leave(self, guest: T) -> None:
        """Forget a connection."""
        self.finish(guest)
        self.all.discard(guest)
        self._silent.leave(guest)
        self._greeting.leave(guest)
        self._asking.leave(guest)
        address = self._admitted.pop(guest, None)
        if address is not None:
            self._addresses[address] -= 1
            if not self._addresses[address]:
                del self._addresses[address]


def asking_room(max_waiting: int) -> int:
    """Say how many may ask for a page at a time, where so many may be silent."""
    return max(max_waiting // 4, 8)


def _address(host: str) -> str:
    """Tell what counts as one address.

    Whoever has an IPv6 address usually has all 2**64 of its network (RFC 4291, section 2.5.1; RFC
    7084, section 4.2); those of a link are of many hosts.
    """
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if address.version == 4 or address.is_link_local or address.is_loopback:
        return host
    return str(ipaddress.ip_network((address, 64), strict=False))
