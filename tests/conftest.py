"""What every room's tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from support.examples import register_profiles
from support.reachable import make_reachable

register_profiles()
# Commands take no options from a file of whoever runs the tests.
os.environ["NETDUMPLINGS_CONFIG"] = ""


@pytest.fixture
def reachable_path(tmp_path: Path) -> Path:
    """A directory for files of the test, which every user can get to: commands give up root."""
    return make_reachable(tmp_path)


@pytest.fixture(scope="session")
def captures() -> Path:
    """The directory of real captures that lies beside the project, where there is one."""
    beside = Path(__file__).parents[1].parent / "shared" / "captures"
    directory = Path(os.environ.get("NETDUMPLINGS_CAPTURES", beside))
    if not (directory / "INDEX.tsv").is_file():
        pytest.skip("no real captures: NETDUMPLINGS_CAPTURES names no directory of them")
    return directory
