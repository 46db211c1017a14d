"""``nd-replay``: what was recorded comes to a hub, or to standard output, as it was."""

from __future__ import annotations

import gzip
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from netdumplings import Dumpling
from netdumplings.recorder import replayer
from netdumplings.recording import open_recording
from netdumplings.wire import SUBPROTOCOL, Batch, EaterSide, subscription
from support.commands import PATIENCE, Command, clean_environment, run
from support.hubs import Hub
from support.recordings import NAMES, line

NOW = 1795000050.0
STATUS = line({"total_dumplings_in": 1}, chef="SystemStatusChef", kitchen=None)


@pytest.fixture
def hub() -> Iterator[Hub]:
    with Hub() as hub:
        yield hub


def recorded(path: Path, *lines: bytes) -> Path:
    """Record these."""
    recording = open_recording(path)
    recording.append(lines, None, NOW)
    recording.close()
    return path


def in_port(hub: Hub) -> str:
    return f"localhost:{hub.in_port}"


def eaten(hub: Hub, count: int) -> list[bytes]:
    """Eat so many dumplings of kitchens, from the beginning."""
    side = EaterSide('{"eater_name":"e"}', subscription(kitchens=["*"]), since=0.0)
    address, found = f"ws://{hub.for_eaters}", []
    with connect(address, subprotocols=[Subprotocol(SUBPROTOCOL)], compression=None,
                 proxy=None) as connection:  # fmt: skip
        connection.send(side.hello())
        while len(found) < count:
            news = side.receive(connection.recv(PATIENCE))
            if isinstance(news, Batch):
                found += [text.encode() for text in news.lines]
    return found


def of_kitchen(name: str | None, lines: list[bytes]) -> list[bytes]:
    return [one for one in lines if json.loads(one)["metadata"]["kitchen"] == name]


@pytest.mark.parametrize("name", NAMES)
def test_what_was_recorded_is_eaten_again_as_it_was(tmp_path: Path, hub: Hub, name: str) -> None:
    if name.endswith("parquet"):
        pytest.importorskip("duckdb")
    kitchens = ["north", 'süd \\ "x"', ""]
    lines = [
        line([number, "ü\u2028\\u0000", 1.5e300, None], kitchen=kitchens[number % 3], host="h")
        for number in range(300)
    ]
    path = recorded(tmp_path / name, STATUS, *lines, STATUS)
    done = run("replay", str(path), "-h", in_port(hub))
    assert done.returncode == 0, done.stderr
    assert "read 302 dumplings; the hub has taken 300; 2 left out" in done.stderr
    found = eaten(hub, 300)
    for kitchen in kitchens:
        ours, theirs = of_kitchen(kitchen, lines), of_kitchen(kitchen, found)
        assert [Dumpling.from_json(one) for one in theirs] == [Dumpling.from_json(o) for o in ours]
        if name.startswith("r.jsonl"):
            assert theirs == ours  # to the byte
    written = run("replay", str(path), "--stdout").stdout.splitlines()
    assert [json.loads(one) for one in written] == [json.loads(o) for o in (STATUS, *lines, STATUS)]


def test_by_one_connection_all_keep_their_order(tmp_path: Path, hub: Hub) -> None:
    lines = [line(number, kitchen="ab"[number % 2]) for number in range(500)]
    path = recorded(tmp_path / "r.jsonl", *lines)
    assert run("replay", str(path), "-h", in_port(hub), "-n", "both").returncode == 0
    assert eaten(hub, 500) == lines


def test_kitchens_connect_under_their_names_and_a_signal_ends_them(
    tmp_path: Path, hub: Hub
) -> None:
    lines = [line(n, kitchen="kb"[n % 2], creation_time=1000.0 * (n // 4)) for n in range(9)]
    path = recorded(tmp_path / "r.jsonl", *lines)
    with Command("replay", str(path), "-h", in_port(hub), "--speed", "1") as command:
        assert eaten(hub, 4)
        status = json.loads(run("hubdetails", "-h", hub.for_eaters).stdout)
        told = [one["info_from_kitchen"] for one in status["dumpling_kitchens"]]
        assert {one["kitchen_name"] for one in told} == {"k", "b"}
        assert {one["interface"] for one in told} == {"a recording"}
        assert command.end(signal.SIGTERM) == 0
        assert "the hub has taken 4" in command.err
        assert "Traceback" not in command.err


def test_a_hub_that_is_not_there_is_waited_for(tmp_path: Path) -> None:
    with Hub() as gone:
        ports = gone.in_port, gone.out_port
    path = recorded(tmp_path / "r.jsonl", line(1), line(2))
    with Command("replay", str(path), "-h", f"localhost:{ports[0]}") as command:
        command.wait_for_err("will keep trying")
        with Hub(*ports) as hub:
            assert command.end() == 0
            assert "the hub has taken 2" in command.err
            assert len(eaten(hub, 2)) == 2
    with Command("replay", str(path), "-h", f"localhost:{ports[0]}") as command:
        command.wait_for_err("will keep trying")
        assert command.end(signal.SIGINT) == 0
        assert "the hub has taken 0" in command.err


def test_very_many_kitchens_share_a_connection(tmp_path: Path, hub: Hub) -> None:
    many = replayer.MAX_KITCHENS + 20
    lines = [line(number, kitchen=f"k{number}") for number in range(many)]
    done = run("replay", str(recorded(tmp_path / "r.jsonl", *lines)), "-h", in_port(hub))
    assert done.returncode == 0
    assert f"there are more than {replayer.MAX_KITCHENS} kitchens" in done.stderr
    assert sorted(eaten(hub, many)) == sorted(lines)


def stdout(*arguments: str) -> list[Any]:
    """The payloads that are written to standard output."""
    done = run("replay", "--stdout", *arguments)
    assert done.returncode == 0, done.stderr
    return [json.loads(one)["payload"] for one in done.stdout.splitlines()]


def test_only_what_is_wanted_is_replayed(tmp_path: Path) -> None:
    path = str(recorded(
        tmp_path / "r.sqlite",
        line(1, creation_time=1795000000.0), line(2, chef="DNSChef"), line(3, driver="interval"),
        line(4, kitchen="other"), STATUS, line(5, creation_time=1795009999.0),
    ))  # fmt: skip
    status = json.loads(STATUS)["payload"]
    assert stdout(path, "-c", "DNS*") == [2]
    assert stdout(path, "-k", "other", "-k", "hub") == [4, status]
    assert stdout(path, "--no-packet-dumplings") == [3]
    assert stdout(path, "--no-interval-dumplings", "-k", "k") == [1, 2, 5]
    assert stdout(path, "--since", "2026-11-18T12:00:00") == [5]
    begin, end = "2026-11-18T11:06:41", "2026-11-18T12:00:00"
    assert stdout(path, "--since", begin, "--until", end) == [2, 3, 4, status]


def test_it_may_go_round_and_round_at_a_pace(tmp_path: Path) -> None:
    lines = [line(number, creation_time=1000.0 + 3600 * number) for number in range(3)]
    path = recorded(tmp_path / "r.jsonl.gz", *lines)
    options = ("--stdout", "--loop", "--speed", "360000")
    with Command("replay", str(path), *options) as command:
        command.wait_for_out(r"(?s)(payload.*){10}")
        assert command.end(signal.SIGTERM) == 0
        found = [json.loads(one)["payload"] for one in command.out.splitlines()]
    assert found[:9] == [0, 1, 2] * 3
    assert run("replay", "--stdout", "--loop", str(path), "-c", "none").returncode == 0


def test_the_time_may_be_that_of_sending(tmp_path: Path) -> None:
    path = str(recorded(tmp_path / "r.jsonl", line(1), line(2)))
    before = time.time()
    done = run("replay", "--stdout", "--times", "now", path)
    times = [json.loads(one)["metadata"]["creation_time"] for one in done.stdout.splitlines()]
    assert before <= times[0] <= times[1] <= time.time()


def test_what_is_damaged_is_named_or_fatal(tmp_path: Path, hub: Hub) -> None:
    path = tmp_path / "theirs.jsonl"
    path.write_bytes(b"\n".join([line(1), b"bad \x1b[31m", line(2)]))
    done = run("replay", str(path), "-h", in_port(hub))
    assert done.returncode == 0
    assert f"{path}, line 2: left out: " in done.stderr
    assert "read 2 dumplings, 1 damaged; the hub has taken 2" in done.stderr
    assert "\x1b" not in done.stderr
    strict = run("replay", str(path), "-h", in_port(hub), "--strict")
    assert strict.returncode == 1
    assert strict.stderr.splitlines()[-1].startswith(f"nd-replay: {path}, line 2: ")
    # What came before it was delivered.
    assert "the hub has taken 1" in strict.stderr


def test_what_is_damaged_is_told_though_the_hub_is_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "theirs.jsonl"
    path.write_bytes(line(1) + b"\nbad\n")
    with Command("replay", str(path), "-h", "localhost:1", "--strict") as command:
        command.wait_for_err("no hub at localhost:1")
        assert command.end(signal.SIGTERM) == 1
    assert command.err.splitlines()[-1].startswith(f"nd-replay: {path}, line 2: ")
    assert "Traceback" not in command.err


@pytest.mark.parametrize(("compressed", "stopped"), [(False, True), (True, False)])
def test_standard_input_is_read_as_it_comes(hub: Hub, compressed: bool, stopped: bool) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "netdumplings.console.replay", "-", "-h", in_port(hub)],
        stdin=subprocess.PIPE, stderr=subprocess.PIPE, env=clean_environment(),
    ) as process:  # fmt: skip
        assert process.stdin
        for number in range(2):
            text = line(number) + b"\n"
            process.stdin.write(gzip.compress(text) if compressed else text)
            process.stdin.flush()
            assert json.loads(eaten(hub, number + 1)[-1])["payload"] == number
        if stopped:
            process.terminate()
        else:
            process.stdin.close()
        assert process.wait(PATIENCE) == 0


@pytest.mark.parametrize(
    ("arguments", "status", "hint"),
    [
        ([], 2, "Missing argument 'FILE...'"),
        (["no.jsonl"], 1, "No such file or directory"),
        (["-", "--loop"], 2, "standard input is there once"),
        (["-", "--max-wait", "1s"], 2, "--max-wait is about --speed"),
        (["-", "--speed", "0"], 2, "speed"),
    ],
)
def test_what_it_cannot_do_is_one_line(arguments: list[str], status: int, hint: str) -> None:
    done = run("replay", *arguments)
    assert done.returncode == status
    assert done.stderr.startswith("nd-replay: ")
    assert done.stderr.count("\n") == 1
    assert hint in done.stderr
