"""The client of NATS, which goes on whatever comes.

Importing this imports the client.
"""

from __future__ import annotations

from typing import Final

from nats.aio.client import Client

#: No hub writes bytes that are not ASCII but into the body of a message.
_ASCII: Final = bytes(byte if byte < 128 else ord("?") for byte in range(256))


class HardyClient(Client):
    """A client that no message ends.

    A server passes on any bytes as the subject of a message, and as its headers. The client reads
    nothing more after some that are no text, and is given the same again when it has connected
    anew.
    """

    async def _process_msg(
        self, sid: int, subject: bytes, reply: bytes, data: bytes, headers: bytes | None
    ) -> None:
        subject, reply = subject.translate(_ASCII), reply.translate(_ASCII)
        headers = (headers or b"").translate(_ASCII)
        try:
            await super()._process_msg(sid, subject, reply, data, headers)
        except IndexError:
            # As it is without headers, no hub has written it.
            await super()._process_msg(sid, subject, reply, data, b"")
