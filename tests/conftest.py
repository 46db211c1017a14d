"""What every room's tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def captures() -> Path:
    """The directory of real captures that lies beside the project, where there is one."""
    beside = Path(__file__).parents[1].parent / "shared" / "captures"
    directory = Path(os.environ.get("NETDUMPLINGS_CAPTURES", beside))
    if not (directory / "INDEX.tsv").is_file():
        pytest.skip("no real captures: NETDUMPLINGS_CAPTURES names no directory of them")
    return directory
