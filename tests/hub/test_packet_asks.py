"""A hub that asks kitchens for packets: whatever they answer, whoever asks is told in time."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from netdumplings.hub.packet_asks import NoAnswer, PacketAsks
from netdumplings.wire import MAX_ANSWER, PacketsEndMessage, PacketsReceived
from netdumplings.wire.packet_messages import MAX_PIECE
from netdumplings.wire.pcapng import interface, packet

BLOCKS = interface(1, 100, "k", "") + packet(0, 5, 3, b"abc")


class Kitchen:
    """A kitchen that does nothing, and remembers what it was sent."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []

    def send(self, message: bytes) -> None:
        self.told.append(json.loads(message))


async def begun(asks: PacketAsks, kitchen: Kitchen, patience: float = 20.0) -> asyncio.Task[Any]:
    """A request that has reached the kitchen."""
    task = asyncio.create_task(asks.ask(kitchen, 5.5, 0.0, "arp", patience=patience))
    await asyncio.sleep(0)
    return task


async def test_an_answer_is_put_together_of_its_pieces() -> None:
    asks, kitchen = PacketAsks(), Kitchen()
    task = await begun(asks, kitchen)
    [told] = kitchen.told
    assert told == {
        "type": "packets wanted", "ask": 1, "around": 5.5, "seconds": 0.0, "filter": "arp",
    }  # fmt: skip
    asks.take(Kitchen(), PacketsReceived(1, b"nobody asked that one"))
    asks.take(kitchen, PacketsReceived(7, b"this is of another request"))
    asks.take(kitchen, PacketsReceived(1, BLOCKS))
    asks.take(kitchen, PacketsReceived(1, packet(0, 6, 3, b"def")))
    asks.take(kitchen, PacketsEndMessage(1, 4, 2.5))
    asks.take(kitchen, PacketsReceived(1, b"what comes behind the end"))
    assert await task == (BLOCKS + packet(0, 6, 3, b"def"), 2, 4, 2.5)
    assert len(kitchen.told) == 1
    second = await begun(asks, kitchen)
    asks.take(kitchen, PacketsEndMessage(2))
    assert (await second).packets == 0


async def fails(task: asyncio.Task[Any]) -> NoAnswer:
    with pytest.raises(NoAnswer) as raised:
        await task
    return raised.value


async def test_a_kitchen_is_asked_by_one_at_a_time() -> None:
    asks, kitchen = PacketAsks(), Kitchen()
    first = await begun(asks, kitchen)
    refused = await fails(await begun(asks, kitchen))
    assert (refused.busy, refused.fault) == (True, False)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    # Nobody waits for it any more, as the kitchen is told; another may ask.
    assert kitchen.told[1:] == [{"type": "packets unwanted", "ask": 1}]
    await begun(asks, kitchen)
    assert kitchen.told[2]["ask"] == 2


@pytest.mark.parametrize(
    ("told", "reason", "fault"),
    [
        (PacketsReceived(1, b"no blocks"), "makes no sense", True),
        (PacketsReceived(1, packet(0, 5, 3, b"abc")), "not described", True),
        (PacketsReceived(1, bytes(MAX_PIECE + 1)), "too much at a time", True),
        (PacketsEndMessage(1, problem="so it is"), "so it is", False),
    ],
)
async def test_what_is_no_answer_is_told_to_who_asked(
    told: PacketsReceived | PacketsEndMessage, reason: str, fault: bool
) -> None:
    asks, kitchen = PacketAsks(), Kitchen()
    task = await begun(asks, kitchen)
    asks.take(kitchen, told)
    asks.take(kitchen, PacketsReceived(1, BLOCKS))
    failed = await fails(task)
    assert reason in failed.reason
    assert (failed.fault, failed.busy) == (fault, False)
    ended = isinstance(told, PacketsEndMessage)
    assert [each["type"] for each in kitchen.told[1:]] == [] if ended else ["packets unwanted"]


async def test_a_kitchen_that_sends_for_ever_is_told_to_stop() -> None:
    asks, kitchen = PacketAsks(), Kitchen()
    task = await begun(asks, kitchen)
    piece = packet(0, 5, 3, bytes(MAX_PIECE - 32))
    asks.take(kitchen, PacketsReceived(1, BLOCKS))
    for _ in range(2 * MAX_ANSWER // MAX_PIECE):
        asks.take(kitchen, PacketsReceived(1, piece))
    assert "more than it was asked for" in (await fails(task)).reason
    assert kitchen.told[1] == {"type": "packets unwanted", "ask": 1}


async def test_a_kitchen_that_goes_or_says_nothing_is_not_waited_for() -> None:
    asks, kitchen = PacketAsks(), Kitchen()
    task = await begun(asks, kitchen)
    asks.lose(kitchen)
    assert "has gone" in (await fails(task)).reason
    assert len(kitchen.told) == 1
    silent = Kitchen()
    failed = await fails(await begun(asks, silent, patience=0.01))
    assert (failed.reason, failed.fault) == ("the kitchen did not answer in time", True)
    assert silent.told[1]["type"] == "packets unwanted"
