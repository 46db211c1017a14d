"""How many packets a second does each chef of the menu handle, and how many all of them together?

    python benchmarks/menu.py [--packets N] [--read FILE ...] [--chef NAME ...] [--rounds N]

Held against plain scapy that dissects the same packets, one after the other, and does nothing with
them. Each chef runs in a kitchen of its own, then all at once, as with `nd-sniff --menu all`, over
captures that are made up and always the same: conversations of an office, and of machines that move
large files (see `_conversations`). A third, `unordered` (see `_traffic`), is what nothing real is:
almost every packet is of another connection than those before it, which is the worst for whoever
keeps track of connections; it is shown, and held to nothing. With `--read` the captures named are
one more. Every row runs in a process of its own, several times, and the best time counts. Time is
that of the processor; what is timed is reading and handling the packets, without starting Python
and importing what is needed. Peak memory is the largest resident set of the process.

Bias. Against us: plain scapy makes no dumplings and remembers nothing; a kitchen counts each layer
besides, and encodes each dumpling. For us: no dumpling goes over a network; plain scapy is timed on
the first 20 000 packets of each capture only, so that a run takes minutes.

A capture of some thousand packets measures little but what is done once: tables that are made, and
layers that scapy is asked about for the first time.

All together must be 30 times as fast as plain scapy, over each mix of conversations and what is
named by `--read`; otherwise the exit status is 1.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

ROUNDS = 5
SCAPY_PACKETS = 20_000
PACKETS = 400_000
PROMISED = 30
#: What is held to nothing.
UNORDERED = "unordered"
SCAPY, ALL = "plain scapy, doing nothing", "all of them"
MIB = 1024 * 1024


class Result(NamedTuple):
    """One run: packets, seconds of the processor, dumplings, and bytes of memory at most."""

    packets: int
    seconds: float
    dumplings: int
    peak: int

    @property
    def rate(self) -> float:
        """Packets a second."""
        return self.packets / self.seconds


def menu() -> list[str]:
    """The names of all chefs in the box."""
    from netdumplings import dumplingchefs

    return list(dumplingchefs.__all__)


# These two run in a process of their own, and return packets, seconds and dumplings.


def plain_scapy(paths: Sequence[str]) -> tuple[int, float, int]:
    """Dissect packets with scapy, and do nothing."""
    import scapy.layers.all  # noqa: F401 - all that scapy loads by itself
    from scapy.utils import PcapReader

    count, took = 0, 0.0
    for path in paths:
        start = time.process_time()
        with PcapReader(path) as packets:
            for number, _ in enumerate(packets, start=1):
                count += 1
                if number == SCAPY_PACKETS:
                    break
        took += time.process_time() - start
    return count, took, 0


def kitchen(paths: Sequence[str], name: str) -> tuple[int, float, int]:
    """Run a kitchen to the end, and take its dumplings."""
    from netdumplings import DumplingKitchen, dumplingchefs
    from netdumplings.packets import quic_keys  # noqa: F401 - else it is when QUIC comes

    gc.collect()
    gc.freeze()  # as nd-sniff does
    if name == ALL:
        cooking = DumplingKitchen(read=paths, filter="", menu="all")
    else:
        cooking = DumplingKitchen(read=paths, filter="", chefs=[getattr(dumplingchefs, name)])
    start = time.process_time()
    for _ in cooking.cook():
        pass
    took = time.process_time() - start
    done = cooking.statistics()
    if done.errors:
        raise SystemExit(f"{name} failed: {done.errors}")
    return done.packets_handled, took, sum(chef.dumplings for chef in done.chefs.values())


def once(paths: Sequence[str], name: str) -> Result:
    """Run one row in a new process."""
    command = [sys.executable, __file__, "--row", name, "--read", *paths]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{name} over {', '.join(paths)} failed")
    peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return Result(*json.loads(output), peak)


def best(paths: Sequence[str], names: Sequence[str], rounds: int) -> dict[str, Result]:
    """The quickest run of each row; they take turns, so that a busy moment meets all of them."""
    results: dict[str, Result] = {}
    for _ in range(rounds):
        for name in names:
            result = once(paths, name)
            if name not in results or result.seconds < results[name].seconds:
                results[name] = result
    return results


def compare(mix: str, paths: Sequence[str], chefs: Sequence[str], rounds: int) -> bool:
    """Measure each row and print a table; return whether all together are too slow."""
    size = sum(Path(path).stat().st_size for path in paths)
    results = best(paths, [SCAPY, *chefs, ALL], rounds)
    packets = results[ALL].packets
    print(f"{mix}: {packets:,} packets, {size / packets:,.0f} bytes each; best of {rounds}")
    print(f"{'':28} {'packets/s':>11} {'us':>7} {'x scapy':>8} {'dumplings':>10} {'peak MiB':>9}")
    for name, result in results.items():
        ratio = result.rate / results[SCAPY].rate
        print(
            f"{name:28} {result.rate:11,.0f} {1e6 / result.rate:7.2f} {ratio:8.1f} "
            f"{result.dumplings:10,} {result.peak / MIB:9.0f}",
        )
    ratio = results[ALL].rate / results[SCAPY].rate
    is_bad = ratio < PROMISED
    if mix == UNORDERED:
        print(f"all of the menu {ratio:.1f} x\n", flush=True)
        return False
    verdict = "MISSED" if is_bad else "met"
    print(f"all of the menu {ratio:.1f} x, at least {PROMISED} x: {verdict}\n", flush=True)
    return is_bad


def generate(directory: Path, packets: int) -> dict[str, Path]:
    """Write the captures, in a process of its own."""
    mixes = {name: directory / f"{name}.pcap" for name in ("office", "transfers", UNORDERED)}
    program = (
        "import sys, pathlib, _traffic\n"
        "from _conversations import TRANSFERS, write_conversations\n"
        "office, transfers, unordered = map(pathlib.Path, sys.argv[1:4])\n"
        "packets = int(sys.argv[4])\n"
        "write_conversations(office, packets)\n"
        "write_conversations(transfers, packets, 1, shares=TRANSFERS, scale=4)\n"
        "_traffic.write_capture(unordered, packets)"
    )
    command = [sys.executable, "-c", program, *map(str, mixes.values()), str(packets)]
    subprocess.run(command, cwd=Path(__file__).parent, check=True)
    return mixes


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--packets", type=int, default=PACKETS, help=f"of ours; {PACKETS:,}")
    parser.add_argument("--read", metavar="FILE", nargs="+", help="captures, as one more mix")
    parser.add_argument("--chef", metavar="NAME", action="append", help="only this one alone")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"of each row; {ROUNDS}")
    parser.add_argument("--row", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.row == SCAPY:
        print(json.dumps(plain_scapy(options.read)))
        return
    if options.row:
        print(json.dumps(kitchen(options.read, options.row)))
        return
    chefs = menu()
    for name in options.chef or ():
        if name not in chefs:
            parser.error(f"there is no chef {name!r}; there are: {', '.join(chefs)}")
    with tempfile.TemporaryDirectory() as directory:
        mixes = {
            mix: [str(path)] for mix, path in generate(Path(directory), options.packets).items()
        }
        if options.read:
            mixes["what was named"] = options.read
        bad = [
            compare(mix, paths, options.chef or chefs, options.rounds)
            for mix, paths in mixes.items()
        ]
    if any(bad):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
