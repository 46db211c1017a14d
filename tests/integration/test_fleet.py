"""Hubs that share a backbone are one to whoever looks at any of them."""

from __future__ import annotations

import asyncio
import json
import math
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import nats
import pytest
from nats.aio.client import Client

from netdumplings import DumplingHub
from netdumplings.backbone.backbone import REPORTS
from netdumplings.delivery import (
    BackboneLedger,
    EaterLedger,
    HubBooks,
    IntakeLedger,
    ReturnLedger,
)
from netdumplings.hub import seldom
from netdumplings.wire import counts_message
from support.commands import Command, run
from support.http import ask
from support.hub_peers import PATIENCE, dumpling, eater
from support.joined_hubs import joined_hubs, status_of, stop, until
from support.nats import NatsServer, why_no_servers
from support.relay import Relay
from support.v2_peers import v2_kitchen

pytestmark = pytest.mark.skipif(bool(why_no_servers()), reason=str(why_no_servers()))


@pytest.fixture(scope="module")
def nats_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with NatsServer(tmp_path_factory.mktemp("nats")) as server:
        yield server.url


@pytest.fixture
def stream(request: pytest.FixtureRequest) -> str:
    """A stream of the test's own."""
    return str(request.function.__name__)[-64:]


def states(status: dict[str, Any]) -> dict[str, str]:
    """Which hubs there are, and how."""
    return {hub["name"]: hub["state"] for hub in status["hubs"]}


def places(status: dict[str, Any], kind: str = "kitchen") -> dict[str, str]:
    """At which hub each kitchen or eater is."""
    return {
        one[f"info_from_{kind}"][f"{kind}_name"]: one["info_from_hub"]["hub"]
        for one in status[f"dumpling_{kind}s"]
    }


async def test_every_hub_shows_every_hub_and_who_is_at_which(nats_url: str, stream: str) -> None:
    def is_all_there(status: dict[str, Any]) -> bool:
        return (
            states(status) == dict.fromkeys("abc", "up")
            and places(status) == {"north": "a"}
            and places(status, "eater") == {"printer": "b"}
            and status["total_dumplings_in"] == status["backbone"]["storing"]["stored"] == 2
        )

    async with (
        joined_hubs(nats_url, stream, "a", "b", "c") as hubs,
        v2_kitchen(hubs[0]) as kitchen,
        eater(hubs[1], '{"eater_name": "printer"}'),
    ):
        await kitchen.hello(name="north", counts={"packets_received": 5})
        await kitchen.send(1, dumpling("x"), dumpling("y"))
        for hub, name in zip(hubs, "abc", strict=True):
            status = await until(hub, is_all_there)
            assert status["hub"] == name
            assert (status["dumpling_kitchen_count"], status["dumpling_eater_count"]) == (1, 1)
            by_name = {one["name"]: one for one in status["hubs"]}
            assert [by_name[one]["dumplings_in"] for one in "abc"] == [2, 0, 0]
            assert [by_name[one]["out_port"] for one in "abc"] == [one.out_port for one in hubs]
            assert all(one["backbone"]["connected"] for one in status["hubs"])
            assert {one["backbone"]["stream"] for one in status["hubs"]} == {stream}
            [shown] = status["dumpling_kitchens"]
            assert shown["info_from_kitchen"]["counts"] == {"packets_received": 5}
            assert shown["info_from_hub"]["received"] == 2


async def test_a_hub_that_comes_is_told_at_once_and_one_that_stops_says_so(
    nats_url: str, stream: str
) -> None:
    """However seldom they tell otherwise."""
    async with joined_hubs(nats_url, stream, "a", "b", status_freq=3600.0) as hubs:
        for hub in hubs:
            await until(hub, lambda status: states(status) == {"a": "up", "b": "up"})
        await stop(hubs[1])
        await until(hubs[0], lambda status: states(status) == {"a": "up", "b": "stopped"})


async def test_who_asks_another_hub_for_packets_is_told_where_the_kitchen_is(
    nats_url: str, stream: str
) -> None:
    async with joined_hubs(nats_url, stream, "a", "b") as hubs, v2_kitchen(hubs[0]) as kitchen:
        await kitchen.hello(name="north", ring={"bytes": 1})
        await until(hubs[1], lambda status: places(status) == {"north": "a"})
        answer = await ask(hubs[1].out_port, "/api/packets?kitchen=north&around=1")
        assert answer.status == 404
        assert f"at another hub, 'a' (localhost port {hubs[0].out_port}): ask" in answer.text


async def test_a_hub_that_is_cut_off_is_silent_and_its_kitchens_are_where_they_go(
    nats_url: str, stream: str
) -> None:
    host, port = nats_url.removeprefix("nats://").split(":")
    with Relay((host, int(port))) as cable:
        async with AsyncExitStack() as stack:
            enter = stack.enter_async_context
            [first] = await enter(joined_hubs(nats_url, stream, "a"))
            [second] = await enter(joined_hubs(f"nats://{cable.address}", stream, "b"))
            kitchen, again = await enter(v2_kitchen(second)), await enter(v2_kitchen(first))
            await kitchen.hello(name="north")
            await until(first, lambda status: places(status) == {"north": "b"})
            # The hub that it comes from does not know yet that it has gone.
            await again.hello(name="north")
            status = await until(second, lambda status: places(status) == {"north": "a"})
            assert status["dumpling_kitchen_count"] == 1
            cable.close()
            status = await until(first, lambda status: states(status)["b"] == "silent")
            assert places(status) == {"north": "a"}
            [gone] = [hub for hub in status["hubs"] if hub["name"] == "b"]
            assert gone["heard"] > 2
            assert gone["kitchens"] == 0
            # And that one says what is wrong.
            status = await until(second, lambda status: states(status)["a"] == "silent")
            told = status["hubs"][0]["backbone"]
            assert not told["connected"]
            assert told["problem"]


async def test_the_commands_show_hubs_and_what_is_wrong(nats_url: str, stream: str) -> None:
    host, port = nats_url.removeprefix("nats://").split(":")
    with Relay((host, int(port))) as cable:
        async with joined_hubs(f"nats://{cable.address}", stream, "a", "b") as hubs:
            address = f"localhost:{hubs[0].out_port}"

            def watch() -> None:
                with Command("hubstatus", "-h", address) as watching:
                    watching.wait_for_out(
                        r"Z  a up 00:00:\d\d  dumplings in .*  hubs 2  dropped 0$"
                    )
                    cable.close()
                    watching.wait_for_out(r"Z  a up 00:00:\d\d  NO BACKBONE: \S.*  dumplings in")

            await asyncio.to_thread(watch)
            details = await asyncio.to_thread(run, "hubdetails", "-h", address, "--json")
            told = json.loads(details.stdout)
            assert told["hub"] == "a"
            assert told["hubs"][0]["backbone"]["problem"]


async def test_a_stream_that_is_full_is_said_with_its_reason_until_there_is_room(
    nats_url: str, stream: str
) -> None:
    full = {
        "name": stream, "subjects": [f"{stream}.*", f"{stream}.*.*"], "allow_atomic": True,
        "discard": "new", "max_bytes": 4096,
    }  # fmt: skip
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(nats_client(nats_url))
        await client.request(f"$JS.API.STREAM.CREATE.{stream}", json.dumps(full).encode())
        joined = joined_hubs(nats_url, stream, "a", "b", buffer_bytes=20_000)
        hubs = await stack.enter_async_context(joined)
        kitchen = await stack.enter_async_context(v2_kitchen(hubs[0]))
        await kitchen.hello()
        for number in range(40):
            await kitchen.send(number + 1, dumpling("x" * 1000))
        for hub in hubs:
            status = await until(
                hub,
                lambda status: (
                    in_trouble(status)["kitchens_paused"]
                    and "maximum bytes exceeded" in in_trouble(status)["problem"]
                ),
            )
            told = in_trouble(status)
            assert told["connected"]
            assert told["waiting_bytes"] > 20_000
            assert told["storing"]["waiting"] > 10
            assert any("discard" in one for one in told["differs"])
            assert violations(status) == []
        roomy = json.dumps({**full, "max_bytes": -1}).encode()
        await client.request(f"$JS.API.STREAM.UPDATE.{stream}", roomy)
        await kitchen.acknowledged(40)
        for hub in hubs:
            # (Stored one after the other, they may be half way when that is told.)
            await until(
                hub,
                lambda status: (
                    not in_trouble(status)["problem"]
                    and in_trouble(status)["storing"]["stored"] == 40
                ),
            )


@asynccontextmanager
async def nats_client(url: str) -> AsyncIterator[Client]:
    """Connect to a server as somebody else."""
    client = await nats.connect(url)
    try:
        yield client
    finally:
        await client.close()


def in_trouble(status: dict[str, Any]) -> dict[str, Any]:
    """What the hub a says of its backbone."""
    [told] = [hub["backbone"] for hub in status["hubs"] if hub["name"] == "a"] or [{}]
    return {"kitchens_paused": False, "problem": "", **told}


async def test_what_else_comes_by_that_way_harms_nobody(nats_url: str, stream: str) -> None:
    async with joined_hubs(nats_url, stream, "a", "b") as hubs:
        await until(hubs[0], lambda status: states(status) == {"a": "up", "b": "up"})
        async with nats_client(nats_url) as attacker:
            for nonsense in (b"", b"\xff", b"{}", b'{"payload":{"hub":{}}}', b"[" * 10_000):
                await attacker.publish(f"{REPORTS}.{stream}", nonsense)
        for hub in hubs:
            fleet = hub._service._joined.fleet  # type: ignore[union-attr]
            await until(hub, lambda _, fleet=fleet: fleet.unreadable == 5)
            assert states(await status_of(hub)) == {"a": "up", "b": "up"}


async def test_the_books_of_the_fleet_balance_in_every_status(nats_url: str, stream: str) -> None:
    """Also of a kitchen that goes from hub to hub, drops some of its dumplings and repeats some."""
    statuses: list[dict[str, Any]] = []
    async with AsyncExitStack() as stack:
        hubs = await stack.enter_async_context(joined_hubs(nats_url, stream, "a", "b", "c"))
        for hub in hubs:
            one = await stack.enter_async_context(eater(hub))
            # It reads nothing, not even the hub's goodbye.
            stack.callback(one.transport.abort)
        first = 1
        for turn in range(6):
            async with v2_kitchen(hubs[turn % 3]) as kitchen:
                await kitchen.hello(first=first)
                for _ in range(3):
                    await kitchen.send(first, *[dumpling("x" * 100)] * 10)
                    statuses += [await status_of(hub) for hub in hubs]
                    first += 5 + 2 * turn
        for hub in hubs:
            statuses.append(
                await until(
                    hub,
                    lambda status: (
                        status["total_dumplings_in"] == 6 * 30
                        and not status["backbone"]["storing"]["waiting"]
                    ),
                )
            )
    assert [wrong for status in statuses for wrong in violations(status)] == []
    assert statuses[-1]["ledger"]["duplicates"] > 0
    assert statuses[-1]["ledger"]["lost"] > 0
    assert statuses[-1]["backbone"]["returning"]["routed"] > 0


async def test_what_a_kitchen_counts_is_counted_once_over_all_hubs(
    nats_url: str, stream: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever it goes, and also what it counts on the way."""
    monkeypatch.setattr(seldom, "SHARE", math.inf)
    async with joined_hubs(nats_url, stream, "a", "b") as hubs:
        # A hub that has heard of no other has nobody to ask where a kitchen was.
        for hub in hubs:
            await until(hub, lambda status: states(status) == {"a": "up", "b": "up"})
        for received, hub in ((10, hubs[0]), (25, hubs[1]), (45, hubs[0]), (50, hubs[0])):
            async with v2_kitchen(hub) as kitchen:
                await kitchen.hello(counts={"packets_received": received - 5})
                await kitchen.connection.send(
                    counts_message({"packets_received": received}), text=True
                )
                async with asyncio.timeout(PATIENCE):
                    while sum([await counted(one) for one in hubs]) != received:
                        await asyncio.sleep(0.02)
        assert [await counted(hub) for hub in hubs] == [35, 15]


async def counted(hub: DumplingHub) -> int:
    """How many packets all kitchens have received, by a hub's metrics."""
    text = (await ask(hub.out_port, "/metrics")).text
    counts = re.findall(r"^netdumplings_packets_received_total\{.*\} (.*)", text, re.MULTILINE)
    return sum(int(float(count)) for count in counts)


def violations(status: dict[str, Any]) -> list[str]:
    """What does not balance in a status: of the fleet, and of each hub."""
    wrong = []
    for one in (status, *status["hubs"]):
        ledger, backbone = one["ledger"], one["backbone"]
        wrong += HubBooks(
            IntakeLedger(*(ledger[name] for name in IntakeLedger._fields)),
            EaterLedger(*(ledger[name] for name in EaterLedger._fields)),
            BackboneLedger(**backbone["storing"]),
            ReturnLedger(**backbone["returning"]),
        ).violations()
    for name, count in status["ledger"].items():
        if count != sum(hub["ledger"][name] for hub in status["hubs"]):
            wrong.append(f"{name} is not the sum of the hubs'")
    return wrong
