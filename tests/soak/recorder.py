"""A recorder that is killed at random while dumplings pour in: is each of them there once?"""

from __future__ import annotations

import gzip
import itertools
import json
import random
import secrets
import signal
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from netdumplings.recording import Damage, Missed, files_of, read_recording
from netdumplings.recording.packing import zstd_module
from netdumplings.wire import (
    SUBPROTOCOL,
    BatchMessage,
    kitchen_hello,
    kitchen_hello_message,
    write,
)
from support.commands import PATIENCE, Command
from support.hubs import Hub, dumpling
from support.recordings import NAMES

from .books import balance

__all__ = ["NAMES", "Outcome", "Victim", "feeding", "torment"]

_NOISE = secrets.token_hex(200_000)
#: Seconds between two batches of the kitchen.
_TICK = 0.01
#: How often a recorder is started at the end until it has everything.
_TRIES = 30


class Outcome(NamedTuple):
    """What is in a recording in the end.

    Attributes:
        made: dumplings that the kitchen made.
        recorded: how many of them are there.
        twice: how many are there again.
        missing: how many are not there.
        told: how many of these the recording itself says are missing.
        disordered: how often a number is followed by a lower one.
        damaged: what in the files is no dumpling, or what is wrong with a file.
        kills: how often the recorder was killed.
        files: how many files there are.
    """

    made: int
    recorded: int
    twice: int
    missing: int
    told: int
    disordered: int
    damaged: Sequence[str]
    kills: int
    files: int

    @property
    def good(self) -> bool:
        wrong = self.twice or self.missing > self.told or self.disordered or self.damaged
        return not wrong and self.recorded > 0

    def __str__(self) -> str:
        return (
            f"killed {self.kills} times: {self.made} made, {self.recorded} recorded in "
            f"{self.files} files, {self.twice} twice, {self.missing} missing, "
            f"{self.told} of them told, {self.disordered} out of order, "
            f"damaged: {', '.join(self.damaged[:3]) or 'nothing'}"
        )


def _noise(number: int) -> str:
    """Something for a payload that does not pack too well."""
    start = number * 7919 % (len(_NOISE) - 150)
    return _NOISE[start : start + 150]


class Feed:
    """A kitchen of ``netdumplings.v2`` that sends numbered dumplings, so many a second."""

    def __init__(self, connection: ClientConnection, rate: int) -> None:
        self.made = 0
        self._rate = rate
        self._stopping = threading.Event()
        self._connection = connection
        announcement = kitchen_hello("feed", "none", "", [], 5.0)
        self._connection.send(
            kitchen_hello_message(secrets.token_hex(16), 1, announcement), text=True
        )
        assert json.loads(self._connection.recv())["type"] == "welcome"
        self._acknowledged = 0
        self._sending = threading.Thread(target=self._send)
        self._reading = threading.Thread(target=self._read)
        self._sending.start()
        self._reading.start()

    def stop(self) -> None:
        """Stop, when the hub has everything."""
        self._stopping.set()
        self._sending.join()
        deadline = time.monotonic() + PATIENCE
        while self._acknowledged < self.made:
            assert time.monotonic() < deadline, "the hub does not take what it is sent"
            time.sleep(_TICK)
        self._connection.close()
        self._reading.join()

    def _send(self) -> None:
        began = time.monotonic()
        while not self._stopping.wait(_TICK):
            due = int((time.monotonic() - began) * self._rate)
            numbers = range(self.made + 1, min(due, self.made + 1000) + 1)
            lines = [
                dumpling([number, _noise(number)], kitchen="feed").encode() for number in numbers
            ]
            if lines:
                self._connection.send(write(BatchMessage(numbers[0]), lines), text=True)
                self.made = numbers[-1]

    def _read(self) -> None:
        for message in self._connection:
            self._acknowledged = json.loads(message)["acknowledged"]


@contextmanager
def feeding(rate: int) -> Iterator[tuple[Hub, Feed]]:
    """A hub, and a kitchen that feeds it."""
    with (
        Hub() as hub,
        connect(
            f"ws://localhost:{hub.in_port}", subprotocols=[Subprotocol(SUBPROTOCOL)],
            compression=None, proxy=None,
        ) as connection,
    ):  # fmt: skip
        feed = Feed(connection, rate)
        try:
            yield hub, feed
        finally:
            feed.stop()


class Victim:
    """A recorder, killed and started again.

    Args:
        path: of the recording.
        hub: the hub.
        seed: of chance.
    """

    def __init__(self, path: Path, hub: Hub, seed: int) -> None:
        self.kills = 0
        self._path = path
        self._hub = hub
        self._random = random.Random(seed)

    def kill(self, times: int, longest: float) -> None:
        """Let it live for so many seconds at most, and kill it; so many times."""
        for _ in range(times):
            with self._started() as recorder:
                if self._random.random() < 0.8:  # else it dies young
                    recorder.wait_for_err(r"connected to the hub")
                time.sleep(self._random.uniform(0, longest))
                assert recorder.process.poll() is None, recorder.err
                recorder.end(signal.SIGKILL)
            self.kills += 1

    def outcome(self, feed: Feed) -> Outcome:
        """Have it record the rest, and see what is there; the kitchen has stopped."""
        numbers: list[int] = []
        told = 0
        for _ in range(_TRIES):
            with self._started() as recorder:
                recorder.wait_for_err(r"connected to the hub")
                time.sleep(0.3)
                assert recorder.end(signal.SIGTERM) == 0, recorder.err
            numbers, told, damaged = read(self._path)
            if numbers and numbers[-1] == feed.made:
                break
        runs: list[list[int]] = []
        for number in numbers:
            if runs and runs[-1][1] == number - 1:
                runs[-1][1] = number
            else:
                runs.append([number, number])
        # What came before it first was there, it has not asked for.
        first = numbers[0] if numbers else 1
        books = balance([[1, first - 1], *runs] if first > 1 else runs, feed.made)
        files = files_of([self._path])
        return Outcome(
            feed.made,
            len(set(numbers)),
            books.twice,
            books.missing,
            told,
            sum(after < before for (_, before), (after, _) in itertools.pairwise(runs)),
            [*damaged, *(wrong for file in files if (wrong := what_is_wrong_with(file)))],
            self.kills,
            len(files),
        )

    def _started(self) -> Command:
        options = ["--since", "1h", "-k", "feed", "--write-every", "0.2"]
        if self._path.suffix != ".sqlite":
            packed = self._path.suffix in (".gz", ".zst")
            options += ["--rotate-size", "500k" if packed else "2M"]
        return Command("record", str(self._path), "-h", self._hub.for_eaters, *options)


def read(path: Path) -> tuple[list[int], int, list[str]]:
    """Read a recording: the numbers in it, how many it says are missing, and what is damaged."""
    numbers: list[int] = []
    told = 0
    damaged = []
    for file in files_of([path]):
        for found in read_recording(file):
            if isinstance(found, Damage):
                damaged.append(f"{found.path.name}, {found.where}: {found.problem}")
            elif isinstance(found, Missed):
                told += found.missed
            else:
                numbers.append(json.loads(found)["payload"][0])
    return numbers, told, damaged


def what_is_wrong_with(file: Path) -> str:
    """Check a file by other means than our own reader; say what is wrong, or nothing."""
    try:
        if file.suffix == ".sqlite":
            with closing(sqlite3.connect(file)) as database:
                (verdict,) = database.execute("PRAGMA integrity_check").fetchone()
                return "" if verdict == "ok" else f"{file.name}: {verdict}"
        if file.suffix == ".gz":
            gzip.decompress(file.read_bytes())
        elif file.suffix == ".zst":
            zstd_module().decompress(file.read_bytes())
        elif file.suffix == ".parquet":
            import duckdb

            duckdb.sql(f"SELECT count(payload) FROM '{file}'").fetchall()
    except Exception as error:
        return f"{file.name}: {error!r}"
    return ""


def torment(directory: Path, name: str, kills: int, rate: int, seed: int) -> Outcome:
    """Kill a recorder so many times while so many dumplings come a second."""
    with feeding(rate) as (hub, feed):
        victim = Victim(directory / name, hub, seed)
        victim.kill(kills, longest=1.5)
        feed.stop()
        return victim.outcome(feed)
