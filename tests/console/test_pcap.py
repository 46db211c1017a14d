"""``nd-pcap``: which dumpling it is given, and what it writes."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from netdumplings.console import pcap
from netdumplings.console.pcap import main
from netdumplings.console.sniff import main as sniff
from netdumplings.console.up import main as up
from netdumplings.eater import packets
from netdumplings.eater.packets import Evidence, Wanted
from netdumplings.exceptions import HubUnavailable, NoPackets
from netdumplings.transport import HubAccess, HubAddresses
from netdumplings.transport.fetching import Fetched
from netdumplings.wire.pcapng import interface, packet, section

DUMPLING = {
    "metadata": {
        "chef": "C", "creation_time": 1515990765.925951, "driver": "packet", "kitchen": "office",
    },
    "payload": {"a": "\u2028\x1b"},
}  # fmt: skip
TEXT = json.dumps(DUMPLING)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Wanted]:
    """What was asked for; the answer is always the same."""
    found = []

    def fetch(_hubs: Any, _access: Any, wanted: Wanted) -> Evidence:
        found.append(wanted)
        return Evidence(b"the file", 3, "a note\x1b")

    monkeypatch.setattr(packets, "fetch_packets", fetch)
    return found


def run(*arguments: str, stdin: str | bytes | None = None) -> Result:
    return CliRunner(env={"NETDUMPLINGS_CONFIG": ""}).invoke(main, arguments, input=stdin)


def test_it_asks_for_what_the_dumpling_says(
    asked: list[Wanted], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run("--around", TEXT, "--seconds", "2.5", "-f", "tcp")
    assert (done.exit_code, done.stdout) == (0, "")
    assert done.stderr == (
        "nd-pcap: a note\\x1b\n3 packets are in packets-20180115T043245Z.pcapng\n"
    )
    [wanted] = asked
    assert wanted[:4] == ("office", 1515990765.925951, 2.5, "tcp")
    assert "\n" not in wanted.comment
    assert json.loads(wanted.comment) == DUMPLING
    path = tmp_path / "packets-20180115T043245Z.pcapng"
    assert path.read_bytes() == b"the file"
    # Nobody else may read what people said to each other.
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [*tmp_path.iterdir()] == [path]


def test_the_dumpling_may_be_in_a_file_or_come_by_standard_input(
    asked: list[Wanted], tmp_path: Path
) -> None:
    file = tmp_path / "d.json"
    file.write_text(TEXT + "\n")
    assert run("--around", f"@{file}", "-w", "-").stdout_bytes == b"the file"
    done = run("--around", "-", "-k", "attic", "-w", "-", stdin=TEXT)
    assert done.stdout_bytes == b"the file"
    assert [wanted.kitchen for wanted in asked] == ["office", "attic"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{}", "that is no dumpling as nd-print --json prints it: "),
        ("nonsense", "that is no dumpling as nd-print --json prints it: "),
        (f"{TEXT}\n{TEXT}\n", "there are 2 dumplings: give one of them"),
        ("@/no/such/file", "/no/such/file cannot be read: No such file or directory"),
        (
            TEXT.replace('"office"', "null"),
            "the dumpling is of no kitchen, but of a hub: say which",
        ),
        (TEXT.replace("1515990765.925951", "-5"), "the dumpling is of no time that there is: -5"),
    ],
)
def test_what_is_no_dumpling_of_a_kitchen_is_told(
    asked: list[Wanted], text: str, problem: str
) -> None:
    done = run("--around", text)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith(f"nd-pcap: {problem}")
    assert done.stderr.count("\n") == 1
    assert not asked


@pytest.mark.parametrize("stdin", [b"\xff", b" " * (pcap.MAX_DUMPLING + 1)])
def test_standard_input_may_be_anything(asked: list[Wanted], stdin: bytes) -> None:
    done = run("--around", "-", stdin=stdin)
    assert done.exit_code == 1
    assert done.stderr.startswith("nd-pcap: standard input has ")
    assert not asked


def test_what_was_there_stays_if_nothing_can_be_written(
    asked: list[Wanted], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.pcapng"
    path.write_bytes(b"before")

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pcap.os, "replace", full)
    done = run("--around", TEXT, "-w", str(path))
    assert (done.exit_code, done.stderr.splitlines()[-1]) == (
        1, f"nd-pcap: {path} cannot be written: No space left on device"
    )  # fmt: skip
    assert path.read_bytes() == b"before"
    assert [*tmp_path.iterdir()] == [path]
    done = run("--around", TEXT, "-w", str(tmp_path / "none" / "x"))
    assert done.exit_code == 1
    assert "x cannot be written: No such file or directory" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        (), ("--around", TEXT, "--seconds", "301"), ("--around", TEXT, "--seconds", "0"),
        ("--around", TEXT, "--hub", "nonsense"), ("--around", TEXT, "-k", "x" * 300),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_wrong_use(asked: list[Wanted], arguments: tuple[str, ...]) -> None:
    assert run(*arguments).exit_code == 2
    assert not asked


@pytest.mark.parametrize(("size", "problem"), [("1000", "at least 1MiB"), ("x", "is not a size")])
@pytest.mark.parametrize("command", [sniff, up])
def test_a_ring_has_a_size(command: Any, size: str, problem: str) -> None:
    runner = CliRunner(env={"NETDUMPLINGS_CONFIG": ""})
    done = runner.invoke(command, ["--ring", size])
    assert done.exit_code == 2
    assert problem in done.stderr


def test_without_a_hub_a_ring_is_for_nobody() -> None:
    runner = CliRunner(env={"NETDUMPLINGS_CONFIG": ""})
    done = runner.invoke(sniff, ["--ring", "1MiB", "--stdout"])
    assert done.exit_code == 2
    assert "--stdout has no hub" in done.stderr


FILE = section("hub") + interface(1, 1, "k", "") + packet(0, 5, 1, b"x")


@pytest.mark.parametrize(
    ("answers", "outcome"),
    [
        ([(200, FILE)], 1),
        ([None, (404, b"none\nmore"), (200, FILE)], 1),
        ([None, (404, b"not here"), None], "no packets from the hub at b:2: not here"),
        ([None, None, None], "no hub at a:1: gone"),
        ([(403, b"no role"), (200, FILE)], "no packets from the hub at a:1: no role"),
        ([(503, b"")], "no packets from the hub at a:1: it answers HTTP 503"),
        ([(426, b"Failed to open")], "no packets from the hub at a:1: is that its port for kitch"),
        ([(404, b"there is no such page\n")] * 3, "no packets from the hub at c:3: it is older"),
        ([(200, b"<html>")], "no packets from the hub at a:1: its answer makes no sense: a block"),
        ([(200, b"")], "no packets from the hub at a:1: its answer makes no sense: no pcapng file"),
        ([(200, FILE + FILE)], "no packets from the hub at a:1: its answer makes no sense: a bloc"),
    ],
)
def test_hubs_are_asked_in_turn_until_one_has_them(
    monkeypatch: pytest.MonkeyPatch,
    answers: list[tuple[int, bytes] | None],
    outcome: int | str,
) -> None:
    coming = iter(answers)

    def fetch(hub: Any, _access: Any, target: str, **_: Any) -> Fetched:
        assert target == (
            "/api/packets?kitchen=%C3%A4+%26&around=1.5&seconds=2.0&filter=ip%5B0%5D+%3D+1"
        )
        answer = next(coming)
        if answer is None:
            raise HubUnavailable(str(hub), "gone")
        return Fetched(answer[0], {"Netdumplings-Note": "n"}, answer[1])  # type: ignore[arg-type]

    monkeypatch.setattr(packets, "fetch", fetch)
    hubs = HubAddresses.parse("a:1,b:2,c:3")
    wanted = Wanted("\u00e4 &", 1.5, 2.0, "ip[0] = 1", "comment")
    ask: Callable[[], Evidence] = lambda: packets.fetch_packets(hubs, HubAccess(hubs), wanted)  # noqa: E731
    if isinstance(outcome, int):
        evidence = ask()
        assert (evidence.packets, evidence.note) == (outcome, "n")
        assert evidence.file.count(b"comment") == 2
        return
    with pytest.raises((NoPackets, HubUnavailable)) as raised:
        ask()
    assert str(raised.value).startswith(outcome)
