"""Listens to a hub, over one connection after the other."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import Any, NamedTuple

from ..transport import ConnectionClosed, HubAccess, HubAddress, HubConnection, connections
from ..wire import SUBPROTOCOL
from .talk import PlainTalk, Talk, V2Talk
from .wishes import Wishes

logger = logging.getLogger("netdumplings.eater")

ConnectHandler = Callable[[str, HubConnection], Awaitable[Any]]
ConnectionLostHandler = Callable[[Exception], Awaitable[Any]]


class Heard(NamedTuple):
    """A message of the hub's.

    Attributes:
        talk: what understands it.
        message: text as str, binary as bytes.
        first: whether it is the first of its connection.
        hub: which hub's.
    """

    talk: Talk
    message: str | bytes
    first: bool
    hub: HubAddress


class Listener:
    """An eater's ear.

    Args:
        hubs: the hubs, which are tried in turn.
        access: what to show them, and to know them by.
        announcement: the eater's, as `wire.eater_hello` writes it.
        wishes: what the eater wants.
        on_connect: called with a hub's URI when a connection to it has been made.
        on_connection_lost: called when one has been lost.
        reconnect: False makes do with one connection.

    Raises:
        ValueError: no hub would take these wishes.
    """

    def __init__(
        self,
        hubs: Sequence[HubAddress],
        access: HubAccess,
        announcement: str,
        wishes: Wishes,
        on_connect: ConnectHandler,
        on_connection_lost: ConnectionLostHandler,
        *,
        reconnect: bool,
    ) -> None:
        self._hubs = hubs
        self._access = access
        self._wishes = wishes
        self._on_connect = on_connect
        self._on_connection_lost = on_connection_lost
        self._reconnect = reconnect
        self._plain = PlainTalk(announcement, wishes.matcher(told=False))
        # It is asked where to go on only when all that it has read has been yielded.
        self._v2 = V2Talk(wishes.side(announcement), wishes.matcher(told=True))
        self._disappointed = not wishes.of_the_past

    async def messages(self) -> AsyncGenerator[Heard]:
        """Yield what the hub sends, without end unless it is not to reconnect; once.

        Raises:
            HubUnavailable: there is no hub, and it is not to reconnect.
        """
        async with aclosing(
            connections(
                self._hubs,
                subprotocols=[SUBPROTOCOL],
                reconnect=self._reconnect,
                logger=logger,
                access=self._access,
            )
        ) as lives:
            async for connection in lives:
                talk = self._v2 if connection.subprotocol == SUBPROTOCOL else self._plain
                # Only the library's own calls are guarded: what a handler raises is the user's,
                # even if it comes from using the connection.
                lost: ConnectionClosed | None = None
                try:
                    await connection.send(talk.hello())
                except ConnectionClosed as closed:
                    lost = closed
                else:
                    if talk is self._plain:
                        self._say_what_it_lacks(connection.hub)
                    await self._on_connect(connection.hub.uri, connection)
                first = True
                while lost is None:
                    try:
                        message = await connection.recv()
                    except ConnectionClosed as closed:
                        lost = closed
                        break
                    yield Heard(talk, message, first, connection.hub)
                    first = False
                await self._on_connection_lost(lost)

    def _say_what_it_lacks(self, hub: HubAddress) -> None:
        """Say, once, what a hub of the plain protocol cannot do."""
        if self._disappointed:
            return
        self._disappointed = True
        if self._wishes.resume is None:
            logger.warning("the hub at %s has nothing of the past to send", hub)
        else:
            logger.warning(
                "the hub at %s has nothing of the past to send: it cannot be resumed, and whatever "
                "came to it since is missing",
                hub,
            )
