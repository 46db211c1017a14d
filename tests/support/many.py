"""Very many packets, made at once, each with a number of its own in it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from netdumplings.packets import PacketBatch

from . import traffic
from .packets import SECOND, START

#: Where IPv4's source address is in a frame of Ethernet.
SOURCE = 26
#: The first number: as an address, one that a host may have.
_BASE = 10 << 24


class Pattern(NamedTuple):
    """What very many packets have in common, and where they differ.

    Attributes:
        frame: one of them, on Ethernet.
        numbers: where four bytes of it hold a number, in the order of the network.
        words: where eight bytes of it hold the same in letters.
        shorts: where two bytes of it hold the last of it.
        each: how many packets in a row have the same number but in ``shorts``.
        longer: whether each is longer on the wire than the one before, up to a thousand bytes.
    """

    frame: bytes
    numbers: tuple[int, ...] = (SOURCE,)
    words: tuple[int, ...] = ()
    shorts: tuple[int, ...] = ()
    each: int = 1
    longer: bool = False


def over_ipv4(transport: tuple[int, bytes]) -> bytes:
    """A frame whose IP carries something, given as its protocol and its bytes."""
    return traffic.link(traffic.ETHERNET, b"", 0x0800) + traffic.ipv4(*transport)


def numbered(pattern: Pattern, first: int, count: int, seconds: int) -> PacketBatch:
    """A batch of packets, each with its own number.

    Args:
        pattern: what they are.
        first: the number of the first of them.
        count: how many.
        seconds: when they come, after `START`.
    """
    frames = np.tile(np.frombuffer(pattern.frame, np.uint8), (count, 1))
    every = np.arange(first, first + count) + _BASE
    numbers = _bytes(every // pattern.each)
    for at in pattern.numbers:
        frames[:, at : at + 4] = numbers
    for at in pattern.words:
        frames[:, at : at + 8 : 2] = ord("a") + (numbers >> 4)
        frames[:, at + 1 : at + 8 : 2] = ord("a") + (numbers & 0xF)
    for at in pattern.shorts:
        frames[:, at : at + 2] = _bytes(every)[:, 2:]
    size = len(pattern.frame)
    lengths, offsets = np.full(count, size), np.arange(count) * size
    times = np.full(count, START + seconds * SECOND)
    on_the_wire = lengths + every % 1000 if pattern.longer else lengths
    return PacketBatch(traffic.ETHERNET, frames.tobytes(), offsets, lengths, on_the_wire, times)


def _bytes(numbers: npt.NDArray[np.intp]) -> npt.NDArray[np.uint8]:
    return numbers.astype(">u4").view(np.uint8).reshape(-1, 4)


def many_flows(first: int, count: int, transport: tuple[int, bytes], seconds: int) -> PacketBatch:
    """A batch of packets, each of another pair of hosts; arguments as of `numbered`."""
    return numbered(Pattern(over_ipv4(transport)), first, count, seconds)
