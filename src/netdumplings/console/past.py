"""The hub's statuses of the last minutes, which it keeps apart from its history."""

from __future__ import annotations

import http.client
import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from typing import Final

import msgspec

from netdumplings import Dumpling, InvalidDumpling
from netdumplings.transport import HubAccess, HubAddress

from .fleet import HubStatus, is_status, read_status

logger = logging.getLogger(__name__)

#: Seconds for the hub to answer, and bytes of its answer: twice what our own hubs keep.
PATIENCE: Final = 3.0
MOST_BYTES: Final = 8 * 1024 * 1024


class _Answer(msgspec.Struct):
    statuses: list[msgspec.Raw]


def statuses_of(hub: HubAddress, access: HubAccess) -> list[HubStatus]:
    """Ask a hub for its statuses of the last minutes; this waits for the answer.

    Args:
        hub: which.
        access: what to show it, and to know it by.

    Returns:
        the statuses, the oldest first; none, if the hub has none to give: it may be older,
        or the token not be good for it.
    """
    if hub.secure:
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(
            hub.host, hub.port, timeout=PATIENCE, context=access.context_for(hub)
        )
    else:
        connection = http.client.HTTPConnection(hub.host, hub.port, timeout=PATIENCE)
    try:
        with closing(connection):
            connection.connect()
            with _cut_after(PATIENCE, connection.sock):
                connection.request("GET", "/api/statuses", headers=access.headers_for(hub))
                # Redirections are not followed: the token is for this hub only.
                answer = connection.getresponse()
                body = answer.read(MOST_BYTES + 1) if answer.status == http.HTTPStatus.OK else b""
    except (OSError, http.client.HTTPException) as error:
        logger.debug("no statuses of the past from the hub at %s: %s", hub, error)
        return []
    return read_statuses(body)


@contextmanager
def _cut_after(seconds: float, sock: socket.socket) -> Iterator[None]:
    """Cut a connection after so long, even if a little of the answer comes again and again."""

    def cut() -> None:
        with suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def read_statuses(body: bytes) -> list[HubStatus]:
    """Read what a hub answers; nothing, if that makes no sense."""
    if len(body) > MOST_BYTES:
        return []
    statuses = []
    try:
        for text in msgspec.json.decode(body, type=_Answer).statuses:
            dumpling = Dumpling.from_json(bytes(text))
            if is_status(dumpling):
                statuses.append(read_status(dumpling))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, InvalidDumpling):
        return []
    return statuses
