"""A chef that takes its process with it is named, and the others go on without it."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.commands import Command, run
from support.network import Cable, inside, why_not
from support.packets import arp, write_pcap
from support.processes import children, is_there

REASON = why_not()
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="two processes are Linux's")
needs_namespaces = [
    pytest.mark.skipif(REASON is not None, reason=str(REASON)),
    pytest.mark.netns,
]

CHEFS = """
import ctypes, os, re, signal, sys, time
from netdumplings import DumplingChef

class DeadlyChef(DumplingChef):
    def packet_handler(self, packet):
        text = bytes(packet)
        if b"exit" in text:
            os._exit(3)
        if b"kill" in text:
            os.kill(os.getpid(), signal.SIGKILL)
        if b"hold" in text:
            # Not one other thread gets to run until this is done, in some thousands of years.
            re.match("(a+)+$", "a" * 60 + "b")
        if b"sleep" in text:
            ctypes.PyDLL(None).sleep(1_000_000)  # likewise

class SimpleChef(DumplingChef):
    def packet_handler(self, packet):
        return bytes(packet)[42:].decode()
"""


@pytest.fixture
def cable() -> Iterator[Cable]:
    with Cable() as cable:
        yield cable


@pytest.fixture
def chefs(tmp_path: Path) -> str:
    path = tmp_path / "chefs.py"
    path.write_text(CHEFS)
    return str(path)


def up(cable: Cable, chefs: str, *options: str) -> Command:
    """A hub and a kitchen at the left end of the cable."""
    return Command(
        "up", "-i", "eth0", "-f", "udp port 5005", "--in-port", "0", "--out-port", "0",
        "--status-freq", "0.2", "-m", chefs, *options, prefix=inside(cable.left),
    )  # fmt: skip


def statuses(cable: Cable, kitchen: Command) -> Command:
    """Print what the hub says of itself that has begun anew with its kitchen."""
    address = kitchen.wait_for_err(r"begins anew[\s\S]*nd-print --hub (localhost:\d+)")[1]
    return Command("print", "--hub", address, "-c", "SystemStatusChef", prefix=inside(cable.left))


class TestLive:
    pytestmark = needs_namespaces

    @pytest.mark.parametrize(
        ("text", "how"),
        [
            ("exit", "it ended the process with status 3"),
            ("kill", "its process was ended by SIGKILL, as by a system that is out of memory"),
        ],
    )
    def test_what_ends_the_process_is_named_and_left_out(
        self, text: str, how: str, cable: Cable, chefs: str
    ) -> None:
        with up(cable, chefs) as kitchen:
            kitchen.wait_for_err("sniffs on eth0")
            cable.send_udp("one")
            kitchen.wait_for_out('"one"')
            [before] = children(kitchen.process.pid)
            cable.send_udp(text)
            kitchen.wait_for_err(f"chef DeadlyChef: {how}; the kitchen begins anew without")
            # The status dumpling tells of it, and the other chef goes on.
            with statuses(cable, kitchen) as status:
                status.wait_for_out(rf'"quarantined": {{\s*"DeadlyChef": "[^"]*{how}')
            cable.send_udp("two")
            kitchen.wait_for_out('"two"')
            with statuses(cable, kitchen) as status:
                status.wait_for_out(r'"UDP": \[\s*[1-9]\d*,\s*[1-9]\d*\s*\]')
                status.wait_for_out(r'"behind": \d')
            cable.send_udp(text)
            kitchen.wait_for_out(f'"{text}"')
            [after] = children(kitchen.process.pid)
            assert before != after
            assert kitchen.end(signal.SIGINT) == 0
        assert not is_there(before)
        assert not is_there(after)

    def test_what_lets_no_thread_run_is_named_and_its_process_ended(
        self, cable: Cable, chefs: str
    ) -> None:
        with up(cable, chefs, "--chef-budget", "4") as kitchen:
            kitchen.wait_for_err("sniffs on eth0")
            cable.send_udp("hold")
            kitchen.wait_for_err("chef DeadlyChef has not returned for .* keeps all of the kitchen")
            kitchen.wait_for_err("chef DeadlyChef: it did not return for .* begins anew without")
            cable.send_udp("afterwards")
            kitchen.wait_for_out('"afterwards"')
            assert kitchen.end(signal.SIGTERM) == 0

    def test_what_lets_no_thread_run_can_be_ended_by_a_signal(
        self, cable: Cable, chefs: str
    ) -> None:
        with up(cable, chefs) as kitchen:
            kitchen.wait_for_err("sniffs on eth0")
            [cooking] = children(kitchen.process.pid)
            cable.send_udp("sleep")
            kitchen.wait_for_err("chef DeadlyChef has not returned")
            assert kitchen.end(signal.SIGTERM) == 1
            kitchen.wait_for_err("chef DeadlyChef: it did not end when it was told to")
        assert not is_there(cooking)


def test_a_replay_that_a_chef_ends_names_it_and_fails(tmp_path: Path) -> None:
    path = tmp_path / "deadly.py"
    path.write_text(
        "import os\nfrom netdumplings import DumplingChef\n\n"
        "class DeadlyChef(DumplingChef):\n"
        "    def packet_handler(self, packet):\n        os._exit(0)\n"
    )
    capture = write_pcap(tmp_path / "one.pcap", arp())
    done = run("sniff", "--read", str(capture), "-m", str(path), "--stdout")
    assert done.returncode == 1
    assert "chef DeadlyChef: it ended the process with status 0" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_module_that_ends_the_process_is_said_to_while_it_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "deadly.py"
    path.write_text("import os\nos._exit(0)\n")
    capture = write_pcap(tmp_path / "one.pcap", arp())
    done = run("sniff", "--read", str(capture), "-m", str(path), "--stdout")
    assert done.returncode == 1
    assert "it ended the process with status 0, while loading chefs" in done.stderr


def test_loading_chefs_can_be_ended_by_a_signal(tmp_path: Path) -> None:
    path = tmp_path / "slow.py"
    path.write_text(
        "import sys, time\nprint('loading', file=sys.stderr, flush=True)\ntime.sleep(1000)\n"
    )
    capture = write_pcap(tmp_path / "one.pcap", arp())
    with Command("sniff", "--read", str(capture), "-m", str(path), "--stdout") as kitchen:
        kitchen.wait_for_err("loading")
        [loading] = children(kitchen.process.pid)
        assert kitchen.end(signal.SIGTERM) == 0
    assert not is_there(loading)
