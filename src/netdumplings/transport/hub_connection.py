"""A connection to a hub, which is given up when the hub is silent for too long."""

from __future__ import annotations

import asyncio
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from .address import HubAddress


class HubConnection(ClientConnection):
    """A connection to a hub.

    Args:
        hub: the hub's address.

    Attributes:
        hub: likewise.
        heard: when something last came from the hub, by the event loop's clock.
        broken_by: the error that ended it, if one did.
    """

    def __init__(self, *args: Any, hub: HubAddress, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.hub = hub
        self.heard = self.loop.time()
        self.broken_by: Exception | None = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Note what ended it; asyncio calls this."""
        self.broken_by = exc
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes from the hub; asyncio calls this."""
        self.heard = self.loop.time()
        super().data_received(data)


async def watch(connection: HubConnection, *, interval: float, patience: float) -> None:
    """Ping the hub (RFC 6455, section 5.5.2), and break the connection when nothing comes back.

    The library could do so too, but first waits, without limit, for room to send its ping: where
    the hub has gone silent while much was on its way to it, for ever. And it does not ask whether
    something else has come: over a slow line an answer may take its time.

    Args:
        connection: the connection.
        interval: seconds from an answer to the next ping.
        patience: seconds of silence after a ping until the connection is broken.
    """
    while True:
        await asyncio.sleep(interval)
        since = connection.loop.time()
        try:
            async with asyncio.timeout(patience):
                await (await connection.ping())
        except TimeoutError:
            if connection.heard < since:
                connection.transport.abort()
                return
        except ConnectionClosed:
            return
