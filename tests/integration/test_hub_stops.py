"""A hub that is told to stop does so soon, whatever its peers do; those that read are told."""

from __future__ import annotations

import contextlib
import json
import signal
import threading
import time
from collections.abc import Iterator

import pytest

from netdumplings.wire import SUBPROTOCOL
from support.hubs import Hub, dumpling
from support.raw_peers import TEXT, RawPeer, frame
from support.tls import pem

KITCHEN_HELLO = '{"kitchen_name": "k"}'
EATER_HELLO = '{"eater_name": "e"}'
V2_KITCHEN_HELLO = json.dumps(
    {"type": "hello", "session": "s" * 32, "first": 1, "announcement": {"kitchen_name": "v2"}}
)
#: It wants nothing of what there is.
V2_EATER_HELLO = json.dumps(
    {"type": "hello", "announcement": {"eater_name": "v2"}, "chefs": ["NoChef"]}
)
#: The first bytes of a TLS handshake (RFC 8446, section 5.1), of which more should come.
HALF_A_HANDSHAKE = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(100)
#: Seconds: less than five, as promised, and then some for a busy machine. To wait for kitchens that
#: do not answer, and then as long again for eaters, would take six.
SOON = 5.75


def ends_soon(hub: Hub, number: int) -> None:
    """Stop the hub, and see that it does, cleanly, and soon."""
    began = time.monotonic()
    assert hub.end(number) == 0, hub.err
    assert time.monotonic() - began < SOON
    assert "hub has stopped: " in hub.err
    assert "Traceback" not in hub.err


@contextlib.contextmanager
def busy_kitchen(port: int) -> Iterator[None]:
    """Send dumplings, large ones, without end and without reading anything."""
    culprit = RawPeer(port)
    culprit.shake_hands().say(KITCHEN_HELLO)
    message = frame(TEXT, dumpling("x" * 200_000).encode())
    enough = threading.Event()

    def send() -> None:
        with contextlib.suppress(OSError):
            while not enough.wait(0.01):
                culprit.socket.sendall(message)

    sending = threading.Thread(target=send)
    sending.start()
    try:
        yield
    finally:
        enough.set()
        sending.join()
        culprit.socket.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_hub_stops_soon_whatever_its_peers_do_or_fail_to_do(number: int) -> None:
    with Hub() as hub, contextlib.ExitStack() as peers:

        def peer(port: int) -> RawPeer:
            return peers.enter_context(RawPeer(port, receive_buffer=4096))

        for port, hello in ((hub.in_port, KITCHEN_HELLO), (hub.out_port, EATER_HELLO)):
            peer(port)  # it is silent
            peer(port).socket.sendall(b"GET / HT")
            peer(port).shake_hands()  # and says no more
            peer(port).shake_hands().socket.sendall(frame(TEXT, hello.encode())[:-5])
            peer(port).shake_hands().say(hello)  # and will not answer a close frame
        within_a_batch = peer(hub.in_port).shake_hands(SUBPROTOCOL).say(V2_KITCHEN_HELLO)
        within_a_batch.socket.sendall(frame(TEXT, b"x" * 100_000)[:50_000])
        peers.enter_context(busy_kitchen(hub.in_port))
        # Much waits for the eater that does not read.
        hub.wait_for_err("eater 'e' at .* is slow: its dumplings are dropped")
        reads = [
            peer(hub.out_port).shake_hands(SUBPROTOCOL).say(V2_EATER_HELLO),
            peer(hub.in_port).shake_hands().say(KITCHEN_HELLO),
        ]
        codes: list[int] = []
        readers = [
            threading.Thread(target=lambda one=one: codes.append(one.close_code()))  # type: ignore[misc]
            for one in reads
        ]
        for reader in readers:
            reader.start()
        while hub.err.count("is here") < 6:
            time.sleep(0.01)
        ends_soon(hub, number)
        for reader in readers:
            reader.join()
        assert codes == [1001, 1001]


def test_a_hub_that_speaks_tls_stops_soon_too() -> None:
    with (
        Hub(0, 0, "--tls-cert", str(pem("hub.crt")), "--tls-key", str(pem("hub.key"))) as hub,
        contextlib.ExitStack() as peers,
    ):
        for port in (hub.in_port, hub.out_port):
            peers.enter_context(RawPeer(port))
            peers.enter_context(RawPeer(port)).socket.sendall(HALF_A_HANDSHAKE)
        # Who comes after those is heard of after them.
        for port in (hub.in_port, hub.out_port):
            with RawPeer(port) as last:
                last.socket.sendall(b"no TLS")
                assert last.ending().startswith(b"HTTP/1.1 400")
        ends_soon(hub, signal.SIGTERM)
