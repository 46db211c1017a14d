"""``nd-print`` as a process, against a real hub."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest
from websockets.sync.server import ServerConnection

from support.commands import Command, clean_environment, run
from support.hubs import Hub, dumpling, foreign_hub
from support.relay import Relay

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="ends processes by POSIX signals")

ISO_TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"


@pytest.fixture
def hub() -> Iterator[Hub]:
    with Hub() as running:
        yield running


def printing(hub: Hub, *arguments: str, environment: dict[str, str] | None = None) -> Command:
    """Start ``nd-print`` and wait until the hub knows it."""
    command = Command("print", "-h", hub.for_eaters, *arguments, environment=environment)
    hub.wait_for_eaters("printereater")
    return command


def print_all(hub: Hub, dumplings: list[str], *arguments: str) -> str:
    """Return what ``nd-print`` prints of these dumplings, sent by one kitchen."""
    with printing(hub, *arguments) as printer, hub.kitchen() as kitchen:
        for one in [*dumplings, dumpling("the last", driver="packet")]:
            kitchen.send(one)
        printer.wait_for_out('"the last"')
        assert printer.end(signal.SIGTERM) == 0
    return printer.out


def test_print_writes_each_dumpling_as_a_line_and_indented_json(hub: Hub) -> None:
    dumplings = [
        dumpling({"count": [1, {"ü": None}]}),
        dumpling("tick", driver="interval", kitchen="south", creation_time=0),
    ]
    assert print_all(hub, dumplings, "-c", "TestChef") == (
        "2018-01-15T04:32:45.925Z [packet] TestChef from test_kitchen\n"
        "{\n"
        '  "count": [\n'
        "    1,\n"
        "    {\n"
        '      "ü": null\n'
        "    }\n"
        "  ]\n"
        "}\n"
        "1970-01-01T00:00:00.000Z [interval] TestChef from south\n"
        '"tick"\n'
        "2018-01-15T04:32:45.925Z [packet] TestChef from test_kitchen\n"
        '"the last"\n'
    )


def fill(hub: Hub, *payloads: str) -> None:
    """Have a kitchen send dumplings, and wait until the hub has them."""
    with printing(hub, "-c", "TestChef") as printer, hub.kitchen() as kitchen:
        for payload in payloads:
            kitchen.send(dumpling(payload))
        printer.wait_for_out(f'"{payloads[-1]}"')


def shown(printer: Command) -> list[str]:
    return re.findall(r'^"(\w+)"$', printer.out, re.MULTILINE)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--last", "2"], ["b", "c"]),
        (["--last", "0"], []),
        (["--last", "1000"], ["a", "b", "c"]),
        (["--since", "10m"], ["a", "b", "c"]),
        (["--since", "2000-01-01", "--last", "1"], ["c"]),
        (["--since", "0s"], []),
        (["--since", "2999-12-31T23:59Z"], []),
        ([], []),
    ],
)
def test_print_begins_with_the_past_that_was_asked_for(
    hub: Hub, arguments: list[str], expected: list[str]
) -> None:
    fill(hub, "a", "b", "c")
    with printing(hub, "-c", "TestChef", *arguments) as printer, hub.kitchen() as kitchen:
        kitchen.send(dumpling("now"))
        printer.wait_for_out('"now"')
        assert shown(printer) == [*expected, "now"]


def test_print_says_in_its_place_what_is_missing() -> None:
    def hub_with_a_gap(eater: ServerConnection) -> None:
        eater.recv()
        eater.send('{"type":"welcome","cursor":{"s":0}}')
        eater.send('{"type":"batch","cursor":{"s":1}}\n' + dumpling("before"))
        eater.send(
            '{"type":"gap","cursor":{"s":1205},"missed":1204,"reason":"kitchen",'
            '"kitchen":"n\\u001b[2J"}'
        )
        eater.send('{"type":"batch","cursor":{"s":1206}}\n' + dumpling("after"))
        eater.recv()  # until it goes

    with (
        foreign_hub(hub_with_a_gap, subprotocols=["netdumplings.v2"]) as address,
        Command("print", "-h", address) as printer,
    ):
        printer.wait_for_out('"after"')
    lines = printer.out.splitlines()
    assert lines[1] == '"before"'
    assert re.fullmatch(
        ISO_TIME + r" \[gap\] missed 1,204 dumplings of kitchen 'n\\x1b\[2J': "
        "the kitchen had no room to keep more",
        lines[2],
    )
    assert lines[4] == '"after"'


def test_print_prints_each_dumpling_once_though_its_connection_is_cut(hub: Hub) -> None:
    """The hub has a history, so what comes while nobody is connected is not missed."""
    with (
        Relay(("localhost", hub.out_port)) as relay,
        Command("print", "-h", relay.address, "-c", "TestChef") as printer,
        hub.kitchen() as kitchen,
    ):
        hub.wait_for_eaters("printereater")
        kitchen.send(dumpling("n0"))
        printer.wait_for_out('"n0"')
        for n in (1, 4):
            relay.cut()
            for payload in range(n, n + 3):
                kitchen.send(dumpling(f"n{payload}"))
            printer.wait_for_out(f'"n{n + 2}"')
        assert printer.end(signal.SIGTERM) == 0
    assert shown(printer) == [f"n{n}" for n in range(7)]
    assert "[gap]" not in printer.out


def test_print_refuses_a_time_that_is_none(hub: Hub) -> None:
    done = run("print", "-h", hub.for_eaters, "--since", "yesterday")
    assert (done.returncode, done.stdout) == (2, "")
    assert "'yesterday' is neither a time span, as in 30s, 5m" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_print_shows_the_hubs_own_dumplings_as_from_hub(hub: Hub) -> None:
    with printing(hub, "--no-payload", "-k", "hub") as printer:
        printer.wait_for_out(rf"^{ISO_TIME} \[interval\] SystemStatusChef from hub\n")


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (["-c", "A", "-c", "B", "-c", "TestChef"], {"A1", "A2", "B1"}),
        (["--chef", "B", "--chef", "TestChef"], {"B1"}),
        (["-k", "north", "-k", "test_kitchen"], {"A1", "B1"}),
        (["-k", "south", "-c", "A", "-k", "test_kitchen", "-c", "TestChef"], {"A2"}),
        (["--no-interval-dumplings"], {"A1", "C1"}),
        (["--no-interval-dumplings", "-c", "A", "-c", "TestChef"], {"A1"}),
        (["-c", "[AB]", "-c", "Test*", "-k", "nor*", "-k", "test_kitchen"], {"A1", "B1"}),
        (["--compress"], {"A1", "A2", "B1", "C1"}),
    ],
)
def test_print_shows_what_was_asked_for(hub: Hub, arguments: list[str], shown: set[str]) -> None:
    dumplings = [
        dumpling("A1", chef="A", kitchen="north", driver="packet"),
        dumpling("A2", chef="A", kitchen="south", driver="interval"),
        dumpling("B1", chef="B", kitchen="north", driver="interval"),
        dumpling("C1", chef="C", kitchen="south", driver="packet"),
    ]
    printed = print_all(hub, dumplings, *arguments)
    assert set(re.findall(r'^"([ABC]\d)"$', printed, re.MULTILINE)) == shown


def test_print_leaves_packet_dumplings_out_if_told_to(hub: Hub) -> None:
    arguments = ["--no-packet-dumplings", "-c", "TestChef"]
    with printing(hub, *arguments) as printer, hub.kitchen() as kitchen:
        kitchen.send(dumpling("of a packet", driver="packet"))
        kitchen.send(dumpling("of an interval", driver="interval"))
        printer.wait_for_out('"of an interval"')
        assert "of a packet" not in printer.out


def test_print_leaves_payloads_out_if_told_to(hub: Hub) -> None:
    with printing(hub, "--no-payload", "-c", "TestChef") as printer, hub.kitchen() as kitchen:
        kitchen.send(dumpling({"secret": 1}))
        kitchen.send(dumpling({"secret": 2}, chef="TestChef", kitchen="other"))
        printer.wait_for_out("from other\n")
        assert len(printer.out.splitlines()) == 2


def test_print_lets_no_hostile_text_reach_the_terminal(hub: Hub) -> None:
    evil = "\x1b]0;owned\x07\x1b[2J\r\n\x9b31m\u202e\u2028"
    printed = print_all(hub, [dumpling({evil: evil}, chef=evil, kitchen=evil)])
    assert r"from \x1b]0;owned\x07\x1b[2J\x0d\x0a\x9b31m\u202e\u2028" in printed
    assert all(line.isprintable() for line in printed.split("\n"))


def test_print_goes_on_after_a_payload_that_it_cannot_show() -> None:
    deep = dumpling(0).replace('"payload": 0', '"payload": ' + "[" * 200 + "]" * 200)
    with Hub(0, 0, "--max-depth", "300") as hub:
        assert "(not shown: payload: nested more than 64 deep)\n" in print_all(hub, [deep])


def test_print_colors_what_it_prints_if_told_to(hub: Hub) -> None:
    printed = print_all(hub, [dumpling({"count": 1})], "--color", "-c", "TestChef")
    assert '\x1b[34m"count"\x1b[0m: \x1b[36m1\x1b[0m' in printed


def test_print_survives_a_restart_of_the_hub(hub: Hub) -> None:
    with printing(hub, "-c", "TestChef") as printer:
        with hub.kitchen() as kitchen:
            kitchen.send(dumpling("before"))
            printer.wait_for_out('"before"')
        hub.stop()
        printer.wait_for_err("WARNING .* lost the hub")
        with Hub(hub.in_port, hub.out_port) as again:
            again.wait_for_eaters("printereater")
            with again.kitchen() as kitchen:
                kitchen.send(dumpling("after"))
                printer.wait_for_out('"after"')
        assert printer.end(signal.SIGTERM) == 0
        assert "Traceback" not in printer.err


def test_print_ends_quietly_when_its_reader_does(hub: Hub) -> None:
    printer = subprocess.Popen(
        [sys.executable, "-m", "netdumplings.console.print", "-h", hub.for_eaters],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=clean_environment(),
    )
    with printer:
        head = subprocess.run(
            ["head", "-n", "1"], stdin=printer.stdout, stdout=subprocess.PIPE, check=True
        )
        assert printer.stdout
        printer.stdout.close()  # head has gone, and so does our own hold on the pipe
        assert printer.wait(30) == 0
        assert printer.stderr
        logged = printer.stderr.read().decode()
    assert re.match(ISO_TIME.encode(), head.stdout)
    assert [line for line in logged.splitlines() if " INFO " not in line] == []


def test_print_takes_its_options_from_the_environment_too(hub: Hub) -> None:
    environment = {"NETDUMPLINGS_PRINT_CHEF": "Here TestChef", "NETDUMPLINGS_PRINT_PAYLOAD": "0"}
    with printing(hub, environment=environment) as printer, hub.kitchen() as kitchen:
        kitchen.send(dumpling(1, chef="Elsewhere"))
        kitchen.send(dumpling(2, chef="Here"))
        printer.wait_for_out(" Here from test_kitchen\n")
        assert len(printer.out.splitlines()) == 1
