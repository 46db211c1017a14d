"""How many dumplings a second each format of a recording takes, and how large it becomes.

    python benchmarks/recording.py [DUMPLINGS]

Dumplings of some 250 bytes, like those of `DNSLookupChef` and `ARPChef`, are appended in batches as
`nd-record` does: each is on the disk, with its cursor, before the next one comes. Closing is
measured, too, which for Parquet is when DuckDB writes the last file.

Baseline, in the same run: the same lines appended to a file that is synchronised after each batch,
with no cursor and no checksum. Bias: no hub and no network take their share of the processor, and
a batch has 5000 dumplings, a second's worth at 5000 a second; smaller ones take longer, a dumpling.
Names and numbers are drawn from few, so that the compressed files become smaller than yours may.
"""

from __future__ import annotations

import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from netdumplings.recording import files_of, open_recording, read_recording

DUMPLINGS = 200_000
BATCH = 5_000
NAMES = ["r.jsonl", "r.jsonl.gz", "r.jsonl.zst", "r.sqlite", "r.parquet"]

Append = Callable[[list[bytes]], None]


def dumplings(count: int) -> list[bytes]:
    """Make dumplings, the same every time."""
    chance = random.Random(1)
    made = []
    for number in range(count):
        name = f"host-{chance.randrange(2000)}.department-{chance.randrange(30)}.example.org"
        when = 1_795_000_000 + number / 5000
        metadata = {"chef": "DNSLookupChef", "creation_time": when, "driver": "packet",
                    "kitchen": f"kitchen-{chance.randrange(4)}"}  # fmt: skip
        lookup = {"hostname": name, "when": when, "from": f"192.0.2.{chance.randrange(250)}"}
        payload = {"lookup": lookup, "id": chance.randrange(65536), "flags": ["RD", "AD"]}
        made.append(json.dumps({"metadata": metadata, "payload": payload}).encode())
    return made


@contextmanager
def plain_file(path: Path) -> Iterator[Append]:
    """The baseline."""
    with path.open("wb") as file:

        def append(lines: list[bytes]) -> None:
            file.write(b"\n".join(lines) + b"\n")
            file.flush()
            os.fsync(file.fileno())

        yield append


@contextmanager
def recording(path: Path) -> Iterator[Append]:
    """A recording."""
    opened = open_recording(path)
    cursor = {f"{stream:016x}": stream for stream in range(4)}
    yield lambda lines: opened.append(lines, cursor, time.time())
    opened.close()


def seconds(writer: Callable[[Path], object], path: Path, lines: list[bytes]) -> float:
    """How long it takes to write all."""
    began = time.perf_counter()
    with writer(path) as append:  # type: ignore[attr-defined]
        for start in range(0, len(lines), BATCH):
            append(lines[start : start + BATCH])
    return time.perf_counter() - began


def main() -> None:
    """Write in each format, read it again, and print both beside the baseline."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else DUMPLINGS
    lines = dumplings(count)
    with tempfile.TemporaryDirectory() as directory:
        baseline_path = Path(directory) / "plain.txt"
        baseline = seconds(plain_file, baseline_path, lines)
        size = baseline_path.stat().st_size
        print(f"{count:,} dumplings of {size / count:.0f} bytes, {BATCH:,} at once")
        print(f"{'':24} {'written/s':>12} {'of it':>7} {'bytes each':>11} {'read/s':>12}")
        print(f"{'plain file':24} {count / baseline:12,.0f} {1:7.0%} {size / count:11.0f}")
        for name in NAMES:
            path = Path(directory) / name
            took = seconds(recording, path, lines)
            files = files_of([path])
            size = sum(file.stat().st_size for file in files)
            began = time.perf_counter()
            found = sum(isinstance(one, bytes) for file in files for one in read_recording(file))
            reading = time.perf_counter() - began
            assert found == count, name
            written = f"{count / took:12,.0f} {baseline / took:7.0%} {size / count:11.0f}"
            print(f"{name:24} {written} {count / reading:12,.0f}")


if __name__ == "__main__":
    main()
