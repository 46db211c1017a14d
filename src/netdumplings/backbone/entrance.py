"""How a hub gets into its backbone: the client of NATS, with a login, and TLS or nothing."""

from __future__ import annotations

import asyncio
from typing import Any

from nats.aio.client import RawCredentials
from nats.aio.transport import TcpTransport
from nats.errors import SecureConnWantedError

from .client import HardyClient
from .settings import BackboneSettings


class SafeClient(HardyClient):
    """The client of NATS without two faults that nats-py 2.16 has where TLS cannot be had.

    Told to speak TLS, it goes on in the clear with a server that does not ask for it, password
    first; this one says nothing. And where a handshake fails (a certificate has expired), it waits
    for ever for that connection to close; this one cuts it, and so gets to the next server.
    """

    def _connect_command(self) -> bytes:
        # It comes first of all that is sent on a connection, and after TLS.
        if "tls" in self.options and not self._server_info.get("tls_required"):
            raise SecureConnWantedError
        return super()._connect_command()

    async def _process_connect_init(self) -> None:
        try:
            await super()._process_connect_init()
        except BaseException:
            transport, self._transport = self._transport, None
            if isinstance(transport, TcpTransport) and transport._io_writer is not None:
                transport._io_writer.transport.abort()
            raise
        writer = self._transport._io_writer if isinstance(self._transport, TcpTransport) else None
        if "tls" in self.options and writer is not None:
            # asyncio warns when a connection through TLS ends and its protocol is not told of that.
            protocol: Any = writer.transport.get_protocol()
            protocol._over_ssl = True

    async def _flush_pending(self, force_flush: bool = False) -> Any:
        task = asyncio.current_task()
        before = task.cancelling() if task is not None else 0
        flushed = await super()._flush_pending(force_flush)
        if task is not None and task.cancelling() > before:
            raise asyncio.CancelledError
        return flushed


def entrance(settings: BackboneSettings) -> dict[str, Any]:
    """Return what `SafeClient.connect` is to be given of the settings: where to, and a login."""
    login = settings.login
    arguments: dict[str, Any] = {"servers": list(settings.servers)}
    if login.tls is not None:
        arguments["tls"] = login.tls
    if login.credentials is not None:
        arguments["user_credentials"] = RawCredentials(login.credentials)
    if settings.user is not None:
        arguments |= {"user": settings.user, "password": settings.password}
    return arguments
