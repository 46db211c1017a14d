"""A peer's connection through TLS, as the transport of a protocol that knows nothing of it.

asyncio can do this, too, but keeps a buffer of 256 KiB for each connection, and tells nobody of a
connection before its handshake is done: peers that connect and are silent would be seen, and
limited, by nobody. Here the protocol has its connection at once, as without TLS, so the same limits
of number and time hold for it; and what a peer does not read waits in one place, the socket's
own transport.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Callable
from typing import Any, Final, Protocol

#: Bytes encrypted and decrypted at a time: several records, which have up to 16 KiB each (RFC 8446,
#: section 5.1). OpenSSL's buffers keep the size of the most that was ever in them.
_PIECE: Final = 32 * 1024
#: The first byte of a connection that begins with a TLS handshake (RFC 8446, section 5.1).
_HANDSHAKE: Final = b"\x16"
_NO_TLS: Final = (
    b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Type: text/plain\r\n\r\n"
    b"this port speaks TLS: connect with wss://\n"
)


class Inner(Protocol):
    """What is spoken through TLS."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection."""

    def data_received(self, data: bytes) -> None:
        """Take what came in."""

    def eof_received(self) -> object:
        """Note that nothing more will come."""

    def connection_lost(self, exc: Exception | None) -> None:
        """Note the end."""

    def pause_writing(self) -> None:
        """Note that much waits to be sent."""

    def resume_writing(self) -> None:
        """Note that little does."""


class TlsLayer(asyncio.Protocol):
    """Decrypts what comes from a socket, for a protocol; the server's side.

    Args:
        inner: the protocol.
        context: the server's certificate and such.
        failed: is called, before the connection is closed, if TLS fails; with the reason.
    """

    def __init__(
        self, inner: Inner, context: ssl.SSLContext, failed: Callable[[str], object]
    ) -> None:
        self._inner = inner
        self._failed = failed
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self.tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._begun = False
        self._greeted = False
        self._paused = False
        self._over = False
        self.raw: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Give the protocol its connection; asyncio calls this."""
        assert isinstance(transport, asyncio.Transport)
        self.raw = transport
        self._inner.connection_made(TlsTransport(self))

    def data_received(self, data: bytes) -> None:
        """Take what came in; asyncio calls this."""
        if self._over:
            return
        if not self._begun:
            self._begun = True
            if not data.startswith(_HANDSHAKE):
                self._fail("it does not speak TLS", _NO_TLS)
                return
        self._incoming.write(data)
        self._read()

    def eof_received(self) -> None:
        """Note that nothing more comes in; asyncio calls this, and then sends what waits."""
        if self._over:
            return
        self._over = True
        if self._greeted:
            self._inner.eof_received()
        elif self._begun:
            self._failed("it gave up within the TLS handshake: does it trust the certificate?")

    def connection_lost(self, exc: Exception | None) -> None:
        """Note the end; asyncio calls this."""
        self._over = True
        self._inner.connection_lost(exc)
        # They know each other: both are gone at once, without a garbage collector.
        del self._inner, self._failed

    def pause_writing(self) -> None:
        """Pass it on; asyncio calls this."""
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        """Pass it on; asyncio calls this."""
        self._inner.resume_writing()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send."""
        # Before the handshake is done, nobody is there to be told anything.
        if self._over or not self._greeted:
            return
        view = memoryview(data)
        pieces = []
        while view:
            try:
                view = view[self.tls.write(view[:_PIECE]) :]
            except ssl.SSLError as error:
                self._fail(_words(error))
                return
            pieces.append(self._outgoing.read())
        if not self.raw.is_closing():
            self.raw.write(b"".join(pieces))

    def close(self) -> None:
        """Say goodbye, and close the connection when all is sent."""
        if self._greeted and not self._over:
            self._over = True
            # It raises because the other side has yet to say goodbye, for which nobody need wait.
            with contextlib.suppress(ssl.SSLError):
                self.tls.unwrap()
            self._send()
        self.raw.close()

    def pause(self) -> None:
        """Decrypt nothing more for now."""
        self._paused = True
        self.raw.pause_reading()

    def resume(self) -> None:
        """Go on, soon, with what there is."""
        if self._paused:
            self._paused = False
            asyncio.get_running_loop().call_soon(self._go_on)

    @property
    def _waits(self) -> bool:
        return self._paused or self._over

    def _go_on(self) -> None:
        if self._waits:
            return
        self._read()
        if not self._waits:
            self.raw.resume_reading()

    def _read(self) -> None:
        try:
            if not self._greeted:
                self.tls.do_handshake()
                self._greeted = True
            # The protocol may pause at any time, or close.
            while not self._waits:
                data = self.tls.read(_PIECE)
                if not data:
                    raise ssl.SSLZeroReturnError
                self._inner.data_received(data)
            self._send()
        except ssl.SSLWantReadError:
            self._send()
        except ssl.SSLZeroReturnError:
            self._inner.eof_received()
            self.close()
        except ssl.SSLError as error:
            self._fail(_words(error))

    def _send(self) -> None:
        """Send what TLS has to say, of its own or of ours."""
        if self._outgoing.pending and not self.raw.is_closing():
            self.raw.write(self._outgoing.read())

    def _fail(self, reason: str, last_words: bytes = b"") -> None:
        """End: after an alert there is nothing more to say (RFC 8446, section 6.2)."""
        self._failed(reason)
        self._over = True
        self.raw.write(last_words)
        self._send()
        self.raw.close()


class TlsTransport(asyncio.Transport):
    """What the protocol inside is given as its connection.

    Args:
        layer: between it and the socket.
    """

    def __init__(self, layer: TlsLayer) -> None:
        super().__init__()
        self._layer = layer
        self._raw = layer.raw
        self.write = layer.write  # type: ignore[method-assign]  # one call less for each batch
        self.close = layer.close  # type: ignore[method-assign]
        self.pause_reading = layer.pause  # type: ignore[method-assign]
        self.resume_reading = layer.resume  # type: ignore[method-assign]
        for same in ("abort", "is_closing", "get_write_buffer_size", "set_write_buffer_limits"):
            setattr(self, same, getattr(layer.raw, same))

    @property
    def max_size(self) -> int:
        """Bytes read from the socket in one go, as of asyncio's own transports on POSIX."""
        return int(getattr(self._raw, "max_size", 0))

    @max_size.setter
    def max_size(self, size: int) -> None:
        if hasattr(self._raw, "max_size"):
            self._raw.max_size = min(size, 2 * _PIECE)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Tell of the connection; as asyncio's transports through TLS do."""
        if name == "ssl_object":
            return self._layer.tls
        return self._raw.get_extra_info(name, default)

    def can_write_eof(self) -> bool:
        """Tell that half a connection cannot be closed."""
        return False


def _words(error: ssl.SSLError) -> str:
    return f"TLS failed ({(error.reason or 'no reason given').lower().replace('_', ' ')})"
