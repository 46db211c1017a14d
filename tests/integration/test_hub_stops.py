"""A hub that is told to stop does so soon, whatever its peers do; those that read are told."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
import time
from collections.abc import Iterator

from netdumplings import DumplingHub
from netdumplings.wire import SUBPROTOCOL
from support.hubs import Hub, dumpling
from support.hurry import HurriedLoop
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
#: Seconds that a hub may take to stop, as promised.
SOON = 5.0


def ends(hub: Hub) -> None:
    """Stop the hub, and see that it does, cleanly."""
    hub.stop()
    assert "hub has stopped: " in hub.err
    assert "Traceback" not in hub.err


def difficult_peers(peers: contextlib.ExitStack, in_port: int, out_port: int) -> None:
    """Connect to both ports, and stop in the middle of everything that can be stopped in."""

    def peer(port: int) -> RawPeer:
        return peers.enter_context(RawPeer(port, receive_buffer=4096))

    for port, hello in ((in_port, KITCHEN_HELLO), (out_port, EATER_HELLO)):
        peer(port)  # it is silent
        peer(port).socket.sendall(b"GET / HT")
        peer(port).shake_hands()  # and says no more
        peer(port).shake_hands().socket.sendall(frame(TEXT, hello.encode())[:-5])
        peer(port).shake_hands().say(hello)  # and will not answer a close frame
    within_a_batch = peer(in_port).shake_hands(SUBPROTOCOL).say(V2_KITCHEN_HELLO)
    within_a_batch.socket.sendall(frame(TEXT, b"x" * 100_000)[:50_000])


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


def test_a_hub_stops_whatever_its_peers_do_or_fail_to_do_and_tells_those_that_read() -> None:
    with Hub() as hub, contextlib.ExitStack() as peers:
        difficult_peers(peers, hub.in_port, hub.out_port)
        peers.enter_context(busy_kitchen(hub.in_port))
        # Much waits for the eater that does not read.
        hub.wait_for_err("eater 'e' at .* is slow: its dumplings are dropped")
        reads = [
            peers.enter_context(RawPeer(port)).shake_hands(subprotocol).say(hello)
            for port, subprotocol, hello in (
                (hub.out_port, SUBPROTOCOL, V2_EATER_HELLO),
                (hub.in_port, "", KITCHEN_HELLO),
            )
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
        ends(hub)
        for reader in readers:
            reader.join()
        assert codes == [1001, 1001]


def test_it_takes_no_longer_than_promised_by_its_own_clock() -> None:
    """How long it waits, and for whom, is what may take long: what it does meanwhile is quick."""

    async def stop() -> float:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, HurriedLoop)
        with contextlib.ExitStack() as peers:
            async with DumplingHub(in_port=0, out_port=0) as hub:
                await asyncio.to_thread(difficult_peers, peers, hub.in_port, hub.out_port)
                busy = peers.enter_context(RawPeer(hub.in_port))
                await asyncio.to_thread(lambda: busy.shake_hands().say(KITCHEN_HELLO))
                # More than the eater that does not read is sent before it does.
                for _ in range(40):
                    await asyncio.to_thread(busy.say, dumpling("x" * 200_000))
                loop.hurry()
                began = loop.time()
            return loop.time() - began

    with asyncio.Runner(loop_factory=HurriedLoop) as runner:
        took = runner.run(stop())
    assert 0 < took < SOON


def test_a_hub_that_speaks_tls_stops_too() -> None:
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
        ends(hub)
