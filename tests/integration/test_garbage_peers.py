"""Peers that mean no good, while a good kitchen and a good eater go on."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import connect

from netdumplings.transport.open_files import allow_open_files
from netdumplings.wire import SUBPROTOCOL
from support.hubs import Hub, dumpling
from support.raw_peers import (
    BINARY,
    CLOSE,
    CONTINUATION,
    HANDSHAKE,
    PATIENCE,
    PING,
    PONG,
    TEXT,
    RawPeer,
    frame,
)

MIB = 1024 * 1024
KITCHEN_HELLO = '{"kitchen_name": "garbage"}'
EATER_HELLO = '{"eater_name": "garbage"}'


@pytest.fixture
def hub() -> Iterator[Hub]:
    with Hub() as hub:
        yield hub


@pytest.fixture
def patient_hub() -> Iterator[Hub]:
    """One that nobody is sent away by for saying nothing so long, however slow the machine is."""
    with Hub(0, 0, "--hello-timeout", "600") as hub:
        yield hub


@contextmanager
def others_served(hub: Hub, name: str = "good") -> Iterator[None]:
    """See to it that each dumpling of a good kitchen reaches a good eater meanwhile, in order."""
    over, done = threading.Event(), threading.Event()
    sent: list[str] = []
    eaten: list[str | bytes] = []
    last = dumpling("last", kitchen=name)

    def cook() -> None:
        while not over.wait(0.002):
            sent.append(dumpling(len(sent), kitchen=name))
            source.send(sent[-1])
        source.send(last)

    def eat() -> None:
        # It reads on until it is closed, or the closing would have to wait behind the others'.
        for text in eater:
            if text == last:
                done.set()
            elif f'"kitchen": "{name}"' in str(text):
                eaten.append(text)

    with (
        connect(f"ws://localhost:{hub.out_port}", compression=None, proxy=None) as eater,
        hub.kitchen(name) as source,
    ):
        eater.send(EATER_HELLO)
        assert eater.ping().wait(PATIENCE)
        threads = [threading.Thread(target=cook), threading.Thread(target=eat)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            over.set()
            threads[0].join()
            served = done.wait(PATIENCE)
            eater.close()
            threads[1].join()
    assert served
    assert eaten == sent


def peak_memory(hub: Hub) -> int:
    """The most memory the hub has had so far, in bytes."""
    if sys.platform != "linux":
        pytest.skip("only Linux tells the peak of another process's memory")
    status = Path(f"/proc/{hub.process.pid}/status").read_text()
    found = re.search(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)
    assert found
    return int(found[1]) * 1024


def open_many_files() -> None:
    """Make sure that this process may, too."""
    if allow_open_files(3000) < 3000:
        pytest.skip("this system does not allow a process to open 3000 files")


def refusals(hub: Hub) -> list[str]:
    """Stop the hub, so that it has nothing more to say; return what it said about refusals."""
    hub.stop()
    return [line for line in hub.err.splitlines() if "refused" in line]


BROKEN_FRAMES = {
    "compressed, though nobody agreed on it": frame(TEXT, b"{}", reserved=4),
    "with other reserved bits": frame(TEXT, b"{}", reserved=3),
    "of an unknown kind": frame(5, b"{}"),
    "not masked": b"\x81\x02{}",
    "a ping that is too long": frame(PING, bytes(126)),
    "a ping in pieces": frame(PING, b"x", fin=False),
    "the rest of nothing": frame(CONTINUATION, b"x"),
    "a new message within another": frame(TEXT, b"{", fin=False) + frame(TEXT, b"}"),
    "a close frame of one byte": frame(CLOSE, b"x"),
    "a close frame with a code that cannot be": frame(CLOSE, b"\0\0"),
}


@pytest.mark.parametrize("data", BROKEN_FRAMES.values(), ids=BROKEN_FRAMES)
@pytest.mark.parametrize("port", ["in_port", "out_port"])
def test_frames_that_break_the_protocol_end_their_connection_with_one_log_line(
    shared_hub: Hub, port: str, data: bytes
) -> None:
    with others_served(shared_hub), RawPeer(getattr(shared_hub, port)) as culprit:
        culprit.shake_hands()
        culprit.socket.sendall(data)
        assert culprit.close_code() == 1002


@pytest.fixture(scope="module")
def shared_hub() -> Iterator[Hub]:
    """For tests that do not look at its log."""
    with Hub() as hub:
        yield hub


NO_WEBSOCKETS = {
    "nothing": b"",
    "HTTP": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "HTTP with a body": b"POST / HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n" + bytes(1_000_000),
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
    "a line without end": b"GET /" + b"x" * 1_000_000,
    "headers without end": b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 100_000,
    "a long header": b"GET / HTTP/1.1\r\nX: " + b"y" * 1_000_000,
    "frames without a handshake": frame(PING) * 10_000,
}


@pytest.mark.parametrize("data", NO_WEBSOCKETS.values(), ids=NO_WEBSOCKETS)
def test_what_is_no_websocket_is_turned_away(shared_hub: Hub, data: bytes) -> None:
    with others_served(shared_hub), RawPeer(shared_hub.in_port) as culprit:
        culprit.send_until_cut(data, 1)
        with contextlib.suppress(OSError):
            culprit.socket.shutdown(socket.SHUT_WR)
        assert not culprit.ending().startswith(b"HTTP/1.1 101 ")


@pytest.mark.parametrize("port", ["in_port", "out_port"])
def test_a_hello_of_100_mib_is_refused_before_it_is_read(hub: Hub, port: str) -> None:
    with others_served(hub), RawPeer(getattr(hub, port)) as culprit:
        before = peak_memory(hub)
        culprit.shake_hands()
        culprit.socket.sendall(frame(TEXT, length=100 * MIB))
        # It need not see the end of it to know.
        assert culprit.close_code() == 1009
        culprit.send_until_cut(bytes(MIB), 100)
        assert peak_memory(hub) - before < 16 * MIB
    assert len(refusals(hub)) == 1


def test_a_hello_that_is_said_in_ever_so_many_pieces_is_refused(hub: Hub) -> None:
    piece = frame(CONTINUATION, b" " * 1000, fin=False)
    with others_served(hub), RawPeer(hub.in_port) as culprit:
        culprit.shake_hands().socket.sendall(frame(TEXT, b"{", fin=False))
        culprit.send_until_cut(piece, 200)
        assert culprit.close_code() == 1009
    [line] = refusals(hub)
    assert "a first message over 16384 bytes long (close code 1009)" in line


@pytest.mark.parametrize("hello", ["", KITCHEN_HELLO], ids=["before its hello", "after it"])
def test_a_million_fragments_are_refused_when_there_are_too_many(hub: Hub, hello: str) -> None:
    with others_served(hub), RawPeer(hub.in_port) as culprit:
        before = peak_memory(hub)
        culprit.shake_hands()
        if hello:
            culprit.say(hello)
        culprit.socket.sendall(frame(TEXT, fin=False))
        culprit.send_until_cut(frame(CONTINUATION, fin=False) * 10_000, 100)
        assert culprit.close_code() in (1009, 1006)
        assert peak_memory(hub) - before < 16 * MIB
    [line] = refusals(hub)
    assert "a message of over 1024 frames (close code 1009)" in line


@pytest.mark.parametrize("opcode", [PING, PONG], ids=["pings", "pongs"])
@pytest.mark.parametrize(
    ("port", "hello"),
    [("in_port", KITCHEN_HELLO), ("out_port", EATER_HELLO)],
    ids=["kitchen", "eater"],
)
def test_a_million_pings_are_refused_when_there_are_too_many(
    hub: Hub, port: str, hello: str, opcode: int
) -> None:
    with others_served(hub), RawPeer(getattr(hub, port)) as culprit:
        before = peak_memory(hub)
        culprit.shake_hands().say(hello)
        culprit.send_until_cut(frame(opcode) * 10_000, 100)
        culprit.ending()
        assert peak_memory(hub) - before < 16 * MIB
    [line] = refusals(hub)
    assert "over 1000 pings within 10 seconds (close code 1008)" in line


def test_pings_of_a_peer_that_does_not_read_the_answers_do_not_fill_the_hub(hub: Hub) -> None:
    # It sends as many dumplings as pings, so the pings alone are not too many.
    bite = (frame(PING, bytes(125)) + frame(TEXT, dumpling("?").encode())) * 100
    with others_served(hub), RawPeer(hub.in_port, receive_buffer=4096) as culprit:
        before = peak_memory(hub)
        culprit.shake_hands().say(KITCHEN_HELLO)
        times = 10_000
        assert culprit.send_until_cut(bite, times) < times
        assert peak_memory(hub) - before < 16 * MIB
    [line] = refusals(hub)
    assert "it does not read what it is answered (close code 1008)" in line


def test_welcomes_that_a_kitchen_does_not_read_do_not_fill_the_hub_either(hub: Hub) -> None:
    hello = {
        "type": "hello",
        "session": "0123456789abcdef" * 2,
        "first": 1,
        "announcement": {"kitchen_name": "garbage"},
    }
    bite = frame(TEXT, json.dumps(hello).encode()) * 1000
    with others_served(hub), RawPeer(hub.in_port, receive_buffer=4096) as culprit:
        before = peak_memory(hub)
        culprit.shake_hands(SUBPROTOCOL)
        times = 1000
        assert culprit.send_until_cut(bite, times) < times
        assert peak_memory(hub) - before < 16 * MIB
    [line] = refusals(hub)
    assert "it does not read what it is answered (close code 1008)" in line


@pytest.mark.parametrize("port", ["in_port", "out_port"])
def test_thousands_of_connections_that_say_nothing_keep_nobody_out(
    patient_hub: Hub, port: str
) -> None:
    hub = patient_hub
    open_many_files()
    with others_served(hub), contextlib.ExitStack() as idle:
        before = peak_memory(hub)
        peers = [idle.enter_context(RawPeer(getattr(hub, port))) for _ in range(2500)]
        with others_served(hub, "late"):  # who comes now is served as well
            pass
        # The first to come were the first to go.
        for peer in peers[:1400]:
            assert peer.ending() == b""
        peers[-1].shake_hands()
        assert peak_memory(hub) - before < 32 * MIB
    lines = refusals(hub)
    assert "too many connections wait to say hello" in lines[0]
    assert "more connections of 127.0.0.1" in lines[-1]
    assert len(lines) <= 11


def test_web_sockets_that_say_nothing_keep_nobody_out_either(patient_hub: Hub) -> None:
    hub = patient_hub
    open_many_files()
    with others_served(hub), contextlib.ExitStack() as idle:
        peers = [idle.enter_context(RawPeer(hub.out_port).shake_hands()) for _ in range(1500)]
        with others_served(hub, "late"):
            pass
        for peer in peers[:400]:
            assert peer.close_code() == 4003
    assert len(refusals(hub)) <= 11


def test_connections_that_break_in_mid_frame_leave_nothing_behind(hub: Hub) -> None:
    half = frame(TEXT, dumpling("x" * 100_000).encode())[:50_000]
    before = None
    with others_served(hub):
        for _ in range(5):
            with contextlib.ExitStack() as broken:
                for _ in range(50):
                    peer = broken.enter_context(RawPeer(hub.in_port))
                    peer.shake_hands().say(KITCHEN_HELLO).socket.sendall(half)
            # The second round needs no more memory than the first.
            before = before or peak_memory(hub)
        assert peak_memory(hub) - before < 8 * MIB
    hub.stop()
    # Each came and went; the good kitchen did, too.
    [more] = re.findall(r"(\d+) more comings and goings of 127.0.0.1 within 60", hub.err)
    assert len(re.findall("kitchen .* (?:is here|has gone)", hub.err)) + int(more) == 502
    assert "refused" not in hub.err


def test_refusals_without_end_are_a_few_lines_in_the_log(hub: Hub) -> None:
    with others_served(hub):
        for n in range(300):
            with RawPeer(hub.in_port) as culprit:
                if n % 3 == 0:
                    culprit.socket.sendall(b"SSH-2.0-scanner\r\n")
                elif n % 3 == 1:
                    culprit.shake_hands().say("no JSON")
                else:
                    culprit.shake_hands().socket.sendall(frame(BINARY, b"x"))
                culprit.socket.recv(1)  # it has been answered, or cut
    lines = refusals(hub)
    assert lines[-1].endswith("refused 290 more connections of 127.0.0.1 within 60 seconds")
    assert len(lines) == 11


def test_more_peers_than_the_hub_takes_are_answered_503_and_those_it_has_are_served() -> None:
    with (
        Hub(0, 0, "--max-connections", "20") as hub,
        others_served(hub),
        contextlib.ExitStack() as many,
    ):
        for _ in range(19):
            peer = many.enter_context(RawPeer(hub.out_port))
            peer.shake_hands().say(EATER_HELLO)
        while hub.err.count("eater 'garbage' at ") < 20:
            time.sleep(0.01)
        for _ in range(50):
            with RawPeer(hub.out_port) as peer:
                peer.socket.sendall(HANDSHAKE)
                assert peer.ending().startswith(b"HTTP/1.1 503 ")
        # There is room for kitchens.
        many.enter_context(RawPeer(hub.in_port)).shake_hands().say(KITCHEN_HELLO)
        hub.wait_for_err("kitchen 'garbage' .* is here")
    assert "the hub has 20 peers on this port, its limit (--max-connections)" in hub.err


def test_an_eater_that_reads_nothing_is_cut_and_counted_and_the_others_go_on() -> None:
    # The good eater is sent all of that, too, and may take its time.
    options = ("--write-deadline", "0.3", "--eater-buffer", str(64 * MIB))
    with Hub(0, 0, *options) as hub, others_served(hub):
        with RawPeer(hub.out_port, receive_buffer=4096) as culprit, hub.kitchen("much") as source:
            culprit.shake_hands().say(EATER_HELLO)
            hub.wait_for_err("eater 'garbage' at ")
            while "it has read nothing for 0.3 seconds (close code 1008)" not in hub.err:
                source.send(dumpling("x" * (MIB // 2), kitchen="much"))
                time.sleep(0.01)
        with connect(f"ws://localhost:{hub.out_port}", compression=None, proxy=None) as eater:
            eater.send(EATER_HELLO)
            status: dict[str, Any] = {}
            while "refused" not in status:
                payload = json.loads(eater.recv(PATIENCE))["payload"]
                status = payload if isinstance(payload, dict) else {}
            assert status["refused"] == {"does not read": 1}
