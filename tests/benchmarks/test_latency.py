"""The benchmark of latency measures with a real hub, kitchen and eater; how fast is not tested."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from netdumplings.capture import may_sniff
from support.commands import PATIENCE, clean_environment

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
REFUSAL = may_sniff(["lo"])


@pytest.mark.skipif(REFUSAL is not None, reason=str(REFUSAL))
def test_packets_reach_the_eater_in_either_mode_and_times_are_printed() -> None:
    done = subprocess.run(
        [sys.executable, str(BENCHMARKS / "latency.py"), "2"],
        capture_output=True, text=True, timeout=2 * PATIENCE, check=True, env=clean_environment(),
    )  # fmt: skip
    figures = r" +\d+\.\d\d ms +\d+\.\d\d ms +\d+\.\d"
    _head, alone, held, immediate = done.stdout.splitlines()
    assert re.fullmatch(rf"hub and eater alone{figures} *", alone)
    assert re.fullmatch(rf"kitchen{figures} +200 ms", held)
    assert re.fullmatch(rf"kitchen --immediate{figures} +20 ms", immediate)
