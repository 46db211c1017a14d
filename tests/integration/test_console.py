"""``nd-hub``, ``nd-hubstatus`` and ``nd-hubdetails`` as processes; how every command ends."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator

import click
import pytest
from websockets.sync.server import ServerConnection

from support.commands import Command, clean_environment, run
from support.hubs import Hub, dumpling, foreign_hub

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="ends processes by POSIX signals")

ISO_TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"


@pytest.fixture
def hub() -> Iterator[Hub]:
    with Hub() as running:
        yield running


@pytest.fixture
def nobody() -> Iterator[str]:
    """An address where nobody listens: the port is taken, so nobody else can."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{taken.getsockname()[1]}"


# nd-hubstatus


def test_hubstatus_prints_a_line_each_time_where_there_is_no_terminal(hub: Hub) -> None:
    with Command("hubstatus", "-h", hub.for_eaters) as status, hub.kitchen() as kitchen:
        kitchen.send(dumpling(1))
        status.wait_for_out(
            rf"^{ISO_TIME}  up 00:00:\d\d  dumplings in 1  out \d+  kitchens 1  eaters 1"
        )
        assert "\r" not in status.out
        assert "\x1b" not in status.out


def test_hubstatus_waits_for_a_hub_and_says_so(hub: Hub) -> None:
    with Command("hubstatus", "-h", hub.for_eaters) as status:
        status.wait_for_out("dumplings in 0 ")
        hub.stop()
        status.wait_for_out(f"^lost the hub at {hub.for_eaters}, waiting")
        with Hub(hub.in_port, hub.out_port) as again, again.kitchen() as kitchen:
            kitchen.send(dumpling(1))
            status.wait_for_out("dumplings in 1 ")
        assert status.end(signal.SIGTERM) == 0
        assert status.err == ""


@pytest.mark.parametrize("payload", [None, [], "x", 7, {"total_dumplings_in": {"a": []}}])
def test_hubstatus_survives_a_status_that_makes_no_sense(payload: object) -> None:
    def send(eater: ServerConnection) -> None:
        eater.recv()
        eater.send(dumpling(payload, chef="SystemStatusChef", kitchen=None, creation_time=1e300))
        eater.recv()  # until it goes

    with foreign_hub(send) as address, Command("hubstatus", "-h", address) as status:
        status.wait_for_out(r"^1e\+300  up \?  dumplings in \?  out \?  kitchens \?  eaters \?\n")
        assert status.process.poll() is None


def test_hubstatus_survives_a_hub_that_sends_rubbish() -> None:
    def send_rubbish(eater: ServerConnection) -> None:
        eater.recv()
        for message in ("", "[", "[]", b"\xff", "{}", dumpling(1, chef="SystemStatusChef")):
            eater.send(message)
        eater.send(dumpling({"server_uptime": 1}, chef="SystemStatusChef", kitchen=None))
        eater.recv()  # until it goes

    with foreign_hub(send_rubbish) as address, Command("hubstatus", "-h", address) as status:
        status.wait_for_out(r"  up 00:00:01  dumplings in \?")
        assert status.end(signal.SIGTERM) == 0
        assert "Traceback" not in status.err


def test_hubstatus_rewrites_its_line_in_place_on_a_terminal(hub: Hub) -> None:
    terminal, its_side = os.openpty()
    status = subprocess.Popen(
        [sys.executable, "-m", "netdumplings.console.hubstatus", "-h", hub.for_eaters],
        stdout=its_side,
        stderr=its_side,
        env=clean_environment() | {"COLUMNS": "40", "TERM": "xterm"},
    )
    os.close(its_side)
    written = b""
    while written.count(b"  up 00:00:") < 3:
        written += os.read(terminal, 4096)
    status.send_signal(signal.SIGTERM)
    assert status.wait(30) == 0
    os.close(terminal)
    assert b"\n" not in written
    lines = [line for line in written.decode().split("\r") if line.endswith("\x1b[K")]
    assert len(lines) >= 4  # it waited for the hub first
    assert all(len(click.unstyle(line)) == 39 for line in lines[-2:])
    assert all("\x1b[32m" in line for line in lines[-2:])


def test_hubstatus_writes_json_lines_for_scripts(hub: Hub) -> None:
    with Command("hubstatus", "-h", hub.for_eaters, "--json", "--color") as status:
        status.wait_for_out(r"\n.*\n")
        hub.stop()
        status.wait_for_err(f"^lost the hub at {hub.for_eaters}, waiting")
        assert status.end(signal.SIGTERM) == 0
    assert status.err.splitlines()[0] == f"waiting for the hub at {hub.for_eaters}"
    for line in status.out.splitlines():
        ledger = json.loads(line)["ledger"]
        assert ledger["received"] == ledger["taken"] + ledger["duplicates"]
        assert ledger["routed"] == sum(
            ledger[count] for count in ("sent", "filtered_out", "dropped", "waiting")
        )


def test_hubstatus_writes_no_json_that_acts_on_a_terminal() -> None:
    payloads = [{"name": "\x1b[2J\x9b\u202e\u2028ü"}, 1e999, json.loads("[" * 150 + "]" * 150), 7]

    def send_all(eater: ServerConnection) -> None:
        eater.recv()
        for payload in payloads:
            one = dumpling(payload, chef="SystemStatusChef", kitchen=None)
            eater.send(one.replace("Infinity", "1e999"))
        eater.recv()  # until it goes

    with foreign_hub(send_all) as hub, Command("hubstatus", "-h", hub, "--json") as status:
        status.wait_for_out("^7\n")
    lines = status.out.splitlines()
    assert all(line.isascii() and line.isprintable() for line in lines)
    assert [json.loads(line) for line in lines] == [payloads[0], None, 7]
    assert "a status that cannot be shown: payload: nested more than 64 deep\n" in status.err


# nd-hubdetails


def test_hubdetails_prints_one_status_as_json_and_ends(hub: Hub) -> None:
    with hub.kitchen("evil \x1b[2J\u202e") as kitchen:
        kitchen.send(dumpling(1))
        hub.wait_for_eaters()
        done = run("hubdetails", "-h", hub.for_eaters, "-n", "me")
    assert (done.returncode, done.stderr) == (0, "")
    assert all(line.isprintable() for line in done.stdout.split("\n"))
    details = json.loads(done.stdout)
    assert details["dumpling_kitchens"][0]["info_from_kitchen"]["chefs"] == ["tests.TestChef"]
    assert "me" in [one["info_from_eater"]["eater_name"] for one in details["dumpling_eaters"]]


def test_hubdetails_writes_ascii_where_that_is_all_the_output_can_hold(hub: Hub) -> None:
    with hub.kitchen("küche") as kitchen:
        kitchen.send(dumpling(1))
        environment = {"PYTHONIOENCODING": "ascii"}
        done = run("hubdetails", "-h", hub.for_eaters, environment=environment)
    announced = json.loads(done.stdout)["dumpling_kitchens"][0]["info_from_kitchen"]
    assert announced["kitchen_name"] == "küche"
    assert done.stdout.isascii()


def test_hubdetails_without_a_hub_is_one_line_and_status_1(nobody: str) -> None:
    done = run("hubdetails", "-h", nobody)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"nd-hubdetails: no hub at {nobody}: connection refused\n"


def test_hubdetails_of_a_hub_that_goes_away_is_one_line_and_status_1() -> None:
    def go_away(eater: ServerConnection) -> None:
        eater.recv()
        eater.close(1001, "off\x1b[2J")

    with foreign_hub(go_away) as address:
        done = run("hubdetails", "-h", address)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"nd-hubdetails: no hub at {address}: "
        "it went before it sent its status (1001 off\\x1b[2J)\n"
    )


def test_hubdetails_at_the_port_for_kitchens_is_one_line_and_status_1(hub: Hub) -> None:
    done = run("hubdetails", "-h", f"localhost:{hub.in_port}")
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(
        r"nd-hubdetails: no hub at localhost:\d+: .*is that its port for kitchens\?.*\n",
        done.stderr,
    )


# nd-hub


def test_hub_logs_the_ports_it_really_listens_on(hub: Hub) -> None:
    for port in (hub.in_port, hub.out_port):
        assert port > 0
        socket.create_connection(("localhost", port)).close()


@pytest.mark.parametrize("which", ["-i", "-o"])
def test_hub_whose_port_is_taken_is_one_line_and_status_1(hub: Hub, which: str) -> None:
    done = run("hub", "-i", "0", "-o", "0", which, str(hub.in_port))
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(rf"nd-hub: cannot listen on localhost:{hub.in_port}: .*\n", done.stderr), (
        done.stderr
    )


# All of them


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize(
    ("module", "ready"), [("print", "connected to the hub"), ("hubstatus", "dumplings in")]
)
def test_a_signal_ends_a_connected_command_cleanly(
    module: str, ready: str, number: signal.Signals, hub: Hub
) -> None:
    with Command(module, "-h", hub.for_eaters) as command:
        command.wait_for_any(ready)
        assert command.end(number) == 0
        assert "Traceback" not in command.err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize(
    ("module", "ready"), [("print", "will keep trying"), ("hubstatus", "waiting for the hub")]
)
def test_a_signal_ends_a_waiting_command_cleanly(
    module: str, ready: str, number: signal.Signals, nobody: str
) -> None:
    with Command(module, "-h", nobody) as command:
        command.wait_for_any(ready)
        assert command.end(number) == 0
        assert "Traceback" not in command.err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_hubdetails_while_it_waits_for_a_status(number: signal.Signals) -> None:
    greeted = threading.Event()

    def say_nothing(eater: ServerConnection) -> None:
        eater.recv()
        greeted.set()
        for _ in eater:  # until it goes
            pass

    with foreign_hub(say_nothing) as address, Command("hubdetails", "-h", address) as command:
        assert greeted.wait(30)
        assert command.end(number) == 0
        assert (command.out, command.err) == ("", "")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_hub_cleanly(number: signal.Signals, hub: Hub) -> None:
    with hub.kitchen() as kitchen:
        kitchen.send(dumpling(1))
        assert hub.end(number) == 0
    assert "Traceback" not in hub.err


@pytest.mark.parametrize(
    ("module", "arguments"),
    [
        ("hub", ["--in-port", "65536"]),
        ("hub", ["--status-freq", "0"]),
        ("hub", ["--unknown"]),
        ("print", ["--hub", "nowhere"]),
        ("print", ["--eater-name", "x" * 300]),
        ("print", ["an argument"]),
        ("hubstatus", ["-h", "http://localhost:11348"]),
        ("hubdetails", ["-h", "localhost:0"]),
        ("hubdetails", ["--log-level", "loud"]),
    ],
)
def test_a_wrong_command_line_is_one_line_and_status_2(module: str, arguments: list[str]) -> None:
    done = run(module, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(rf"nd-{module}: .*; see nd-{module} --help\n", done.stderr), done.stderr
