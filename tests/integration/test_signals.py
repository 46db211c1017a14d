"""Every command ends by every signal that is to end it, whatever it does, and leaves nothing."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import struct
import sys
import termios
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from subprocess import DEVNULL, Popen
from typing import BinaryIO

import pytest
from websockets.sync.client import connect
from websockets.sync.server import ServerConnection

from support.commands import PATIENCE, Command, clean_environment, run
from support.hubs import Hub, foreign_hub
from support.packets import arp, dns_query, write_pcap
from support.processes import descendants, is_there
from support.recordings import line

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it looks into proc(5)")

SIGNALS = [signal.SIGTERM, signal.SIGINT, signal.SIGHUP]
#: Waits for a command to be in the state that it is to be ended in.
Wait = Callable[[Command], object]


@pytest.fixture
def capture(tmp_path: Path) -> str:
    return str(write_pcap(tmp_path / "two.pcap", arp(), dns_query("a.example")))


@pytest.fixture
def nobody() -> str:
    """An address where there is no hub."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return f"127.0.0.1:{sock.getsockname()[1]}"


def end_by_each_signal(arguments: list[str], wait: Wait, status: int) -> list[Command]:
    """Start a command once for each signal, and have it end by that.

    Args:
        arguments: the command's module, and its arguments.
        wait: waits until it is time.
        status: the exit status it is to have.
    """
    with ExitStack() as stack:
        commands = [stack.enter_context(Command(*arguments)) for _ in SIGNALS]
        processes = []
        for command in commands:
            wait(command)
            processes.append(list(descendants(command.process.pid)))
        for command, number in zip(commands, SIGNALS, strict=True):
            command.process.send_signal(number)
        for command, number, left in zip(commands, SIGNALS, processes, strict=True):
            assert command.end() == status, (number, command.err)
            assert not any(is_there(pid) for pid in left), number
            assert "Traceback" not in command.err
        return commands


@pytest.mark.parametrize("module", ["print", "hubstatus"])
def test_an_eater_that_waits_for_a_hub_ends(module: str, nobody: str) -> None:
    end_by_each_signal(
        [module, "-h", nobody],
        lambda command: command.wait_for_any("will keep trying|waiting for the hub"),
        0,
    )


@pytest.mark.parametrize("module", ["print", "hubstatus", "hubdetails"])
def test_an_eater_that_has_a_hub_ends(module: str) -> None:
    greeted = threading.Semaphore(0)

    def be_a_silent_hub(peer: ServerConnection) -> None:
        peer.recv()
        greeted.release()
        for _ in peer:  # until it goes
            pass

    with foreign_hub(be_a_silent_hub) as address:
        # All three were started; each has said its name before the first is ended.
        waited: list[bool] = []

        def wait(_command: Command) -> None:
            while len(waited) < len(SIGNALS):
                waited.append(greeted.acquire(timeout=PATIENCE))

        end_by_each_signal([module, "-h", address], wait, 0)
    assert all(waited)


def test_a_kitchen_that_waits_for_a_hub_ends_and_says_what_is_lost(
    capture: str, nobody: str, tmp_path: Path
) -> None:
    path = tmp_path / "chefs.py"
    # By its second interval what it made in the first waits for the hub, and can be lost.
    path.write_text(
        "import sys\nfrom netdumplings import DumplingChef\n\n"
        "class PunctualChef(DumplingChef):\n"
        "    def interval_handler(self, interval=None):\n"
        "        print('one more', file=sys.stderr, flush=True)\n"
        "        return 'dumpling'\n"
    )

    def wait(command: Command) -> None:
        command.wait_for_err("will keep trying")
        command.wait_for_err("(?s)one more.*one more")

    options = ["--read", capture, "--loop", "--speed", "1", "--poke-interval", "0.1"]
    ended = end_by_each_signal(
        ["sniff", *options, "-m", str(path), "-h", nobody],
        wait,
        1,
    )
    for kitchen in ended:
        assert "dumplings are lost: the hub at" in kitchen.err


def test_a_kitchen_that_writes_to_standard_output_ends(capture: str) -> None:
    options = ["--read", capture, "--loop", "--speed", "1", "--stdout"]
    end_by_each_signal(["sniff", *options], lambda command: command.wait_for_out("lookup"), 0)


def test_nd_up_ends(capture: str) -> None:
    options = ["--read", capture, "--loop", "--speed", "1", "--in-port", "0", "--out-port", "0"]
    end_by_each_signal(["up", *options], lambda command: command.wait_for_out("DNSLookupChef"), 0)


def test_a_chef_that_never_returns_does_not_keep_a_kitchen(capture: str, tmp_path: Path) -> None:
    path = tmp_path / "chefs.py"
    path.write_text(
        "import sys, time\nfrom netdumplings import DumplingChef\n\n"
        "class EndlessChef(DumplingChef):\n"
        "    def packet_handler(self, packet):\n"
        "        print('for ever', file=sys.stderr, flush=True)\n"
        "        while True:\n"
        "            try:\n"
        "                time.sleep(0.1)\n"
        "            except BaseException:\n"
        "                pass\n"
    )
    options = ["--read", capture, "-m", str(path), "--stdout"]
    ended = end_by_each_signal(
        ["sniff", *options], lambda command: command.wait_for_err("for ever"), 1
    )
    for kitchen in ended:
        assert "EndlessChef" in kitchen.err


def test_a_hub_ends_and_says_goodbye() -> None:
    for number in SIGNALS:
        with Hub() as hub, connect(f"ws://localhost:{hub.out_port}", proxy=None) as eater:
            eater.send(json.dumps({"eater_name": "one"}))
            assert eater.ping().wait(PATIENCE)
            assert hub.end(number) == 0
            for _ in eater:
                pass
            assert eater.protocol.close_code == 1001
            assert "Traceback" not in hub.err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_whoever_does_not_read_keeps_nobody_from_ending(tmp_path: Path, number: int) -> None:
    path = tmp_path / "many.jsonl"
    path.write_bytes(b"\n".join([line("x" * 500)] * 500))
    out, into = os.pipe()
    with Hub() as hub, os.fdopen(out, "rb") as pipe:
        assert run("replay", str(path), "-h", f"localhost:{hub.in_port}").returncode == 0
        arguments = ["-h", hub.for_eaters, "--last", "500"]
        with Popen(
            [sys.executable, "-m", "netdumplings.console.print", *arguments],
            stdout=into, stderr=DEVNULL, env=clean_environment(),
        ) as process:  # fmt: skip
            os.close(into)
            try:
                # Until it is full, and the next line finds no room: of a page some may be left.
                full = fcntl.fcntl(pipe, fcntl.F_GETPIPE_SZ)
                deadline, before = time.monotonic() + PATIENCE, -1
                while (now := waiting_in(pipe)) < full // 2 or now > before:
                    assert time.monotonic() < deadline
                    time.sleep(0.05)
                    before = now
                process.send_signal(number)
                assert process.wait(PATIENCE) == 0
            finally:
                process.kill()


def waiting_in(pipe: BinaryIO) -> int:
    """How many bytes nobody has read."""
    (many,) = struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, b"\0" * 4))
    return int(many)
