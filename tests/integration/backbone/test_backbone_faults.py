"""Servers and hubs are killed while dumplings pour through: each is eaten once, and in order.

Three servers, three hubs, four kitchens that go from hub to hub, and six eaters that do, each a
process of its own. ``./dev soak cluster`` does the same for as long as one likes, and more.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from soak.cluster import faults
from soak.cluster.fleet import STREAM, Fleet
from soak.cluster.outcome import outcome_of
from support.nats import why_no_servers
from support.nats_cluster import NatsCluster

pytestmark = pytest.mark.skipif(bool(why_no_servers()), reason=str(why_no_servers()))


def test_any_server_and_any_hub_may_be_killed_and_nothing_is_lost(tmp_path: Path) -> None:
    with NatsCluster(tmp_path / "nats") as cluster, Fleet(tmp_path, cluster) as fleet:
        fleet.wait_until_well()
        # So that one election does for both: it takes a server 4 to 9 seconds to call it.
        asyncio.run(cluster.move_leader(STREAM, cluster.leader()))
        faults.kill_every_hub(fleet)
        faults.kill_every_server(fleet)
        fleet.wait_until_well()
        fleet.finish()
        outcome = outcome_of(fleet)
    assert outcome.good, outcome
    assert outcome.made == outcome.acknowledged > 2000, outcome
