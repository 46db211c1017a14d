"""What tests of delivery share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.spools import spools_closed


@pytest.fixture(autouse=True)
def no_spool_left_open() -> Iterator[None]:
    """A test may leave a spool as it is, as a kitchen that is killed does."""
    with spools_closed():
        yield
