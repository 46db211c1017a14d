"""What commands show on a real terminal, and what they write for scripts."""

from __future__ import annotations

import json
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.sync.server import ServerConnection

from netdumplings.console.fleet import HubStatus
from netdumplings.console.past import statuses_of
from netdumplings.transport import HubAccess, HubAddress
from support.commands import Command, run
from support.hubs import Hub, counting_kitchen, dumpling, foreign_hub
from support.terminal import Terminal, needs_tmux

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="ends processes by POSIX signals")

EVIL = "\x1b[2J\x1b]0;owned\x07[red]\u202e\u2028"


@pytest.fixture
def hub() -> Iterator[Hub]:
    with Hub() as running:
        yield running


@needs_tmux
def test_hubstatus_shows_below_its_line_what_each_kitchen_does_and_loses(
    hub: Hub, tmp_path: Path
) -> None:
    with (
        counting_kitchen(hub, f"lossy {EVIL}") as lossy,
        counting_kitchen(hub, "well") as well,
        Terminal(tmp_path, "hubstatus", "-h", hub.for_eaters) as terminal,
    ):
        terminal.wait_for(r"^kitchen +lost +packets/s")
        well.tell(packets_received=3, packets_handled=3)
        lossy.tell(packets_received=1, packets_handled=1)
        lossy.tell(packets_received=100, packets_handled=60, packets_dropped_by_kernel=40)
        screen = terminal.wait_for(r"kernel lost 40|LOSING")
        assert re.match(
            r"\S .*\n(.*\n)*?20\d\d-\d\d-\d\dT\S+Z  up 00:00:\d\d  dumplings in", screen
        )
        [first, second] = re.findall(r"^kitchen.*\n(.*)\n(.*)$", screen, re.MULTILINE)[0]
        assert first.startswith(r"lossy \x1b[2J")
        assert second.startswith("well  ")
        terminal.resize(60, 5)
        terminal.wait_for(r"\A20\d\d-.*\nkitchen.*\n(lossy|and 2 more)")
        terminal.resize(80, 24)
        hub.stop()
        terminal.wait_for(r"^lost the hub at localhost:\d+, waiting")
        assert "lossy" not in terminal.screen()
        with Hub(hub.in_port, hub.out_port) as again, counting_kitchen(again, "new"):
            terminal.wait_for(r"^new  ")
            terminal.keys("C-c")
            left = terminal.wait_for(r"^status=0$")
            assert left.index("\nnew") < left.index("\nstatus=0")


@needs_tmux
def test_hubstatus_knows_what_was_before_it_came(hub: Hub, tmp_path: Path) -> None:
    address = HubAddress.parse(hub.for_eaters)
    with counting_kitchen(hub, "before"):
        told: list[HubStatus] = []
        while not told or not told[-1].kitchens:
            told = statuses_of(address, HubAccess(address))
    with Terminal(tmp_path, "hubstatus", "-h", hub.for_eaters) as terminal:
        terminal.wait_for(r"^before .* gone \d")


@needs_tmux
def test_hubstatus_has_no_colors_where_they_are_not_wanted(hub: Hub, tmp_path: Path) -> None:
    environment = {"NO_COLOR": "1"}
    with (
        counting_kitchen(hub, "lossy", counts={"packets_dropped_by_kernel": 7}),
        Terminal(tmp_path, "hubstatus", "-h", hub.for_eaters, environment=environment) as terminal,
    ):
        terminal.wait_for("kernel lost 7")
        assert "\x1b[" not in terminal.screen(with_colors=True)


def test_print_writes_dumplings_as_lines_of_json_for_scripts(hub: Hub) -> None:
    payloads = [{"a": [1, 2.5, None, EVIL, "ü"]}, "text", 7, {}]
    sent = [dumpling(payload, chef=EVIL, kitchen="k") for payload in payloads]
    arguments = ("-h", hub.for_eaters, "--json", "--color", "-k", "k")
    with Command("print", *arguments) as printer, hub.kitchen() as kitchen:
        hub.wait_for_eaters("printereater")
        for one in sent:
            kitchen.send(one)
        printer.wait_for_out(r'"payload": \{\}\}$')
        assert printer.end(signal.SIGTERM) == 0
    lines = printer.out.splitlines()
    assert [json.loads(line) for line in lines] == [json.loads(one) for one in sent]
    assert all(line.isascii() and line.isprintable() for line in lines)


def test_print_passes_on_what_it_does_not_know_as_it_came(hub: Hub) -> None:
    one = (
        '{"metadata":\t{"chef": "C", "creation_time": 1.50, "driver": "packet",\n\r "kitchen":'
        ' "\\u001b\x9bü", "more": 1E3}, "payload": 1.0e2}'
    )
    with Command("print", "-h", hub.for_eaters, "--json", "-c", "C") as printer:
        hub.wait_for_eaters("printereater")
        with hub.kitchen() as kitchen:
            kitchen.send(one)
            printer.wait_for_out("\n")
    assert printer.out == (
        '{"metadata": {"chef": "C", "creation_time": 1.50, "driver": "packet",   "kitchen":'
        ' "\\u001b\\u009b\\u00fc", "more": 1E3}, "payload": 1.0e2}\n'
    )


def test_print_tells_what_is_no_json_on_standard_error() -> None:
    def hub_with_a_gap(eater: ServerConnection) -> None:
        eater.recv()
        eater.send('{"type":"welcome","cursor":{"s":0}}')
        eater.send('{"type":"gap","cursor":{"s":5},"missed":4,"reason":"slow"}')
        eater.send('{"type":"batch","cursor":{"s":7}}\n' + dumpling("after"))
        eater.recv()  # until it goes

    with (
        foreign_hub(hub_with_a_gap, subprotocols=["netdumplings.v2"]) as address,
        Command("print", "-h", address, "--json") as printer,
    ):
        printer.wait_for_out('"after"')
        printer.wait_for_err(r"\[gap\] missed 4 dumplings: this eater was too slow$")
        assert json.loads(printer.out)["payload"] == "after"


def test_print_writes_as_json_no_parts_of_dumplings() -> None:
    done = run("print", "--json", "--no-payload")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("nd-print: --json writes whole dumplings")


def test_hubdetails_writes_one_line_of_json_for_scripts(hub: Hub) -> None:
    with hub.kitchen(f"küche {EVIL}") as kitchen:
        kitchen.send(dumpling(1))
        hub.wait_for_eaters()
        done = run("hubdetails", "-h", hub.for_eaters, "--json", "--color")
    [line] = done.stdout.splitlines()
    assert line.isascii()
    assert line.isprintable()
    told = json.loads(line)["dumpling_kitchens"][0]["info_from_kitchen"]
    assert told["kitchen_name"] == f"küche {EVIL}"
