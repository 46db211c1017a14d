"""What the drivers of `hub` say to each kind of server, byte for byte, over plain sockets.

The dumplings are the same for all: 300 bytes of JSON. Frames to a server are masked, as RFC 6455
(section 5.3) wants it, with the key 0, which leaves their bytes as they are; the server cannot know
that before it has undone it. NATS is told the same dumplings in its own protocol
(https://docs.nats.io/reference/reference-protocols/nats-protocol).
"""

from __future__ import annotations

import json
import re
import secrets
import socket
import struct
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence

#: Bytes of a dumpling.
SIZE = 300
#: Seconds for anything that a server is to answer.
PATIENCE = 30

#: What a kitchen calls itself, if nothing else is said.
KITCHEN = "bench"

_TEXT, _PING, _PONG = 0x81, 0x89, 0x8A
_SUBJECT = b"dumplings"
_MISSED = re.compile(rb'"missed":\s*(\d+)[,}]')
_ACKNOWLEDGED = re.compile(rb'"acknowledged":\s*(\d+)[,}]')


def dumpling(number: int, sent: int = 0, kitchen: str = KITCHEN) -> bytes:
    """Make a dumpling of `SIZE` bytes.

    Args:
        number: tells it from others.
        sent: when it is sent, in nanoseconds; `SENT` finds it.
        kitchen: the name of its kitchen.
    """
    text = (
        '{"metadata":{"chef":"LookupChef","creation_time":1764000000.25,"driver":"packet",'
        f'"kitchen":"{kitchen}"}},"payload":{{"sent":"{sent:020}","number":"{number:012}","host":"'
    )
    return (text.ljust(SIZE - 3, "x") + '"}}').encode()


#: Finds the times in dumplings, however they are framed.
SENT = re.compile(rb'"sent":"(\d{20})"')


class Dialect(ABC):
    """How to talk with one kind of server.

    Attributes:
        frame_size: bytes that a dumpling takes on its way to an eater; None if that varies.
    """

    frame_size: int | None

    @abstractmethod
    def open_eater(self, port: int, receive_buffer: int | None = None) -> socket.socket:
        """Be an eater; it gets every dumpling that is sent from now on, and nothing else.

        Args:
            port: the server's.
            receive_buffer: for how many bytes the kernel is to hold at most; None for its own way.
        """

    @abstractmethod
    def open_kitchen(self, port: int) -> socket.socket:
        """Be a kitchen that may send dumplings."""

    @abstractmethod
    def body(self, dumplings: Sequence[bytes]) -> bytes:
        """Frame dumplings that are to be sent together."""

    def head(self, first: int, size: int) -> bytes:  # noqa: ARG002
        """Give what goes before a body, if anything.

        Args:
            first: the number of the first dumpling, from 1.
            size: bytes of the body.
        """
        return b""

    def acknowledged(self, said: bytes) -> int | None:  # noqa: ARG002
        """Find up to which dumpling the server has acknowledged.

        Args:
            said: the latest of what it said to a kitchen.

        Returns:
            the dumpling's number; None if it said nothing of that.
        """
        return None

    @property
    def acknowledges(self) -> bool:
        """Whether the server acknowledges dumplings."""
        return False


class WebSocket(Dialect):
    """A hub as SPEC has it: one dumpling, one text message.

    Args:
        kitchen: what a kitchen calls itself.
    """

    frame_size = 4 + SIZE

    _protocol: str | None = None

    def __init__(self, kitchen: str = KITCHEN) -> None:
        self._kitchen = kitchen

    def open_eater(self, port: int, receive_buffer: int | None = None) -> socket.socket:
        """As `Dialect.open_eater`."""
        return self._open(port, self._eater_hello(), receive_buffer)

    def open_kitchen(self, port: int) -> socket.socket:
        """As `Dialect.open_kitchen`."""
        return self._open(port, self._kitchen_hello(), None)

    def body(self, dumplings: Sequence[bytes]) -> bytes:
        """As `Dialect.body`."""
        return b"".join(_frame(_TEXT, text) for text in dumplings)

    def _eater_hello(self) -> dict[str, object]:
        return {"eater_name": "bench"}

    def _kitchen_hello(self) -> dict[str, object]:
        return {"kitchen_name": self._kitchen, "interface": "lo", "filter": "", "chefs": []}

    def _open(self, port: int, hello: object, receive_buffer: int | None) -> socket.socket:
        sock = connect(port, receive_buffer)
        protocol = f"Sec-WebSocket-Protocol: {self._protocol}\r\n" if self._protocol else ""
        sock.sendall(
            b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
            + f"{protocol}\r\n".encode()
        )
        answer = read_until(sock, b"\r\n\r\n")
        if b" 101 " not in answer.partition(b"\r\n")[0]:
            raise ConnectionError(f"the server does not speak WebSocket: {answer[:80]!r}")
        if self._protocol and self._protocol.encode() not in answer:
            raise ConnectionError(f"the server does not speak {self._protocol}")
        sock.sendall(_frame(_TEXT, json.dumps(hello).encode()))
        self._await_welcome(sock)
        # By the answer to the second ping, whoever serves us has seen the hello, however many
        # turns of its event loop that takes.
        for _ in range(2):
            sock.sendall(_frame(_PING, b""))
            while _read_frame(sock)[0] != _PONG:
                pass
        return sock

    def _await_welcome(self, sock: socket.socket) -> None:
        """Read what the server says to a hello."""


class V2(WebSocket):
    """A hub that speaks netdumplings.v2."""

    frame_size = None
    _protocol = "netdumplings.v2"

    def body(self, dumplings: Sequence[bytes]) -> bytes:
        """As `Dialect.body`."""
        return b"".join(b"\n" + text for text in dumplings)

    def head(self, first: int, size: int) -> bytes:
        """As `Dialect.head`."""
        line = b'{"type":"batch","first":%d}' % first
        return _frame_head(_TEXT, len(line) + size) + line

    def acknowledged(self, said: bytes) -> int | None:
        """As `Dialect.acknowledged`."""
        numbers = _ACKNOWLEDGED.findall(said)
        return int(numbers[-1]) if numbers else None

    @property
    def acknowledges(self) -> bool:
        """As `Dialect.acknowledges`."""
        return True

    def _eater_hello(self) -> dict[str, object]:
        return {"type": "hello", "announcement": super()._eater_hello()}

    def _kitchen_hello(self) -> dict[str, object]:
        return {
            "type": "hello", "session": secrets.token_hex(16), "first": 1,
            "announcement": super()._kitchen_hello(),
        }  # fmt: skip

    def _await_welcome(self, sock: socket.socket) -> None:
        opcode, text = _read_frame(sock)
        if opcode != _TEXT or json.loads(text).get("type") != "welcome":
            raise ConnectionError(f"the hub does not welcome: {text[:80]!r}")


class Nats(Dialect):
    """nats-server, without JetStream: each dumpling a message on one subject."""

    frame_size = len(b"MSG %b 1 %d\r\n\r\n" % (_SUBJECT, SIZE)) + SIZE

    def open_eater(self, port: int, receive_buffer: int | None = None) -> socket.socket:
        """As `Dialect.open_eater`."""
        return self._open(port, b"SUB %b 1\r\n" % _SUBJECT, receive_buffer)

    def open_kitchen(self, port: int) -> socket.socket:
        """As `Dialect.open_kitchen`."""
        return self._open(port, b"", None)

    def body(self, dumplings: Sequence[bytes]) -> bytes:
        """As `Dialect.body`."""
        return b"".join(b"PUB %b %d\r\n%b\r\n" % (_SUBJECT, len(text), text) for text in dumplings)

    def acknowledged(self, said: bytes) -> int | None:
        """As `Dialect.acknowledged`; never anything, but an error is raised.

        Raises:
            ConnectionError: the server said that something is wrong.
        """
        if b"-ERR" in said:
            raise ConnectionError(f"nats-server says: {said[:200]!r}")
        return None

    def _open(self, port: int, more: bytes, receive_buffer: int | None) -> socket.socket:
        sock = connect(port, receive_buffer)
        read_until(sock, b"\r\n")
        options = {"verbose": False, "pedantic": False, "lang": "bench", "version": "1"}
        sock.sendall(b"CONNECT %b\r\n%bPING\r\n" % (json.dumps(options).encode(), more))
        read_until(sock, b"PONG\r\n")
        return sock


class BatchCounter:
    """Counts the dumplings in what a v2 eater is sent, by the line.

    Attributes:
        count: dumplings so far, a part of one included.
        missed: dumplings that the hub said it had to leave out.
    """

    def __init__(self) -> None:
        self.count = 0
        self.missed = 0
        self._head = bytearray()
        self._left = 0
        self._lines = 0
        self._message = bytearray()

    def feed(self, data: bytearray, size: int) -> None:
        """Take the next bytes: the first so many of a buffer."""
        at = 0
        while at < size:
            if self._left:
                end = min(size, at + self._left)
                lines = data.count(b"\n", at, end)
                self.count += lines
                self._lines += lines
                if len(self._message) < 4096:
                    self._message += data[at : min(end, at + 4096)]
                self._left -= end - at
                at = end
            else:
                self._head.append(data[at])
                at += 1
                self._begin()
            if not self._left and self._message:
                self._end()

    def _begin(self) -> None:
        """See whether the frame's header is complete (RFC 6455, section 5.2)."""
        head = self._head
        wanted = 2 if len(head) < 2 else {126: 4, 127: 10}.get(head[1], 2)
        if len(head) == wanted:
            self._left = head[1] if wanted == 2 else int.from_bytes(head[2:])
            head.clear()

    def _end(self) -> None:
        # (The rest, where hubs say how far one has come, may be long.)
        if not self._lines and self._message.startswith(b'{"type":"gap"'):
            self.missed += int(_MISSED.findall(self._message)[0])
        self._message.clear()
        self._lines = 0


DIALECTS: dict[str, type[Dialect]] = {
    "naive": WebSocket, "legacy": WebSocket, "v2": V2, "nats": Nats,
}  # fmt: skip


def connect(port: int, receive_buffer: int | None) -> socket.socket:
    """Connect to a server of this host, as `Dialect.open_eater` does."""
    sock = socket.socket()
    if receive_buffer:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if sys.platform == "linux":
        # A timeout that costs nothing, unlike Python's own, which polls before each call.
        limit = struct.pack("ll", PATIENCE, 0)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
    sock.connect(("127.0.0.1", port))
    return sock


def _frame_head(first: int, size: int) -> bytes:
    if size < 126:
        return struct.pack("!BB4x", first, 0x80 | size)
    if size < 0x1_0000:
        return struct.pack("!BBH4x", first, 0x80 | 126, size)
    return struct.pack("!BBQ4x", first, 0x80 | 127, size)


def text_frame(text: bytes) -> bytes:
    """Frame a message."""
    return _frame(_TEXT, text)


def _frame(first: int, payload: bytes) -> bytes:
    return _frame_head(first, len(payload)) + payload


def _read_frame(sock: socket.socket) -> tuple[int, bytes]:
    """Read one frame, and not a byte beyond it; return its first byte and its payload."""
    first, size = _read(sock, 2)
    if size > 125:
        size = int.from_bytes(_read(sock, 2 if size == 126 else 8))
    return first, _read(sock, size)


def read_until(sock: socket.socket, end: bytes) -> bytes:
    """Read up to and with what ends something, and not a byte beyond it."""
    data = b""
    while not data.endswith(end):
        data += _read(sock, 1)
    return data


def _read(sock: socket.socket, size: int) -> bytes:
    return b"".join(_pieces(sock, size))


def _pieces(sock: socket.socket, size: int) -> Iterable[bytes]:
    while size:
        data = sock.recv(size)
        if not data:
            raise ConnectionError("the server has closed the connection")
        size -= len(data)
        yield data
