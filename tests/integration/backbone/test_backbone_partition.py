"""A server is cut off from the others, silently, and comes back: each dumpling is eaten once."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from netdumplings.wire import EaterSide
from support import network
from support.haste import make_haste
from support.hub_peers import dumpling
from support.joined_hubs import joined_hub, state_of, until_so
from support.nats import why_no_servers
from support.nats_cluster import separate_cluster
from support.v2_peers import Kitchen, v2_eater, v2_kitchen

pytestmark = [
    pytest.mark.netns,
    pytest.mark.skipif(bool(why_no_servers()), reason=str(why_no_servers())),
    pytest.mark.skipif(bool(network.why_not()), reason=str(network.why_not())),
]

HELLO = '{"eater_name": "test_eater"}'


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    make_haste(monkeypatch)


@pytest.mark.parametrize("from_here", [False, True], ids=["from the others", "from all"])
async def test_hubs_go_on_without_a_server_that_is_cut_off_and_with_it_when_it_is_back(
    tmp_path: Path, *, from_here: bool
) -> None:
    """If only the other servers are cut off, it is there, and answers nothing."""
    with separate_cluster(tmp_path) as (cluster, switch):
        async with joined_hub(cluster.urls, "s", replicas=3) as hub:
            await until_so(lambda: state_of(hub).connected)
        number = cluster.follower("s")
        alone = cluster.servers[number]
        others = [url for url in cluster.urls if url != alone.url]
        async with (
            # Servers tell hubs of one another.
            joined_hub(alone.url, "s") as cut,
            joined_hub(others, "s") as whole,
            v2_kitchen(cut) as source,
            v2_kitchen(whole) as other,
            v2_eater(cut, EaterSide(HELLO, since=0.0)) as eater,
            v2_eater(whole, EaterSide(HELLO, since=0.0)) as another,
        ):
            kitchens = [source, other]
            for name, kitchen in zip("ab", kitchens, strict=True):
                await kitchen.hello(session=f"the session of kitchen {name}", name=name)
            await make(kitchens, 1)
            assert state_of(cut).server == alone.url.removeprefix("nats://")
            switch.partition(number, from_here=from_here)
            await make(kitchens, 2)
            switch.heal(number)
            await make(kitchens, 3)
            for one in (eater, another):
                got = [tuple(payload) for payload in await one.payloads(6 * len(kitchens))]
                for name in "ab":
                    assert [n for kitchen, n in got if kitchen == name] == list(range(1, 7))
            assert state_of(cut).server != alone.url.removeprefix("nats://")
            for hub in (cut, whole):
                assert not state_of(hub).storing.violations()
                assert not state_of(hub).returning.violations()


async def make(kitchens: list[Kitchen], turn: int) -> None:
    """Have each kitchen make two dumplings, and wait until they are stored."""
    first = 2 * turn - 1
    for name, kitchen in zip("ab", kitchens, strict=True):
        two = (dumpling([name, number], kitchen=name) for number in (first, first + 1))
        await kitchen.send(first, *two)
    await asyncio.gather(*(kitchen.acknowledged(first + 1) for kitchen in kitchens))
