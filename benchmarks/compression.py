"""What each way to compress a batch of dumplings saves, and what it costs.

    python benchmarks/compression.py

A kitchen makes dumplings of the packets of a made-up capture (see ``_traffic.py``), one for each
DNS message with a question and for each ARP packet. They are put into batches as the hub writes
them, and each batch is compressed by itself, as it is for eaters that ask for it. Counted is the
processor's time, and of many rounds the shortest. The levels that the hub uses are marked; a ratio
of 8 means an eighth as long.

Baseline, in the same run: joining the same batches uncompressed, which the hub does in any case.
Bias, in favour of compression: the capture has a thousand DNS messages and forty of ARP, which come
again and again; a real network has more names and hosts.
"""

from __future__ import annotations

import sys
import tempfile
import time
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from _traffic import write_capture

from netdumplings import DumplingKitchen
from netdumplings.dumplingchefs import ARPChef, DNSLookupChef
from netdumplings.wire import ENCODINGS, BatchToEater, compress, stream_of, write

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

PACKETS = 150_000
SIZES = (10, 100, 1000)
#: Seconds that each figure is measured for.
SECONDS = 0.5

STREAM = stream_of("0123456789abcdef")

Way = tuple[Callable[[bytes], bytes], Callable[[bytes], bytes]]
WAYS: dict[str, Way] = {
    f"zstd {level}": (partial(zstd.compress, level=level), zstd.decompress) for level in (1, 3)
} | {f"deflate {level}": (partial(zlib.compress, level=level), zlib.decompress) for level in (1, 6)}


def dumplings() -> list[bytes]:
    """Make dumplings as a kitchen would, in UTF-8."""
    with tempfile.TemporaryDirectory() as directory:
        capture = Path(directory) / "capture.pcap"
        write_capture(capture, PACKETS)
        kitchen = DumplingKitchen(
            "bench", read=capture, filter="", chefs=[ARPChef, DNSLookupChef], poke_interval=1e9
        )
        made = [dumpling for dumpling in kitchen if dumpling.driver.value == "packet"]
    return [dumpling.to_json().encode() for dumpling in made]


def seconds(function: Callable[[Any], object], inputs: list[Any]) -> float:
    """Time a function over all inputs: of as many rounds as there is time for, the shortest."""
    best, end = float("inf"), time.process_time() + SECONDS
    while time.process_time() < end or best == float("inf"):
        start = time.process_time()
        for one in inputs:
            function(one)
        best = min(best, time.process_time() - start)
    return best


def used(sample: bytes) -> set[str]:
    """Find the levels at which the hub compresses, by what comes out."""
    ours = {compress(sample, encoding) for encoding in ENCODINGS}
    return {name for name, (pack, _) in WAYS.items() if pack(sample) in ours}


def main() -> None:
    """Measure every way with every size of batch, and print a table for each."""
    lines = dumplings()
    marked = used(b"\n".join(lines))
    print(f"{len(lines)} dumplings of {sum(map(len, lines)) / len(lines):.0f} bytes on average")
    for size in SIZES:
        groups = [lines[first : first + size] for first in range(0, len(lines), size)]
        join = partial(write, BatchToEater({STREAM: 123_456}))
        batches = [join(group) for group in groups]
        total = sum(map(len, batches))
        print(
            f"\nbatches of {size:4}    ratio   bytes a batch   in MB/s   out MB/s   "
            "in us a dumpling"
        )
        took = seconds(join, groups)
        print(
            f"  {'joined only':12} {1:10.1f} {total / len(batches):15.0f} "
            f"{total / took / 1e6:9.0f} {'':10} {took / len(lines) * 1e6:18.2f}"
        )
        for name, (pack, unpack) in WAYS.items():
            packed = [pack(batch) for batch in batches]
            if [unpack(one) for one in packed] != batches:
                sys.exit(f"{name}: what comes out is not what went in")
            into, out = seconds(pack, batches), seconds(unpack, packed)
            length = sum(map(len, packed))
            mark = " *" if name in marked else ""
            print(
                f"  {name + mark:12} {total / length:10.1f} {length / len(batches):15.0f} "
                f"{total / into / 1e6:9.0f} {total / out / 1e6:10.0f} "
                f"{into / len(lines) * 1e6:18.2f}"
            )
    print("\n* what the hub does")


if __name__ == "__main__":
    main()
