"""What both ports of a hub have in common: a conversation, from its first word to its last."""

from __future__ import annotations

import logging
from collections.abc import Callable

from ..transport.closing import close
from ..transport.server import PeerConnection, converse
from ..wire import CloseCode, Event, Hello, Peer

logger = logging.getLogger("netdumplings.hub")


async def serve(
    connection: PeerConnection,
    peer: Peer,
    handle: Callable[[Event], None],
    leave: Callable[[], str],
    *,
    hello_timeout: float,
) -> None:
    """Talk with a peer until it goes or has to.

    Args:
        connection: with whom.
        peer: a fresh state machine.
        handle: takes its events.
        leave: forgets the peer, and tells what it was called.
        hello_timeout: seconds to wait for its first message.
    """
    try:
        refusal = await converse(connection, peer, handle, hello_timeout=hello_timeout)
    except Exception:
        logger.exception("a fault of the hub's own while serving %s", connection.where)
        raise
    finally:
        label = leave()
    if refusal:
        await send_away(connection, refusal.code, refusal.reason, label)


async def send_away(connection: PeerConnection, code: CloseCode, reason: str, label: str) -> None:
    """Close a peer's connection, and say so; a host that is refused all the time is counted."""
    connection.log_refusal(logger, "refused %s: %s (close code %d)", label, reason, code)
    await close(connection, code, reason)


def label_of(peer: Peer, connection: PeerConnection, hello: Hello | None = None) -> str:
    """Name a peer for the log; what it calls itself is escaped."""
    name = f" {hello.name!r}" if hello else ""
    return f"{peer.kind}{name} at {connection.where}"
