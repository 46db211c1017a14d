"""The limit of open files, raised in a process of its own."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytest.importorskip("resource", reason="this system has no such limit")

PROGRAM = """
import resource
from netdumplings.transport.open_files import allow_open_files
resource.setrlimit(resource.RLIMIT_NOFILE, (60, 100))
for wanted in {wanted}:
    print(allow_open_files(wanted), *resource.getrlimit(resource.RLIMIT_NOFILE))
"""


@pytest.mark.parametrize(
    ("wanted", "outcome"),
    [
        ([50], "60 60 100"),
        ([60], "60 60 100"),
        ([80], "80 80 100"),
        ([100], "100 100 100"),
        ([5000], "100 100 100"),
        ([80, 70, 90], "80 80 100\n80 80 100\n90 90 100"),
    ],
)
def test_the_limit_is_raised_as_far_as_needed_and_allowed(wanted: list[int], outcome: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(wanted=wanted)],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert done.stdout.strip() == outcome
