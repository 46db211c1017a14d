"""What the drivers of `backbone` say to nats-server with JetStream, over plain sockets.

The protocol is that of NATS (https://docs.nats.io/reference/reference-protocols/nats-protocol), the
questions those of JetStream (".../nats_api_reference").

Of the ways in which JetStream gives eaters what is stored, the cheapest is used: a consumer that
pushes, without acknowledgements and flow control, whose messages many eaters share by subscribing
to its subject. Each with a consumer of its own could go on by itself after it was away, and gets
what it wants and no more; that is the other way.
"""

from __future__ import annotations

import json
import re
import secrets
import socket
import sys
from collections.abc import Sequence

from _hub_dialects import connect, read_until

#: The stream in which everything is.
STREAM = "bench"
#: Bytes that a stream may take: older messages go.
STREAM_BYTES = 256 * 1024 * 1024

_DISCARD = socket.MSG_TRUNC if sys.platform == "linux" else 0
#: The line before a message, whose last word is how many bytes follow; and others.
_LINE = re.compile(rb"(?:H?MSG [^\r\n]* (\d+)|PING|PONG|INFO [^\r\n]*)\r\n")
#: Bytes to read at once where a message begins.
_SHORT, _LONG = 4096, 65536


def open_client(port: int, more: bytes = b"", receive_buffer: int | None = None) -> socket.socket:
    """Connect to a server.

    Args:
        port: the server's.
        more: what else to tell it.
        receive_buffer: for how many bytes the kernel is to hold at most; None for its own way.
    """
    sock = connect(port, receive_buffer)
    read_until(sock, b"\r\n")
    options = {"verbose": False, "pedantic": False, "lang": "bench", "version": "1"}
    options |= {"headers": True, "no_responders": True}
    sock.sendall(b"CONNECT %b\r\n%bPING\r\n" % (json.dumps(options).encode(), more))
    read_until(sock, b"PONG\r\n")
    return sock


def ask(port: int, subject: str, question: object) -> dict[str, object]:
    """Ask JetStream.

    Args:
        port: a server's.
        subject: what, without the beginning that all subjects have.
        question: what JSON can hold.

    Raises:
        ConnectionError: it says that something is wrong.
    """
    inbox = f"_INBOX.{secrets.token_hex(8)}"
    body = json.dumps(question).encode()
    with open_client(port, b"SUB %b 1\r\n" % inbox.encode()) as sock:
        sock.sendall(f"PUB $JS.API.{subject} {inbox} {len(body)}\r\n".encode() + body + b"\r\n")
        line = read_until(sock, b"\r\n")
        found = _LINE.fullmatch(line)
        if found is None:
            raise ConnectionError(f"nats-server says: {line[:200]!r}")
        text = read_until(sock, b"\r\n")
    answer: dict[str, object] = json.loads(text)
    if "error" in answer:
        raise ConnectionError(f"JetStream says: {answer['error']}")
    return answer


def make_stream(port: int, replicas: int) -> None:
    """Make the stream, as a hub makes its own."""
    config = {
        "name": STREAM, "subjects": [f"{STREAM}.*.*"], "storage": "file", "retention": "limits",
        "discard": "old", "max_bytes": STREAM_BYTES, "num_replicas": replicas,
        "allow_direct": True,
    }  # fmt: skip
    ask(port, f"STREAM.CREATE.{STREAM}", config)


def make_consumer(port: int) -> str:
    """Have everything new pushed, and return the subject to which."""
    subject = f"_DELIVER.{secrets.token_hex(8)}"
    name = secrets.token_hex(8)
    config = {
        "name": name, "deliver_subject": subject, "deliver_policy": "new", "ack_policy": "none",
        "replay_policy": "instant", "mem_storage": True, "num_replicas": 1,
        "inactive_threshold": 300_000_000_000,
    }  # fmt: skip
    question = {"stream_name": STREAM, "config": config, "action": "create"}
    ask(port, f"CONSUMER.CREATE.{STREAM}.{name}", question)
    return subject


def publication(kitchen: str, inbox: str, dumplings: Sequence[bytes]) -> bytes:
    """Write a message that holds some dumplings, a line each."""
    body = b"\n".join(dumplings)
    return f"PUB {STREAM}.{kitchen}.LookupChef {inbox} {len(body)}\r\n".encode() + body + b"\r\n"


class MessageCounter:
    """Counts the messages that come by a socket, and has the kernel throw away what is in them.

    Attributes:
        count: messages that have come in full.
        size: bytes that have come.
    """

    def __init__(self) -> None:
        self.count = 0
        self.size = 0
        self._skip = 0
        self._at_once = _SHORT
        self._rest = b""

    def read(self, sock: socket.socket, buffer: bytearray) -> int:
        """Read what there is, and return how much it was; the buffer may be used for that."""
        if self._skip:
            size = sock.recv_into(buffer, min(self._skip, len(buffer)), _DISCARD)
            self._skip -= size
            self.count += not self._skip
        else:
            rest = len(self._rest)
            buffer[:rest] = self._rest
            size = sock.recv_into(memoryview(buffer)[rest:], self._at_once)
            self._rest = self._take(buffer, rest + size)
        self.size += size
        return size

    def _take(self, data: bytearray, end: int) -> bytes:
        """Count messages in the first so many bytes; return what is left of a line."""
        at = 0
        while found := _LINE.match(data, at, end):
            at = found.end()
            if not found[1]:
                continue
            size = int(found[1])
            at += size + 2
            if at > end:
                self._skip = at - end
                # Most of a long message is to be thrown away.
                self._at_once = _SHORT if size > _LONG else _LONG
                return b""
            self.count += 1
        if data.startswith(b"-ERR", at):
            raise ConnectionError(f"nats-server says: {bytes(data[at : at + 200])!r}")
        return bytes(data[at:end])
