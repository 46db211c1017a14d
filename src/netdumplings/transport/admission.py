"""Who is let in at a port, by the token that is shown."""

from __future__ import annotations

import asyncio
import http
from collections.abc import Sequence
from typing import Final

from websockets.datastructures import Headers
from websockets.http11 import Request, Response
from websockets.protocol import State

from ..wire import CloseCode, Hello, Refusal, refuse
from .peer_connection import PeerConnection
from .tokens import Role
from .tokens_delays import FailureDelays
from .tokens_file import Entry
from .tokens_kept import TokensKept

#: The cookie that a page may have its browser send, which can send no header of the page's choice.
COOKIE: Final = "netdumplings_token"
_BEARER: Final = "bearer"
_NO_TOKEN: Final = "it has no token, and the hub wants one: see nd-token"  # noqa: S105


class Admission:
    """Lets peers in at one port.

    A token comes with the handshake, as ``Authorization: Bearer`` (RFC 6750, section 2.1) or in a
    cookie, or with the hello. A peer whose token is not good is told so after a while, which grows
    with the failures of its host; nobody else waits.

    Args:
        tokens: those that are known.
        delays: the failures, of all ports.
        *roles: of which a token must have one.
    """

    def __init__(self, tokens: TokensKept, delays: FailureDelays, *roles: Role) -> None:
        self._tokens = tokens
        self._delays = delays
        self._roles = roles

    async def at_handshake(self, connection: PeerConnection, request: Request) -> Response | None:
        """Look at a handshake.

        Returns:
            the answer to a peer with a token that is not good (HTTP 401) or not for this port
            (403); None to go on: it then has a permit, or must bring a token with its hello.
        """
        token = _shown(request.headers)
        if token is None:
            return None
        refusal = await self._let_in(connection, token, self._roles)
        return None if refusal is None else _refused(connection, refusal)

    async def at_request(
        self, connection: PeerConnection, request: Request, role: Role
    ) -> Response | None:
        """Look at a request that is not for a WebSocket.

        Args:
            connection: who asks.
            request: for what.
            role: what its token must be for; those of peers do not matter.

        Returns:
            the answer to who may not have it, as of `at_handshake`, or to who shows no token (HTTP
            401); None to go on.
        """
        token = _shown(request.headers)
        if token is None:
            # Nothing was tried: it is told what to try, which is no refusal, and need not wait.
            return _challenge(connection, _NO_TOKEN)
        refusal = await self._let_in(connection, token, (role,))
        return None if refusal is None else _refused(connection, refusal)

    async def at_hello(self, connection: PeerConnection, hello: Hello) -> Refusal | None:
        """Look at a hello.

        Returns:
            why the peer must go; None if it may stay.
        """
        if connection.permit is not None:
            return self.overdue(connection)
        if hello.token is None:
            return await self._failed(connection, _NO_TOKEN)
        return await self._let_in(connection, hello.token, self._roles)

    def overdue(self, connection: PeerConnection) -> Refusal | None:
        """Say why a peer that was let in may stay no longer; None if it may."""
        if connection.permit is None:
            return None
        problem = self._tokens.problem(connection.permit)
        return refuse(CloseCode.NOT_ALLOWED, "token", problem) if problem else None

    async def _let_in(
        self, connection: PeerConnection, token: str, roles: Sequence[Role]
    ) -> Refusal | None:
        found = self._tokens.find(token)
        if not isinstance(found, Entry):
            return await self._failed(connection, found)
        if not any(role in found.roles for role in roles):
            wanted = " or ".join(roles)
            reason = f"its token {found.name!r} is not for this: it lacks the role {wanted}"
            return refuse(CloseCode.NOT_ALLOWED, "role", reason)
        connection.permit = found
        return None

    async def _failed(self, connection: PeerConnection, reason: str) -> Refusal:
        refusal = refuse(CloseCode.NOT_ALLOWED, "token", reason)
        if connection.state is State.CONNECTING:
            connection.refusal = refusal  # if it goes meanwhile, that is why
        delay = self._delays.failed(connection.host)
        await asyncio.wait({asyncio.ensure_future(connection.wait_closed())}, timeout=delay)
        return refusal


def _refused(connection: PeerConnection, refusal: Refusal) -> Response:
    """Make the answer to who is not let in."""
    connection.refusal = refusal
    if refusal.cause == "role":
        return connection.respond(http.HTTPStatus.FORBIDDEN, f"{refusal.reason}\n")
    return _challenge(connection, refusal.reason, ' error="invalid_token"')


def _challenge(connection: PeerConnection, reason: str, error: str = "") -> Response:
    """Ask for a token (RFC 6750, section 3), a better one if there is an error."""
    response = connection.respond(http.HTTPStatus.UNAUTHORIZED, f"{reason}\n")
    response.headers["WWW-Authenticate"] = f"Bearer{error}"
    return response


def _shown(headers: Headers) -> str | None:
    """Take the token out of a handshake, so that nobody comes upon it there later."""
    authorizations, cookies = headers.get_all("Authorization"), headers.get_all("Cookie")
    for name, values in (("Authorization", authorizations), ("Cookie", cookies)):
        if values:
            del headers[name]
    shown = [value.partition(" ") for value in authorizations]
    bearers = [token.strip() for scheme, _, token in shown if scheme.lower() == _BEARER]
    if bearers:
        # Several are none.
        return bearers[0] if len(bearers) == 1 else ""
    for cookie in cookies:
        for pair in cookie.split(";"):
            name, _, value = pair.strip().partition("=")
            if name == COOKIE:
                return value.strip('"')
    return None
