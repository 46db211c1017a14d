"""What a kitchen answers a hub that asks for packets: not too much, in small pieces, in time."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from netdumplings import DumplingChef, DumplingKitchen
from netdumplings.capture.ring import PacketRing
from netdumplings.capture.ring_memory import RingMemory
from netdumplings.capture.ring_reader import RingReader
from netdumplings.kitchen import packet_answers
from netdumplings.kitchen.packet_answers import MAX_ASKS, PacketsKept
from netdumplings.packets import Packet, PacketBatch
from netdumplings.wire import PacketsUnwanted, PacketsWanted
from netdumplings.wire.packet_messages import MAX_PIECE, PIECE
from netdumplings.wire.pcapng import section
from support.capture_files import read_all
from support.packets import SECOND, START, arp, dns_query, tcp_syn, write_pcap

NOW = START / SECOND


class Kitchen:
    """Answers, and whether there was news of them."""

    def __init__(self, *packets: bytes, live: bool = False, **how: Any) -> None:
        memory = RingMemory(4 * 2**20)
        self.ring = PacketRing(memory)
        self.answers = PacketsKept(RingReader(memory), "office", live=live, **how)
        memory.close()
        self.news = asyncio.Event()
        self.answers.begin(self.news.set)
        self.put(*packets)

    def put(self, *packets: bytes, time_ns: int = START) -> None:
        if packets:
            records = [(time_ns + n, len(data), data) for n, data in enumerate(packets)]
            self.ring.put(PacketBatch.from_records(1, records, "eth0"))

    async def end(self) -> tuple[list[bytes], dict[str, Any]]:
        """Wait for the end of one answer; its pieces of blocks, and the message at its end."""
        pieces = []
        async with asyncio.timeout(20):
            while True:
                message = self.answers.next()
                if message is None:
                    self.news.clear()
                    await self.news.wait()
                    continue
                first, _, body = message.partition(b"\n")
                told = json.loads(first)
                if told["type"] == "packets end":
                    return pieces, told
                assert told["type"] == "packets"
                pieces.append(body)


def wanted(ask: int = 1, seconds: float = 1.0, **more: Any) -> PacketsWanted:
    return PacketsWanted(ask, NOW, seconds, **more)


async def test_the_packets_of_the_span_come_as_blocks_with_their_interface() -> None:
    kitchen = Kitchen(arp(), dns_query())
    kitchen.put(tcp_syn(), time_ns=START + 2 * SECOND)
    kitchen.answers.take(wanted())
    pieces, end = await kitchen.end()
    packets, problem = read_all([section("nd") + b"".join(pieces)])
    assert problem is None
    assert [(one.data, one.time_ns, one.interface) for one in packets] == [
        (arp(), START, "office/eth0"), (dns_query(), START + 1, "office/eth0"),
    ]  # fmt: skip
    assert end == {"type": "packets end", "ask": 1, "since": NOW}
    assert kitchen.answers.next() is None


async def test_pieces_are_small_and_answers_take_turns_and_keep_to_what_was_asked() -> None:
    kitchen = Kitchen(*[bytes(1000)] * 1000)
    kitchen.answers.take(wanted(1))
    kitchen.answers.take(wanted(2, most=200_000))
    while len(kitchen.answers._ready) < 2:
        await asyncio.sleep(0)
    turns, sizes = [], {1: 0, 2: 0}
    while (message := kitchen.answers.next()) is not None:
        first, _, body = message.partition(b"\n")
        assert len(message) <= PIECE + 2000
        told = json.loads(first)
        turns.append(told["ask"])
        sizes[told["ask"]] += len(body)
        if told["type"] == "packets end":
            assert told.get("left_out", 0) == (0 if told["ask"] == 1 else 1000 - 193)
    assert turns[:8] in ([1, 2] * 4, [2, 1] * 4)
    assert sizes[1] > 1_000_000
    assert 190_000 < sizes[2] <= 200_000 + 1000  # and an interface


async def test_a_packet_that_no_piece_has_room_for_is_left_out() -> None:
    kitchen = Kitchen(bytes(MAX_PIECE - 100), arp())
    kitchen.answers.take(wanted())
    pieces, end = await kitchen.end()
    assert len(pieces) == 1
    assert len(pieces[0]) < 1000
    assert end["left_out"] == 1


async def test_only_what_a_filter_lets_through_comes() -> None:
    kitchen = Kitchen(arp(), dns_query(), tcp_syn())
    kitchen.answers.take(wanted(filter="udp port 53"))
    pieces, _ = await kitchen.end()
    packets, _ = read_all([section("nd") + b"".join(pieces)])
    assert [one.data for one in packets] == [dns_query()]


def test_a_kitchen_tells_how_many_it_keeps_and_since_when(tmp_path: Path) -> None:
    path = write_pcap(tmp_path / "x.pcap", arp(), tcp_syn())

    class Quiet(DumplingChef):
        def packet_handler(self, packet: Packet) -> None:
            return None

    kitchen = DumplingKitchen(read=path, chefs=[Quiet], ring=2**20)
    assert json.loads(kitchen._hello())["ring"] == {"bytes": 2**20}
    assert json.loads(kitchen._counts())["counts"]["ring"] == {"packets": 0, "since": None}
    assert list(kitchen) == []
    assert json.loads(kitchen._counts())["counts"]["ring"] == {"packets": 2, "since": NOW}
    without = DumplingKitchen(read=path, chefs=[Quiet])
    assert "ring" not in json.loads(without._hello())
    assert "ring" not in json.loads(without._counts())["counts"]


@pytest.mark.parametrize(
    ("filter_", "problem"),
    [("host example.com", "'example.com' is no word"), ("tcp tcp (", "syntax error")],
)
async def test_a_filter_that_is_none_is_told_of(filter_: str, problem: str) -> None:
    kitchen = Kitchen(arp())
    kitchen.answers.take(wanted(filter=filter_))
    pieces, end = await kitchen.end()
    assert pieces == []
    assert problem in end["problem"]


async def test_a_span_that_has_not_ended_is_waited_for_where_packets_are_live(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slept = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        kitchen.put(tcp_syn(), time_ns=START + SECOND // 2)

    kitchen = Kitchen(arp(), live=True, clock=lambda: NOW + 0.25)
    with monkeypatch.context() as patch:
        patch.setattr(packet_answers.asyncio, "sleep", sleep)
        kitchen.answers.take(wanted(seconds=0.5))
        task = kitchen.answers._asks[1]
        await task
    pieces, _ = await kitchen.end()
    packets, _ = read_all([section("nd") + b"".join(pieces)])
    assert [one.data for one in packets] == [arp(), tcp_syn()]
    assert slept == [0.25 + packet_answers.SETTLED]


async def test_requests_that_are_too_many_are_refused_and_those_nobody_wants_are_forgotten() -> (
    None
):
    kitchen = Kitchen(arp(), live=True, clock=lambda: NOW)
    for ask in range(MAX_ASKS):
        kitchen.answers.take(wanted(ask, seconds=300))
    kitchen.answers.take(wanted(MAX_ASKS))
    _, end = await kitchen.end()
    assert (end["ask"], end["problem"]) == (
        MAX_ASKS, "the kitchen has as many requests for packets as it takes: try again"
    )  # fmt: skip
    tasks = list(kitchen.answers._asks.values())
    kitchen.answers.take(PacketsUnwanted(0))
    kitchen.answers.end()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert all(task.cancelled() for task in tasks)
    assert kitchen.answers.next() is None
