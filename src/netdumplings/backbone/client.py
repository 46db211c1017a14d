"""The client of NATS, which goes on whatever comes.

Importing this imports the client.
"""

from __future__ import annotations

from nats.aio.client import Client


class HardyClient(Client):
    """A client that no message ends.

    A server passes on any bytes as the subject of a message, and as the first line of its headers.
    The client reads nothing more after some that are no text, and is given the same again when it
    has connected anew.
    """

    async def _process_msg(
        self, sid: int, subject: bytes, reply: bytes, data: bytes, headers: bytes
    ) -> None:
        if not (subject.isascii() and reply.isascii()):
            subject, reply = _as_text(subject), _as_text(reply)
        try:
            await super()._process_msg(sid, subject, reply, data, headers)
        except (UnicodeDecodeError, IndexError):
            # As it is without headers, no hub has written it.
            await super()._process_msg(sid, subject, reply, data, b"")


def _as_text(raw: bytes) -> bytes:
    return raw.decode(errors="replace").encode()
