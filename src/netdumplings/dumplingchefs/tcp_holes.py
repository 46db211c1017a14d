"""Tells segments that were overtaken on their way from those that were sent again."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from ..packets import PacketBatch
from ..packets.columns import Int64Array
from ..packets.tcp_sequence import Advance, Sides, difference
from .recent import RecentDict

#: Sides of connections of which holes are remembered, and holes of each: 6 MB.
_SIDES, _OF_EACH = 4096, 8
#: Without a handshake: what fills a hole sooner than this, in nanoseconds, was on its way already.
_SOON: Final = 3_000_000


class Hole(NamedTuple):
    """Something that a side must have sent, and that was not seen.

    Attributes:
        start: the first sequence number of it, but for a multiple of 2**32.
        end: the one behind it.
        seen: when the first segment behind it came, nanoseconds since the epoch.
    """

    start: int
    end: int
    seen: int


class Holes:
    """The holes in what the sides of connections have sent; bounded, the oldest are forgotten."""

    def __init__(self) -> None:
        self._of: RecentDict[tuple[bytes, int], list[Hole]] = RecentDict(_SIDES)

    def overtaken(
        self, packets: PacketBatch, sides: Sides, moved: Advance, handshakes: Int64Array
    ) -> Int64Array:
        """Which segments, of those that begin before others that came, were just overtaken.

        Such a segment fills a hole, and sooner than whoever misses it can have asked for it again:
        that takes as long as the handshake took.

        Args:
            packets: a batch.
            sides: its segments.
            moved: what they did.
            handshakes: how long the handshake of each flow took, nanoseconds; 0 if it is not known.

        Returns:
            their places in ``sides``.
        """
        keys = packets.flows.keys
        concerned = np.zeros(2 * len(keys), np.bool_)
        concerned[sides.side[moved.ahead]] = True
        if self._of:
            for side in sides.side[sides.starts].tolist():
                concerned[side] |= bool(self._of.get((keys[side >> 1], side & 1)))
        places = np.flatnonzero((moved.ahead | moved.again) & concerned[sides.side])
        soon = handshakes[sides.side[places] >> 1]
        late = []
        for place, side, limit, base, start, end, highest, time in zip(
            places.tolist(),
            sides.side[places].tolist(),
            np.where(soon > 0, soon, _SOON).tolist(),
            moved.base[places].tolist(),
            moved.start[places].tolist(),
            moved.end[places].tolist(),
            moved.highest[places].tolist(),
            packets.times_ns[sides.order[places]].tolist(),
            strict=True,
        ):
            name = keys[side >> 1], side & 1
            holes = self._of.get(name, [])
            if start > highest:
                holes = [*holes, Hole(base + highest, base + start, time)]
            else:
                holes, seen = filled(holes, base + start, base + end)
                if seen is not None and time - seen < limit:
                    late.append(place)
            self._of[name] = holes[-_OF_EACH:]
        return np.array(late, np.int64)


def filled(holes: list[Hole], start: int, end: int) -> tuple[list[Hole], int | None]:
    """Fill holes with what a segment has.

    Args:
        holes: the holes.
        start: the first sequence number of the segment.
        end: the one behind it.

    Returns:
        what is left of the holes; and when the first of those was seen of which it fills some, None
        if it fills none.
    """
    left: list[Hole] = []
    seen = None
    for hole in holes:
        before, behind = difference(hole.start, start), difference(hole.end, end)
        if difference(hole.end, start) <= 0 or difference(hole.start, end) >= 0:
            left.append(hole)
            continue
        seen = hole.seen if seen is None else min(seen, hole.seen)
        if before < 0:
            left.append(hole._replace(end=start))
        if behind > 0:
            left.append(hole._replace(start=end))
    return left, seen
