"""``nd-up``: everything on one host, from one command, ended by one Ctrl-C."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from websockets.sync.client import connect

from support.commands import Command, clean_environment, run
from support.packets import arp, dns_query, write_pcap

FREE_PORTS = ("--in-port", "0", "--out-port", "0")


@pytest.fixture
def capture(tmp_path: Path) -> str:
    return str(write_pcap(tmp_path / "two.pcap", arp(), dns_query("a.example")))


def test_a_capture_is_printed_and_then_it_ends(capture: str) -> None:
    done = run("up", *FREE_PORTS, "--read", capture, "--no-color")
    assert done.returncode == 0, done.stderr
    assert "[packet] ARPChef from default_kitchen" in done.stdout
    assert '"hostname": "a.example"' in done.stdout
    # The interval dumplings of start-up and of the end.
    assert done.stdout.count("[interval] PacketCountChef") == 2
    assert "\x1b" not in done.stdout


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_one_signal_ends_it_all_cleanly(capture: str, by: signal.Signals) -> None:
    with Command("up", *FREE_PORTS, "--read", capture, "--loop", "--speed", "1") as up:
        up.wait_for_out("DNSLookupChef from default_kitchen")
        assert up.end(by) == 0
        assert "Traceback" not in up.err
        assert "hub has stopped" in up.err


def test_other_eaters_may_join(capture: str) -> None:
    with Command("up", *FREE_PORTS, "--read", capture, "--loop", "--no-print") as up:
        out_port = up.wait_for_err(r"nd-print --hub localhost:(\d+)")[1]
        with connect(f"ws://localhost:{out_port}", proxy=None) as eater:
            eater.send(json.dumps({"eater_name": "guest"}))
            assert json.loads(eater.recv(30))["metadata"]["kitchen"] in ("default_kitchen", None)
        assert up.end(signal.SIGINT) == 0
        assert up.out == ""


def test_a_wrong_option_leaves_nothing_running(capture: str) -> None:
    done = run("up", *FREE_PORTS, "--read", capture, "-c", "NoSuchChef")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("nd-up: there is no chef 'NoSuchChef'")
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="setpriv takes the right to sniff away")
def test_the_demo_replays_a_generated_capture_where_it_may_not_sniff() -> None:
    command = ["setpriv", "--bounding-set=-net_raw,-net_admin",
               "--inh-caps=-net_raw,-net_admin", sys.executable, "-m", "netdumplings.console.up",
               *FREE_PORTS, "--demo"]  # fmt: skip
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=clean_environment(),
    ) as up:
        assert up.stderr
        assert up.stdout
        said = up.stderr.readline()
        assert "not allowed to sniff" in said
        assert "a generated capture is replayed instead" in said
        seen = ""
        while not ("DNSLookupChef" in seen and "ARPChef" in seen):
            seen += up.stdout.readline()
        up.send_signal(signal.SIGINT)
        up.communicate(timeout=30)
        assert up.returncode == 0
