"""Very many flows, made at once."""

from __future__ import annotations

import numpy as np

from netdumplings.packets import PacketBatch

from . import traffic
from .packets import SECOND, START


def many_flows(first: int, count: int, transport: tuple[int, bytes], seconds: int) -> PacketBatch:
    """A batch of packets, each of another pair of hosts.

    Args:
        first: the number of the first of them.
        count: how many.
        transport: what IP carries in all of them, as its protocol and its bytes.
        seconds: when they come, after `START`.
    """
    frame = traffic.link(traffic.ETHERNET, b"", 0x0800) + traffic.ipv4(*transport)
    frames = np.tile(np.frombuffer(frame, np.uint8), (count, 1))
    numbers = np.arange(first, first + count, dtype=">u4")
    frames[:, 26:30] = numbers.view(np.uint8).reshape(-1, 4)  # the source address
    lengths = np.full(count, len(frame))
    times = np.full(count, START + seconds * SECOND)
    offsets = np.arange(count) * len(frame)
    return PacketBatch(traffic.ETHERNET, frames.tobytes(), offsets, lengths, lengths, times)
