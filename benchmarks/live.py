"""How many packets a second can be sniffed with none lost, by a kitchen and by scapy?

    python benchmarks/live.py [--seconds N] [--rates PPS,...]

Two network namespaces on one cable, a veth pair: in one tcpreplay sends the mix of `_traffic`, over
and over, at one rate after the other and then as fast as it can; in the other a kitchen sniffs,
with the chefs in the box and no filter, and sends its dumplings to a hub, from which an eater takes
them: a kitchen in ``two`` processes, of which one captures, as `nd-sniff` has it, and a kitchen in
``one``, as the Python API has it. At each rate the same is done with scapy's `AsyncSniffer` and the
three chefs as packet handlers. Nothing leaves the namespaces, and each step ends after so many
seconds.

``offered`` is what tcpreplay says it sent; ``received`` what the capture saw, lost or not;
``kernel`` and ``kitchen`` what was dropped there; ``handled`` what passed all chefs by the time all
was sent and a grace of a few seconds was over. Linux counts the packets that did not fit into the
buffer of a socket: the kitchen's of 16 MiB, or scapy's of the system's default size.

Bias: sender, kitchen, hub and eater share the processors of one machine, and a veth pair hands
packets over in the sender's own time. So the greatest rate is the sender's beside all the others,
not the kitchen's. For us: scapy's sniffer makes no dumplings, but in Python of one thread that
would only slow it.

It takes root, iproute2 and tcpreplay; without, it says so and measures nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from struct import Struct
from typing import TYPE_CHECKING, Any

BENCHMARKS = Path(__file__).resolve().parent
sys.path.insert(0, str(BENCHMARKS.parent / "tests"))
from support.network import Cable, inside, ip, why_not  # noqa: E402

if TYPE_CHECKING:
    from netdumplings.capture.live import LiveSource
    from netdumplings.privsep.side import ChefSide

INTERFACE = "eth0"
PACKETS = 200_000
SECONDS = 4
RATES = (50_000, 100_000, 200_000, 350_000, None)
#: Seconds for what was sent to be handled.
GRACE = 3.0
PATIENCE = 30.0
READY = "ready"
#: packet(7): the option that tells what a socket received and dropped.
SOL_PACKET, PACKET_STATISTICS = 263, 6

Counts = dict[str, int]


# These three run as processes of their own: they say when they are ready, and what they have
# counted when they are told to end.


def separate() -> None:
    """As `kitchen`, but captured by a process of its own, as nd-sniff does it."""
    from netdumplings.privsep import privileges
    from netdumplings.privsep.supervisor import Plan
    from netdumplings.privsep.supervisor import separate as fork

    def capture() -> LiveSource:
        from netdumplings.capture import CaptureOptions
        from netdumplings.capture.live import LiveSource

        return LiveSource([INTERFACE], CaptureOptions(filter=""))

    kitchen(fork(Plan(who=privileges.identity(), interfaces=INTERFACE, capture=capture)))


def kitchen(side: ChefSide | None = None) -> None:
    """Sniff with the chefs in the box and send the dumplings to the hub."""
    from netdumplings import DumplingKitchen

    class Ready(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if "sniffs on" in record.getMessage():
                print(READY, flush=True)

    logger = logging.getLogger("netdumplings.kitchen")
    logger.addHandler(Ready())
    logger.setLevel(logging.INFO)
    if side is None:
        cooking = DumplingKitchen(interface=INTERFACE, filter="")
    else:
        cooking = DumplingKitchen(filter="", source=side.source)
        side.working([chef.name for chef in cooking.chefs], cooking.stop)
    cooking.run()
    counted = cooking.statistics()
    print(
        json.dumps(
            {
                "received": counted.packets_received,
                "kernel": counted.packets_dropped_by_kernel,
                "kitchen": counted.packets_dropped_by_kitchen,
                "handled": counted.packets_handled,
                "dumplings": counted.dumplings_made,
                "dumplings lost": counted.dumplings_dropped,
            }
        )
    )


def sniffer() -> None:
    """Sniff with scapy and the plain chefs."""
    from _plain import chefs_in_the_box
    from scapy.config import conf
    from scapy.sendrecv import AsyncSniffer

    # Before there is a second thread, which could take it.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    chefs = chefs_in_the_box()
    handled = 0

    def handle(packet: Any) -> None:
        nonlocal handled
        for chef in chefs:
            chef(packet)
        handled += 1

    socket = conf.L2listen(iface=INTERFACE)
    sniffing = AsyncSniffer(opened_socket=socket, prn=handle, store=False)
    sniffing.start()
    print(READY, flush=True)
    signal.sigwait({signal.SIGTERM})
    # What is still in the buffer was received, and is not handled: nobody waits for it here.
    statistics = Struct("@II")
    raw = socket.ins.getsockopt(SOL_PACKET, PACKET_STATISTICS, statistics.size)
    received, dropped = statistics.unpack(raw)
    print(json.dumps({"received": received, "kernel": dropped, "handled": handled}), flush=True)


def eater() -> None:
    """Count the dumplings that come from the hub."""
    from netdumplings import DumplingEater

    async def count() -> int:
        eaten = 0
        stopping = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)

        async def eat() -> None:
            nonlocal eaten
            async with DumplingEater() as eater:
                print(READY, flush=True)
                async for dumpling in eater:
                    eaten += dumpling.chef_name != "SystemStatusChef"

        eating = asyncio.create_task(eat())
        await stopping.wait()
        eating.cancel()
        return eaten

    print(json.dumps({"eaten": asyncio.run(count())}), flush=True)


ROLES = {"separate": separate, "kitchen": kitchen, "sniffer": sniffer, "eater": eater}


class Process:
    """One of the three, in a namespace.

    Args:
        namespace: where.
        role: which.
    """

    def __init__(self, namespace: str, role: str) -> None:
        command = inside(namespace, sys.executable, __file__, "--role", role)
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self._stdout = self._process.stdout
        assert self._stdout is not None
        timer = threading.Timer(PATIENCE, self._process.kill)
        timer.start()
        line = self._stdout.readline()
        timer.cancel()
        if line.strip() != READY:
            raise SystemExit(f"the {role} did not start")

    def end(self) -> Counts:
        """End it, and return what it counted."""
        self._process.send_signal(signal.SIGTERM)
        try:
            output, _ = self._process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise SystemExit("a process did not end") from None
        counts: Counts = json.loads(output.splitlines()[-1])
        return counts


@contextmanager
def hub(namespace: str) -> Iterator[None]:
    """A hub in a namespace."""
    command = inside(namespace, sys.executable, "-m", "netdumplings.console.hub")
    process = subprocess.Popen(command, stderr=subprocess.PIPE)
    assert process.stderr is not None
    try:
        process.stderr.readline()  # it says where it listens
        yield
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE)


def send(namespace: str, path: Path, rate: int | None, seconds: int) -> tuple[int, float]:
    """Send packets; return how many were sent, and how many a second that was."""
    speed = ["--topspeed"] if rate is None else [f"--pps={rate}"]
    command = ["tcpreplay", "-q", "-i", INTERFACE, "--preload-pcap", "--loop=0",
               f"--duration={seconds}", *speed, str(path)]  # fmt: skip
    done = subprocess.run(
        inside(namespace, *command),
        check=False, capture_output=True, text=True, timeout=seconds + 60,
    )  # fmt: skip
    found = re.search(r"Actual: (\d+) packets.*? in ([\d.]+) seconds", done.stdout, re.DOTALL)
    if found is None:
        raise SystemExit(f"tcpreplay failed: {done.stderr or done.stdout}")
    failed = re.search(r"Failed packets: +(\d+)", done.stdout)
    sent = int(found[1]) - (int(failed[1]) if failed else 0)
    return sent, sent / float(found[2])


def kitchen_step(
    cable: Cable, path: Path, rate: int | None, seconds: int, role: str = "kitchen"
) -> Counts:
    """One rate for a kitchen of one process, or of two, with hub and eater."""
    with hub(cable.right):
        eating = Process(cable.right, "eater")
        cooking = Process(cable.right, role)
        offered, reached = send(cable.left, path, rate, seconds)
        time.sleep(GRACE)
        counts = cooking.end()
        counts |= eating.end()
    return counts | {"offered": offered, "rate": round(reached)}


def separate_step(cable: Cable, path: Path, rate: int | None, seconds: int) -> Counts:
    """One rate for a kitchen of two processes."""
    return kitchen_step(cable, path, rate, seconds, "separate")


def scapy_step(cable: Cable, path: Path, rate: int | None, seconds: int) -> Counts:
    """One rate for scapy."""
    sniffing = Process(cable.right, "sniffer")
    offered, reached = send(cable.left, path, rate, seconds)
    time.sleep(GRACE)
    return sniffing.end() | {"offered": offered, "rate": round(reached)}


COLUMNS = ("rate", "offered", "received", "handled", "kernel", "kitchen", "dumplings", "eaten")


def measure(path: Path, rates: tuple[int | None, ...], seconds: int) -> None:
    """Measure both at every rate and print the table."""
    print(f"{'':8}" + "".join(f"{name:>11}" for name in COLUMNS))
    clean = {"two": 0, "one": 0, "scapy": 0}
    steps = {"two": separate_step, "one": kitchen_step, "scapy": scapy_step}
    for rate in rates:
        for name, step in steps.items():
            with Cable() as cable:
                for namespace in (cable.left, cable.right):
                    # No neighbour discovery of the kernel's own among what is counted.
                    ip("netns", "exec", namespace, "sysctl", "-qw",
                       f"net.ipv6.conf.{INTERFACE}.disable_ipv6=1")  # fmt: skip
                counts = step(cable, path, rate, seconds)
            cells = (f"{counts[key]:11,}" if key in counts else f"{'':11}" for key in COLUMNS)
            print(f"{name:8}" + "".join(cells), flush=True)
            if counts["handled"] >= counts["offered"]:
                clean[name] = max(clean[name], counts["rate"])
            if name == "two":
                unseen = counts["offered"] - counts["received"]
                lost = counts["dumplings"] - counts["eaten"]
    print()
    print(
        f"greatest rate with no packet lost: {clean['two']:,} a second in two processes, "
        f"{clean['one']:,} in one; aim 350,000"
    )
    print(f"at the sender's greatest speed: {max(0, unseen):,} packets lost and not counted: "
          f"{'MISSED' if unseen > 0 else 'met'}; {lost:,} dumplings not eaten")  # fmt: skip


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--seconds", type=int, default=SECONDS, help="each step; %(default)s")
    parser.add_argument("--rates", help="packets a second, with commas; then the greatest speed")
    parser.add_argument("--role", choices=ROLES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.role:
        ROLES[options.role]()
        return
    missing = why_not()
    if missing is None and shutil.which("tcpreplay") is None:
        missing = "tcpreplay is not installed; on Debian: apt-get install tcpreplay"
    if missing:
        print(f"skipped: {missing}")
        return
    from _traffic import write_capture

    rates = RATES
    if options.rates:
        rates = (*(int(rate) for rate in options.rates.split(",")), None)
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "mix.pcap")
        write_capture(path, PACKETS)
        measure(path, rates, options.seconds)


if __name__ == "__main__":
    main()
