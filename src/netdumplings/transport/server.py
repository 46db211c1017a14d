"""Ports that a hub listens on, and the peers that come in by them."""

from __future__ import annotations

import asyncio
import functools
import http
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from ..defaults import MAX_CONNECTIONS, MAX_PER_ADDRESS, WRITE_DEADLINE
from ..wire import LIMITS, Cause, CloseCode, Event, Hello, Peer, Refusal, refuse
from .address import is_loopback
from .admission import Admission
from .answers import Answers, asks_for_websocket
from .client import PING_INTERVAL, PING_TIMEOUT
from .closing import CLOSE_TIMEOUT, close
from .open_files import OTHER_FILES, allow_open_files
from .origins import Doorman
from .peer_connection import READ_SIZE, PeerConnection
from .ports import ACCEPTED_A_TURN, BACKLOG, listening_sockets
from .quiet import quiet
from .refusals import RefusalLog
from .room import MAX_UNFINISHED, MAX_WAITING, Room, asking_room
from .tls import ServerTls
from .tls_transport import TlsLayer

__all__ = ["Listener", "PeerConnection", "converse", "listen"]

logger = logging.getLogger(__name__)

#: A peer that sends faster than it is read gives way to everybody else after so many messages, or
#: so many bytes (characters, of text that is decoded) of them.
MESSAGES_A_TURN: Final = 200
BYTES_A_TURN: Final = 2**20
#: With what the library itself closes connections whose other side breaks the WebSocket protocol.
_LIBRARY_REFUSES: Final[dict[int, Cause]] = {
    CloseCode.PROTOCOL_ERROR: "protocol",
    CloseCode.INVALID_DATA: "not UTF-8",
    CloseCode.TOO_BIG: "too big",
}


class Listener:
    """A port, open on every address of a host.

    Attributes:
        port: the port.
        is_private: whether nobody but this host itself can reach it.
    """

    def __init__(
        self,
        port: int,
        servers: list[Server],
        room: Room[PeerConnection],
        refusals: RefusalLog,
        *,
        is_private: bool,
    ) -> None:
        self.port = port
        self.is_private = is_private
        self._servers = servers
        self._room = room
        self._refusals = refusals

    @property
    def refused(self) -> Counter[Cause]:
        """How many connections were refused so far, by cause: a snapshot."""
        return self._refusals.counts.copy()

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
                for connection in self._room.all
                if connection.state is State.OPEN
            )
        )
        self.abort()
        await asyncio.gather(*(server.wait_closed() for server in self._servers))
        self._refusals.flush()

    def abort(self) -> None:
        """Cut every connection, without a word."""
        for connection in tuple(self._room.all):
            connection.transport.abort()


async def listen(
    handler: Callable[[PeerConnection], Awaitable[None]],
    address: str,
    port: int,
    *,
    max_size: int,
    open_timeout: float,
    max_hello: int = LIMITS.hello,
    max_connections: int = MAX_CONNECTIONS,
    max_per_address: int = MAX_PER_ADDRESS,
    max_waiting: int = MAX_WAITING,
    read_size: int = READ_SIZE,
    write_limit: int = 2**15,
    write_deadline: float = WRITE_DEADLINE,
    headers: Mapping[str, str] | None = None,
    subprotocols: Sequence[str] = (),
    doorman: Doorman | None = None,
    tls: ServerTls | None = None,
    lacks: Sequence[str] = (),
    admission: Admission | None = None,
    answers: Answers | None = None,
) -> Listener:
    """Listen on a port.

    Args:
        handler: is called with each connection; when it returns, the connection is closed.
        address: a host name (``localhost`` usually has an IPv4 and an IPv6 address: both are
            listened on) or an IP address.
        port: the port; 0 for any that is free.
        max_size: bytes of a message; a longer one closes the connection with code 1009.
        open_timeout: seconds that a client has for its WebSocket handshake.
        max_hello: bytes of the first message, which an eater that comes back needs more of.
        max_connections: peers that may have said hello. Beyond, handshakes are answered with HTTP
            503, and hellos with close code 4003. Where the system allows fewer open files, it
            is what that leaves.
        max_per_address: how many of those may come from one address (of IPv6, from one network).
        max_waiting: connections that may not have asked for a WebSocket yet, and again that may
            not have said hello yet. Beyond, the one that has waited longest is cut.
        read_size: bytes to read of a peer before it is another's turn.
        write_limit: bytes waiting to be sent beyond which `PeerConnection.full` is true; it stays
            so until half of them are gone.
        write_deadline: seconds after which a peer is cut that has more waiting than that and takes
            nothing of it.
        headers: to be added to the answers to WebSocket handshakes.
        subprotocols: what may be spoken, the best first (RFC 6455, section 1.9). A client that
            offers one of them gets it, as the connection's ``subprotocol`` tells; one that offers
            none of them is served without.
        doorman: who is answered at all; if None, programs and the pages of this host.
        tls: what to show clients, who then must speak TLS; None for none. Each new connection is
            made with what it is then.
        lacks: what is missing for others than this host itself to be let near: see `ports`.
        admission: who is let in; None for everybody.
        answers: what is answered to those who do not ask for a WebSocket; None tells them that
            they must.

    Raises:
        CannotListen: the port is taken, or not allowed, or the address is none of this host's.
        Unprotected: others would reach it, and something is missing.
    """
    doorman = doorman or Doorman(pages=True)

    async def check(connection: ServerConnection, request: Request) -> Response | None:
        assert isinstance(connection, PeerConnection)
        hosts, origins = request.headers.get_all("Host"), request.headers.get_all("Origin")
        unwelcome = doorman.turn_away(hosts, origins, connection.called_at)
        if unwelcome is not None:
            connection.refusal = refuse(CloseCode.POLICY_VIOLATION, unwelcome.cause, unwelcome.text)
            return connection.respond(http.HTTPStatus.FORBIDDEN, f"{unwelcome.text}\n")
        if answers is not None and not asks_for_websocket(request):
            return await answers.to(connection, request)
        if crowd := connection.check_room():
            return connection.respond(http.HTTPStatus.SERVICE_UNAVAILABLE, f"{crowd.reason}\n")
        return await admission.at_handshake(connection, request) if admission else None

    def answer(_connection: ServerConnection, _request: Request, response: Response) -> None:
        response.headers.update(headers or {})

    def choose(_connection: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
        # The library's own choice is to refuse a client that offers none that we know.
        return next((Subprotocol(known) for known in subprotocols if known in offered), None)

    sockets = await listening_sockets(address, port, lacks=lacks)
    doorman.listens_on(address)
    for sock in sockets:
        doorman.listens_on(sock.getsockname()[0])
    max_connections, max_waiting = _that_can_be_had(max_connections, max_waiting)
    room: Room[PeerConnection] = Room(
        max_connections, max_waiting, MAX_UNFINISHED, max_per_address=max_per_address
    )
    refusals = RefusalLog()
    create: Callable[..., Any] = functools.partial(
        PeerConnection, room, refusals, max_hello, read_size, write_deadline, open_timeout
    )
    if tls is not None:
        create = functools.partial(_through_tls, tls, create)
    servers = [
        await serve(
            handler,  # type: ignore[arg-type]  # every connection is a PeerConnection
            sock=sock,
            create_connection=create,  # type: ignore[arg-type]
            compression=None,
            process_request=check,
            process_response=answer,
            select_subprotocol=choose,
            max_size=max_size,
            write_limit=(write_limit, write_limit // 2),
            open_timeout=None,  # it is the connection's
            close_timeout=CLOSE_TIMEOUT,
            ping_interval=PING_INTERVAL,
            ping_timeout=PING_TIMEOUT,
            logger=quiet("server"),
            backlog=ACCEPTED_A_TURN,
        )
        for sock in sockets
    ]
    for sock in sockets:
        # To asyncio, the two are the same number.
        sock.listen(BACKLOG)
    is_private = all(is_loopback(sock.getsockname()[0]) for sock in sockets)
    port = sockets[0].getsockname()[1]
    return Listener(port, servers, room, refusals, is_private=is_private)


def _through_tls(
    tls: ServerTls,
    create: Callable[..., PeerConnection],
    protocol: ServerProtocol,
    *args: Any,
    **settings: Any,
) -> TlsLayer:
    """Make a connection, with TLS between it and its socket."""
    connection = create(protocol, *args, **settings)
    layer = TlsLayer(connection, tls.context, connection.tls_failed)
    # The library looks whether it has the right one.
    vars(layer)["protocol"] = protocol
    return layer


def _that_can_be_had(max_connections: int, max_waiting: int) -> tuple[int, int]:
    """Raise the limit of open files; settle for fewer connections if that cannot be done.

    A hub has two ports, each with so many connections; what another needs, it will ask for, too.
    """
    wanted = 2 * (max_connections + 2 * max_waiting + asking_room(max_waiting)) + OTHER_FILES
    allowed = allow_open_files(wanted)
    if allowed >= wanted:
        return max_connections, max_waiting
    each = max(allowed - OTHER_FILES, 2) // 2
    max_waiting = min(max_waiting, max(each // 8, 1))
    fewer = max(each - 2 * max_waiting - asking_room(max_waiting), 1)
    logger.warning(
        "at most %d peers on a port, not %d, as the system allows %d open files; raise that limit "
        "(ulimit -n) if you need more",
        fewer,
        max_connections,
        allowed,
    )
    return fewer, max_waiting


async def converse(
    connection: PeerConnection,
    peer: Peer,
    handle: Callable[[Event], None],
    *,
    hello_timeout: float,
    check: Callable[[Hello], Awaitable[Refusal | None]] | None = None,
    ready: Callable[[], Awaitable[object]] | None = None,
) -> Refusal | None:
    """Give a peer what comes in, and its events to a handler, until one side has enough.

    Args:
        connection: where messages come from.
        peer: what they mean.
        handle: is called with each event but a refusal.
        hello_timeout: seconds to wait for the first message.
        check: is asked, about the first message, why the peer must be sent away; None takes all.
        ready: is awaited before each message after the first; None if one always is.

    Returns:
        why the peer must be sent away, or None if the connection has ended otherwise. (A message
        that is too big or not UTF-8 is refused by the library; the connection is closed then.)
    """
    decode = False if peer.raw else None
    messages = size = 0
    try:
        events = await _first_events(connection, peer, hello_timeout)
        for hello in [event for event in events if isinstance(event, Hello)]:
            refusal = await check(hello) if check else None
            if refusal := refusal or connection.admit():
                return refusal
        while True:
            for event in events:
                if isinstance(event, Refusal):
                    return event
                handle(event)
            if messages >= MESSAGES_A_TURN or size >= BYTES_A_TURN:
                messages = size = 0
                await asyncio.sleep(0)
            if ready is not None:
                await ready()
            message = await connection.recv(decode)
            messages += 1
            size += len(message)
            events = peer.receive(message)
    except ConnectionClosed as closed:
        if connection.refusal is not None:
            return connection.refusal
        sent = closed.sent
        if sent is None or closed.rcvd_then_sent or sent.code not in _LIBRARY_REFUSES:
            return None
        return Refusal(CloseCode(sent.code), sent.reason, _LIBRARY_REFUSES[sent.code])


async def _first_events(
    connection: PeerConnection, peer: Peer, hello_timeout: float
) -> list[Event]:
    try:
        async with asyncio.timeout(hello_timeout):
            return peer.receive(await connection.recv(False if peer.raw else None))
    except TimeoutError:
        return peer.time_out(hello_timeout)
