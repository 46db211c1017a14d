"""Whoever shares the memory sees whose handler runs, and whether it is still the same call."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from typing import Any

import pytest

from netdumplings import DumplingChef
from netdumplings.kitchen.errors import HandlerErrors
from netdumplings.kitchen.runner import ChefRunner
from netdumplings.packets import Packet, PacketBatch
from netdumplings.whereabouts import SIZE, Whereabout, Whereabouts
from support.packets import arp, batch

seen: list[Whereabout] = []
memory = Whereabouts()


class LookingChef(DumplingChef):
    def packet_handler(self, packet: Packet) -> int:
        seen.append(memory.read())
        return len(seen)

    def interval_handler(self, interval: float | None = None) -> None:
        seen.append(memory.read())


class BatchLookingChef(LookingChef):
    def batch_handler(self, packets: PacketBatch) -> Iterator[Any]:
        for _ in packets:
            seen.append(memory.read())
            yield "a dumpling"
        raise ValueError("after all")


def test_each_call_of_a_handler_is_told_from_every_other_and_from_none() -> None:
    seen.clear()
    chefs = [BatchLookingChef(), LookingChef(), DumplingChef()]
    running = ChefRunner(chefs, 5.0, HandlerErrors(), whereabouts=memory)
    for _ in running.handle(batch(arp(), arp()), None):
        assert memory.read().chef == 0
    list(running.poke(0))
    assert [place.chef for place in seen] == [1, 1, 2, 2, 1, 2]
    assert len(set(seen)) == len(seen)
    assert memory.read().chef == 0


def test_they_are_words_in_memory_that_processes_can_share() -> None:
    with mmap.mmap(-1, 4096) as shared:
        whereabouts = Whereabouts(memoryview(shared)[128 : 128 + SIZE])
        whereabouts.words[0], whereabouts.words[1] = 3, 1 << 63
        assert Whereabouts(memoryview(shared)[128:]).read() == Whereabout(3, 1 << 63)
        whereabouts.release()


@pytest.mark.parametrize("buffer", [bytearray(SIZE - 1), memoryview(bytes(SIZE))])
def test_memory_that_will_not_do_is_refused(buffer: bytearray | memoryview) -> None:
    with pytest.raises(ValueError, match="need 64 bytes"):
        Whereabouts(buffer)
