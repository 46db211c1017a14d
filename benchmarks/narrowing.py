"""What does it save that the kernel drops what no chef is for, and what does changing it cost?

    python benchmarks/narrowing.py [--seconds N]

Two network namespaces on one cable, a veth pair: in one a process sends numbered UDP packets as
fast as it can, in the other somebody sniffs. Nothing leaves the namespaces.

``lost while changing``: the filter of the kernel is changed every 20 ms, to others that let all of
these packets through. ``libpcap's way`` is pcap_setfilter(3PCAP), the baseline; ``in place`` is how
a kitchen does it. ``lost`` are numbers that never came, less those that the kernel says it dropped.

``processor``: `nd-sniff` with one chef, which is for none of the packets; seconds of both of its
processes together. ``all`` is with ``--capture-all``, the baseline; ``narrowed`` without.

Bias: sender and sniffer share the processors of one machine, and a veth pair hands packets over in
the sender's own time: the rate is what is left for the sender. The sender is Python; a faster one
would have more lost each time.

It takes root and iproute2; without, it says so and measures nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BENCHMARKS = Path(__file__).resolve().parent
sys.path.insert(0, str(BENCHMARKS.parent / "tests"))
from support.commands import Command  # noqa: E402
from support.network import Cable, inside, why_not  # noqa: E402

PORT = 5005
SEND = """
import socket, sys, time
sent, end = 0, time.monotonic() + float(sys.argv[3])
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
    while time.monotonic() < end:
        for _ in range(50):
            udp.sendto(sent.to_bytes(8, "big") + bytes(392), (sys.argv[1], int(sys.argv[2])))
            sent += 1
print(sent)
"""
CHANGE = """
import json, sys, threading
from netdumplings.capture import CaptureOptions, live_source
from netdumplings.capture.libpcap import with_cypcap

if sys.argv[1] == "libpcap's way":
    with_cypcap.can_swap = lambda _: False
source = live_source(["eth0"], CaptureOptions(filter="udp", buffer_size=256 << 20))
source.open()
changes, over, seen = 0, threading.Event(), set()

def change():
    global changes
    while not over.wait(0.02):
        changes += 1
        source.narrow([f"udp port {sys.argv[2]}", f"tcp port {changes}"])

changing = threading.Thread(target=change)
source.read(0.0)
changing.start()
print("ready", flush=True)
while (batch := source.read(0.5)) is not None or not seen:
    for index in range(len(batch or ())):
        seen.add(int.from_bytes(batch.data(index)[42:50], "big"))
over.set()
changing.join()
print(json.dumps([changes, len(seen), source.statistics().dropped_by_kernel]))
"""
CHEF = """
from netdumplings import DumplingChef

class NamesChef(DumplingChef):
    packet_filter = "udp port 53"

    def batch_handler(self, packets):
        return len(packets)
"""


def send(cable: Cable, seconds: float) -> int:
    """Send for so many seconds; returns how many packets that were."""
    command = inside(
        cable.right, sys.executable, "-c", SEND, cable.LEFT_IP, str(PORT), str(seconds)
    )
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def changing(way: str, seconds: float) -> None:
    """Count what is lost while the filter changes."""
    with Cable() as cable:
        command = inside(cable.left, sys.executable, "-c", CHANGE, way, str(PORT))
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as sniffer:
            assert sniffer.stdout is not None
            sniffer.stdout.readline()
            sent = send(cable, seconds)
            changes, seen, dropped = json.loads(sniffer.stdout.readline())
    lost = sent - seen - dropped
    print(f"{way:>14} {sent:>10} {changes:>8} {dropped:>8} {lost:>8} {lost / changes:>10.2f}")


def processor(name: str, options: list[str], seconds: float) -> None:
    """Take the time of a kitchen that is for none of the packets."""
    with tempfile.TemporaryDirectory() as directory, Cable() as cable:
        Path(directory).chmod(0o755)
        chef = Path(directory) / "names_chef.py"
        chef.write_text(CHEF)
        chef.chmod(0o644)
        arguments = ("--stdout", "-i", "eth0", "-f", "udp", "-m", str(chef), *options)
        with Command("sniff", *arguments, prefix=inside(cable.left)) as sniff:
            sniff.wait_for_err("sniffs on")
            time.sleep(1.0)
            before = time_of(sniff.process.pid)
            sent = send(cable, seconds)
            taken = time_of(sniff.process.pid) - before
            sniff.end(signal.SIGINT)
            handled = re.search(r"handled (\d+) of (\d+)", sniff.err)
            assert handled is not None
    print(f"{name:>14} {sent:>10} {handled[2]:>10} {taken:>9.2f}")


def time_of(pid: int) -> float:
    """Seconds of the processor that a process and its children have taken."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    ticks = 0
    for one in [str(pid), *children]:
        fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--seconds", type=float, default=5.0, help="how long each step sends")
    seconds = parser.parse_args().seconds
    if reason := why_not():
        print(f"nothing is measured: {reason}")
        return
    print("lost while changing")
    print(f"{'':>14} {'sent':>10} {'changes':>8} {'dropped':>8} {'lost':>8} {'per change':>10}")
    for way in ("libpcap's way", "in place"):
        changing(way, seconds)
    print("\nprocessor")
    print(f"{'':>14} {'sent':>10} {'received':>10} {'seconds':>9}")
    for name, options in (("all", ["--capture-all"]), ("narrowed", [])):
        processor(name, options, seconds)


if __name__ == "__main__":
    main()
