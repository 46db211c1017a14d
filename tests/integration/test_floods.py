"""A flood of all that is malformed, and peers that say nothing; ``./dev soak floods`` has more."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from netdumplings.transport.open_files import allow_open_files
from soak.floods import flood
from support.hubs import Hub


@pytest.fixture
def hub() -> Iterator[Hub]:
    with Hub() as hub:
        yield hub


def test_a_flood_of_malformed_and_silent_peers_keeps_no_good_one_from_being_served(
    hub: Hub,
) -> None:
    if allow_open_files(2000) < 2000:
        pytest.skip("this system does not allow a process to open 2000 files")
    outcome = flood(hub, malformed=500, silent=400)
    assert outcome.eaten == outcome.sent > 0
    assert outcome.newcomers > 0
    assert outcome.ghosts == []
    assert outcome.growth < 16 * 2**20, outcome  # measured at length, it is below 10
    # A minute, at each port: ten refusals of a host, a hundred comings and goings, and two counts.
    assert outcome.lines <= 2 * (10 + 100 + 2) * (2 + outcome.seconds // 60), outcome
    assert outcome.refused.keys() >= {"no WebSocket", "no hello", "not JSON", "protocol", "too big"}
