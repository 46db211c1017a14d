"""The connection between the two processes."""

from __future__ import annotations

import select
import socket

from .messages import MAX_MESSAGE


class Channel:
    """One end of a connection that keeps messages apart (unix(7), SOCK_SEQPACKET).

    Args:
        sock: the socket.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock

    @classmethod
    def pair(cls) -> tuple[Channel, Channel]:
        """Make both ends."""
        one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        return cls(one), cls(other)

    def fileno(self) -> int:
        """Its file descriptor."""
        return self._socket.fileno()

    def send(self, message: bytes) -> bool:
        """Send a message; waits while the other side has many to read.

        Returns:
            False if the other side is no more.
        """
        try:
            self._socket.send(message)
        except (BrokenPipeError, ConnectionResetError):
            return False
        return True

    def wait(self, timeout: float) -> None:
        """Wait until there is a message, or the other side is no more; for so many seconds."""
        select.select([self._socket], [], [], timeout)

    def receive(self, timeout: float | None) -> bytes | None:
        """Take a message.

        Args:
            timeout: seconds to wait for one; 0 does not wait, None waits for ever.

        Returns:
            the message; empty if the other side is no more; None if none came in that time.
        """
        readable, _, _ = select.select([self._socket], [], [], timeout)
        if not readable:
            return None
        try:
            return self._socket.recv(MAX_MESSAGE)
        except ConnectionResetError:
            return b""

    def close(self) -> None:
        """Close this end."""
        self._socket.close()
