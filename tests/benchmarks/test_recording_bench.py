"""The benchmark of recordings writes and reads every format; how fast is not tested."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from support.commands import clean_environment
from support.recordings import NAMES

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def test_every_format_is_measured_beside_the_baseline() -> None:
    pytest.importorskip("duckdb")
    done = subprocess.run(
        [sys.executable, str(BENCHMARKS / "recording.py"), "500"],
        capture_output=True, text=True, check=True, env=clean_environment(),
    )  # fmt: skip
    _what, _head, plain, *formats = done.stdout.splitlines()
    assert re.fullmatch(r"plain file +[\d,]+ +100% +\d+", plain)
    assert [line.split()[0] for line in formats] == NAMES
    for line in formats:
        assert re.fullmatch(r"r\.\S+ +[\d,]+ +\d+% +\d+ +[\d,]+", line)
