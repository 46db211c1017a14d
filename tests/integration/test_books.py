"""The ledger in every status dumpling balances, whatever is lost meanwhile, and wherever."""

from __future__ import annotations

import asyncio
import json
import random
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from netdumplings import DumplingChef, DumplingHub, DumplingKitchen
from netdumplings.delivery import DumplingLedger, EaterLedger, IntakeLedger, PacketLedger
from netdumplings.wire import EaterSide, subscription
from support.hub_peers import dumpling, eater, kitchen, running_hub
from support.packets import dns_query, write_pcap
from support.v2_peers import Kitchen, v2_eater, v2_kitchen


def violations(payload: dict[str, Any]) -> list[str]:
    """What does not balance in a status: of the hub, of each peer, and what kitchens told."""
    hub = payload["ledger"]
    wrong = _of(IntakeLedger, hub) + _of(EaterLedger, hub)
    for peer in payload["dumpling_eaters"]:
        wrong += _of(EaterLedger, peer["info_from_hub"])
    for peer in payload["dumpling_kitchens"]:
        wrong += _of(IntakeLedger, peer["info_from_hub"])
        if counts := peer["info_from_kitchen"].get("counts"):
            packets = PacketLedger(
                received=counts["packets_received"],
                handled=counts["packets_handled"],
                dropped_by_kernel=counts["packets_dropped_by_kernel"],
                dropped_by_kitchen=counts["packets_dropped_by_kitchen"],
                waiting=counts["packets_waiting"],
            )
            dumplings = DumplingLedger(
                made=counts["dumplings_made"],
                acknowledged=counts["dumplings_acknowledged"],
                held=counts["dumplings_held"],
                dropped=counts["dumplings_dropped"],
            )
            wrong += packets.violations() + dumplings.violations()
    totals = [peer["info_from_hub"]["routed"] for peer in payload["dumpling_eaters"]]
    if hub["routed"] < sum(totals):
        wrong.append("the hub has routed less than to those who are here")
    return wrong


def _of(kind: Any, counts: dict[str, Any]) -> list[str]:
    ledger = kind(**{name: counts[name] for name in kind._fields})
    return list(ledger.violations())


class Numbers(DumplingChef):
    def packet_handler(self, packet: Any) -> Any:
        return "x" * 100


async def careless(source: Kitchen) -> None:
    """Be a kitchen that drops some of its dumplings and sends some twice."""
    chance = random.Random(1)
    await source.hello()
    last = 0
    while True:
        first = max(1, last + 1 + chance.choice([0, 0, 0, 3, -2, -5]))
        count = chance.randint(1, 20)
        chef = chance.choice(["Common", "Rare"])
        await source.send(first, *[dumpling("y" * 2000, chef=chef)] * count)
        last = max(last, first + count - 1)
        await source.acknowledged(last)


async def restless(hub: DumplingHub) -> None:
    """Be an eater that comes and goes, and goes on where it was."""
    side = EaterSide('{"eater_name": "restless"}', subscription(chefs=["Rare"]), last=50)
    while True:
        async with v2_eater(hub, side) as watcher:
            for _ in range(3):
                await watcher.next()
            watcher.connection.transport.abort()


async def test_every_identity_holds_in_every_status(tmp_path: Path) -> None:
    capture = write_pcap(tmp_path / "some.pcap", *[dns_query()] * 3000)
    statuses: list[dict[str, Any]] = []
    async with AsyncExitStack() as stack:
        hub = await stack.enter_async_context(
            running_hub(status_freq=0.02, eater_buffer=500_000, history_bytes=300_000)
        )
        enter = stack.enter_async_context
        watcher = await enter(eater(hub, '{"eater_name": "watcher"}'))
        await enter(v2_eater(hub, max_queue=1, close_timeout=0.1))  # and reads nothing
        plain = await enter(kitchen(hub))
        source = await enter(v2_kitchen(hub))
        work = [
            asyncio.create_task(careless(source)),
            asyncio.create_task(restless(hub)),
            asyncio.create_task(
                DumplingKitchen(
                    "replay", read=capture, chefs=[Numbers], hub=f"localhost:{hub.in_port}"
                ).serve()
            ),
        ]
        try:
            async with asyncio.timeout(30):
                while not (len(statuses) > 50 and all_has_happened(statuses) and work[2].done()):
                    text = await watcher.recv()
                    if '"SystemStatusChef"' in str(text)[:100]:
                        statuses.append(json.loads(text)["payload"])
                        await plain.send(dumpling("z"))
            await work[2]
        finally:
            for task in work:
                task.cancel()
            await asyncio.wait(work)
    assert [wrong for status in statuses for wrong in violations(status)] == []


def all_has_happened(statuses: list[dict[str, Any]]) -> bool:
    """Whether each way to lose has lost something, and something has waited."""
    return all(
        any(status["ledger"][count] for status in statuses)
        for count in ("duplicates", "lost", "filtered_out", "dropped", "waiting")
    )
