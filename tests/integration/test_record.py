"""``nd-record`` against real hubs: nothing missing, nothing twice, and what is missing is told."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import ClientConnection
from websockets.sync.server import ServerConnection

from netdumplings.exceptions import RecordingUnavailable
from netdumplings.recorder import Recorder
from netdumplings.recording import Cursor, Entry, Missed, open_recording
from netdumplings.transport.tokens_file import add_token
from soak.recorder import Victim, feeding
from support.commands import PATIENCE, Command, run
from support.hub_peers import running_hub
from support.hubs import Hub, dumpling, foreign_hub
from support.recordings import payloads
from support.v2_peers import v2_kitchen

QUICKLY = ("--write-every", "0.05")


@pytest.fixture
def hub() -> Iterator[Hub]:
    with Hub() as hub:
        yield hub


def record(path: Path, hub: Hub | str, *options: str) -> Command:
    """Start ``nd-record``, of dumplings of kitchens only."""
    address = hub.for_eaters if isinstance(hub, Hub) else hub
    return Command("record", str(path), "-h", address, "-k", "test*", *QUICKLY, *options)


def wait_until_recorded(path: Path, *expected: Any) -> None:
    """Wait until a recording has these payloads, and nothing else."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with suppress(RecordingUnavailable):  # it is not there yet
            if payloads(path, being_written=True) == [*expected]:
                return
        time.sleep(0.02)
    assert payloads(path) == [*expected]


def wait_for_last(path: Path, number: int) -> None:
    """Wait until the last dumpling of a recording has this number in its payload."""
    deadline = time.monotonic() + PATIENCE
    found: list[Any] = []
    while True:
        with suppress(RecordingUnavailable):  # a file has just got another name
            found = payloads(path, being_written=True)
        if found and not isinstance(found[-1], Missed) and found[-1][0] == number:
            return
        assert time.monotonic() < deadline, found[-1:]
        time.sleep(0.02)


def send(connection: ClientConnection, *what: Any, **metadata: Any) -> None:
    """Send dumplings, and wait until the hub has them."""
    for payload in what:
        connection.send(dumpling(payload, **metadata))
    connection.ping().wait(PATIENCE)


@pytest.mark.parametrize("name", ["r.jsonl.gz", "r.sqlite", "r.parquet"])
def test_it_may_be_killed_at_any_time(tmp_path: Path, name: str) -> None:
    """``./dev soak recorder`` does it twenty times in each format."""
    if name.endswith("parquet"):
        pytest.importorskip("duckdb")
    with feeding(rate=1000) as (hub, feed):
        victim = Victim(tmp_path / name, hub, seed=5)
        victim.kill(3, longest=0.6)
        feed.stop()
        outcome = victim.outcome(feed)
    assert outcome.good, outcome
    assert outcome.missing == 0
    assert outcome.recorded > 300


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_well(tmp_path: Path, hub: Hub, number: signal.Signals) -> None:
    path = tmp_path / "r.jsonl"
    with hub.kitchen() as kitchen, record(path, hub, "--since", "1h") as recorder:
        send(kitchen, 1, 2)
        wait_until_recorded(path, 1, 2)
        assert recorder.end(number) == 0
        assert re.search(
            r"recorded 2 dumplings into .*; 0 were missed$", recorder.err, re.MULTILINE
        )
        assert "Traceback" not in recorder.err
    assert [file.name for file in tmp_path.iterdir()] == ["r.jsonl"]


def test_the_past_is_asked_for_once(tmp_path: Path, hub: Hub) -> None:
    path = tmp_path / "r.sqlite"
    with hub.kitchen() as kitchen:
        send(kitchen, 1, 2, 3)
        for expected in ([2, 3], [2, 3, 4], [2, 3, 4, 5]):
            with record(path, hub, "--last", "2", "--since", "1h") as recorder:
                wait_until_recorded(path, *expected)
                assert recorder.end(signal.SIGKILL) != 0
            send(kitchen, expected[-1] + 1)


def test_without_a_wish_for_the_past_it_begins_with_what_comes(tmp_path: Path, hub: Hub) -> None:
    path = tmp_path / "r.jsonl"
    with hub.kitchen() as kitchen:
        send(kitchen, 1)
        with record(path, hub) as recorder:
            recorder.wait_for_err("is begun")
            hub.wait_for_eaters("recorder")
            while not path.exists() or b'"cursor":{"' not in path.read_bytes():
                time.sleep(0.02)
            assert recorder.end(signal.SIGKILL) != 0
        # It knows where it was, though it had recorded nothing.
        send(kitchen, 2)
        with record(path, hub) as recorder:
            wait_until_recorded(path, 2)
            recorder.wait_for_err("is taken up where it stopped")


def test_only_what_is_wanted_is_recorded(tmp_path: Path, hub: Hub) -> None:
    path = tmp_path / "r.jsonl"
    with hub.kitchen() as kitchen:
        send(kitchen, 1, chef="DNSChef")
        send(kitchen, 2, chef="ARPChef")
        send(kitchen, 3, chef="DNSChef", driver="interval")
        send(kitchen, 4, chef="DNSChef", kitchen="other")
        options = ("--since", "1h", "-c", "DNS*", "--no-interval-dumplings")
        with record(path, hub, *options):
            wait_until_recorded(path, 1)
            send(kitchen, 5, chef="ARPChef")
            send(kitchen, 6, chef="DNSChef")
            wait_until_recorded(path, 1, 6)


def test_what_the_hub_no_longer_has_is_recorded_as_a_gap(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"
    with Hub(0, 0, "--history", "20000") as hub, hub.kitchen() as kitchen:
        send(kitchen, "first")
        with record(path, hub, "--since", "1h") as recorder:
            wait_until_recorded(path, "first")
            assert recorder.end(signal.SIGKILL) != 0
        for number in range(50):
            send(kitchen, [number, "x" * 2000])
        with record(path, hub) as recorder:
            recorder.wait_for_err(r"WARNING .*missed \d+ dumplings: the hub's history")
            send(kitchen, [50, ""])
            wait_for_last(path, 50)
            assert recorder.end(signal.SIGTERM) == 0
    first, gap, *rest = payloads(path)
    assert first == "first"
    assert isinstance(gap, Missed)
    assert gap.reason == "history"
    assert gap.missed > 30
    assert [number for number, _ in rest] == [*range(gap.missed, 51)]


def test_a_hub_of_the_plain_protocol_cannot_be_resumed_and_it_says_so(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"

    def plain(connection: ServerConnection) -> None:
        connection.recv()
        connection.send(dumpling(1))
        for _ in connection:
            pass

    with foreign_hub(plain) as address:
        for expected in ([1], [1, 1]):
            with record(path, address) as recorder:
                recorder.wait_for_err("does not speak netdumplings.v2, so this cannot be resumed")
                wait_until_recorded(path, *expected)
                assert recorder.end(signal.SIGTERM) == 0


def test_two_recorders_of_one_file_are_one_too_many(tmp_path: Path, hub: Hub) -> None:
    path = tmp_path / "r.jsonl"
    with record(path, hub) as recorder:
        recorder.wait_for_err("connected")
        second = run("record", str(path), "-h", hub.for_eaters)
        assert second.returncode == 1
        assert second.stderr == (
            f"nd-record: the recording {path} cannot be used: another nd-record is recording into "
            "it; give another name\n"
        )
        assert recorder.process.poll() is None


@pytest.mark.parametrize(
    ("arguments", "status", "hint"),
    [
        (["r.txt"], 2, "does not say in which format"),
        (["r.sqlite", "--rotate-size", "1M"], 2, "a database is one file"),
        (["r.jsonl", "--keep-for", "1d"], 2, "say with --rotate"),
        (["r.jsonl", "--rotate-size", "many"], 2, "'many' is not a size, as in 500k, 100M or 2G"),
        (["r.jsonl", "--rotate-every", "2026-01-01"], 2, "is not a span of time, as in 30s"),
        (["no/such/r.jsonl"], 1, "No such file or directory"),
        (["r.jsonl", "-n", "x" * 300], 2, "over 256 characters"),
    ],
)
def test_what_it_cannot_do_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], status: int, hint: str
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run("record", *arguments)
    assert done.returncode == status
    assert done.stderr.startswith("nd-record: ")
    assert done.stderr.count("\n") == 1
    assert hint in done.stderr
    assert not [*tmp_path.iterdir()]


def test_files_are_finished_and_the_oldest_go(tmp_path: Path, hub: Hub) -> None:
    directory = tmp_path / "recordings"
    options = ("--format", "jsonl.zst", "--rotate-size", "2k", "--keep-size", "20k")
    with hub.kitchen() as kitchen, record(tmp_path, hub) as other:
        other.wait_for_err("connected")
        with Command("record", f"{directory}/", "-h", hub.for_eaters, "-k", "test*", *QUICKLY,
                     *options, "--since", "1h") as recorder:  # fmt: skip
            recorder.wait_for_err("connected")
            sent = 0
            deadline = time.monotonic() + PATIENCE
            while "deleted the oldest" not in recorder.err or sent < 20:
                assert time.monotonic() < deadline, recorder.err
                send(kitchen, [sent, os.urandom(1000).hex()])
                sent += 1
                time.sleep(0.02)
            wait_for_last(directory / "dumplings.jsonl.zst", sent - 1)
            wait_for_last(tmp_path / "dumplings.jsonl", sent - 1)
            assert recorder.end(signal.SIGTERM) == 0
        sizes = [path.stat().st_size for path in directory.iterdir()]
        assert len(sizes) > 2
        assert sum(sizes) < 60_000
        last = [number for number, _ in payloads(directory / "dumplings.jsonl.zst")]
        assert last == [*range(last[0], sent)]
        assert last[0] > 0
        # Another recording, in a directory, is of JSON lines.
        assert other.end(signal.SIGTERM) == 0
        assert len(payloads(tmp_path / "dumplings.jsonl")) == sent


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    mounted = subprocess.run(mount, capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


@pytest.mark.parametrize("name", ["r.jsonl", "r.sqlite", "r.parquet"])
def test_a_full_disk_ends_it_with_one_line_and_when_there_is_room_it_goes_on(
    small_disk: Path, hub: Hub, name: str
) -> None:
    if name.endswith("parquet"):
        pytest.importorskip("duckdb")
    path = small_disk / name
    sent = [[number, "ü" * 5000] for number in range(200)]
    with hub.kitchen() as kitchen:
        with record(path, hub, "--since", "1h") as recorder:
            recorder.wait_for_err("connected")
            for payload in sent:
                send(kitchen, payload)
            assert recorder.end() == 1
            last = recorder.err.splitlines()[-1]
            assert last.startswith(f"nd-record: the recording {path} cannot be used: ")
            assert last.endswith(
                "; make room on its disk and start again, and it goes on where it stopped"
            )
            assert "Traceback" not in recorder.err
        before = payloads(path)
        assert before == sent[: len(before)]
        assert len(before) < len(sent)
        room = ["mount", "-o", "remount,size=50m", str(small_disk)]
        subprocess.run(room, check=True)
        with record(path, hub) as recorder:
            wait_until_recorded(path, *sent)
            assert recorder.end(signal.SIGTERM) == 0
        assert payloads(path) == sent


async def test_a_token_lets_both_in(tmp_path: Path) -> None:
    tokens, file, path = tmp_path / "tokens.json", tmp_path / "token", tmp_path / "r.jsonl"
    source = tmp_path / "source.jsonl"
    source.write_text(dumpling(1))
    file.touch(mode=0o600)
    file.write_text(add_token(tokens, "me", ["kitchen", "eater"], None).reveal())
    token = ("--token-file", str(file))
    async with running_hub(tokens=tokens) as hub:

        def record_and_replay() -> None:
            address = f"localhost:{hub.out_port}"
            with record(path, address) as recorder:
                recorder.wait_for_err("does not let us in")
            with record(path, address, *token, "--since", "1h") as recorder:
                sent = run("replay", str(source), "-h", f"localhost:{hub.in_port}", *token)
                assert sent.returncode == 0, sent.stderr
                wait_until_recorded(path, 1)

        await asyncio.to_thread(record_and_replay)


class SlowDisk:
    """A recording on a disk that stands still until it is told to go on."""

    def __init__(self, path: Path) -> None:
        self._recording = open_recording(path)
        self.path = path
        self.go_on = threading.Event()
        self.waits = threading.Event()
        self.largest = 0

    @property
    def cursor(self) -> Cursor | None:
        return self._recording.cursor

    def append(self, entries: Sequence[Entry], cursor: Cursor | None, now: float) -> None:
        if entries:
            self.waits.set()
            assert self.go_on.wait(PATIENCE)
        self.largest = max(self.largest, sum(len(e) for e in entries if isinstance(e, bytes)))
        self._recording.append(entries, cursor, now)

    def tend(self, now: float) -> None:
        self._recording.tend(now)

    def close(self) -> None:
        self._recording.close()


async def test_a_slow_disk_costs_dumplings_that_are_told_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("netdumplings.recorder.writing.QUEUE_BYTES", 200_000)
    path = tmp_path / "r.jsonl"
    disk = SlowDisk(path)
    async with (
        asyncio.timeout(2 * PATIENCE),
        running_hub(eater_buffer=100_000) as hub,
        v2_kitchen(hub) as kitchen,
    ):
        recorder = Recorder(disk, "recorder", f"localhost:{hub.out_port}", write_every=0.01)
        recording = asyncio.create_task(recorder.run())
        await kitchen.hello(name="k")
        while not path.read_bytes().count(b'"cursor":{"'):
            await asyncio.sleep(0.01)
        count = 0
        filler = "x" * 5000
        # The event loop goes on, whatever the disk does: all of this happens in it.
        # (It is more than all buffers on the way hold.)
        while count < 5000:
            numbers = range(count + 1, count + 51)
            await kitchen.send(numbers[0], *(dumpling([n, filler]) for n in numbers))
            await kitchen.acknowledged(numbers[-1])
            count = numbers[-1]
        assert disk.waits.is_set()
        disk.go_on.set()
        while True:
            count += 1
            await kitchen.send(count, dumpling([count, ""]))
            await kitchen.acknowledged(count)
            await asyncio.sleep(0.05)
            found = payloads(path, being_written=True)
            if found and not isinstance(found[-1], Missed) and found[-1][0] > count - 5:
                break
        recording.cancel()
        await asyncio.wait({recording})
    found = payloads(path)
    gaps = [one for one in found if isinstance(one, Missed)]
    assert {gap.reason for gap in gaps} == {"slow"}
    expected = 1
    for one in found:
        if isinstance(one, Missed):
            expected += one.missed
        else:
            assert one[0] == expected
            expected += 1
    said = [record.getMessage() for record in caplog.records]
    assert any("its disk is slow" in line for line in said)
    assert any("the disk has caught up" in line for line in said)
    assert any("this eater was too slow" in line for line in said)
    assert disk.largest < 1_000_000
