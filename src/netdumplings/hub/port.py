"""What both ports of a hub have in common: a conversation, from its first word to its last."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from ..transport.closing import close
from ..transport.server import PeerConnection, converse
from ..wire import Event, Hello, Peer, Refusal

logger = logging.getLogger("netdumplings.hub")


async def serve(
    connection: PeerConnection,
    peer: Peer,
    handle: Callable[[Event], None],
    leave: Callable[[], str],
    *,
    hello_timeout: float,
    check: Callable[[Hello], Awaitable[Refusal | None]] | None,
    ready: Callable[[], Awaitable[object]] | None = None,
) -> None:
    """Talk with a peer until it goes or has to.

    Args:
        connection: with whom.
        peer: a fresh state machine.
        handle: takes its events.
        leave: forgets the peer, and tells what it was called.
        hello_timeout: seconds to wait for its first message.
        check: is asked, about that, why it must be sent away.
        ready: is awaited before each message after that; None if one always is.
    """
    try:
        refusal = await converse(
            connection, peer, handle, hello_timeout=hello_timeout, check=check, ready=ready
        )
    except Exception:
        logger.exception("a fault of the hub's own while serving %s", connection.where)
        raise
    finally:
        label = leave()
    if refusal:
        await send_away(connection, refusal, label)


async def send_away(connection: PeerConnection, refusal: Refusal, label: str) -> None:
    """Close a peer's connection, and say so; a host that is refused all the time is counted."""
    code, reason = refusal.code, refusal.reason
    message = "refused %s: %s (close code %d)"
    connection.log_refusal(logger, refusal.cause, message, label, reason, code)
    await close(connection, code, reason)


def label_of(peer: Peer, connection: PeerConnection, hello: Hello | None = None) -> str:
    """Name a peer for the log; what it calls itself is escaped."""
    name = f" {hello.name!r}" if hello else ""
    return f"{peer.kind}{name} at {connection.where}"
