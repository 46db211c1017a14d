"""How many connections a port has room for, and who must go when there are more."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Final, Generic, TypeVar

from ..defaults import MAX_CONNECTIONS

#: Connections that have yet to ask for a WebSocket; and again those that have yet to say hello.
#: When a hub starts again, many eaters may come within the time of one way there and back.
MAX_WAITING: Final = 1024

#: Bytes of messages of which the end has yet to come, of all peers of a port together.
MAX_UNFINISHED: Final = 64 * 1024 * 1024

T = TypeVar("T", bound=Hashable)


class WaitingRoom(Generic[T]):
    """Guests that are not welcome to stay: when there are too many, one must go.

    That is the one who has been here longest, of the host that has most of them here: so a host
    that fills the room crowds out itself, and who comes to say something has the time to say it.

    Args:
        limit: how many there may be.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
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
        if len(self) <= self._limit:
            return None
        crowd = max(self._hosts, key=lambda host: len(self._hosts[host]))
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

    Args:
        max_connections: how many may be admitted.
        max_waiting: how many may be silent, and how many greeting.
        max_unfinished: bytes of unfinished messages that may be kept.

    Attributes:
        all: every connection.
        max_connections: as given.
    """

    def __init__(
        self,
        max_connections: int = MAX_CONNECTIONS,
        max_waiting: int = MAX_WAITING,
        max_unfinished: int = MAX_UNFINISHED,
    ) -> None:
        self.all: set[T] = set()
        self.max_connections = max_connections
        self._admitted: set[T] = set()
        # Apart, so that those who never ask for a WebSocket cannot crowd out those who have.
        self._silent: WaitingRoom[T] = WaitingRoom(max_waiting)
        self._greeting: WaitingRoom[T] = WaitingRoom(max_waiting)
        self._max_unfinished = max_unfinished
        self._unfinished: dict[T, int] = {}
        self._unfinished_bytes = 0

    @property
    def full(self) -> bool:
        """Whether nobody more can be admitted."""
        return len(self._admitted) >= self.max_connections

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

    def admit(self, guest: T) -> bool:
        """Let a peer stay that has said hello, unless there are too many.

        Returns:
            whether it may stay.
        """
        if guest not in self._admitted and self.full:
            return False
        self._greeting.leave(guest)
        self._admitted.add(guest)
        return True

    def keep(self, guest: T, size: int) -> T | None:
        """Note that so many more bytes are kept of a message that has no end yet.

        Returns:
            whom to cut because all keep too much together: whose message began first.
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
        self._admitted.discard(guest)
