"""How many packets a second does a kitchen handle, against scapy, libpcap, tcpdump and tshark?

    python benchmarks/kitchen.py [--read FILE] [--packets N]
    python benchmarks/kitchen.py --memory [--packets N]

Every way of reading the same capture file runs in a process of its own, one after the other, each
several times, and the best time counts. Time is that of the processor, so that a busy machine does
little harm; all of them use one processor only, and wait for nothing, as the file is in the page
cache. What is timed is reading and handling the packets, without starting Python; of tcpdump and
tshark it is the whole process, whose start takes some milliseconds of several hundred. Peak memory
is the largest resident set of the process. A ratio is against plain scapy in the same run.

The capture, unless one is given, is made up as `_traffic` says: mostly TCP and QUIC, some 800 bytes
a packet. `--memory` replays a capture in a loop instead, 10 million packets of it, and tells the
memory as it goes.

Bias. Against us: plain scapy makes no dumplings of what its chefs return, and keeps no bounds. For
us: tcpdump writes a line for each packet, which is its trade and not ours; plain scapy is timed on
the first 20 000 packets only, and tshark on the first 100 000, so that a run takes minutes; no
dumpling goes over a network; and poking chefs every 5 seconds of a capture of 100 000 packets a
second costs next to nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

ROUNDS = 3
SCAPY_PACKETS = 20_000
TSHARK_PACKETS = 100_000
PACKETS = 500_000
MEMORY_PACKETS = 10_000_000
MEMORY_SAMPLES = 20
EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
MIB = 1024 * 1024
RING = 64 * MIB


class Result(NamedTuple):
    """One run: packets, seconds of the processor, and bytes of memory at most."""

    packets: int
    seconds: float
    peak: int

    @property
    def rate(self) -> float:
        """Packets a second."""
        return self.packets / self.seconds


# Every function up to `ROWS` runs in a process of its own, and returns packets and seconds. What
# takes a while to import, it imports itself: this file's own process must stay small, or Linux
# counts its memory as its children's.


def plain_scapy(path: Path, handlers: Iterable[Callable[[Any], Any]]) -> tuple[int, float]:
    """Dissect packets with scapy and hand them to functions."""
    from scapy.utils import PcapReader

    handlers = list(handlers)
    start = time.process_time()
    count = 0
    with PcapReader(str(path)) as packets:
        for packet in packets:
            for handler in handlers:
                handler(packet)
            count += 1
            if count == SCAPY_PACKETS:
                break
    return count, time.process_time() - start


def scapy_chefs(path: Path) -> tuple[int, float]:
    """The three chefs in the box over plain scapy."""
    from _plain import chefs_in_the_box

    return plain_scapy(path, chefs_in_the_box())


def scapy_old_chef(path: Path) -> tuple[int, float]:
    """The old chef over plain scapy."""
    from _plain import old_dns

    return plain_scapy(path, [old_dns()])


def libpcap(path: Path) -> tuple[int, float]:
    """Take every packet from libpcap and do nothing with it."""
    import cypcap

    start = time.process_time()
    count = 0
    with cypcap.open_offline(str(path)) as packets:
        for _ in packets:
            count += 1
    return count, time.process_time() - start


def kitchen(path: Path, chefs: Any = None, packet_filter: str = "") -> tuple[int, float]:
    """Run a kitchen to the end and take its dumplings."""
    from netdumplings import DumplingKitchen

    cooking = DumplingKitchen(read=path, filter=packet_filter, chefs=chefs)
    start = time.process_time()
    for _ in cooking.cook():
        pass
    took = time.process_time() - start
    return cooking.statistics().packets_received, took


def kitchen_filtered(path: Path) -> tuple[int, float]:
    """The chefs in the box behind the filter that a kitchen has by default.

    Packets that do not pass it count: they had to be looked at.
    """
    from netdumplings.defaults import PACKET_FILTER

    _, took = kitchen(path, packet_filter=PACKET_FILTER)
    return libpcap(path)[0], took


def old_chef(path: Path) -> tuple[int, float]:
    """The old chef, unchanged."""
    sys.path.insert(0, str(EXAMPLES))
    from old_chef import OldDNSChef

    return kitchen(path, [OldDNSChef])


def old_chef_filtered(path: Path) -> tuple[int, float]:
    """The old chef, with one line more."""
    sys.path.insert(0, str(EXAMPLES))
    from old_chef import OldDNSChef

    class FilteredChef(OldDNSChef):
        packet_filter = "port 53"

    return kitchen(path, [FilteredChef])


def batch_chef(path: Path) -> tuple[int, float]:
    """A batch chef of three lines."""
    from netdumplings import DumplingChef

    class WebChef(DumplingChef):
        def batch_handler(self, packets: Any) -> dict[str, int]:
            return {"to_443": int((packets.dst_ports == 443).sum())}

    return kitchen(path, [WebChef])


def memory(path: Path, packets: int) -> None:
    """Replay a capture in a loop and print the memory of this process as it goes."""
    from netdumplings import DumplingKitchen

    cooking = DumplingKitchen(read=path, filter="", loop=True)
    samples: list[int] = []
    for number, _ in enumerate(cooking.cook()):
        if number % 1000:  # asking takes time
            continue
        handled = cooking.statistics().packets_handled
        if handled * MEMORY_SAMPLES >= packets * (len(samples) + 1):
            samples.append(resident())
            print(f"{handled:>12,} packets  {samples[-1] / MIB:6.1f} MiB", flush=True)
        if handled >= packets:
            cooking.stop()
    most, growth = max(samples) / MIB, (max(samples[1:]) - samples[1]) / MIB
    verdict = "MISSED" if most >= 250 or growth > 10 else "aim met" if most < 120 else "met"
    print(f"at most {most:.0f} MiB, {growth:.1f} MiB more than after the first tenth")
    print(f"memory flat (within 10 MiB), under 250 MiB, aim 120: {verdict}")


def resident() -> int:
    """The bytes of memory that this process has right now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def traffic(path: Path) -> tuple[int, float]:
    """Count packets and bytes by layer, as every kitchen does, from columns that are there."""
    from netdumplings.capture import CaptureOptions, file_source
    from netdumplings.packets.traffic import count_traffic

    source = file_source([str(path)], CaptureOptions(filter=""))
    source.open()
    count, took = 0, 0.0
    while not source.ended:
        batch = source.read(1)
        if batch is None:
            continue
        assert len(batch.ip_protocols) == len(batch)
        start = time.process_time()
        count_traffic(batch)
        took += time.process_time() - start
        count += len(batch)
    return count, took


def ring(path: Path) -> tuple[int, float]:
    """Keep packets in a ring, which has been gone round before; nothing else is timed."""
    from netdumplings.capture import CaptureOptions, file_source
    from netdumplings.capture.ring import PacketRing
    from netdumplings.capture.ring_memory import RingMemory

    kept = PacketRing(RingMemory(RING))
    source = file_source([str(path)], CaptureOptions(filter=""))
    source.open()
    # As they come live, where there is nothing between them.
    batches = []
    while not source.ended:
        if (batch := source.read(1)) is not None:
            batches.append(batch)
            kept.put(batch)
    start = time.process_time()
    for batch in batches:
        kept.put(batch)
    return sum(map(len, batches)), time.process_time() - start


ROWS: dict[str, tuple[Callable[[Path], tuple[int, float]], int]] = {
    "libpcap alone, packets ignored": (libpcap, ROUNDS),
    "plain scapy, chefs in the box": (scapy_chefs, ROUNDS),
    "plain scapy, old DNS chef": (scapy_old_chef, ROUNDS),
    "kitchen, chefs in the box": (kitchen, ROUNDS),
    "kitchen, the same, default filter": (kitchen_filtered, ROUNDS),
    "kitchen, old DNS chef": (old_chef, ROUNDS),
    "kitchen, the same, packet_filter": (old_chef_filtered, ROUNDS),
    "kitchen, batch chef of three lines": (batch_chef, ROUNDS),
    "in a kitchen, counting by layer": (traffic, ROUNDS),
    "in a kitchen, keeping in a ring": (ring, ROUNDS),
}
COMMANDS = {
    "tcpdump -n": (["tcpdump", "-n", "-r", "-"], None),
    "tshark -T fields": (
        ["tshark", "-n", "-r", "-", "-c", str(TSHARK_PACKETS), "-T", "fields",
         "-e", "frame.protocols", "-e", "dns.qry.name", "-e", "arp.src.proto_ipv4"],
        TSHARK_PACKETS,
    ),
}  # fmt: skip
#: What is held against what, and what is promised and aimed at.
FIGURES = (
    ("chefs in the box against plain scapy", "kitchen, chefs in the box",
     "plain scapy, chefs in the box", 100, 250),
    ("the same against libpcap alone", "kitchen, chefs in the box",
     "libpcap alone, packets ignored", 0.25, 0.5),
    ("the same against tcpdump -n", "kitchen, chefs in the box", "tcpdump -n", 2, 4),
    ("old DNS chef against plain scapy", "kitchen, old DNS chef",
     "plain scapy, old DNS chef", 12, 30),
)  # fmt: skip


def run(command: list[str], **settings: Any) -> tuple[bytes, float, int]:
    """Run a command: what it wrote, the processor's seconds it took, and its peak memory."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, **settings) as process:
        assert process.stdout is not None
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed")
    peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return output, usage.ru_utime + usage.ru_stime, peak


def best(results: list[Result]) -> Result:
    """The quickest run; of all of them the least memory."""
    quickest = min(results, key=lambda result: result.seconds)
    return quickest._replace(peak=min(result.peak for result in results))


def measure_row(name: str, path: Path) -> Result:
    """Run one of our own rows, each time in a new process."""
    results = []
    for _ in range(ROWS[name][1]):
        output, _, peak = run([sys.executable, __file__, "--row", name, "--read", str(path)])
        results.append(Result(*json.loads(output), peak))
    return best(results)


def measure_command(command: list[str], path: Path, packets: int) -> Result:
    """Run a program over the capture, what it prints thrown away."""
    results = []
    for _ in range(ROUNDS):
        with path.open("rb") as file:
            # A shell-less way to /dev/null, so that nobody's pipe is what is measured.
            line = ["env", "sh", "-c", 'exec "$@" >/dev/null 2>&1', "sh", *command]
            _, took, peak = run(line, stdin=file)
        results.append(Result(packets, took, peak))
    return best(results)


def compare(path: Path) -> None:
    """Measure every row and print the table, and which figures are met."""
    results: dict[str, Result] = {}
    rows = [*ROWS, *COMMANDS]
    print(f"{path.name}: {path.stat().st_size / MIB:,.0f} MiB; best of {ROUNDS}")
    print(f"{'':36} {'packets':>9} {'packets/s':>11} {'x scapy':>8} {'peak MiB':>9}")
    for name in rows:
        if name in ROWS:
            result = measure_row(name, path)
        else:
            command, limit = COMMANDS[name]
            if shutil.which(command[0]) is None:
                print(f"{name:36} skipped: {command[0]} is not installed")
                continue
            total = results["libpcap alone, packets ignored"].packets
            result = measure_command(command, path, min(total, limit or total))
        results[name] = result
        scapy = results.get("plain scapy, chefs in the box")
        ratio = f"{result.rate / scapy.rate:8.1f}" if scapy else f"{'':8}"
        print(
            f"{name:36} {result.packets:9,} {result.rate:11,.0f} {ratio} {result.peak / MIB:9.0f}",
            flush=True,
        )
    print()
    for what, ours, theirs, promised, aim in FIGURES:
        if theirs not in results:
            print(f"{what:40} not measured")
            continue
        ratio = results[ours].rate / results[theirs].rate
        verdict = "aim met" if ratio >= aim else "met" if ratio >= promised else "MISSED"
        print(f"{what:40} {ratio:7.2f} x  at least {promised:g}, aim {aim:g}: {verdict}")


def generate(path: Path, packets: int) -> None:
    """Write our own capture, in a process of its own."""
    program = (
        "import sys, pathlib, _traffic\n"
        "_traffic.write_capture(pathlib.Path(sys.argv[1]), int(sys.argv[2]))"
    )
    command = [sys.executable, "-c", program, str(path), str(packets)]
    run(command, cwd=Path(__file__).parent)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--read", type=Path, metavar="FILE", help="a capture instead of ours")
    parser.add_argument("--packets", type=int, help=f"{PACKETS:,}; with --memory 10 million")
    parser.add_argument("--memory", action="store_true", help="memory over a long replay")
    parser.add_argument("--row", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.row == "memory":
        memory(options.read, options.packets)
        return
    if options.row:
        print(json.dumps(ROWS[options.row][0](options.read)))
        return
    with tempfile.TemporaryDirectory() as directory:
        path = options.read or Path(directory, "mix.pcap")
        if options.read is None:
            generate(path, PACKETS if options.memory else options.packets or PACKETS)
        if options.memory:
            packets = str(options.packets or MEMORY_PACKETS)
            command = ["--row", "memory", "--read", str(path), "--packets", packets]
            subprocess.run([sys.executable, __file__, *command], check=True)
        else:
            compare(path)


if __name__ == "__main__":
    main()
