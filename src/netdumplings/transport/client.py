"""Connections to a hub, one after the other, for as long as somebody wants one."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import re
import socket
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from typing import Final

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.typing import Subprotocol

from ..delivery import backoff
from ..exceptions import HubUnavailable
from ..wire import MAX_TO_EATER, CloseCode
from .address import HubAddress
from .closing import CLOSE_TIMEOUT, close
from .hub_connection import HubConnection, watch
from .quiet import quiet

__all__ = ["ConnectionClosed", "HubConnection", "connections"]

#: Seconds for the TCP and WebSocket handshakes together.
OPEN_TIMEOUT: Final = 10.0
#: A connection that lived for so many seconds was a good one: back-off starts afresh.
STEADY: Final = 2.0
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

    Raises:
        HubUnavailable: there is no connection to be had, and ``reconnect`` is False.
    """
    loop = asyncio.get_running_loop()
    waits = delays()
    missed = False
    while True:
        try:
            connection = await connect(
                hub.uri,
                # Given apart from the URI, these also hold for redirections.
                host=hub.host,
                port=hub.port,
                subprotocols=[Subprotocol(name) for name in subprotocols] or None,
                compression=None,
                proxy=None,
                max_size=MAX_SIZE,
                open_timeout=open_timeout,
                close_timeout=CLOSE_TIMEOUT,
                ping_interval=None,
                create_connection=HubConnection,
                logger=quiet("client"),
            )
            assert isinstance(connection, HubConnection)
        except (OSError, UnicodeError, WebSocketException) as error:
            if not reconnect:
                raise HubUnavailable(str(hub), _reason(error)) from error
            if not missed:
                logger.warning("no %s at %s (%s); will keep trying", describe, hub, _reason(error))
            missed = True
        else:
            logger.info("connected to the %s at %s", describe, hub)
            missed = False
            since = loop.time()
            watching = asyncio.create_task(
                watch(connection, interval=PING_INTERVAL, patience=PING_TIMEOUT)
            )
            try:
                yield connection
            finally:
                watching.cancel()
                await close(connection)
            if not reconnect:
                return
            logger.warning(
                "lost the %s at %s (%s); will reconnect", describe, hub, _ending(connection)
            )
            missed = True
            # A hub that takes every connection and ends it at once is no reason to hurry; one that
            # is being restarted will soon be back.
            if loop.time() - since >= STEADY or connection.close_code == CloseCode.GOING_AWAY:
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
        return os.strerror(number) if number else ascii(str(error))[:200]
    if isinstance(error, InvalidStatus) and error.response.status_code == 503:
        return "it has as many peers as it takes; see --max-connections of nd-hub"
    return f"it is no hub: {ascii(str(error))[:200]}"
