"""Peers that know no WebSocket library, and so may do what no library would."""

from __future__ import annotations

import contextlib
import socket
import struct
from types import TracebackType
from typing import Final, Self

#: Seconds to wait for what is bound to come, far more than it takes.
PATIENCE: Final = 30.0

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10

HANDSHAKE: Final = (
    b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


def frame(
    opcode: int, data: bytes = b"", *, fin: bool = True, reserved: int = 0, length: int = -1
) -> bytes:
    """Make a frame of a client (RFC 6455, section 5.2), masked with zeros.

    Args:
        opcode: what it is.
        data: its payload.
        fin: whether it is the last of its message.
        reserved: the bits RSV1 (4) to RSV3 (1).
        length: what it says its length is; negative for the real one.
    """
    size = len(data) if length < 0 else length
    first = (fin << 7) | (reserved << 4) | opcode
    if size < 126:
        head = struct.pack("!BB", first, 0x80 | size)
    elif size < 65536:
        head = struct.pack("!BBH", first, 0xFE, size)
    else:
        head = struct.pack("!BBQ", first, 0xFF, size)
    return head + bytes(4) + data


class RawPeer:
    """A socket that is connected to a port of a hub.

    Args:
        port: which.
        receive_buffer: bytes that the kernel may keep of what is not read; 0 leaves it to choose.
    """

    def __init__(self, port: int, *, receive_buffer: int = 0) -> None:
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(("127.0.0.1", port))

    def shake_hands(self, subprotocol: str = "") -> Self:
        """Become a WebSocket, perhaps of a subprotocol."""
        offer = f"\r\nSec-WebSocket-Protocol: {subprotocol}\r\n\r\n" if subprotocol else "\r\n\r\n"
        self.socket.sendall(HANDSHAKE.removesuffix(b"\r\n\r\n") + offer.encode())
        answer = b""
        while not answer.endswith(b"\r\n\r\n"):
            chunk = self.socket.recv(1)
            assert chunk, "it was cut"
            answer += chunk
        assert answer.startswith(b"HTTP/1.1 101 "), answer
        return self

    def say(self, text: str) -> Self:
        """Send a text message."""
        self.socket.sendall(frame(TEXT, text.encode()))
        return self

    def send_until_cut(self, data: bytes, times: int) -> int:
        """Send the same again and again, until the other side will not have it.

        Returns:
            how often it could be sent.
        """
        for n in range(times):
            try:
                self.socket.sendall(data)
            except (ConnectionError, TimeoutError):
                return n
        return times

    def ending(self) -> bytes:
        """Read until the other side has ended the connection; return everything."""
        data = bytearray()
        with contextlib.suppress(ConnectionError):
            while chunk := self.socket.recv(65536):
                data += chunk
        return bytes(data)

    def close_code(self) -> int:
        """Read to the close frame, answer it, and read to the end; its code, or 1006 for none."""
        data = b""
        with contextlib.suppress(ConnectionError):
            while chunk := self.socket.recv(65536):
                data += chunk
                while (size := _frame_size(data)) is not None:
                    if data[0] == 0x80 | CLOSE:
                        self.socket.sendall(frame(CLOSE, data[2:4]))
                        self.ending()
                        return int.from_bytes(data[2:4])
                    data = data[size:]
        return 1006

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.socket.close()


def _frame_size(data: bytes) -> int | None:
    """How many bytes a server's frame takes, if it is there as a whole."""
    if len(data) < 2:
        return None
    size, start = data[1], 2
    if size >= 126:
        start = 4 if size == 126 else 10
        if len(data) < start:
            return None
        size = int.from_bytes(data[2:start])
    return start + size if len(data) >= start + size else None
