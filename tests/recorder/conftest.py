"""What the tests of recordings share."""

from __future__ import annotations

import pytest

from support.recordings import NAMES


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    """A name for each format."""
    if request.param.endswith("parquet"):
        pytest.importorskip("duckdb")
    return str(request.param)
