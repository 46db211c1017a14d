"""The kitchen's link to its hub: nothing is lost when the hub is late, or goes and comes back."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosedError
from websockets.typing import Subprotocol

import netdumplings
from netdumplings import DumplingChef, DumplingHub, DumplingKitchen
from netdumplings.exceptions import NoSuchInterface, TruncatedCapture, Undelivered
from netdumplings.packets import Packet
from netdumplings.sending import link, talks
from netdumplings.wire import SUBPROTOCOL
from support.hub_peers import PATIENCE, eater, running_hub
from support.packets import arp, write_pcap

PACKETS = 2_000


class NumberChef(DumplingChef):
    def packet_handler(self, packet: Packet) -> int:
        return self.dumplings_sent_count


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    return write_pcap(tmp_path / "many.pcap", *[arp()] * PACKETS)


@asynccontextmanager
async def cooking(kitchen: DumplingKitchen) -> AsyncIterator[asyncio.Task[None]]:
    """A kitchen that serves while the body runs."""
    task = asyncio.create_task(kitchen.serve())
    try:
        yield task
    finally:
        kitchen.stop()
        task.cancel()
        await asyncio.wait({task})


async def numbers(connection: Any, count: int) -> list[int]:
    """The payloads of the next dumplings that our chef made."""
    found: list[int] = []
    async with asyncio.timeout(PATIENCE):
        while len(found) < count:
            document = json.loads(await connection.recv())
            if document["metadata"]["chef"] == "NumberChef":
                found.append(document["payload"])
    return found


def kitchen_for(hub: DumplingHub | int, capture: Path, **settings: Any) -> DumplingKitchen:
    port = hub if isinstance(hub, int) else hub.in_port
    return DumplingKitchen(
        "linked", hub=f"localhost:{port}", read=capture, chefs=[NumberChef], **settings
    )


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [
        record.getMessage().split(" at ")[0]
        for record in caplog.records
        if record.name == link.logger.name
    ]


async def test_a_replay_ends_when_the_hub_has_taken_every_dumpling(capture: Path) -> None:
    async with running_hub() as hub, eater(hub) as receiving:
        kitchen = kitchen_for(hub, capture)
        async with asyncio.timeout(PATIENCE):
            await kitchen.serve()
        assert await numbers(receiving, PACKETS) == list(range(PACKETS))
        done = kitchen.statistics()
        assert done.dumplings_made == done.dumplings_acknowledged == PACKETS
        assert done.dumplings_held == done.dumplings_dropped == 0


async def test_a_kitchen_may_be_started_before_its_hub(
    capture: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with running_hub() as early:
        in_port, out_port = early.in_port, early.out_port
    kitchen = kitchen_for(in_port, capture)
    async with cooking(kitchen) as task:
        async with asyncio.timeout(PATIENCE):
            while "no hub" not in said(caplog):
                await asyncio.sleep(0.05)
        async with running_hub(in_port=in_port, out_port=out_port) as hub, eater(hub) as receiving:
            await asyncio.wait_for(task, PATIENCE)
            assert await numbers(receiving, PACKETS) == list(range(PACKETS))
    assert said(caplog) == ["no hub", "connected to the hub"]


async def test_a_hub_that_goes_and_comes_back_gets_what_it_missed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    # At their own pace, a hundred a second: there is always some to come.
    capture = write_pcap(
        tmp_path / "slow.pcap", *[arp()] * 200, times=[n / 100 for n in range(200)]
    )
    async with running_hub() as hub, eater(hub) as receiving:
        in_port, out_port = hub.in_port, hub.out_port
        kitchen = kitchen_for(hub, capture, speed=1)
        task = asyncio.create_task(kitchen.serve())
        before = await numbers(receiving, 50)
    async with (
        running_hub(in_port=in_port, out_port=out_port) as again,
        aclosing(_numbers_until(again, 199)) as rest,
    ):
        after = [number async for number in rest]
        await asyncio.wait_for(task, PATIENCE)
    assert before == list(range(50))
    # Those that were on their way when the hub stopped reached its eater, or come again.
    assert after[-1] == 199
    assert after == sorted(after)
    assert set(range(after[0], 200)) == set(after)
    assert said(caplog) == ["connected to the hub", "lost the hub", "connected to the hub"]
    assert kitchen.statistics().dumplings_acknowledged == 200


async def _numbers_until(hub: DumplingHub, last: int) -> AsyncIterator[int]:
    async with eater(hub) as receiving:
        while True:
            (number,) = await numbers(receiving, 1)
            yield number
            if number == last:
                return


async def test_what_a_broken_connection_swallowed_is_sent_again(capture: Path) -> None:
    """Between kitchen and hub the line breaks in mid-burst, with some of it on its way."""
    async with running_hub() as hub, eater(hub) as receiving, breaking_line(hub, 50_000) as port:
        kitchen = kitchen_for(port, capture)
        await asyncio.wait_for(kitchen.serve(), PATIENCE)
        arrived: list[int] = []
        while not arrived or arrived[-1] != PACKETS - 1:
            arrived += await numbers(receiving, 1)
    assert arrived == list(range(PACKETS))


@asynccontextmanager
async def breaking_line(hub: DumplingHub, after: int) -> AsyncIterator[int]:
    """A line to a hub that breaks, the first time, after so many bytes towards it."""
    left = after

    async def join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hub_reader, hub_writer = await asyncio.open_connection("localhost", hub.in_port)

        async def carry(
            source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, breaks: bool
        ) -> None:
            nonlocal left
            while data := await source.read(4096):
                if breaks and left:
                    left = max(0, left - len(data))
                    if not left:
                        break
                sink.write(data)
                await sink.drain()
            for end in (writer, hub_writer):
                end.transport.abort()

        await asyncio.gather(
            carry(reader, hub_writer, breaks=True),
            carry(hub_reader, writer, breaks=False),
            return_exceptions=True,
        )

    async with await asyncio.start_server(join, "localhost", 0) as server:
        yield server.sockets[0].getsockname()[1]


async def test_what_a_hub_refuses_is_dropped_counted_and_said_and_the_rest_goes_on(
    capture: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """As a plain hub of another mind might; ours takes all that our kitchens make."""
    received: list[int] = []
    connections = 0

    async def picky(connection: ServerConnection) -> None:
        nonlocal connections
        connections += 1
        if connections == 1:
            await connection.close(1008, "not today")
        else:
            await connection.recv()
            received.extend([json.loads(message)["payload"] async for message in connection])

    async with serve(picky, "localhost", 0, compression=None) as server:
        port = server.sockets[0].getsockname()[1]
        kitchen = kitchen_for(port, capture)
        await asyncio.wait_for(kitchen.serve(), PATIENCE)
    done = kitchen.statistics()
    assert received == list(range(done.dumplings_dropped, PACKETS))
    assert done.dumplings_acknowledged + done.dumplings_dropped == PACKETS
    assert f"('not today'): {done.dumplings_dropped} dumplings are dropped" in caplog.text


class Hub:
    """The kitchens' port of a hub that does as the test wants, in ``netdumplings.v2``.

    Attributes:
        hellos, counts: what kitchens have said.
        received: the payloads in order, and the numbers that they came with.
        known: by session, the last number that the hub has.
    """

    def __init__(self) -> None:
        self.hellos: list[dict[str, Any]] = []
        self.counts: list[dict[str, Any]] = []
        self.received: list[Any] = []
        self.numbers: list[int] = []
        self.known: dict[str, int] = {}
        self.port = 0
        self.closed_with: list[int | None] = []

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Hub]:
        async with serve(
            self.talk,
            "localhost",
            0,
            compression=None,
            subprotocols=[Subprotocol(SUBPROTOCOL)],
            max_size=None,
            close_timeout=0.5,  # who does not answer to the end is not worth more
        ) as server:
            self.port = server.sockets[0].getsockname()[1]
            yield self

    async def talk(self, connection: ServerConnection) -> None:
        with suppress(ConnectionClosedError):
            await self._talk(connection)
        self.closed_with.append(connection.close_code)

    async def _talk(self, connection: ServerConnection) -> None:
        session = ""
        async for message in connection:
            first_line, *lines = message.split("\n")
            told = json.loads(first_line)
            if told["type"] == "hello":
                self.hellos.append(told)
                session = told["session"]
                last = max(self.known.get(session, 0), told["first"] - 1)
                self.known[session] = last
                await self.welcome(connection, last)
            elif told["type"] == "batch":
                await self.batch(connection, session, told["first"], lines)
            else:
                self.counts.append(told["counts"])

    async def welcome(self, connection: ServerConnection, last: int) -> None:
        await connection.send(json.dumps({"type": "welcome", "acknowledged": last}))

    async def batch(
        self, connection: ServerConnection, session: str, first: int, lines: list[str]
    ) -> None:
        self.take(session, first, lines)
        await self.acknowledge(connection, self.known[session])

    def take(self, session: str, first: int, lines: list[str]) -> None:
        for number, line in enumerate(lines, first):
            assert number > self.known[session]
            self.known[session] = number
            self.numbers.append(number)
            self.received.append(json.loads(line)["payload"])

    async def acknowledge(self, connection: ServerConnection, last: int) -> None:
        await connection.send(json.dumps({"type": "ack", "acknowledged": last}))


async def served(kitchen: DumplingKitchen) -> None:
    await asyncio.wait_for(kitchen.serve(), PATIENCE)


async def test_dumplings_come_in_batches_numbered_from_one_and_the_last_counts_before_the_end(
    capture: Path,
) -> None:
    async with Hub().running() as hub:
        kitchen = kitchen_for(hub.port, capture)
        await served(kitchen)
    assert hub.received == list(range(PACKETS))
    assert hub.numbers == list(range(1, PACKETS + 1))
    (hello,) = hub.hellos
    assert hello["first"] == 1
    assert hello["acknowledged"] == 0
    assert len(hello["session"]) == 32
    assert hello["announcement"]["kitchen_name"] == "linked"
    assert hub.counts[-1]["dumplings_made"] == hub.counts[-1]["dumplings_acknowledged"] == PACKETS
    assert hub.counts[-1]["packets_handled"] == PACKETS
    assert hub.closed_with == [1000]


async def test_each_kitchen_has_a_session_of_its_own(capture: Path) -> None:
    async with Hub().running() as hub:
        await served(kitchen_for(hub.port, capture))
        await served(kitchen_for(hub.port, capture))
    assert len({hello["session"] for hello in hub.hellos}) == 2


async def test_what_the_welcome_says_that_the_hub_has_is_not_sent_again(
    capture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The acknowledgement was lost with the connection."""
    monkeypatch.setattr(talks, "BURST_MESSAGES", 100)

    class Forgetful(Hub):
        async def batch(self, connection: ServerConnection, *batch: Any) -> None:
            self.take(*batch)
            if len(self.hellos) < 3:
                connection.transport.abort()
            else:
                await self.acknowledge(connection, self.known[batch[0]])

    async with Forgetful().running() as hub:
        kitchen = kitchen_for(hub.port, capture)
        await served(kitchen)
    assert hub.received == list(range(PACKETS))
    assert len(hub.hellos) == 3
    assert len({hello["session"] for hello in hub.hellos}) == 1
    assert kitchen.statistics().dumplings_acknowledged == PACKETS


async def test_a_hub_that_was_started_anew_gets_what_was_not_acknowledged(capture: Path) -> None:
    class Reborn(Hub):
        async def batch(self, connection: ServerConnection, *batch: Any) -> None:
            if len(self.hellos) == 1:
                self.known.clear()
                connection.transport.abort()
            else:
                await super().batch(connection, *batch)

    async with Reborn().running() as hub:
        await served(kitchen_for(hub.port, capture))
    assert hub.received == list(range(PACKETS))
    assert [hello["first"] for hello in hub.hellos] == [1, 1]


async def test_what_any_hub_has_acknowledged_the_next_one_is_told(
    capture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(talks, "BURST_MESSAGES", 100)

    class Reborn(Hub):
        async def batch(self, connection: ServerConnection, *batch: Any) -> None:
            if len(self.hellos) == 1 and batch[1] > 200:
                acknowledged.update(self.known)
                self.known.clear()
                await connection.close(1001)
            else:
                await super().batch(connection, *batch)

    acknowledged: dict[str, int] = {}
    async with Reborn().running() as hub:
        await served(kitchen_for(hub.port, capture))
    assert hub.received == list(range(PACKETS))
    told = [(hello["acknowledged"], hello["first"]) for hello in hub.hellos]
    (last,) = acknowledged.values()
    assert last >= 200
    assert told == [(0, 1), (last, last + 1)]


async def test_no_more_is_on_its_way_than_the_window_holds(
    capture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("netdumplings.kitchen.delivering.GRACE", 0.1)
    monkeypatch.setattr(talks, "WINDOW", 20_000)
    monkeypatch.setattr(talks, "BURST_BYTES", 5_000)
    full = asyncio.Event()

    class Slow(Hub):
        """Acknowledges nothing."""

        size = 0

        async def batch(
            self, connection: ServerConnection, session: str, first: int, lines: list[str]
        ) -> None:
            self.take(session, first, lines)
            self.size += sum(map(len, lines))
            if self.size > 19_000:
                full.set()

    async with Slow().running() as hub:
        kitchen = kitchen_for(hub.port, capture)
        async with cooking(kitchen):
            await asyncio.wait_for(full.wait(), PATIENCE)
            async with asyncio.timeout(PATIENCE):
                while kitchen.statistics().dumplings_held < PACKETS:
                    await asyncio.sleep(0.02)
            await asyncio.sleep(0.2)  # whoever did not keep to the window would send more now
            assert hub.size < 20_000 + 200  # one dumpling more may go
            kitchen.stop()


async def test_what_a_v2_hub_refuses_is_dropped_batch_by_batch_and_the_rest_goes_on(
    capture: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(talks, "BURST_MESSAGES", 100)

    class Picky(Hub):
        refused = 0

        async def batch(
            self, connection: ServerConnection, session: str, first: int, lines: list[str]
        ) -> None:
            if len(self.hellos) == 1 and first > 300:
                self.refused = self.refused or first
                await connection.close(1008, "not today")
            else:
                await super().batch(connection, session, first, lines)

    async with Picky().running() as hub:
        kitchen = kitchen_for(hub.port, capture)
        await served(kitchen)
    dropped = kitchen.statistics().dumplings_dropped
    assert 0 < dropped <= 100
    after = hub.refused + dropped
    assert hub.numbers == [*range(1, hub.refused), *range(after, PACKETS + 1)]
    assert f"('not today'): {dropped} dumplings are dropped" in caplog.text


@pytest.mark.parametrize(
    "nonsense",
    [
        {"type": "ack", "acknowledged": 10**9},
        {"type": "ack", "acknowledged": -1},
        {"type": "welcome", "acknowledged": "all"},
        {"acknowledged": 7},
        [1, 2, 3],
    ],
)
async def test_a_hub_that_makes_no_sense_is_left_and_nothing_is_lost(
    capture: Path, caplog: pytest.LogCaptureFixture, nonsense: Any
) -> None:
    class Confused(Hub):
        async def batch(self, connection: ServerConnection, *batch: Any) -> None:
            if len(self.hellos) == 1:
                await connection.send(json.dumps(nonsense))
            else:
                await super().batch(connection, *batch)

    async with Confused().running() as hub:
        kitchen = kitchen_for(hub.port, capture)
        await served(kitchen)
    assert hub.received == list(range(PACKETS))
    assert f"the hub at localhost:{hub.port} makes no sense" in caplog.text
    assert hub.closed_with[0] == 1002
    assert kitchen.statistics().dumplings_dropped == 0


async def test_messages_of_a_later_version_are_ignored(capture: Path) -> None:
    class Later(Hub):
        async def welcome(self, connection: ServerConnection, last: int) -> None:
            await connection.send('{"type":"greeting","mood":"good"}\nwith\nlines')
            later = {"type": "welcome", "acknowledged": last, "mood": "good"}
            await connection.send(json.dumps(later))

    async with Later().running() as hub:
        await served(kitchen_for(hub.port, capture))
    assert hub.received == list(range(PACKETS))
    assert len(hub.hellos) == 1


async def test_a_hub_that_gives_no_welcome_is_tried_again(
    capture: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(talks, "WELCOME_TIMEOUT", 0.1)

    class Curt(Hub):
        async def welcome(self, connection: ServerConnection, last: int) -> None:
            if len(self.hellos) > 1:
                await super().welcome(connection, last)

    async with Curt().running() as hub:
        await served(kitchen_for(hub.port, capture))
    assert hub.received == list(range(PACKETS))
    assert "no welcome within 0.1 seconds" in caplog.text


@pytest.mark.parametrize("code", [1001, 1011, 4002, 4003])
async def test_a_kitchen_that_is_sent_away_for_no_fault_of_its_dumplings_comes_back_with_them(
    capture: Path, code: int
) -> None:
    class Busy(Hub):
        async def batch(self, connection: ServerConnection, *batch: Any) -> None:
            if len(self.hellos) == 1:
                await connection.close(code, "not now")
            else:
                await super().batch(connection, *batch)

    async with Busy().running() as hub:
        kitchen = kitchen_for(hub.port, capture)
        await served(kitchen)
    assert hub.received == list(range(PACKETS))
    assert kitchen.statistics().dumplings_dropped == 0


class LargeChef(DumplingChef):
    def packet_handler(self, packet: Packet) -> list[Any]:
        return [self.dumplings_sent_count, "x" * 20_000]


async def test_a_hub_that_falls_silent_with_much_on_its_way_to_it_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is no room left even for a ping; what was on its way goes to who answers."""
    monkeypatch.setattr("netdumplings.transport.client.PING_INTERVAL", 0.1)
    monkeypatch.setattr("netdumplings.transport.client.PING_TIMEOUT", 0.5)
    capture = write_pcap(tmp_path / "x.pcap", *[arp()] * 500)

    class Deaf(Hub):
        async def batch(self, connection: ServerConnection, *batch: Any) -> None:
            if len(self.hellos) == 1:
                connection.transport.pause_reading()
            else:
                await super().batch(connection, *batch)

    async with Deaf().running() as hub:
        kitchen = DumplingKitchen(hub=f"localhost:{hub.port}", read=capture, chefs=[LargeChef])
        await served(kitchen)
    assert [number for number, _ in hub.received] == list(range(500))


async def test_a_replay_waits_for_room_instead_of_dropping(capture: Path) -> None:
    async with running_hub() as hub, eater(hub) as receiving:
        kitchen = kitchen_for(hub, capture, outbox_size=10_000)
        await asyncio.wait_for(kitchen.serve(), PATIENCE)
        assert await numbers(receiving, PACKETS) == list(range(PACKETS))
        assert kitchen.statistics().dumplings_dropped == 0


async def test_stopping_without_a_hub_tells_what_is_lost(
    capture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("netdumplings.kitchen.delivering.GRACE", 0.1)
    async with running_hub() as gone:
        port = gone.in_port
    kitchen = kitchen_for(port, capture)
    task = asyncio.create_task(kitchen.serve())
    async with asyncio.timeout(PATIENCE):
        while kitchen.statistics().dumplings_held < PACKETS:
            await asyncio.sleep(0.02)
    kitchen.stop()
    with pytest.raises(Undelivered, match=f"{PACKETS} dumplings are lost") as caught:
        await asyncio.wait_for(task, PATIENCE)
    assert caught.value.dumplings == PACKETS


async def test_a_capture_that_breaks_off_is_reported_after_all_is_delivered(capture: Path) -> None:
    capture.write_bytes(capture.read_bytes()[:-1])
    async with running_hub() as hub, eater(hub) as receiving:
        with pytest.raises(TruncatedCapture):
            await asyncio.wait_for(kitchen_for(hub, capture).serve(), PATIENCE)
        assert len(await numbers(receiving, PACKETS - 1)) == PACKETS - 1


async def test_without_packets_to_be_had_no_hub_is_troubled(
    caplog: pytest.LogCaptureFixture,
) -> None:
    kitchen = DumplingKitchen(interface="no-such-if", chefs=[NumberChef], hub="localhost:1")
    with pytest.raises(NoSuchInterface):
        await asyncio.wait_for(kitchen.serve(), PATIENCE)
    assert said(caplog) == []


async def test_the_hub_is_told_what_the_kitchen_is_and_what_it_has_done_at_connect(
    capture: Path,
) -> None:
    async with running_hub(status_freq=0.1) as hub, eater(hub) as receiving:
        kitchen = kitchen_for(hub, capture, speed=1, poke_interval=2.5, filter="arp")
        async with cooking(kitchen):
            told = await info_from_kitchen(receiving, lambda told: True)
    counts = told.pop("counts")
    assert told == {
        "kitchen_name": "linked",
        "interface": str(capture),
        "filter": "arp",
        "chefs": [f"{NumberChef.__module__}.NumberChef"],
        "poke_interval": 2.5,
        "version": netdumplings.__version__,
    }
    assert set(counts) == {
        "packets_received",
        "packets_handled",
        "packets_dropped_by_kernel",
        "packets_dropped_by_interface",
        "packets_dropped_by_kitchen",
        "packets_waiting",
        "packets_filtered_out",
        "packets_damaged",
        "bytes_handled",
        "traffic",
        "behind",
        "dumplings_made",
        "dumplings_acknowledged",
        "dumplings_held",
        "dumplings_on_disk",
        "dumplings_dropped",
        "chefs",
    }
    told = counts["chefs"]["NumberChef"]
    assert set(told) == {"packets", "packets_missed", "seconds", "dumplings", "errors"}


async def info_from_kitchen(
    receiving: Any, wanted: Callable[[dict[str, Any]], bool]
) -> dict[str, Any]:
    """What the one kitchen announced, from the first status dumpling in which it is as wanted."""
    async with asyncio.timeout(PATIENCE):
        while True:
            payload = json.loads(await receiving.recv())["payload"]
            if isinstance(payload, dict) and payload["dumpling_kitchens"]:
                told: dict[str, Any] = payload["dumpling_kitchens"][0]["info_from_kitchen"]
                if wanted(told):
                    return told


async def test_the_counts_that_the_hub_shows_follow_the_kitchens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(talks, "COUNT_EVERY", 0.1)
    # Most packets come at once, and the last much later: the kitchen is there to be asked.
    capture = write_pcap(tmp_path / "x.pcap", *[arp()] * 50, times=[*[0] * 49, 3600])
    async with running_hub(status_freq=0.1) as hub, eater(hub) as receiving:
        kitchen = kitchen_for(hub, capture, speed=1)
        async with cooking(kitchen):
            told = await info_from_kitchen(
                receiving, lambda told: bool(told["counts"]["packets_handled"] == 49)
            )
            done = kitchen.statistics()
    assert told["kitchen_name"] == "linked"
    counts = told["counts"]
    assert counts["packets_received"] == counts["dumplings_made"] == 49
    assert counts["chefs"]["NumberChef"]["packets"] == 49
    assert counts["chefs"]["NumberChef"]["seconds"] == round(done.chefs["NumberChef"].seconds, 3)


async def test_a_hub_of_the_plain_protocol_is_announced_to_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To a hub that only knows dumplings, another announcement would be a malformed one."""
    monkeypatch.setattr(talks, "COUNT_EVERY", 0.0)
    capture = write_pcap(tmp_path / "x.pcap", *[arp()] * 50, times=[n / 50 for n in range(50)])
    received: list[dict[str, Any]] = []

    async def plain(connection: ServerConnection) -> None:
        received.extend([json.loads(message) async for message in connection])

    async with serve(plain, "localhost", 0, compression=None) as server:
        kitchen = kitchen_for(server.sockets[0].getsockname()[1], capture, speed=1)
        await asyncio.wait_for(kitchen.serve(), PATIENCE)
    assert ["kitchen_name" in message for message in received] == [True] + [False] * 50


async def test_a_kitchen_of_hundreds_of_chefs_announces_itself_without_the_counts_of_each(
    capture: Path,
) -> None:
    chefs = [type(f"Chef{'x' * 20}{n}", (NumberChef,), {}) for n in range(200)]
    async with running_hub(status_freq=0.1) as hub, eater(hub) as receiving:
        kitchen = DumplingKitchen(
            hub=f"localhost:{hub.in_port}", read=capture, chefs=chefs, speed=1
        )
        async with cooking(kitchen):
            told = await info_from_kitchen(receiving, lambda told: True)
    assert len(told["chefs"]) == 200
    assert "packets_handled" in told["counts"]
    assert "chefs" not in told["counts"]
