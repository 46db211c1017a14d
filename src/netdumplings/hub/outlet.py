"""Where an eater's bytes go: its connection, past the WebSocket library."""

from __future__ import annotations

from websockets.protocol import State

from ..transport.server import PeerConnection


class Outlet:
    """Writes ready-made frames to a peer.

    That is safe because the library, too, writes whole frames in one call each, and keeps no state
    about messages sent: without an extension a frame depends on nothing before it. Once either side
    has begun to close, nothing may follow (RFC 6455, section 5.5.1), hence `open`.
    """

    def __init__(self, connection: PeerConnection) -> None:
        self._connection = connection
        self.write = connection.transport.write
        self.abort = connection.transport.abort

    @property
    def open(self) -> bool:
        """Whether frames may be sent."""
        connection = self._connection
        return connection.state is State.OPEN and not connection.transport.is_closing()

    @property
    def full(self) -> bool:
        """Whether so many bytes wait in the connection that it needs no more for now."""
        return self._connection.full

    @property
    def unsent(self) -> int:
        """How many bytes wait in the connection."""
        size: int = self._connection.transport.get_write_buffer_size()
        return size
