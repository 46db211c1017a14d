"""A kitchen with a spool: what it made is delivered, by itself or by the next one."""

from __future__ import annotations

import asyncio
import json
import logging
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve

from netdumplings import DumplingChef, DumplingHub, DumplingKitchen
from netdumplings.defaults import CHEF_MODULE
from netdumplings.exceptions import NoSuchInterface, SpoolUnavailable
from netdumplings.packets import Packet
from support.commands import Command
from support.hub_peers import PATIENCE, eater, running_hub
from support.packets import arp, write_pcap

PACKETS = 2_000


class NumberChef(DumplingChef):
    def packet_handler(self, packet: Packet) -> int:
        return self.dumplings_sent_count


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    return write_pcap(tmp_path / "many.pcap", *[arp()] * PACKETS)


@pytest.fixture
async def no_hub() -> int:
    """A port where no hub is."""
    async with running_hub() as gone:
        return gone.in_port


def kitchen_with(spool: Path, port: int, capture: Path, **settings: Any) -> DumplingKitchen:
    return DumplingKitchen(
        "spooling",
        hub=f"localhost:{port}",
        read=capture,
        chefs=[NumberChef],
        spool=spool,
        **settings,
    )


async def cook_without_hub(kitchen: DumplingKitchen, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a kitchen cook everything, and stop it while there is no hub."""
    monkeypatch.setattr("netdumplings.kitchen.delivering.GRACE", 0.1)
    task = asyncio.create_task(kitchen.serve())
    async with asyncio.timeout(PATIENCE):
        while kitchen.statistics().packets_handled < PACKETS:
            await asyncio.sleep(0.02)
    kitchen.stop()
    await asyncio.wait_for(task, PATIENCE)


async def eat(connection: Any, count: int) -> list[int]:
    found: list[int] = []
    async with asyncio.timeout(PATIENCE):
        while len(found) < count:
            document = json.loads(await connection.recv())
            if document["metadata"]["chef"] == "NumberChef":
                found.append(document["payload"])
    return found


async def nothing_more(hub: DumplingHub, connection: Any) -> None:
    """See that no dumpling comes before one that is made now."""
    async with asyncio.timeout(PATIENCE):
        while True:
            document = json.loads(await connection.recv())
            assert document["metadata"]["chef"] == "SystemStatusChef"
            if not document["payload"]["dumpling_kitchens"]:
                return


async def test_a_kitchen_that_is_stopped_without_a_hub_leaves_all_to_the_next(
    tmp_path: Path,
    capture: Path,
    no_hub: int,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    first = kitchen_with(tmp_path / "spool", no_hub, capture)
    await cook_without_hub(first, monkeypatch)
    assert f"{PACKETS} dumplings stay in the spool" in caplog.text
    done = first.statistics()
    assert done.dumplings_on_disk == done.dumplings_held == PACKETS
    assert done.dumplings.violations() == []

    async with running_hub(status_freq=0.1) as hub, eater(hub) as receiving:
        second = kitchen_with(tmp_path / "spool", hub.in_port, capture)
        await asyncio.wait_for(second.serve(), PATIENCE)
        assert await eat(receiving, 2 * PACKETS) == [*range(PACKETS)] * 2
        await nothing_more(hub, receiving)
    done = second.statistics()
    assert done.dumplings_made == done.dumplings_acknowledged == 2 * PACKETS
    assert f"has {PACKETS} dumplings of former runs" in caplog.text

    async with running_hub() as hub:
        third = kitchen_with(tmp_path / "spool", hub.in_port, capture)
        await asyncio.wait_for(third.serve(), PATIENCE)
    assert third.statistics().dumplings_made == PACKETS


async def test_a_hub_of_the_plain_protocol_gets_what_was_spooled_too(
    tmp_path: Path, capture: Path, no_hub: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    await cook_without_hub(kitchen_with(tmp_path, no_hub, capture), monkeypatch)
    received: list[int] = []

    async def plain(connection: ServerConnection) -> None:
        await connection.recv()
        received.extend([json.loads(message)["payload"] async for message in connection])

    async with serve(plain, "localhost", 0, compression=None) as server:
        port = server.sockets[0].getsockname()[1]
        await asyncio.wait_for(kitchen_with(tmp_path, port, capture).serve(), PATIENCE)
    assert received == [*range(PACKETS)] * 2


async def test_a_backlog_goes_out_while_more_is_made(
    tmp_path: Path, capture: Path, no_hub: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than is read from the disk at once, and than there is in memory."""
    monkeypatch.setattr("netdumplings.delivery.spool.CHUNK", 20_000)
    await cook_without_hub(kitchen_with(tmp_path, no_hub, capture), monkeypatch)
    async with running_hub(status_freq=0.1) as hub, eater(hub) as receiving:
        second = kitchen_with(tmp_path, hub.in_port, capture, outbox_size=10_000)
        await asyncio.wait_for(second.serve(), PATIENCE)
        assert await eat(receiving, 2 * PACKETS) == [*range(PACKETS)] * 2
        await nothing_more(hub, receiving)


async def test_a_replay_waits_for_room_in_its_spool(
    tmp_path: Path, capture: Path, no_hub: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    kitchen = kitchen_with(tmp_path, no_hub, capture, spool_size=50_000)
    async with serving(kitchen), asyncio.timeout(PATIENCE):
        while kitchen.statistics().dumplings_on_disk < 300:
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.1)
        now = kitchen.statistics()
        assert now.dumplings_dropped == 0
        assert now.packets_handled < PACKETS
        assert now.packets.violations() == now.dumplings.violations() == []


@asynccontextmanager
async def serving(kitchen: DumplingKitchen) -> AsyncIterator[None]:
    task = asyncio.create_task(kitchen.serve())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


async def test_a_kitchen_that_is_killed_leaves_all_to_the_next(
    reachable_path: Path, capture: Path, no_hub: int
) -> None:
    spool = reachable_path / "spool"
    module = reachable_path / "numbers_chef.py"
    module.write_text(
        "from netdumplings import DumplingChef\n"
        "class NumberChef(DumplingChef):\n"
        "    def packet_handler(self, packet):\n"
        "        return self.dumplings_sent_count\n"
    )
    options = ("-m", str(module), "--read", str(capture), "--spool", str(spool), "-n", "killed")
    with Command("sniff", "--hub", f"localhost:{no_hub}", *options) as first:
        first.wait_for_err(f"made {PACKETS} dumplings")
        async with asyncio.timeout(PATIENCE):
            while sum(file.stat().st_size for file in spool.iterdir()) < 100 * PACKETS:
                await asyncio.sleep(0.05)
        await asyncio.sleep(0.2)  # what was put in last is written within some hundredths of it
        first.end(signal.SIGKILL)
    async with running_hub(status_freq=0.1) as hub, eater(hub) as receiving:
        with Command("sniff", "--hub", f"localhost:{hub.in_port}", *options) as second:
            eaten = await eat(receiving, 2 * PACKETS)
            assert await asyncio.to_thread(second.end) == 0
        assert eaten == [*range(PACKETS)] * 2
        await nothing_more(hub, receiving)


async def test_two_kitchens_of_one_name_cannot_share_a_spool(
    tmp_path: Path, capture: Path, no_hub: int
) -> None:
    kitchen = kitchen_with(tmp_path, no_hub, capture)
    async with serving(kitchen), asyncio.timeout(PATIENCE):
        while not kitchen.statistics().dumplings_on_disk:
            await asyncio.sleep(0.02)
        with pytest.raises(SpoolUnavailable, match="another kitchen uses it"):
            await kitchen_with(tmp_path, no_hub, capture).serve()


def test_nor_can_two_commands(reachable_path: Path, capture: Path, no_hub: int) -> None:
    spool = reachable_path / "spool"
    options = ("-n", "spooling", "--spool", str(spool), "--hub", f"localhost:{no_hub}",
               "--read", str(capture))  # fmt: skip
    with Command("sniff", *options) as first:
        first.wait_for_err("will keep trying")
        with Command("sniff", *options) as other:
            assert other.end() == 1
        assert "another kitchen uses it: give each a --kitchen-name or a --spool" in other.err
        assert "Traceback" not in other.err


async def test_a_kitchen_that_cannot_sniff_lets_go_of_its_spool(tmp_path: Path) -> None:
    for _ in range(2):
        kitchen = DumplingKitchen(
            interface="no-such-if", chefs=[NumberChef], hub="localhost:1", spool=tmp_path
        )
        with pytest.raises(NoSuchInterface):
            await asyncio.wait_for(kitchen.serve(), PATIENCE)


def test_a_spool_where_nothing_can_be_written_is_said_in_one_line(
    tmp_path: Path, capture: Path
) -> None:
    (tmp_path / "file").write_text("")
    with Command(
        "sniff", "--read", str(capture), "--spool", str(tmp_path / "file" / "spool")
    ) as kitchen:
        assert kitchen.end() == 1
    (line,) = [line for line in kitchen.err.splitlines() if "spool" in line]
    assert "give a --spool directory that can be written" in line


def test_there_is_nothing_to_spool_for_standard_output(tmp_path: Path, capture: Path) -> None:
    with Command(
        "sniff", "--stdout", "--read", str(capture), "--spool", str(tmp_path), "-m", CHEF_MODULE
    ) as kitchen:
        assert kitchen.end() == 2
    assert "nothing to --spool" in kitchen.err


@pytest.mark.parametrize("sizes", [{"outbox_size": 0}, {"spool_size": -1}])
def test_sizes_are_over_zero(capture: Path, sizes: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="must be over 0"):
        DumplingKitchen(read=capture, chefs=[NumberChef], **sizes)
