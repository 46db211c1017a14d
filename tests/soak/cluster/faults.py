"""What can happen to servers and hubs, each once, while dumplings pour through them."""

from __future__ import annotations

from .fleet import STREAM, Fleet


def kill_every_hub(fleet: Fleet) -> None:
    """Kill one hub after the other, and start it again."""
    for number in range(3):
        fleet.kill_hub(number)
        fleet.wait_until_well()
        fleet.start_hub(number)


def kill_every_server(fleet: Fleet) -> None:
    """Kill one server after the other, who leads the stream last, and start it again.

    That one is started again when there is another leader.
    """
    cluster = fleet.cluster
    leader = cluster.leader(STREAM)
    for number in [*(n for n in range(3) if n != leader), leader]:
        cluster.kill(number)
        fleet.wait_until_well()
        cluster.restart(number)
        cluster.wait_until_current(STREAM)
