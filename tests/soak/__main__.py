"""What takes longer than a test may: ``./dev soak`` (``python -m tests.soak``).

Without a name: faults, then churn.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

# As the tests have it: what they share lies in `support`, beside this package.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support import network

from . import faults
from .churn import churn


def main() -> int:
    """Run what the command line asks for; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="./dev soak", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    # Those of `faults` and `churn` also stand without a name, for both of them.
    _add_times(parser)
    _add_minutes(parser)
    parser.set_defaults(run=lambda options: run_faults(options) | run_churn(options))
    commands = parser.add_subparsers(metavar="NAME", title="what there is")

    command = commands.add_parser("faults", help="restarts, kills and cut cables")
    _add_times(command)
    command.set_defaults(run=run_faults)

    command = commands.add_parser("churn", help="eaters that come and go, the hub's memory")
    _add_minutes(command)
    command.set_defaults(run=run_churn)

    command = commands.add_parser("floods", help="malformed and silent peers, without end")
    command.add_argument(
        "--malformed", type=int, default=100_000, help="connections to each port (100000)"
    )
    command.add_argument("--silent", type=int, default=5_000, help="connections to both (5000)")
    command.set_defaults(run=run_floods)

    command = commands.add_parser("autobahn", help="the fuzzing client of Autobahn|Testsuite")
    command.add_argument("--wstest", default="wstest", help="the command (wstest)")
    command.add_argument("cases", nargs="*", default=["*"], help="which, such as '5.*' (all)")
    command.set_defaults(run=run_autobahn)

    command = commands.add_parser("captures", help="every capture of a folder, replayed")
    command.add_argument("folder", type=Path, metavar="DIR", help="or a single capture")
    command.add_argument("--seconds", type=float, default=60, help="that each may take (60)")
    command.add_argument(
        "--sample", type=int, metavar="N", help="only N of them, and all small odd ones"
    )
    command.add_argument("--seed", type=int, default=0, help="for choosing them (0)")
    command.set_defaults(run=run_captures)

    command = commands.add_parser("mutate", help="captures of a folder, changed by chance")
    command.add_argument("folder", type=Path, metavar="DIR")
    command.add_argument("--seed", type=int, default=int(time.time()), help="of chance (the time)")
    command.add_argument("--first", type=int, default=0, help="number of the first file (0)")
    command.add_argument("--number", type=int, default=10_000, help="of files (10000)")
    command.set_defaults(run=run_mutate)

    command = commands.add_parser("attack", help="what one can send past the chefs in the box")
    command.add_argument(
        "--packets", type=int, default=1_000_000, help="of each kind but one (1000000)"
    )
    command.set_defaults(run=run_attacks)

    command = commands.add_parser("many", help="more flows, names and hosts than chefs remember")
    command.add_argument("--flows", type=int, default=1_000_000, help="of each kind (1000000)")
    command.set_defaults(run=run_many)

    command = commands.add_parser("newcomer", help="a fresh clone, ./dev demo, the page: timed")
    command.set_defaults(run=run_newcomer)

    command = commands.add_parser("page", help="the hub's page in a browser, under load")
    command.add_argument("--seconds", type=float, default=60, help="for each view (60)")
    command.add_argument("--rate", type=int, default=2000, help="dumplings a second (2000)")
    command.add_argument("views", nargs="*", help="which, as the output names them (all)")
    command.set_defaults(run=run_page)

    command = commands.add_parser("top", help="nd-top on a terminal, under load")
    command.add_argument("--seconds", type=float, default=60, help="for each size (60)")
    command.add_argument("--rate", type=int, default=2000, help="dumplings a second (2000)")
    command.set_defaults(run=run_top)

    command = commands.add_parser("recorder", help="nd-record, killed while dumplings pour in")
    command.add_argument("--kills", type=int, default=20, help="in each format (20)")
    command.add_argument("--rate", type=int, default=5000, help="dumplings a second (5000)")
    command.add_argument("--seed", type=int, default=int(time.time()), help="of chance (the time)")
    command.add_argument("names", nargs="*", metavar="NAME", help="such as r.sqlite (all)")
    command.set_defaults(run=run_recorder)

    command = commands.add_parser(
        "cluster", help="hubs and servers of a backbone, killed and cut off"
    )
    command.add_argument("--seconds", type=float, default=300, help="how long (300)")
    command.add_argument("--seed", type=int, default=int(time.time()), help="of chance (the time)")
    command.set_defaults(run=run_cluster)

    options = parser.parse_args()
    bad: bool = options.run(options)
    return int(bad)


def run_floods(options: argparse.Namespace) -> bool:
    """Flood a hub; return whether it was not as a hub should be."""
    from support.hubs import Hub

    from .floods import flood

    with Hub() as hub:
        outcome = flood(hub, options.malformed, options.silent)
    wrong = {
        "not every dumpling was eaten": outcome.eaten != outcome.sent,
        "who meant well was not served within a second": (
            max(outcome.slowest, outcome.slowest_newcomer) > 1
        ),
        "there are ghosts in its status": bool(outcome.ghosts),
        "it has over 10 MiB more than before": outcome.growth > 10 * 2**20,
        "it logged 10 lines a second": outcome.lines >= 10 * outcome.seconds,
    }
    bad = [what for what, so in wrong.items() if so]
    print(f"floods: {outcome}: {'BAD: ' + '; '.join(bad) if bad else 'good'}")
    return bool(bad)


def run_autobahn(options: argparse.Namespace) -> bool:
    """Have Autobahn try our connections; return whether a case failed that should not."""
    from .autobahn import KNOWN, fuzz

    with tempfile.TemporaryDirectory() as directory:
        verdicts = fuzz(options.wstest, options.cases, Path(directory))
    told = ", ".join(f"{count} {verdict}" for verdict, count in sorted(verdicts.told.items()))
    print(f"autobahn: {verdicts.cases} cases; behaviour and close together: {told}")
    for case, verdict in verdicts.bad.items():
        print(f"  {case}: {verdict}: {KNOWN.get(case, 'BAD')}")
    return not verdicts.bad.keys() <= KNOWN.keys()


def run_captures(options: argparse.Namespace) -> bool:
    """Replay every capture below a folder; return whether something was wrong."""
    from .captures import captures

    return captures(options.folder, limit=options.seconds, each=options.sample, seed=options.seed)


def run_mutate(options: argparse.Namespace) -> bool:
    """Change captures by chance, and see what becomes of them."""
    from .mutate import mutate

    return mutate(options.folder, seed=options.seed, first=options.first, number=options.number)


def run_many(options: argparse.Namespace) -> bool:
    """Give chefs more of everything than they remember; return whether one takes too much."""
    from .many import many

    return many(options.flows)


def run_attacks(options: argparse.Namespace) -> bool:
    """Attack the chefs in the box; return whether something was wrong."""
    from .attack import attacks

    return attacks(options.packets)


def run_newcomer(_options: argparse.Namespace) -> bool:
    """Do as somebody who has just come; return whether it could not be done."""
    from .newcomer import newcomer

    return newcomer()


def run_page(options: argparse.Namespace) -> bool:
    """Look at the page under load; return whether it was too slow or too large."""
    from .page import soak_page

    return soak_page(options.seconds, options.rate, options.views)


def run_top(options: argparse.Namespace) -> bool:
    """Look at nd-top under load; return whether it took too much."""
    from .top import soak_top

    with tempfile.TemporaryDirectory() as directory:
        return soak_top(options.seconds, options.rate, Path(directory))


def run_recorder(options: argparse.Namespace) -> bool:
    """Kill recorders; return whether something was missing, there twice, or damaged."""
    from .recorder import NAMES, torment

    bad = False
    for name in options.names or NAMES:
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as directory:
            outcome = torment(Path(directory), name, options.kills, options.rate, options.seed)
        bad |= not outcome.good
        seconds = time.monotonic() - began
        verdict = "good" if outcome.good else "BAD"
        seed = f"--seed {options.seed}"
        print(f"{name}, {seed}, in {seconds:.0f} s: {outcome}: {verdict}", flush=True)
    return bad


def run_cluster(options: argparse.Namespace) -> bool:
    """Torment a cluster; return whether a dumpling was lost, there twice, or out of order."""
    from .cluster.torment import torment_cluster

    began = time.monotonic()
    with tempfile.TemporaryDirectory() as directory:
        outcome, done = torment_cluster(Path(directory), options.seconds, options.seed)
    for name, count in [*done.items(), *outcome.table()]:
        print(f"{count:>10} {name}")
    for line in outcome.wrong:
        print(f"  BAD: {line}")
    seconds = time.monotonic() - began
    verdict = "good" if outcome.good else "BAD"
    print(f"cluster, --seed {options.seed}, in {seconds:.0f} s: {verdict}")
    return not outcome.good


def _add_times(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--times", type=int, default=100, help="of each fault (100)")


def _add_minutes(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--minutes", type=float, default=60, help="of eaters coming and going (60)")


def run_faults(options: argparse.Namespace) -> bool:
    """Do every fault so many times; return whether something was wrong."""
    bad = False
    for fault, exact in (
        (faults.restart_hub, True),
        (faults.kill_hub, False),
        (faults.kill_kitchen, True),
        (faults.cut_link, True),
    ):
        why_not = network.why_not() if fault is faults.cut_link else None
        if why_not:
            print(f"{fault.__name__}: left out: {why_not}")
        elif options.times > 0:
            bad |= not _do(fault, options.times, exact=exact)
    return bad


def _do(fault: Callable[[Path, int], faults.Outcome], times: int, *, exact: bool) -> bool:
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as directory:
        outcome = fault(Path(directory), times)
    told = 0 if exact else outcome.missed
    good = outcome.twice == 0 and outcome.missing <= told
    verdict = "good" if good else "BAD"
    seconds = time.monotonic() - began
    print(f"{fault.__name__}, {times} times in {seconds:.0f} s: {outcome}: {verdict}", flush=True)
    return good


def run_churn(options: argparse.Namespace) -> bool:
    """Let eaters come and go for so long; return whether the hub's memory grew."""
    if options.minutes <= 0:
        return False
    seconds = 60 * options.minutes
    with tempfile.TemporaryDirectory() as directory:
        samples = churn(Path(directory), seconds, seconds / 60)
    for sample in samples[:: max(1, len(samples) // 12)]:
        mib = sample.size / 2**20
        print(f"{sample.seconds:6.0f} s: {sample.eaters:6} eaters came, the hub has {mib:.1f} MiB")
    # What it takes at first is the history filling up.
    middle = max(sample.size for sample in samples[len(samples) // 3 : 2 * len(samples) // 3])
    end = max(sample.size for sample in samples[2 * len(samples) // 3 :])
    good = end <= 1.05 * middle
    print(
        f"churn: at most {middle / 2**20:.1f} MiB in the second third, {end / 2**20:.1f} MiB "
        f"in the last: {'flat' if good else 'BAD: it grows'}"
    )
    return not good


if __name__ == "__main__":
    sys.exit(main())
