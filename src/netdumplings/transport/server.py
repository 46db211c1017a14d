"""Ports that a hub listens on, and the peers that come in by them."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.protocol import State
from websockets.typing import Subprotocol

from ..wire import CloseCode, Event, Peer, Refusal
from .client import PING_INTERVAL, PING_TIMEOUT
from .closing import CLOSE_TIMEOUT, close
from .ports import listening_sockets
from .quiet import quiet

logger = logging.getLogger(__name__)

#: A peer that sends faster than it is read gives way to everybody else after so many messages, or
#: so many bytes (characters, of text that is decoded) of them.
MESSAGES_A_TURN: Final = 200
BYTES_A_TURN: Final = 2**20
#: With what the library itself closes connections whose other side breaks the WebSocket protocol.
_LIBRARY_REFUSES: Final = (CloseCode.PROTOCOL_ERROR, CloseCode.INVALID_DATA, CloseCode.TOO_BIG)


class PeerConnection(ServerConnection):
    """A connection that says in one log line why its handshake failed, if it does.

    Args:
        connections: where it is a member, from its first moment to its last.
        *args: as the library gives them.
        **kwargs: likewise.

    Attributes:
        full: whether the peer has more unsent bytes waiting for it than the write limit.
        on_writable: is called when it was full and is not any more.
    """

    def __init__(self, connections: set[PeerConnection], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.full = False
        self.on_writable: Callable[[], None] = _nothing
        self._connections = connections

    @property
    def host(self) -> str:
        """The peer's address, without its port; ``?`` if it was gone before we could ask."""
        return str(self.remote_address[0]) if self.remote_address else "?"

    @property
    def port(self) -> int:
        """The peer's port; 0 if it was gone before we could ask."""
        return int(self.remote_address[1]) if self.remote_address else 0

    @property
    def where(self) -> str:
        """The peer's ``host:port``."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def pause_writing(self) -> None:
        """Note that the peer reads too slowly; asyncio calls this."""
        self.full = True
        super().pause_writing()

    def resume_writing(self) -> None:
        """Note that the peer has caught up; asyncio calls this."""
        self.full = False
        super().resume_writing()
        self.on_writable()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Enter the set of connections; asyncio calls this when a client has connected."""
        self._connections.add(self)
        super().connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Log a handshake that failed; asyncio calls this when the socket is closed."""
        self._connections.discard(self)
        super().connection_lost(exc)
        if self.response is None or self.response.status_code != 101:
            logger.warning("refused %s: %s", self.where, self._handshake_failure())

    def _handshake_failure(self) -> str:
        if self.response is not None:
            return f"not a WebSocket peer (answered HTTP {self.response.status_code})"
        return "not a WebSocket peer"


class Listener:
    """A port, open on every address of a host.

    Attributes:
        port: the port.
    """

    def __init__(self, port: int, servers: list[Server], connections: set[PeerConnection]) -> None:
        self.port = port
        self._servers = servers
        self._connections = connections

    async def stop(self) -> None:
        """Accept nobody any more; those who are connected stay."""
        for server in self._servers:
            server.close(close_connections=False)
        # The library closes its sockets in a task of its own.
        await asyncio.sleep(0)

    async def close(self, code: int, reason: str, patience: float, *, discard: bool) -> None:
        """After `stop`, close every connection, and wait until their handlers have returned.

        Args:
            code: the close code.
            reason: at most 123 bytes.
            patience: seconds that the peers have to answer.
            discard: throw away what they still send; False leaves it to their handlers.
        """
        await asyncio.gather(
            *(
                close(connection, code, reason, patience=patience, discard=discard)
                for connection in self._connections
                if connection.state is State.OPEN
            )
        )
        self.abort()
        await asyncio.gather(*(server.wait_closed() for server in self._servers))

    def abort(self) -> None:
        """Cut every connection, without a word."""
        for connection in tuple(self._connections):
            connection.transport.abort()


async def listen(
    handler: Callable[[PeerConnection], Awaitable[None]],
    address: str,
    port: int,
    *,
    max_size: int,
    open_timeout: float,
    write_limit: int = 2**15,
    headers: Mapping[str, str] | None = None,
    subprotocols: Sequence[str] = (),
) -> Listener:
    """Listen on a port.

    Args:
        handler: is called with each connection; when it returns, the connection is closed.
        address: a host name (``localhost`` usually has an IPv4 and an IPv6 address: both are
            listened on) or an IP address.
        port: the port; 0 for any that is free.
        max_size: bytes of a message; a longer one closes the connection with code 1009.
        open_timeout: seconds that a client has for its WebSocket handshake.
        write_limit: bytes waiting to be sent beyond which `PeerConnection.full` is true; it stays
            so until half of them are gone.
        headers: to be added to the answers to WebSocket handshakes.
        subprotocols: what may be spoken, the best first (RFC 6455, section 1.9). A client that
            offers one of them gets it, as the connection's ``subprotocol`` tells; one that offers
            none of them is served without.

    Raises:
        CannotListen: the port is taken, or not allowed, or the address is none of this host's.
    """

    def answer(_connection: ServerConnection, _request: Request, response: Response) -> None:
        response.headers.update(headers or {})

    def choose(_connection: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
        # The library's own choice is to refuse a client that offers none that we know.
        return next((Subprotocol(known) for known in subprotocols if known in offered), None)

    sockets = await listening_sockets(address, port)
    connections: set[PeerConnection] = set()
    servers = [
        await serve(
            handler,  # type: ignore[arg-type]  # every connection is a PeerConnection
            sock=sock,
            create_connection=functools.partial(PeerConnection, connections),  # type: ignore[arg-type]
            compression=None,
            process_response=answer,
            select_subprotocol=choose,
            max_size=max_size,
            write_limit=(write_limit, write_limit // 2),
            open_timeout=open_timeout,
            close_timeout=CLOSE_TIMEOUT,
            ping_interval=PING_INTERVAL,
            ping_timeout=PING_TIMEOUT,
            logger=quiet("server"),
        )
        for sock in sockets
    ]
    return Listener(sockets[0].getsockname()[1], servers, connections)


async def converse(
    connection: PeerConnection,
    peer: Peer,
    handle: Callable[[Event], None],
    *,
    hello_timeout: float,
) -> Refusal | None:
    """Give a peer what comes in, and its events to a handler, until one side has enough.

    Args:
        connection: where messages come from.
        peer: what they mean.
        handle: is called with each event but a refusal.
        hello_timeout: seconds to wait for the first message.

    Returns:
        why the peer must be sent away, or None if the connection has ended otherwise. (A message
        that is too big or not UTF-8 is refused by the library; the connection is closed then.)
    """
    decode = False if peer.raw else None
    messages = size = 0
    try:
        events = await _first_events(connection, peer, hello_timeout)
        while True:
            for event in events:
                if isinstance(event, Refusal):
                    return event
                handle(event)
            if messages >= MESSAGES_A_TURN or size >= BYTES_A_TURN:
                messages = size = 0
                await asyncio.sleep(0)
            message = await connection.recv(decode)
            messages += 1
            size += len(message)
            events = peer.receive(message)
    except ConnectionClosed as closed:
        sent = closed.sent
        if sent is None or closed.rcvd_then_sent or sent.code not in _LIBRARY_REFUSES:
            return None
        return Refusal(CloseCode(sent.code), sent.reason)


async def _first_events(
    connection: PeerConnection, peer: Peer, hello_timeout: float
) -> list[Event]:
    try:
        async with asyncio.timeout(hello_timeout):
            return peer.receive(await connection.recv(False if peer.raw else None))
    except TimeoutError:
        return peer.time_out(hello_timeout)


def _nothing() -> None:
    """Take note of nothing."""
