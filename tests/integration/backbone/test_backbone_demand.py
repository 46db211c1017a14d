"""A chef rests when no eater at any hub of a backbone wants it."""

from __future__ import annotations

import pytest

from netdumplings import DumplingChef
from netdumplings.packets import PacketBatch
from netdumplings.wire import EaterSide, subscription
from support.joined_hubs import joined_hubs, stop, until_so
from support.live_packets import live_kitchen
from support.nats import NatsServer
from support.packets import arp
from support.v2_peers import v2_eater


class IdleChef(DumplingChef):
    """Is run when somebody wants it."""

    only_when_wanted = True

    def batch_handler(self, packets: PacketBatch) -> int:
        return len(packets)


def wants(*chefs: str) -> EaterSide:
    return EaterSide('{"eater_name": "test_eater"}', subscription(chefs=chefs))


async def test_an_eater_at_another_hub_wants_a_chef_while_it_is_there(
    nats_server: NatsServer, stream: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("netdumplings.kitchen.demand.LINGER", 0.1)
    monkeypatch.setattr("netdumplings.hub.demand.LOOK_EVERY", 0.1)
    monkeypatch.setattr("netdumplings.hub.service.NEWS_GAP", 0.1)
    async with joined_hubs(nats_server.url, stream, "a", "b") as (near, far):
        with live_kitchen(f"localhost:{near.in_port}", IdleChef) as kitchen:
            await until_so(lambda: kitchen.resting)
            async with v2_eater(far, wants("OtherChef")), v2_eater(far, wants("Idle*")) as eater:
                await until_so(lambda: not kitchen.resting)
                kitchen.put(arp(), arp())
                assert await eater.payloads(1) == [2]
            await until_so(lambda: kitchen.resting)
            async with v2_eater(far, wants("IdleChef")):
                await until_so(lambda: not kitchen.resting)
                await stop(far)
                await until_so(lambda: kitchen.resting)
