"""How either side ends a connection."""

from __future__ import annotations

import asyncio
from typing import Final

from websockets.asyncio.connection import Connection
from websockets.exceptions import ConcurrencyError, ConnectionClosed

#: Seconds that a peer has to answer a close frame.
CLOSE_TIMEOUT: Final = 5.0


async def close(
    connection: Connection,
    code: int = 1000,
    reason: str = "",
    *,
    patience: float = CLOSE_TIMEOUT,
    discard: bool = True,
) -> None:
    """Close a connection: say so, wait for the answer, but not for ever.

    Somebody must read what still comes in, or the library's queue fills up and it never comes to
    the peer's answer. When this returns or is cancelled, the socket is closed.

    Args:
        connection: an open connection, or one that is closing or closed already.
        code: the close code.
        reason: at most 123 bytes.
        patience: seconds to wait for the answer.
        discard: read what still comes in, and throw it away; False if somebody else reads it.
    """
    discarding = asyncio.create_task(_discard(connection)) if discard else None
    try:
        # The library has a timeout of its own, but does not apply it while its close frame waits
        # behind other data that the peer does not read.
        async with asyncio.timeout(patience):
            await connection.close(code, reason)
    except TimeoutError:
        pass
    finally:
        if discarding:
            discarding.cancel()
        connection.transport.abort()
    await connection.wait_closed()


async def _discard(connection: Connection) -> None:
    try:
        while True:
            await connection.recv(decode=False)
    except (ConnectionClosed, ConcurrencyError):
        return  # all is read, or somebody else is reading
