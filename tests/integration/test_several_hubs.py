"""Kitchens and eaters with several hubs, of which some die, stop, or were never there.

Without a backbone hubs have nothing in common; so a kitchen's dumplings all come to one or another.
"""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from netdumplings import DumplingChef, DumplingEater, DumplingKitchen
from netdumplings.exceptions import HubUnavailable, Undelivered
from netdumplings.packets import Packet
from netdumplings.transport.tokens_file import add_token
from support.commands import Command, run
from support.hub_peers import PATIENCE, dial, dumpling, running_hub
from support.hubs import Hub
from support.packets import arp, write_pcap
from support.recordings import payloads
from support.servers import server
from support.top import running_top

PACKETS = 600


class NumberChef(DumplingChef):
    def packet_handler(self, packet: Packet) -> int:
        return self.dumplings_sent_count


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    """Packets of two seconds: there is always some to come."""
    times = [number / (PACKETS / 2) for number in range(PACKETS)]
    return write_pcap(tmp_path / "numbers.pcap", *[arp()] * PACKETS, times=times)


@pytest.fixture
def nobody() -> str:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return f"127.0.0.1:{sock.getsockname()[1]}"


@pytest.fixture
def three() -> Iterator[list[Hub]]:
    with Hub() as one, Hub() as two, Hub() as three:
        yield [one, two, three]


def kitchen_for(hubs: Any, capture: Path, **settings: Any) -> DumplingKitchen:
    return DumplingKitchen("wanderer", hub=hubs, read=capture, chefs=[NumberChef], **settings)


class Guest:
    """A plain eater that stays with one hub.

    Attributes:
        numbers: what it has eaten.
    """

    def __init__(self, hub: Hub) -> None:
        self.numbers: list[int] = []
        self._hub = hub

    async def eat(self) -> None:
        """Eat until the hub is no more."""
        async with dial(self._hub.out_port) as connection:
            await connection.send('{"eater_name": "guest"}')
            with suppress(ConnectionClosed):
                async for text in connection:
                    one = json.loads(text)
                    if one["metadata"]["chef"] == "NumberChef":
                        self.numbers.append(one["payload"])


@asynccontextmanager
async def guests(hubs: list[Hub]) -> AsyncIterator[list[Guest]]:
    them = [Guest(hub) for hub in hubs]
    async with asyncio.timeout(PATIENCE):
        eating = [asyncio.create_task(guest.eat()) for guest in them]
        for hub in hubs:
            await asyncio.to_thread(hub.wait_for_eaters, "guest")
        yield them
        for task in eating:
            task.cancel()
        await asyncio.wait(eating)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not true():
            await asyncio.sleep(0.02)


def end(hub: Hub, number: int) -> None:
    hub.end(number)


async def test_nothing_is_lost_as_one_hub_is_killed_and_another_stopped(
    capture: Path, three: list[Hub], caplog: pytest.LogCaptureFixture
) -> None:
    """What comes from a kitchen comes to one or another; an eater goes after it."""
    caplog.set_level("INFO", "netdumplings.sending.link")
    addresses = [f"localhost:{hub.in_port}" for hub in three]
    kitchen = kitchen_for(",".join(addresses), capture, speed=1)
    follower = Follower([f"localhost:{hub.out_port}" for hub in three])
    async with guests(three) as [first, second, third]:
        following = asyncio.create_task(follower.eat())
        await until(lambda: len(follower.connected) == 1)
        cooking = asyncio.create_task(kitchen.serve())
        await until(lambda: len(first.numbers) > 50 and len(follower.eaten) > 50)
        await asyncio.to_thread(end, three[0], signal.SIGKILL)
        await until(lambda: len(second.numbers) > 50 and len(follower.connected) == 2)
        await asyncio.to_thread(end, three[1], signal.SIGTERM)
        await asyncio.wait_for(cooking, PATIENCE)
        await until(lambda: bool(third.numbers) and third.numbers[-1] == PACKETS - 1)
        await following
    done = kitchen.statistics()
    assert done.dumplings_made == done.dumplings_acknowledged == PACKETS
    assert done.dumplings_held == done.dumplings_dropped == 0
    for guest in (first, second, third):
        assert guest.numbers == list(range(guest.numbers[0], guest.numbers[-1] + 1))
    assert first.numbers[0] == 0
    # What the one that was killed had not acknowledged comes again; of one that stops, nothing.
    assert 0 < second.numbers[0] <= first.numbers[-1] + 1
    assert third.numbers[0] == second.numbers[-1] + 1
    told = [
        record.getMessage().partition(" (")[0]
        for record in caplog.records
        if record.name == "netdumplings.sending.link"
    ]
    a, b, c = addresses
    assert told == [
        f"connected to the hub at {a}",
        f"lost the hub at {a}",
        f"connected to the hub at {b}",
        f"lost the hub at {b}",
        f"connected to the hub at {c}",
    ]
    assert follower.connected == [f"ws://localhost:{hub.out_port}" for hub in three]
    # Each once and in order; what the one that was killed took with it, it has been told of.
    assert follower.eaten == sorted(set(follower.eaten))
    assert len(follower.eaten) + follower.missed == PACKETS


class Follower(DumplingEater):
    """An eater that goes from hub to hub with its cursor, until it has the last dumpling."""

    def __init__(self, hubs: list[str]) -> None:
        super().__init__("follower", hubs, chef_filter=["NumberChef"], since=0)
        self.connected: list[str] = []
        self.eaten: list[int] = []

    async def on_connect(self, hub_uri: str, websocket: Any) -> None:
        self.connected.append(hub_uri)

    async def eat(self) -> None:
        async with self:
            async for one in self:
                self.eaten.append(one.payload)
                if one.payload == PACKETS - 1:
                    return


async def test_hubs_of_no_use_keep_nobody_from_one_that_is(
    capture: Path, nobody: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """One is away, one hangs up at once, one refuses the token, and there is one that is good."""
    file = tmp_path / "tokens.json"
    add_token(file, "k", ["kitchen"])
    async with AsyncExitStack() as exits:
        await exits.enter_async_context(asyncio.timeout(PATIENCE))
        rude = await exits.enter_async_context(server(close_at_once=True))
        closed = await exits.enter_async_context(running_hub(tokens=file))
        good = await exits.enter_async_context(running_hub())

        def among_others(port_of_closed: int, port: int) -> str:
            return f"{nobody},{rude.address},localhost:{port_of_closed},localhost:{port}"

        in_port = closed.in_port
        kitchen = kitchen_for(among_others(in_port, good.in_port), capture)
        await kitchen.serve()
        assert kitchen.statistics().dumplings_acknowledged == PACKETS
        eater = DumplingEater(
            "e", among_others(closed.out_port, good.out_port), chef_filter=["NumberChef"], since=0
        )
        async with eater:
            eaten = []
            async for one in eater:
                eaten.append(one.payload)
                if len(eaten) == PACKETS:
                    break
        assert eaten == list(range(PACKETS))
    refused = [record for record in caplog.records if "does not let us in" in record.getMessage()]
    assert [record.levelname for record in refused] == ["ERROR", "ERROR"]
    assert f"localhost:{in_port}: it does not let us in" in refused[0].getMessage()


async def test_a_kitchen_and_an_eater_of_hubs_of_the_plain_protocol_go_on_as_well(
    capture: Path,
) -> None:
    taken: list[list[int]] = [[], []]

    async def first(connection: ServerConnection) -> None:
        await connection.recv()
        with suppress(ConnectionClosed):  # what had come by then is taken all the same
            async for message in connection:
                taken[0].append(json.loads(message)["payload"])
                if len(taken[0]) == 100:
                    connection.transport.abort()

    async def second(connection: ServerConnection) -> None:
        await connection.recv()
        async for message in connection:
            taken[1].append(json.loads(message)["payload"])

    async with serve(first, "127.0.0.1", 0) as one, serve(second, "127.0.0.1", 0) as other:
        hubs = [f"127.0.0.1:{next(iter(it.sockets)).getsockname()[1]}" for it in (one, other)]
        kitchen = kitchen_for(hubs, capture)
        await asyncio.wait_for(kitchen.serve(), PATIENCE)
    # Such a hub says nothing of what it has: what was on its way comes again.
    assert taken[0] == list(range(len(taken[0])))
    assert taken[1] == list(range(taken[1][0], PACKETS))
    assert taken[1][0] <= len(taken[0])
    assert kitchen.statistics().dumplings_acknowledged == PACKETS

    async def feed(connection: ServerConnection) -> None:
        await connection.recv()
        await connection.send(dumpling(connection.local_address[1]))
        await connection.close(1001)

    async with serve(feed, "127.0.0.1", 0) as one, serve(feed, "127.0.0.1", 0) as other:
        ports = [next(iter(it.sockets)).getsockname()[1] for it in (one, other)]
        async with (
            asyncio.timeout(PATIENCE),
            DumplingEater("e", [f"127.0.0.1:{port}" for port in ports]) as eater,
        ):
            eaten = []
            async for one_of_them in eater:
                eaten.append(one_of_them.payload)
                if len(eaten) == 4:
                    break
    assert eaten == ports * 2


async def test_what_one_hub_refuses_another_may_take(
    capture: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with running_hub(max_message=1024) as strict, running_hub() as lavish:
        hubs = [f"localhost:{strict.in_port}", f"localhost:{lavish.in_port}"]
        kitchen = DumplingKitchen("k", hub=hubs, read=capture, chefs=[LongChef])
        await asyncio.wait_for(kitchen.serve(), PATIENCE)
        assert kitchen.statistics().dumplings_dropped == 0
        assert kitchen.statistics().dumplings_acknowledged == PACKETS
    assert "dumplings are dropped" not in caplog.text


async def test_what_all_refuse_is_dropped_and_said_and_the_rest_goes_on(
    capture: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with running_hub(max_message=1024) as one, running_hub(max_message=1024) as other:
        hubs = [f"localhost:{one.in_port}", f"localhost:{other.in_port}"]
        kitchen = DumplingKitchen("k", hub=hubs, read=capture, chefs=[LongChef])
        await asyncio.wait_for(kitchen.serve(), PATIENCE)
        done = kitchen.statistics()
    assert done.dumplings_dropped > 0
    assert done.dumplings_acknowledged + done.dumplings_dropped == PACKETS
    assert f"the hub at {hubs[0]} refuses what it was sent" in caplog.text


class LongChef(DumplingChef):
    """Makes one dumpling that is longer than some hubs take."""

    def packet_handler(self, packet: Packet) -> str:
        return "x" * (2000 if self.dumplings_sent_count == 0 else 1)


def test_what_no_hub_took_is_told_with_all_of_them(nobody: str) -> None:
    kitchen = DumplingKitchen(hub=[nobody, "localhost:1"], read="-")
    assert kitchen.hub == f"{nobody},localhost:1"
    assert str(Undelivered(kitchen.hub, 5)) == (
        f"5 dumplings are lost: none of the hubs at {nobody},localhost:1 took them in time"
    )
    assert "the hub at localhost:1 did not take them" in str(Undelivered("localhost:1", 5))


def test_an_eater_that_does_not_wait_names_them_all(nobody: str) -> None:
    eater = DumplingEater("e", f"{nobody},localhost:1", reconnect=False)
    with pytest.raises(HubUnavailable, match=f"no hub at {nobody},localhost:1: connection refused"):
        eater.run()


# The commands.


@pytest.fixture
def hub() -> Iterator[Hub]:
    with Hub() as it:
        yield it


def test_print_is_told_what_another_hub_has(nobody: str, hub: Hub) -> None:
    with (
        Command("print", "-h", f"{nobody},{hub.for_eaters}", "--json") as printing,
        hub.kitchen() as source,
    ):
        hub.wait_for_eaters("printereater")
        source.send(dumpling("there"))
        printing.wait_for_out("there")
    assert f"no hub at {nobody} (connection refused); trying {hub.for_eaters}" in printing.err


def test_sniff_goes_on_with_the_next(nobody: str, hub: Hub, capture: Path) -> None:
    done = run(
        "sniff", "--read", str(capture), "-f", "",
        environment={"NETDUMPLINGS_SNIFF_HUB": f"{nobody}, localhost:{hub.in_port}"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert f"connected to the hub at localhost:{hub.in_port}" in done.stderr


def test_hubdetails_asks_each_and_names_the_one_that_goes(nobody: str, hub: Hub) -> None:
    done = run("hubdetails", "-h", nobody, "-h", hub.for_eaters)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["dumpling_eater_count"] == 1
    done = run("hubdetails", "-h", f"{nobody},localhost:{hub.in_port}")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"nd-hubdetails: no hub at localhost:{hub.in_port}: it went")


def test_hubstatus_says_which_hub_it_is_that_it_lost(nobody: str, three: list[Hub]) -> None:
    one, other = three[0].for_eaters, three[1].for_eaters
    with Command("hubstatus", "-h", f"{nobody},{one},{other}") as status:
        status.wait_for_out(f"^waiting for the hub at {nobody},{one},{other}\n")
        status.wait_for_out(f"^connected to the hub at {one}, waiting for its status\n.*  up ")
        three[0].stop()
        status.wait_for_out(f"^lost the hub at {one}, trying the next\n")
        status.wait_for_out(f"^connected to the hub at {other}, waiting for its status\n.*  up ")


async def test_top_says_which_hub_it_is_at(nobody: str, three: list[Hub]) -> None:
    one, other = three[0].for_eaters, three[1].for_eaters
    async with running_top(f"{nobody},{one},{other}", (140, 30)) as top:
        await top.wait_for(f"nd-top  {one}  ● connected")
        await asyncio.to_thread(three[0].stop)
        await top.wait_for(f"nd-top  {other}  ● connected")


def test_record_and_replay_go_on_with_the_next(nobody: str, hub: Hub, tmp_path: Path) -> None:
    source, path = tmp_path / "source.jsonl", tmp_path / "copy.jsonl"
    source.write_text("".join(f"{dumpling(number)}\n" for number in range(5)))
    hubs = f"{nobody},localhost:{hub.in_port}"
    done = run("replay", str(source), "-h", hubs)
    assert done.returncode == 0, done.stderr
    assert "the hub has taken 5" in done.stderr
    with Command("record", str(path), "-h", nobody, "-h", hub.for_eaters, "--since", "1h") as it:
        it.wait_for_err(f"connected to the hub at {hub.for_eaters}")
        deadline = time.monotonic() + PATIENCE
        while not path.exists() or 4 not in payloads(path, being_written=True):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert it.end(signal.SIGTERM) == 0, it.err
    assert [one for one in payloads(path) if isinstance(one, int)] == list(range(5))
