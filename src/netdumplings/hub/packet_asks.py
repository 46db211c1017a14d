"""Asks kitchens for packets that they have kept, and puts their answers together."""

from __future__ import annotations

import asyncio
from itertools import count
from typing import Final, NamedTuple, Protocol

from ..wire import (
    MAX_ANSWER,
    PacketsEndMessage,
    PacketsReceived,
    PacketsUnwanted,
    PacketsWanted,
    write,
)
from ..wire.packet_messages import MAX_PIECE
from ..wire.pcapng import Checker

#: Seconds for a kitchen to answer, beyond those that have yet to go by until the span has ended.
PATIENCE: Final = 30.0


class Asked(Protocol):
    """A kitchen that is asked; no two are equal."""

    def send(self, message: bytes) -> None:
        """Send it a message."""


class Answered(NamedTuple):
    """What a kitchen has answered.

    Attributes:
        blocks: of a pcapng file: all but its section header.
        packets: how many packets are in them.
        left_out: how many there were besides, and no room for them.
        since: the time of the oldest packet that it has, seconds since the epoch; None for none.
    """

    blocks: bytes
    packets: int
    left_out: int
    since: float | None


class NoAnswer(Exception):
    """There is no answer.

    Attributes:
        reason: why, for whoever asked.
        busy: whether it is worth another try.
        fault: whether it is the kitchen's.
    """

    def __init__(self, reason: str, *, busy: bool = False, fault: bool = False) -> None:
        self.reason = reason
        self.busy = busy
        self.fault = fault
        super().__init__(reason)


class PacketAsks:
    """The requests under way, one at a kitchen."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self._asks: dict[Asked, _Ask] = {}

    async def ask(
        self,
        kitchen: Asked,
        around: float,
        seconds: float,
        filter: str,
        *,
        patience: float = PATIENCE,
    ) -> Answered:
        """Ask a kitchen, and wait for the end of its answer.

        Args:
            kitchen: which.
            around: the middle of the span, seconds since the epoch.
            seconds: how far it goes before and behind.
            filter: which packets, in pcap-filter(7) language; empty for all.
            patience: seconds for it to answer, and again as many as the span may have yet to go.

        Raises:
            NoAnswer: it gives none.
        """
        if kitchen in self._asks:
            raise NoAnswer("the kitchen is answering somebody else: try again", busy=True)
        ask = self._asks[kitchen] = _Ask(next(self._numbers))
        try:
            kitchen.send(write(PacketsWanted(ask.number, around, seconds, MAX_ANSWER, filter)))
            async with asyncio.timeout(patience + 2 * seconds):
                return await ask.answer
        except TimeoutError:
            raise NoAnswer("the kitchen did not answer in time", fault=True) from None
        finally:
            del self._asks[kitchen]
            if not ask.ended:
                kitchen.send(write(PacketsUnwanted(ask.number)))

    def take(self, kitchen: Asked, told: PacketsReceived | PacketsEndMessage) -> None:
        """Take a part of an answer; what nobody waits for is thrown away."""
        ask = self._asks.get(kitchen)
        if ask is None or told.ask != ask.number or ask.answer.done():
            return
        if isinstance(told, PacketsReceived):
            ask.add(told.blocks)
        else:
            ask.end(told)

    def lose(self, kitchen: Asked) -> None:
        """Note that a kitchen has gone."""
        ask = self._asks.get(kitchen)
        if ask is not None:
            ask.ended = True
            ask.fail("the kitchen has gone in the middle of it: try again")


class _Ask:
    """A request.

    Attributes:
        number: what the kitchen knows it by.
        answer: what comes of it.
        ended: whether nothing more will come.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self.answer: asyncio.Future[Answered] = asyncio.get_running_loop().create_future()
        self.ended = False
        self._blocks = bytearray()
        self._checker = Checker()

    def add(self, blocks: bytes) -> None:
        if len(blocks) > MAX_PIECE:
            # To look through it would keep everybody else waiting.
            self.fail("the kitchen sends too much at a time")
            return
        # (Descriptions of interfaces are not counted by the kitchen.)
        if len(self._blocks) + len(blocks) > MAX_ANSWER + MAX_ANSWER // 8:
            self.fail("the kitchen sends more than it was asked for")
            return
        try:
            self._checker.check(blocks)
        except ValueError as error:
            self.fail(f"the kitchen's answer makes no sense: {error}")
            return
        self._blocks += blocks

    def end(self, told: PacketsEndMessage) -> None:
        self.ended = True
        if told.problem is not None:
            self.fail(told.problem, fault=False)
            return
        packets = self._checker.packets
        self.answer.set_result(Answered(bytes(self._blocks), packets, told.left_out, told.since))

    def fail(self, reason: str, *, fault: bool = True) -> None:
        if not self.answer.done():
            self.answer.set_exception(NoAnswer(reason, fault=fault))
