"""What the tests of recordings share."""

from __future__ import annotations

import pytest

NAMES = ["r.jsonl", "r.jsonl.gz", "r.jsonl.zst", "r.sqlite", "r.parquet"]


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    """A name for each format."""
    if request.param.endswith("parquet"):
        pytest.importorskip("duckdb")
    return str(request.param)
