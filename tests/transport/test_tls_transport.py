"""What is said through TLS comes whole and in order, however it arrives and whoever pauses."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netdumplings.transport.tls import ServerTls, client_context
from netdumplings.transport.tls_transport import TlsLayer
from support.tls import pem

SERVER = ServerTls(pem("hub.crt"), pem("hub.key"))


class Socket(asyncio.Transport):
    """What would be asyncio's transport, without a socket."""

    def __init__(self) -> None:
        super().__init__()
        self.written = bytearray()
        self.reading = True
        self.closed = False

    def write(self, data: Any) -> None:
        assert not self.closed
        self.written += data

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def close(self) -> None:
        self.closed = True

    abort = close

    def is_closing(self) -> bool:
        return self.closed

    def get_write_buffer_size(self) -> int:
        return 0

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None: ...


class Echo(asyncio.Protocol):
    """Sends back what comes, and pauses after each of some pieces."""

    def __init__(self, pauses: list[bool]) -> None:
        self.pauses = list(pauses)
        self.received = bytearray()
        self.ended = 0
        self.lost = 0
        self.transport: Any

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.received += data
        self.transport.write(data)
        if self.pauses and self.pauses.pop():
            self.transport.pause_reading()
            asyncio.get_running_loop().call_soon(self.transport.resume_reading)

    def eof_received(self) -> None:
        self.ended += 1

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost += 1


class Client:
    """The other side of TLS, in memory."""

    def __init__(self) -> None:
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        context = client_context(pem("authority.crt"))
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname="localhost")
        self.received = bytearray()

    def take(self, data: bytes) -> None:
        self.incoming.write(data)
        try:
            while piece := self.tls.read(65536):
                self.received += piece
        except ssl.SSLWantReadError:
            pass

    def shake_hands(self) -> bytes:
        with contextlib.suppress(ssl.SSLWantReadError):
            self.tls.do_handshake()
        return self.outgoing.read()


def connected(pauses: list[bool]) -> tuple[TlsLayer, Socket, Echo, Client, list[str]]:
    failures: list[str] = []
    echo, client, sock = Echo(pauses), Client(), Socket()
    layer = TlsLayer(echo, SERVER.context, failures.append)
    layer.connection_made(sock)
    layer.data_received(client.shake_hands())
    client.incoming.write(bytes(sock.written))
    sock.written.clear()
    layer.data_received(client.shake_hands())
    return layer, sock, echo, client, failures


def said(messages: list[bytes], client: Client) -> bytes:
    for message in messages:
        client.tls.write(message)
    return client.outgoing.read()


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.integers(1, 60_000), min_size=1, max_size=5),
    st.lists(st.integers(1, 20_000), min_size=1, max_size=10),
    st.lists(st.booleans(), max_size=20),
)
def test_it_comes_whole_and_in_order(sizes: list[int], cuts: list[int], pauses: list[bool]) -> None:
    async def scenario() -> None:
        layer, sock, echo, client, failures = connected(pauses)
        messages = [bytes([index]) * size for index, size in enumerate(sizes)]
        sealed = said(messages, client)
        turn = 0
        while sealed:
            size = cuts[turn % len(cuts)]
            turn += 1
            while not sock.reading:
                await asyncio.sleep(0)
            layer.data_received(sealed[:size])
            sealed = sealed[size:]
        while len(echo.received) < sum(sizes):
            await asyncio.sleep(0)
        client.take(bytes(sock.written))
        assert echo.received == client.received == b"".join(messages)
        assert failures == []

    asyncio.run(scenario())


async def test_a_goodbye_ends_both_directions_once() -> None:
    layer, sock, echo, client, failures = connected([])
    with pytest.raises(ssl.SSLWantReadError):
        client.tls.unwrap()
    layer.data_received(client.outgoing.read())
    assert sock.closed
    client.incoming.write(bytes(sock.written))
    client.tls.unwrap()  # it was answered
    layer.eof_received()
    layer.connection_lost(None)
    assert (echo.ended, echo.lost, failures) == (1, 1, [])
    layer.write(b"too late")


async def test_what_is_forged_in_between_ends_the_connection_and_reaches_nobody() -> None:
    layer, sock, echo, client, failures = connected([])
    sealed = bytearray(said([b"transfer nothing"], client))
    sealed[-1] ^= 1
    layer.data_received(bytes(sealed))
    assert echo.received == b""
    assert sock.closed
    assert len(failures) == 1
    layer.data_received(said([b"and now?"], client))
    assert echo.received == b""


async def test_nothing_is_said_before_the_handshake_is_done() -> None:
    echo, sock = Echo([]), Socket()
    layer = TlsLayer(echo, SERVER.context, print)
    layer.connection_made(sock)
    echo.transport.write(b"a secret")
    assert sock.written == b""
    echo.transport.close()
    assert sock.closed
