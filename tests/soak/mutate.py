"""Captures changed by chance, through readers, columns, lazy packets and the chefs in the box.

Each changed file is made of a seed and a number, which are printed when it fails: they make it
again.
"""

from __future__ import annotations

import logging
import random
import resource
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from netdumplings import DumplingKitchen
from netdumplings.capture import CaptureOptions, file_source
from netdumplings.exceptions import CaptureError, NotACapture, TruncatedCapture
from netdumplings.packets import PacketBatch

from .captures import captures_below
from .mutation import mutated
from .records import count

#: Bytes of a capture that is changed at most; so many of each, for the time that it takes.
LONGEST = 200_000
#: Seconds of processor time that one may take, and MiB by which the memory may grow in all.
SLOWEST, MEMORY = 20.0, 400
#: Packets of each batch that are looked into one by one: scapy takes its time.
LOOKED_INTO = 3


def files(folder: Path) -> list[Path]:
    """The captures to change."""
    return [path for path in captures_below(folder) if path.stat().st_size <= LONGEST]


def changed(paths: list[Path], seed: int, number: int) -> tuple[Path, bytes]:
    """Make the file of that seed and number: what it was made of, and its bytes."""
    chance = random.Random(f"{seed}/{number}")
    path, other = chance.choice(paths), chance.choice(paths)
    data = path.read_bytes()
    return path, mutated(chance, data, [data, other.read_bytes()])


def wrong_with(file: Path) -> Iterator[str]:
    """Say what is wrong with what is made of a capture; nothing if all is well."""
    has = count(file)
    kitchen = DumplingKitchen(read=file, filter="ip or arp")
    error: CaptureError | None = None
    try:
        for text in kitchen.cook():
            if len(text.encode()) > 256 * 1024:
                yield f"a dumpling of {len(text)} characters"
    except (NotACapture, TruncatedCapture) as raised:
        error = raised
    done = kitchen.statistics()
    yield from done.packets.violations()
    if done.errors:
        yield f"the chefs made errors: {done.errors}"
    if (error is not None) != (has.breaks_off or has.no_capture):
        yield f"the error is {error!r}, the capture is {has}"
    if not has.no_capture:
        found = done.packets_handled + done.packets_filtered_out
        if (found, done.packets_damaged) != (has.packets, has.breaks_off):
            yield f"the books do not balance: {done.packets}, the capture is {has}"
    yield from _wrong_with_packets(file)


def _wrong_with_packets(file: Path) -> Iterator[str]:
    source = file_source([str(file)], CaptureOptions(filter="", snaplen=2000))
    try:
        source.open()
        while not source.ended:
            batch = source.read(1)
            if batch is not None:
                yield from _wrong_with_batch(batch)
    except (NotACapture, TruncatedCapture):
        pass
    finally:
        source.close()


def _wrong_with_batch(batch: PacketBatch) -> Iterator[str]:
    ends = batch.payload_offsets + batch.payload_lengths
    if not (ends <= batch.captured_lengths).all():
        yield "a payload that ends behind its packet"
    for packet in batch[:LOOKED_INTO]:
        packet.haslayer("DNS")
        packet.summary()


def mutate(folder: Path, *, seed: int, first: int, number: int) -> bool:
    """Do it, and print a line a failure and the totals; return whether something was wrong.

    Args:
        folder: where the captures are.
        seed: of chance.
        first: the number of the first file to make.
        number: how many.
    """
    logging.getLogger("scapy").setLevel(logging.CRITICAL)
    logging.getLogger("netdumplings").setLevel(logging.CRITICAL)
    paths = files(folder)
    if not paths:
        print(f"mutate: there are no captures below {folder}")
        return True
    failures, slowest, before = 0, 0.0, 0
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "changed"
        for index in range(first, first + number):
            path, data = changed(paths, seed, index)
            file.write_bytes(data)
            since = time.process_time()
            try:
                wrong = list(wrong_with(file))
            except Exception as error:  # whatever it is: that is what we look for
                wrong = [f"it raised {error!r}"]
            took = time.process_time() - since
            slowest = max(slowest, took)
            if took > SLOWEST:
                wrong.append(f"it took {took:.1f} s of processor time")
            if index == first + number // 10:
                before = _peak()
            for line in wrong:
                failures += 1
                print(f"--seed {seed} --first {index} --number 1, of {path}: {line}", flush=True)
    grown = _peak() - before
    if grown > MEMORY:
        failures += 1
        print(f"memory grew by {grown} MiB")
    print(
        f"mutate: {number} files of seed {seed}, from {first} on, made of {len(paths)} captures, "
        f"in {time.monotonic() - began:.0f} s; slowest {slowest:.1f} s, memory grew by {grown} "
        f"MiB; {failures} failures: {'BAD' if failures else 'good'}"
    )
    return bool(failures)


def _peak() -> int:
    """The most memory that was in use so far, MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
