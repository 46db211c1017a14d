"""Connections to a hub, one after the other, for as long as somebody wants one."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import re
import socket
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from typing import Any, Final

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.typing import Subprotocol

from ..delivery import Rotation, backoff
from ..wire import MAX_TO_EATER, CloseCode
from .access import HubAccess
from .address import HubAddress, HubAddresses
from .closing import CLOSE_TIMEOUT, close
from .hub_connection import HubConnection, watch
from .hub_diary import STEADY, HubDiary, not_allowed, unavailable
from .quiet import quiet
from .tls import tls_problem

__all__ = ["ConnectionClosed", "HubConnection", "connections"]

#: Seconds for the TCP and WebSocket handshakes together.
OPEN_TIMEOUT: Final = 10.0
#: Bytes of one message from a hub.
MAX_SIZE: Final = MAX_TO_EATER
#: Seconds between keepalive pings, and until a hub that does not answer one is given up.
PING_INTERVAL: Final = 20.0
PING_TIMEOUT: Final = 60.0


async def connections(
    hubs: HubAddress | Sequence[HubAddress],
    *,
    subprotocols: Sequence[str] = (),
    reconnect: bool = True,
    logger: logging.Logger,
    describe: str = "hub",
    delays: Callable[[], Iterator[float]] = backoff.delays,
    open_timeout: float = OPEN_TIMEOUT,
    access: HubAccess | None = None,
) -> AsyncGenerator[HubConnection]:
    """Yield a live connection to a hub each time one is made.

    Ask for the next one when a connection has been lost (its ``recv`` and ``send`` then raise
    `ConnectionClosed`). The connection yielded before is closed when the next one is asked for, and
    when this generator is closed; leave early with `contextlib.aclosing`::

        async with aclosing(connections(hubs, logger=logger)) as lives:
            async for connection in lives:
                ...

    Several hubs are tried in turn, from the first on; after a loss, from the one behind it. In
    between there is no wait, until all have been tried in vain.

    Logged once each way for each hub, not once a try: a WARNING when it cannot be reached or was
    lost, an ERROR when it will not have us, an INFO when it is there (again).

    Args:
        hubs: where to connect: one hub, or several. A connection's ``hub`` says which it is to.
        subprotocols: what to offer, the best first; the connection's ``subprotocol`` then says
            what the hub has chosen, None for none of them.
        reconnect: False tries each once, and ends after one connection.
        logger: where to log.
        describe: what to call the other side in the log.
        delays: makes the seconds to wait between tries.
        open_timeout: seconds that one try may take.
        access: what to show the hubs, and to know them by; if None, what everybody has.

    Raises:
        HubUnavailable: there is no connection to be had, and ``reconnect`` is False.
    """
    loop = asyncio.get_running_loop()
    hubs = HubAddresses.of(hubs)
    access = access or HubAccess(hubs)
    rotation = Rotation(len(hubs), delays)
    diary = HubDiary(hubs, logger, describe)
    # Why not, of each that was tried in vain where each is tried once.
    problems: list[str] = []

    def go_on(**how: bool) -> float:
        """Go on to the next hub, and return how long to wait before."""
        wait = rotation.go_on(**how)
        diary.next_hub = None if wait else hubs[rotation.current]
        return wait

    def give_up_after(problem: str) -> None:
        """Note why there is no connection, unless each hub is tried again; was it the last?"""
        if not reconnect:
            problems.append(problem)
            if len(problems) == len(hubs):
                raise unavailable(hubs, problems)

    while True:
        hub = hubs[rotation.current]
        try:
            connection = await _connect(hub, access, subprotocols, open_timeout)
        except _NoConnection as failed:
            give_up_after(failed.reason)
            wait = go_on()
            diary.missed(hub, failed.reason, refused=failed.refused)
        else:
            since = loop.time()
            greeting = diary.met(hub)
            watching = asyncio.create_task(
                watch(connection, interval=PING_INTERVAL, patience=PING_TIMEOUT)
            )
            try:
                yield connection
            finally:
                watching.cancel()
                if greeting is not None:
                    greeting.cancel()
                await close(connection)
            if connection.close_code == CloseCode.NOT_ALLOWED:
                reason = not_allowed(connection.close_reason)
                give_up_after(reason)
                wait = go_on()
                diary.turned_away(hub, reason)
            elif not reconnect:
                return
            else:
                # A hub that takes every connection and ends it at once is no reason to hurry; one
                # that is being restarted will soon be back.
                wait = go_on(
                    lasted=loop.time() - since >= STEADY,
                    soon_back=connection.close_code == CloseCode.GOING_AWAY,
                )
                diary.lost(hub, _ending(connection))
        await asyncio.sleep(wait)


class _NoConnection(Exception):
    """A connection could not be made.

    Attributes:
        reason: why, in a few words.
        refused: whether the hub is there, and will not have us.
    """

    def __init__(self, reason: str, refused: bool) -> None:
        self.reason = reason
        self.refused = refused
        super().__init__(reason)


async def _connect(
    hub: HubAddress, access: HubAccess, subprotocols: Sequence[str], open_timeout: float
) -> HubConnection:
    """Make one try to connect to a hub.

    Raises:
        _NoConnection: it failed.
    """
    tried: list[HubConnection] = []

    def create(*args: Any, **settings: Any) -> HubConnection:
        tried.append(HubConnection(*args, hub=hub, **settings))
        return tried[-1]

    try:
        connection = await connect(
            hub.uri,
            # Given apart from the URI, these also hold for redirections.
            host=hub.host,
            port=hub.port,
            subprotocols=[Subprotocol(name) for name in subprotocols] or None,
            compression=None,
            proxy=None,
            ssl=access.context_for(hub),
            additional_headers=access.headers_for(hub),
            max_size=MAX_SIZE,
            open_timeout=open_timeout,
            close_timeout=CLOSE_TIMEOUT,
            ping_interval=None,
            create_connection=create,  # type: ignore[arg-type]  # it need be no class
            logger=quiet("client"),
        )
    except (OSError, UnicodeError, WebSocketException) as error:
        # What the library raises does not always tell of what ended the connection.
        problem = tls_problem(tried[-1].broken_by if tried else None) or tls_problem(error)
        refused = problem is not None or isinstance(error, InvalidStatus)
        raise _NoConnection(problem or _reason(error), refused) from error
    assert isinstance(connection, HubConnection)
    _hide_token(connection)
    return connection


def _ending(connection: HubConnection) -> str:
    """Say why a connection ended; the text of the other side is escaped."""
    if connection.close_code == 1006:  # never sent: RFC 6455, section 7.4.1
        return "the connection broke"
    reason = f" {connection.close_reason!r}" if connection.close_reason else ""
    return f"close code {connection.close_code}{reason}"


def _reason(error: Exception) -> str:
    """Say in a few words why a connection cannot be made."""
    if isinstance(error, TimeoutError):
        return "no answer"
    if isinstance(error, socket.gaierror):
        return error.strerror or str(error)
    if isinstance(error, OSError):
        # asyncio tries every address of a host, and then has only text to tell of the errors
        # (all of them can be had as exceptions since Python 3.12).
        found = re.search(r"\[Errno (\d+)\]", str(error))
        number = error.errno or (int(found[1]) if found else 0)
        if number == errno.ECONNREFUSED:
            return "connection refused"
        if not number and isinstance(error, ConnectionResetError):
            return "it hangs up in place of TLS: is it a hub without?"  # as asyncio says it
        return os.strerror(number) if number else ascii(str(error))[:200]
    if isinstance(error, InvalidStatus):
        status = error.response.status_code
        if status == 503:
            return "it has as many peers as it takes; see --max-connections of nd-hub"
        if status in (401, 403) and "token" in _said(error):
            return not_allowed(_said(error))
        if status in (400, 403):
            return f"it refuses us: {ascii(_said(error))[1:-1]}"
    return f"it is no hub: {ascii(str(error))[:200]}"


def _said(error: InvalidStatus) -> str:
    """Give what a hub says of its refusal of a handshake."""
    return bytes(error.response.body[:200]).decode(errors="replace").strip()


def _hide_token(connection: HubConnection) -> None:
    """Take the token out of the connection, which its users are given."""
    if connection.request is not None and "Authorization" in connection.request.headers:
        del connection.request.headers["Authorization"]
