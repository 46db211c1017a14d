"""Asking a hub by HTTP, over a socket of no library."""

from __future__ import annotations

import asyncio
import ssl
from email.message import Message
from email.parser import Parser
from typing import NamedTuple

PATIENCE = 20.0


class Answered(NamedTuple):
    """An answer.

    Attributes:
        status: as in 200.
        headers: by name, whose case does not matter.
        body: all of it.
    """

    status: int
    headers: Message
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


async def ask(
    port: int,
    path: str = "/",
    *headers: str,
    method: str = "GET",
    host: str = "localhost",
    tls: ssl.SSLContext | None = None,
) -> Answered:
    """Ask for something, and read the answer to the connection's end.

    Args:
        port: a hub's.
        path: the target, as it is to be sent.
        *headers: further lines.
        method: likewise.
        host: what to call the hub.
        tls: what to speak TLS with; None for without.
    """
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", *headers, "", ""]
    name = None if tls is None else "localhost"
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=tls, server_hostname=name)
    try:
        writer.write("\r\n".join(lines).encode())
        return parsed(await asyncio.wait_for(reader.read(), PATIENCE))
    finally:
        writer.close()


def parsed(answer: bytes) -> Answered:
    """Read an answer, which must be whole."""
    head, _, body = answer.partition(b"\r\n\r\n")
    first, _, rest = head.decode("latin-1").partition("\r\n")
    return Answered(int(first.split()[1]), Parser().parsestr(rest, headersonly=True), body)
