"""The benchmarks of hubs on a backbone measure real ones; how fast they are is not tested.

What the figures rest on is: that what arrives is counted, and that what is missing is told.
"""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from _fleet_drivers import counts
from _hub_dialects import dumpling
from _hub_drivers import Eaten
from _jetstream import MessageCounter, publication

from backbone import Measured, Results, Way, print_table
from netdumplings.wire import CountsReceived, KitchenHello, Limits, V2KitchenPeer
from support.commands import PATIENCE, clean_environment
from support.nats import why_no_servers

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"

needs_nats = pytest.mark.skipif(why_no_servers() is not None, reason=str(why_no_servers()))


def run(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(BENCHMARKS / f"{name}.py"), *arguments],
        capture_output=True, text=True, timeout=2 * PATIENCE, check=False, env=clean_environment(),
    )  # fmt: skip


@needs_nats
def test_dumplings_arrive_through_hubs_and_through_nats_itself_and_are_compared() -> None:
    done = run(
        "backbone", "--servers", "1", "--hubs", "2", "--eaters", "3", "--seconds", "0.05",
        "--rounds", "1",
    )  # fmt: skip
    figures = r"\| [1-9][\d,]* \| [1-9][\d,]* \| \d+\.\d\d x \|"
    cost = r"\d+\.\d\d"
    for name, rest in (
        ("NATS, a shared consumer", rf"  \| {cost} \|  \|"),
        ("NATS, a consumer each", rf"  \| {cost} \|  \|"),
        # The line ends with what they cost: nothing is missing.
        ("2 hubs", rf" 0\.5 x( MISSED)? \| {cost} \| {cost} \|"),
        ("in by one hub, out by another", rf" 0\.5 x( MISSED)? \| {cost} \| {cost} \+ {cost} \|"),
    ):
        row = rf"^\| 1 server \| 3 \| {name} {figures}{rest}$"
        assert re.search(row, done.stdout, re.MULTILINE), done.stdout + done.stderr
    # Whether they are fast enough is no matter here; that it is told is.
    assert (done.returncode, done.stderr) == (int("MISSED" in done.stdout), "")


@pytest.mark.parametrize(
    ("rates", "missing", "met", "told"),
    [
        ({Way(0): 100, Way(0, own=True): 120, Way(1): 60}, 0, True, "0.50 x | 0.5 x |"),
        ({Way(0): 100, Way(0, own=True): 122, Way(1): 60}, 0, False, "0.49 x | 0.5 x MISSED |"),
        ({Way(0): 100, Way(1): 300}, 3, False, "(9 did not arrive) |"),
        ({Way(0): 100}, 0, False, "1.00 x |"),
        ({Way(1): 100}, 0, False, "0.00 x | 0.5 x MISSED |"),
    ],
)
def test_a_row_below_its_floor_or_missing_something_is_told(
    rates: dict[Way, int],
    missing: int,
    met: bool,
    told: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def measure(servers: int, way: Way, eaters: int, **how: Any) -> Measured:
        if way not in rates:
            raise TimeoutError("nothing happened")
        total = rates[way] + (missing if way.hubs else 0)
        lost = missing * eaters if way.hubs else 0
        return Measured(Eaten(eaters, total, lost, 0, 1, 1.0), 1.0, [1.0])

    monkeypatch.setattr("backbone.measure", measure)
    results = Results()
    ways = [Way(0), Way(0, own=True), Way(1)]
    for way in ways:
        results.take(1, way, 3, 1)
    capsys.readouterr()
    assert print_table(results, [1], ways, [3]) == met
    assert told in capsys.readouterr().out


@needs_nats
def test_what_hubs_and_their_peers_cost_is_told() -> None:
    done = run("fleet", "--peers", "1x1", "3x1", "--seconds", "0.2")
    assert (done.returncode, done.stderr) == (0, "")
    costs = r" -?\d+\.\d% \| [1-9]\d* \|" * 4
    for kitchens in (1, 3):
        assert re.search(rf"^\| {kitchens} \| 1 \|{costs}$", done.stdout, re.MULTILINE)
    slopes = r"( -?\d+\.\d+ \| -?\d+ \|){4}"
    assert re.search(rf"^\| kitchen \|{slopes}$", done.stdout, re.MULTILINE)


def test_messages_are_counted_wherever_the_stream_is_cut() -> None:
    bodies = [b"x" * size for size in (0, 1, 300, 5000, 80_000, 2, 80_000)]
    stream = b"INFO {}\r\nPING\r\n" + b"".join(
        b"MSG a.b 1 $JS.ACK.7 %d\r\n%b\r\n" % (len(body), body) for body in bodies
    )
    stream += b"PING\r\nHMSG a 1 12 14\r\nNATS/1.0\r\n\r\nMS\r\n"
    for step in (1, 7, 4096, 5001, len(stream)):
        ours, theirs = socket.socketpair()
        with ours, theirs:
            counter, buffer = MessageCounter(), bytearray(1 << 20)
            for start in range(0, len(stream), step):
                piece = stream[start : start + step]
                theirs.sendall(piece)
                before = counter.size
                while counter.size < before + len(piece):
                    counter.read(ours, buffer)
            assert (counter.count, counter.size) == (len(bodies) + 1, len(stream))


def test_what_a_server_complains_of_is_an_error() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, pytest.raises(ConnectionError, match="Slow Consumer"):
        theirs.sendall(b"PING\r\n-ERR 'Slow Consumer'\r\n")
        MessageCounter().read(ours, bytearray(4096))


def test_what_is_published_is_what_a_hub_would_store() -> None:
    lines = [dumpling(number, kitchen="k0001") for number in (1, 2)]
    head, _, rest = publication("k0001", "_INBOX.k", lines).partition(b"\r\n")
    body = b"\n".join(lines)
    assert (head, rest) == (b"PUB bench.k0001.LookupChef _INBOX.k %d" % len(body), body + b"\r\n")
    assert b'"kitchen":"k0001"' in body


def test_a_hub_takes_the_counts_of_quiet_kitchens() -> None:
    peer = V2KitchenPeer(Limits())
    hello = b'{"type":"hello","session":"%b","first":1,"announcement":{"kitchen_name":"k"}}'
    assert [type(one) for one in peer.receive(hello % (b"0" * 32))] == [KitchenHello]
    assert [type(one) for one in peer.receive(counts(1000))] == [CountsReceived]
    # As large as those of a real one (with the three chefs in the box, after an hour).
    assert 700 < len(counts(1000)) < 900
