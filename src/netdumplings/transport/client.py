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

from ..delivery import backoff
from ..exceptions import HubUnavailable
from ..wire import MAX_TO_EATER, CloseCode
from .access import HubAccess
from .address import HubAddress
from .closing import CLOSE_TIMEOUT, close
from .hub_connection import HubConnection, watch
from .quiet import quiet
from .tls import tls_problem

__all__ = ["ConnectionClosed", "HubConnection", "connections"]

#: Seconds for the TCP and WebSocket handshakes together.
OPEN_TIMEOUT: Final = 10.0
#: A connection that lived for so many seconds was a good one: back-off starts afresh.
STEADY: Final = 2.0
#: What is logged of a connection that was made.
CONNECTED: Final = "connected to the %s at %s"
#: Bytes of one message from a hub.
MAX_SIZE: Final = MAX_TO_EATER
#: Seconds between keepalive pings, and until a hub that does not answer one is given up.
PING_INTERVAL: Final = 20.0
PING_TIMEOUT: Final = 60.0


async def connections(
    hub: HubAddress,
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

        async with aclosing(connections(hub, logger=logger)) as lives:
            async for connection in lives:
                ...

    Logged once each way, not once a try: a WARNING when the hub cannot be reached or was lost, an
    INFO when it is there (again).

    Args:
        hub: where to connect.
        subprotocols: what to offer, the best first; the connection's ``subprotocol`` then says
            what the hub has chosen, None for none of them.
        reconnect: False makes one try, and ends after one connection.
        logger: where to log.
        describe: what to call the other side in the log.
        delays: makes the seconds to wait between tries.
        open_timeout: seconds that one try may take.
        access: what to show the hub, and to know it by; if None, what everybody has.

    Raises:
        HubUnavailable: there is no connection to be had, and ``reconnect`` is False.
    """
    loop = asyncio.get_running_loop()
    access = access or HubAccess(hub)
    waits = delays()
    missed = turned_away = False
    tried: list[HubConnection] = []

    def create(*args: Any, **settings: Any) -> HubConnection:
        tried.append(HubConnection(*args, **settings))
        return tried[-1]

    while True:
        tried.clear()
        try:
            connection = await connect(
                hub.uri,
                # Given apart from the URI, these also hold for redirections.
                host=hub.host,
                port=hub.port,
                subprotocols=[Subprotocol(name) for name in subprotocols] or None,
                compression=None,
                proxy=None,
                ssl=access.context,
                additional_headers=access.headers,
                max_size=MAX_SIZE,
                open_timeout=open_timeout,
                close_timeout=CLOSE_TIMEOUT,
                ping_interval=None,
                create_connection=create,  # type: ignore[arg-type]  # it need be no class
                logger=quiet("client"),
            )
            assert isinstance(connection, HubConnection)
        except (OSError, UnicodeError, WebSocketException) as error:
            # What the library raises does not always tell of what ended the connection.
            problem = tls_problem(tried[-1].broken_by if tried else None) or tls_problem(error)
            reason = problem or _reason(error)
            if not reconnect:
                raise HubUnavailable(str(hub), reason) from error
            if not missed:
                # A hub that is there, and will not have us, takes more than waiting.
                refused = problem is not None or isinstance(error, InvalidStatus)
                level = logging.ERROR if refused else logging.WARNING
                logger.log(level, "no %s at %s (%s); will keep trying", describe, hub, reason)
            missed = True
        else:
            _hide_token(connection)
            since = loop.time()
            if turned_away:
                # Perhaps it is again: it must have heard our hello first.
                greeting = loop.call_later(STEADY, logger.info, CONNECTED, describe, hub)
            else:
                greeting = None
                logger.info(CONNECTED, describe, hub)
            missed = False
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
            before, turned_away = turned_away, connection.close_code == CloseCode.NOT_ALLOWED
            if turned_away and not reconnect:
                raise HubUnavailable(str(hub), _not_allowed(connection.close_reason))
            if not reconnect:
                return
            if turned_away and not before:
                reason = _not_allowed(connection.close_reason)
                logger.error("the %s at %s: %s; will keep trying", describe, hub, reason)
            elif not turned_away:
                ending = _ending(connection)
                logger.warning("lost the %s at %s (%s); will reconnect", describe, hub, ending)
            missed = True
            # A hub that takes every connection and ends it at once is no reason to hurry; one that
            # is being restarted will soon be back.
            lasted = loop.time() - since >= STEADY and not turned_away
            if lasted or connection.close_code == CloseCode.GOING_AWAY:
                waits = delays()
        await asyncio.sleep(next(waits))


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
            return _not_allowed(_said(error))
        if status in (400, 403):
            return f"it refuses us: {ascii(_said(error))[1:-1]}"
    return f"it is no hub: {ascii(str(error))[:200]}"


def _said(error: InvalidStatus) -> str:
    """Give what a hub says of its refusal of a handshake."""
    return bytes(error.response.body[:200]).decode(errors="replace").strip()


def _not_allowed(said: str | None) -> str:
    """Say what to do about a hub that does not let us in; what it says is escaped."""
    return (
        f"it does not let us in ({ascii(said or 'it does not say why')[1:-1]}); have a token made "
        "there (nd-token make NAME --role ...), and give it with --token-file or NETDUMPLINGS_TOKEN"
    )


def _hide_token(connection: HubConnection) -> None:
    """Take the token out of the connection, which its users are given."""
    if connection.request is not None and "Authorization" in connection.request.headers:
        del connection.request.headers["Authorization"]
