"""The largest of very many, counted in little memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np

from ..packets.columns import Int64Array

Counts = dict[bytes, list[int]]  # bytes, packets

#: How many entries gather before the smallest go, as a multiple of those that stay.
_SLACK: Final = 2


class HeavyHitters:
    """Bytes and packets by key, of the keys that have most bytes.

    Whatever is counted, a key that is here has at most `bytes_error` bytes more than are told, and
    one that is not has at most so many; likewise packets. With ``size`` keys, ``bytes_error`` is at
    most a ``size``-th of all bytes. (J. Misra, D. Gries: Finding repeated elements, 1982; in
    batches, as P. Agarwal et al. merge them: Mergeable summaries, 2012.)

    Args:
        size: how many keys stay.

    Attributes:
        counts: bytes and packets of each key.
        bytes_error: how many bytes may be missing of a key.
        packets_error: how many packets may be missing of one.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.counts: Counts = {}
        self.bytes_error = self.packets_error = 0

    def add_all(self, keys: Sequence[bytes], sizes: Int64Array, packets: Int64Array) -> None:
        """Count bytes and packets of some keys, each different from the others."""
        counts = self.counts
        fresh = []
        for place, known in enumerate(map(counts.get, keys)):
            if known is None:
                fresh.append(place)
            else:
                known[0] += int(sizes[place])
                known[1] += int(packets[place])
        if len(counts) + len(fresh) < _SLACK * self.size:
            for place in fresh:
                counts[keys[place]] = [int(sizes[place]), int(packets[place])]
            return
        # Most of those that are new would go at once.
        new_sizes, new_packets = sizes[fresh], packets[fresh]
        old = np.array(list(counts.values()), np.int64).reshape(-1, 2)
        all_sizes = np.concatenate((old[:, 0], new_sizes))
        least = int(np.partition(all_sizes, -self.size - 1)[-self.size - 1])
        all_packets = np.concatenate((old[:, 1], new_packets))
        self._let_go(least, int(all_packets[all_sizes <= least].max()))
        for at in np.flatnonzero(new_sizes > least).tolist():
            self.counts[keys[fresh[at]]] = [int(new_sizes[at]) - least, int(new_packets[at])]

    def shrink(self) -> None:
        """Let go of all keys but the largest."""
        if len(self.counts) <= self.size:
            return
        least = sorted(count[0] for count in self.counts.values())[-self.size - 1]
        self._let_go(least, max(count[1] for count in self.counts.values() if count[0] <= least))

    def _let_go(self, least: int, lost: int) -> None:
        """Let go of the keys that have no more bytes than that, and no more packets."""
        self.bytes_error += least
        self.packets_error += lost
        self.counts = {
            key: [size - least, packets]
            for key, (size, packets) in self.counts.items()
            if size > least
        }


def merged(several: Iterable[HeavyHitters]) -> HeavyHitters:
    """All of several together; its errors are the sums of theirs."""
    total = HeavyHitters(0)
    counts = total.counts
    for each in several:
        total.bytes_error += each.bytes_error
        total.packets_error += each.packets_error
        for key, (size, packets) in each.counts.items():
            known = counts.get(key)
            if known is None:
                counts[key] = [size, packets]
            else:
                known[0] += size
                known[1] += packets
    return total
