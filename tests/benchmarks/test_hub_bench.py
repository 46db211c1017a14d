"""The benchmark of the hub measures real servers with real peers; how fast they are is not tested.

What the figures rest on is: that every dumpling is counted, and that one which is missing is told.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from _hub_dialects import SENT, SIZE, BatchCounter, dumpling

from netdumplings import Dumpling
from support.commands import PATIENCE, clean_environment

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def test_dumplings_arrive_from_every_hub_and_rates_latency_and_memory_are_printed() -> None:
    done = subprocess.run(
        [
            *(sys.executable, str(BENCHMARKS / "hub.py"), "--servers", "naive,legacy,v2"),
            *("--eaters", "3", "--seconds", "0.05", "--rounds", "1"),
        ],
        capture_output=True, text=True, timeout=2 * PATIENCE, check=False, env=clean_environment(),
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    for name in ("naive hub", "ours, legacy peers", "ours, v2 peers"):
        # The line ends with the peak memory: nothing is missing, and nothing came twice.
        fan_out = rf"^ +3  {name} +[1-9][\d,]* +[1-9][\d,]* +[\d,]+ +\d+% +\d+$"
        assert re.search(fan_out, done.stdout, re.MULTILINE), done.stdout
        latency = rf"^ +1  {name} +\d+\.\d\d +\d+\.\d\d$"
        assert re.search(latency, done.stdout, re.MULTILINE), done.stdout


def test_a_dumpling_is_valid_has_its_size_and_tells_when_it_was_sent() -> None:
    text = dumpling(7, sent=1234)
    assert len(text) == SIZE
    assert Dumpling.from_json(text.decode()).payload["number"] == f"{7:012}"
    found = SENT.search(text)
    assert found is not None
    assert int(found[1]) == 1234


def test_dumplings_of_batches_are_counted_wherever_the_stream_is_cut() -> None:
    batches = [
        b'{"type":"batch","cursor":{"a":%d}}' % last + b"\n" + b"\n".join([dumpling(0)] * count)
        for last, count in ((1, 1), (300, 299), (310, 10))
    ]
    gap = b'{"type":"gap","missed":5,"reason":"slow","cursor":{"a":315}}'
    far = b'{"type":"cursor","cursor":{%b}}' % b",".join(b'"s%d":9' % n for n in range(1000))
    stream = b"".join(map(frame, [*batches, gap, far]))
    # A length of 10 looks like the end of a line.
    stream += b"\x8a\x0a" + b"0123456789"
    for step in (1, 7, 5000, len(stream)):
        counter = BatchCounter()
        for start in range(0, len(stream), step):
            piece = bytearray(stream[start : start + step])
            counter.feed(piece + b"\n\n", len(piece))
        assert (counter.count, counter.missed) == (310, 5)


def frame(text: bytes) -> bytes:
    """As RFC 6455, section 5.2, has it for a server's text message."""
    size = len(text)
    if size < 126:
        return bytes((0x81, size)) + text
    if size < 1 << 16:
        return bytes((0x81, 126)) + size.to_bytes(2) + text
    return bytes((0x81, 127)) + size.to_bytes(8) + text
