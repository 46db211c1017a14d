"""Do every fault many times, and let eaters come and go for long: ``python -m tests.soak``."""

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
    parser = argparse.ArgumentParser(prog="./dev soak", description=__doc__)
    parser.add_argument("--times", type=int, default=100, help="of each fault (100)")
    parser.add_argument("--minutes", type=float, default=60, help="of eaters coming and going (60)")
    options = parser.parse_args()
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
    if options.minutes > 0:
        bad |= not _churn(options.minutes)
    return int(bad)


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


def _churn(minutes: float) -> bool:
    seconds = 60 * minutes
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
    return good


if __name__ == "__main__":
    sys.exit(main())
