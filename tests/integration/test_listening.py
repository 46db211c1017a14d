"""A port, what is spoken on it, and how many connections it takes, against real sockets."""

from __future__ import annotations

import asyncio
import gc
import socket
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import websockets
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import InvalidStatus

from netdumplings.transport import peer_connection, server
from netdumplings.transport.server import Listener, PeerConnection, converse, listen
from netdumplings.transport.tls import ServerTls
from netdumplings.wire import EaterPeer, Peer, Refusal
from support.hub_peers import EATER_HELLO, PATIENCE, closing, dial, lines
from support.raw_peers import CLOSE, CONTINUATION, HANDSHAKE, PING, TEXT, frame
from support.tls import pem


class Port:
    """A port whose peers are eaters that are given nothing.

    Attributes:
        listener: what listens.
        here: every connection that has said hello and is there.
        refused: why peers were refused.
    """

    def __init__(self) -> None:
        self.listener: Listener
        self.here: list[PeerConnection] = []
        self.refused: list[Refusal] = []
        self.make_peer: Callable[[], Peer] = EaterPeer

    async def serve(self, connection: PeerConnection) -> None:
        refusal = await converse(
            connection,
            self.make_peer(),
            lambda _event: self.here.append(connection),
            hello_timeout=PATIENCE,
        )
        if connection in self.here:
            self.here.remove(connection)
        if refusal:
            self.refused.append(refusal)
            await connection.close(refusal.code, refusal.reason)

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not condition():
                await asyncio.sleep(0.01)


@asynccontextmanager
async def listening(**settings: Any) -> AsyncIterator[Port]:
    port = Port()
    settings = {"max_size": 2**20, "open_timeout": PATIENCE, **settings}
    port.listener = await listen(port.serve, "127.0.0.1", 0, **settings)
    try:
        yield port
    finally:
        await port.listener.stop()
        await port.listener.close(1001, "over", 0.2, discard=True)


def call(port: Port, **settings: Any) -> Any:
    return dial(port.listener.port, host="127.0.0.1", **settings)


@asynccontextmanager
async def said_hello(port: Port) -> AsyncIterator[ClientConnection]:
    async with call(port) as connection:
        await connection.send(EATER_HELLO)
        await (await connection.ping())
        yield connection


async def raw_peer(
    port: Port, ssl: ssl.SSLContext | None = None
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Become a WebSocket that has said hello, without a library that would do as it ought to."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port.listener.port, ssl=ssl)
    writer.write(HANDSHAKE + frame(TEXT, EATER_HELLO.encode()))
    await reader.readuntil(b"\r\n\r\n")
    await port.until(lambda: bool(port.here))
    return reader, writer


@pytest.mark.parametrize(
    ("offered", "spoken"),
    [
        (None, None),
        (["good.v2"], "good.v2"),
        (["chat", "good.v2", "good.v3"], "good.v3"),
        (["chat"], None),
    ],
)
async def test_who_offers_a_subprotocol_that_is_known_gets_it_and_others_are_served_without(
    offered: list[str] | None, spoken: str | None
) -> None:
    async with (
        listening(subprotocols=["good.v3", "good.v2"]) as port,
        call(port, subprotocols=offered) as connection,
    ):
        assert connection.subprotocol == spoken
        await connection.send(EATER_HELLO)
        await port.until(lambda: bool(port.here))
        assert port.here[0].subprotocol == spoken


async def test_a_port_that_knows_no_subprotocol_speaks_none() -> None:
    async with listening() as port, call(port, subprotocols=["good.v2"]) as connection:
        assert connection.subprotocol is None


async def test_a_peer_may_take_bytes_whatever_is_sent() -> None:
    class Recorder(EaterPeer):
        raw = True

        def receive(self, message: str | bytes) -> list[Any]:
            received.append(message)
            return super().receive(message.decode() if isinstance(message, bytes) else message)

    received: list[str | bytes] = []
    async with listening() as port:
        port.make_peer = Recorder
        async with said_hello(port) as connection:
            await connection.send("text \u017e")
            await connection.send(b"\x00binary")
            await port.until(lambda: len(received) == 3)
    assert received == [EATER_HELLO.encode(), "text \u017e".encode(), b"\x00binary"]


async def test_a_connection_that_was_full_says_when_it_is_writable_again() -> None:
    async with listening(write_limit=64 * 1024) as port, call(port, max_queue=1) as connection:
        await connection.send(EATER_HELLO)
        await port.until(lambda: bool(port.here))
        served = port.here[0]
        told: list[bool] = []
        served.on_writable = lambda: told.append(served.full)
        sent = 0
        while not served.full:
            served.transport.write(b"\x82\x7e\x40\x00" + bytes(0x4000))
            sent += 1
        assert told == []
        for _ in range(sent):
            await connection.recv()
        await port.until(lambda: told == [False])


async def test_many_messages_at_once_all_arrive_in_order() -> None:
    class Counter(EaterPeer):
        def receive(self, message: str | bytes) -> list[Any]:
            received.append(message)
            return super().receive(message) if message == EATER_HELLO else []

    received: list[str | bytes] = []
    async with listening() as port:
        port.make_peer = Counter
        _, writer = await raw_peer(port)
        writer.writelines(
            frame(TEXT, str(n).encode()) + frame(PING, b"x") * (n % 3 == 0) for n in range(100_000)
        )
        await port.until(lambda: len(received) == 100_001)
        writer.close()
    assert received[1:] == [str(n) for n in range(100_000)]


async def test_where_there_are_too_many_peers_a_newcomer_is_answered_503_until_one_leaves(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with listening(max_connections=1) as port:
        async with said_hello(port):
            for _ in range(50):
                with pytest.raises(InvalidStatus) as caught:
                    await call(port)
                assert caught.value.response.status_code == 503
        await port.until(lambda: not port.here)
        async with said_hello(port):
            await port.until(lambda: bool(port.here))
    *said, last = lines(caplog.records)
    assert len(said) == 10
    assert said[0].startswith("refused 127.0.0.1:")
    assert said[0].endswith(": the hub has 1 peers on this port, its limit (--max-connections)")
    assert last == "refused 40 more connections of 127.0.0.1 within 60 seconds"


async def test_of_those_who_shook_hands_in_time_no_more_are_admitted_than_may_be() -> None:
    async with listening(max_connections=1) as port, call(port) as first, call(port) as second:
        for connection in (first, second):
            await connection.send(EATER_HELLO)
        assert await closing(second) == (
            4003,
            "the hub has 1 peers on this port, its limit (--max-connections)",
        )
        assert len(port.here) == 1
        await (await first.ping())


async def test_a_handshake_of_a_byte_at_a_time_is_given_up() -> None:
    async with listening(open_timeout=0.5) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port.listener.port)
        for byte in HANDSHAKE:
            writer.write(bytes([byte]))
            await asyncio.sleep(0.05)
            if reader.at_eof() or reader.exception():
                break
        else:
            pytest.fail("it was waited for")
        writer.close()


async def test_a_peer_that_stops_in_mid_frame_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "PING_INTERVAL", 0.1)
    monkeypatch.setattr(server, "PING_TIMEOUT", 0.2)
    monkeypatch.setattr(server, "CLOSE_TIMEOUT", 0.2)
    async with listening() as port:
        _, writer = await raw_peer(port)
        writer.write(frame(TEXT, b"x" * 1000)[:500])
        await port.until(lambda: not port.here)
        writer.close()


async def test_peers_that_all_stop_in_mid_message_are_cut_when_it_is_too_much(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(server, "MAX_UNFINISHED", 2**20)
    monkeypatch.setattr(peer_connection, "CLOSE_TIMEOUT", 0.2)
    async with listening() as port:
        halves = [await raw_peer(port) for _ in range(4)]
        for _, writer in halves:
            writer.write(frame(TEXT, fin=False) + frame(CONTINUATION, bytes(2**18), fin=False))
            writer.write(frame(CONTINUATION, length=2**19) + bytes(2**18))
        await port.until(lambda: bool(port.refused))
        assert port.refused[0].reason == "a message that does not end, among too many such"
        async with said_hello(port) as connection:
            await connection.send(bytes(2**20))
            await (await connection.ping())
        for _, writer in halves:
            writer.close()


@pytest.mark.parametrize(
    "goodbye", [frame(CLOSE), frame(CLOSE, b"x"), b"\x81\x00"], ids=["close", "bad close", "bad"]
)
async def test_a_peer_that_is_over_but_keeps_its_socket_open_is_cut(
    monkeypatch: pytest.MonkeyPatch, goodbye: bytes
) -> None:
    monkeypatch.setattr(server, "PING_INTERVAL", 3600.0)
    monkeypatch.setattr(peer_connection, "CLOSE_TIMEOUT", 0.2)
    async with listening() as port:
        _, writer = await raw_peer(port)
        writer.write(goodbye)
        await port.until(lambda: not port.here)
        writer.close()


async def test_a_peer_that_will_say_nothing_more_and_read_nothing_is_cut(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(peer_connection, "CLOSE_TIMEOUT", 0.2)
    async with listening() as port:
        loop = asyncio.get_running_loop()
        with socket.socket() as peer:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            peer.setblocking(False)
            await loop.sock_connect(peer, ("127.0.0.1", port.listener.port))
            await loop.sock_sendall(peer, HANDSHAKE + frame(TEXT, EATER_HELLO.encode()))
            await port.until(lambda: bool(port.here))
            transport = port.here[0].transport
            while transport.get_write_buffer_size() < 2**20:
                transport.write(bytes(2**16))
            peer.shutdown(socket.SHUT_WR)
            await port.until(lambda: not port.here)


@pytest.mark.skipif(
    int(websockets.__version__.split(".")[0]) < 17, reason="the library had ties of its own before"
)
async def test_connections_that_said_nothing_leave_nothing_behind_for_the_garbage_collector() -> (
    None
):
    async with listening() as port:
        gc.collect()
        gc.disable()
        try:
            for greeting in (b"", b"SSH-2.0-x\r\n", HANDSHAKE):
                _, writer = await asyncio.open_connection("127.0.0.1", port.listener.port)
                writer.write(greeting)
                await asyncio.sleep(0.05)
                writer.close()
            await port.until(
                lambda: not any(type(one) is PeerConnection for one in gc.get_objects())
            )
        finally:
            gc.enable()


@pytest.mark.parametrize("through_tls", [False, True], ids=["plain", "TLS"])
async def test_a_peer_that_takes_nothing_of_what_waits_for_it_is_cut(through_tls: bool) -> None:
    tls = ServerTls(pem("hub.crt"), pem("hub.key")) if through_tls else None
    trusts = ssl.create_default_context(cafile=pem("authority.crt")) if through_tls else None
    async with listening(write_deadline=0.2, tls=tls) as port:
        _reader, writer = await raw_peer(port, ssl=trusts)
        silent = port.here[0]
        silent.transport.write(bytes(16 * 2**20))
        assert silent.full
        await port.until(lambda: bool(port.refused))
        assert port.refused[0].cause == "does not read"
        assert port.refused[0].reason == "it has read nothing for 0.2 seconds"
        assert not port.here
        writer.transport.abort()


async def test_a_peer_that_takes_some_of_what_waits_for_it_stays() -> None:
    async with listening(write_deadline=3600) as port:
        reader, writer = await raw_peer(port)
        connection = port.here[0]
        connection.transport.write(bytes(16 * 2**20))
        waiting = connection.transport.get_write_buffer_size
        before = waiting()
        await reader.readexactly(8 * 2**20)
        await port.until(lambda: waiting() < before)
        assert connection.full
        # It is looked at every so many seconds.
        connection._check_writing(before)
        assert connection.refusal is None
        connection._check_writing(waiting())
        assert connection.refusal is not None
        writer.transport.abort()
        await port.until(lambda: not port.here)


async def test_a_host_has_so_many_peers_and_a_greedy_one_is_told_so() -> None:
    async with listening(max_per_address=2) as port, said_hello(port), call(port) as third:
        async with said_hello(port):
            await third.send(EATER_HELLO)
            reason = "the hub has 2 peers of one address, its limit (--max-per-address)"
            assert await closing(third) == (4003, reason)
            with pytest.raises(InvalidStatus) as refused:
                async with call(port):
                    pass
            assert refused.value.response.status_code == 503
            assert refused.value.response.body == f"{reason}\n".encode()
        await port.until(lambda: len(port.here) == 1)
        async with said_hello(port):
            pass


FEW_FILES = """
import asyncio, logging, resource
from netdumplings.transport.server import listen
logging.basicConfig(format="%(message)s")
resource.setrlimit(resource.RLIMIT_NOFILE, (100, 264))
async def main():
    listener = await listen(None, "127.0.0.1", 0, max_size=1, open_timeout=1)
    print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    await listener.stop()
asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows counts no sockets")
def test_a_port_settles_for_as_many_peers_as_the_system_allows_and_says_so() -> None:
    done = subprocess.run(
        [sys.executable, "-c", FEW_FILES],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    assert done.stdout.split() == ["264"]
    assert done.stderr == (
        "at most 68 peers on a port, not 5000, as the system allows 264 open files; raise that "
        "limit (ulimit -n) if you need more\n"
    )
