"""A chef that is too slow for its link: nothing is lost unseen, and the log says who it was."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from support.network import Cable, inside, start_inside, why_not

REASON = why_not()
pytestmark = [
    pytest.mark.netns,
    pytest.mark.skipif(REASON is not None, reason=str(REASON)),
]

CHEFS = """
import time
from netdumplings import DumplingChef

class SlowChef(DumplingChef):
    def packet_handler(self, packet):
        time.sleep(0.01)

class PokedChef(DumplingChef):
    def batch_handler(self, packets):
        pass

    def interval_handler(self, interval=None):
        return "poke"
"""
FLOOD = """
import socket
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
    while True:
        udp.sendto(b"x" * 1000, ("10.77.0.1", 5005))
"""


@contextmanager
def flood(cable: Cable) -> Iterator[None]:
    with start_inside(cable.right, [sys.executable, "-c", FLOOD]) as process:
        try:
            yield
        finally:
            process.kill()


def wait_for_line(stream: IO[str], pattern: str) -> re.Match[str]:
    said = []
    for line in stream:
        said.append(line)
        if found := re.search(pattern, line):
            return found
    raise AssertionError(f"it ended without {pattern!r}: {said}")


def test_a_slow_chef_is_named_and_every_packet_is_accounted_for(tmp_path: Path) -> None:
    chefs = tmp_path / "chefs.py"
    chefs.write_text(CHEFS)
    with Cable() as cable:
        sniff = subprocess.Popen(
            inside(
                cable.left, sys.executable, "-m", "netdumplings.console.sniff", "--stdout",
                "-i", "eth0", "-f", "udp port 5005", "-m", str(chefs), "-p", "0.5",
                "--buffer-size", "500000",
            ),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        with sniff:
            assert sniff.stdout
            assert sniff.stderr
            wait_for_line(sniff.stderr, "kitchen default_kitchen sniffs on eth0")
            with flood(cable):
                behind = wait_for_line(sniff.stderr, "falls behind.*")
                # A slow chef does not keep the others' interval handlers waiting.
                for _ in range(4):
                    assert '"poke"' in sniff.stdout.readline()
            sniff.send_signal(signal.SIGINT)
            rest = sniff.stderr.read()
            assert sniff.wait(30) == 0
    assert re.search(
        r"the kernel drops packets \(\d+ so far\): chef SlowChef took \d+% of the time; "
        "a packet_filter or a batch_handler in it would help$",
        behind[0],
    )
    assert "falls behind" not in rest  # once an episode
    counts = re.search(
        r"handled (\d+) of (\d+) packets \(dropped: (\d+) by the kernel, (\d+) by the kitchen", rest
    )
    assert counts
    handled, received, by_kernel, by_kitchen = map(int, counts.groups())
    assert by_kernel > 0
    assert received == handled + by_kernel + by_kitchen
    assert re.search(rf"chef SlowChef: {handled} packets in ", rest)
