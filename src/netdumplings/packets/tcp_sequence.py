"""How TCP's sequence numbers advance: told for all segments of a batch at once.

A side is one end of a flow, as a sender: its number is twice the flow's, plus one for the upper
end. Numbers wrap around at 2**32 (RFC 9293 section 3.4); here they are counted from a base of each
side, so that they can be compared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from .columns import Int64Array
from .flow_runs import latest_before
from .tcp_state import FIN, RST, SYN

if TYPE_CHECKING:
    from .batch import PacketBatch

BoolArray = npt.NDArray[np.bool_]
_Numbers = TypeVar("_Numbers", int, Int64Array)

_HALF: Final = 1 << 31
_MASK: Final = (1 << 32) - 1
#: No window is larger (RFC 7323 section 2.3): what is farther off is no part of the stream.
_FARTHEST: Final = 1 << 30
#: The numbers of one run of segments are kept apart from those of the next by this.
_APART: Final = 33


class Known(NamedTuple):
    """What is known of some sides: columns, one value a side.

    Attributes:
        is_known: whether anything was heard of it.
        next: the number behind the highest one that it has sent so far.
        has_begun: whether its SYN was seen.
        first: the number of its SYN.
    """

    is_known: BoolArray
    next: Int64Array
    has_begun: BoolArray
    first: Int64Array


class Sides(NamedTuple):
    """The TCP segments of a batch, side by side, those of each in the order they came.

    Attributes:
        order: which packets they are.
        side: the number of each one's side.
        starts: where each side that there is begins in ``order``.
    """

    order: Int64Array
    side: Int64Array
    starts: Int64Array

    @property
    def counts(self) -> Int64Array:
        """How many segments each side has."""
        return np.diff(self.starts, append=len(self.order))


class Advance(NamedTuple):
    """What segments did: columns, one value each, in the order of `Sides`.

    Attributes:
        again: whether it has something (payload, SYN or FIN) that begins before the highest number
            sent so far. That is a retransmission, or it came out of order. Keep-alives, of one byte
            that was sent before, and what goes on from there, are not meant.
        ahead: whether it begins behind that number: what lies between was not seen.
        base: what the following are counted from.
        start: where it begins.
        end: where it ends.
        highest: the highest number sent before it.
    """

    again: BoolArray
    ahead: BoolArray
    base: Int64Array
    start: Int64Array
    end: Int64Array
    highest: Int64Array


def sides_of(packets: PacketBatch) -> Sides:
    """Sort the TCP segments of a batch by their senders, but for resets: these say nothing."""
    flags = packets.tcp_flags
    tcp = np.flatnonzero((flags >= 0) & (flags & RST == 0))
    flows = packets.flows
    side = flows.index[tcp] * 2 + flows.reverse[tcp]
    # numpy sorts numbers of 16 bits in linear time.
    narrow = side.astype(np.int16) if len(flows) < 2**14 else side
    by_side = np.argsort(narrow, kind="stable")
    order, side = tcp[by_side], side[by_side]
    starts = np.flatnonzero(np.diff(side, prepend=-1))
    return Sides(order, side, starts)


def advance(packets: PacketBatch, sides: Sides, known: Known) -> tuple[Advance, Known]:
    """Tell how the segments of a batch advance the numbers of their sides.

    Args:
        packets: the batch.
        sides: its segments.
        known: what was known before of each side that there is.

    Returns:
        what they did, and what is known after them.
    """
    order, counts = sides.order, sides.counts
    if not len(order):
        none = np.zeros(0, np.int64)
        return Advance(none > 0, none > 0, none, none, none, none), known
    flags, seq = packets.tcp_flags[order], packets.tcp_seqs[order]
    payload = packets.tcp_lengths[order]
    is_syn, is_fin = flags & SYN > 0, flags & FIN > 0
    size = payload + is_syn + is_fin
    side_start = np.repeat(sides.starts, counts)
    syn_before = latest_before(is_syn)
    here = syn_before >= side_start
    first = np.where(here, seq[syn_before], np.repeat(known.first, counts))
    sent_before = is_syn & (here | np.repeat(known.has_begun, counts)) & (seq == first)
    is_first = side_start == np.arange(len(order))
    # With a SYN of another number, another connection begins; or it was begun unseen.
    before = np.where(is_first, np.repeat(known.next, counts), np.roll(seq, 1))
    is_new = is_first & ~np.repeat(known.is_known, counts)
    is_new |= (is_syn & ~sent_before) | (np.abs(difference(seq, before)) >= _FARTHEST)
    run_starts = np.flatnonzero(is_new | is_first)
    run = np.cumsum(is_new | is_first) - 1
    base = np.where(is_new, seq, before)[run_starts][run]
    start = difference(seq, base)
    end = start + size
    apart = run << _APART
    reached = np.maximum.accumulate(np.maximum(end, 0) + apart) - apart
    highest = np.roll(reached, 1)
    highest[run_starts] = 0
    again = (size > 0) & (start < highest)
    probe = np.where(payload == 1, ~is_fin, payload > 1) & ~is_syn & (start == highest - 1)
    again &= ~probe
    ahead = start > highest
    last = np.append(sides.starts[1:], len(order)) - 1
    after = Known(
        np.ones(len(last), np.bool_),
        (base[last] + reached[last]) & _MASK,
        known.has_begun | (np.add.reduceat(is_syn.astype(np.int64), sides.starts) > 0),
        np.where(is_syn, seq, first)[last],
    )
    return Advance(again, ahead, base, start, end, highest), after


def difference(number: _Numbers, other: _Numbers) -> _Numbers:
    """How far sequence numbers lie behind others, or before them, on the shorter way around."""
    return ((number - other + _HALF) & _MASK) - _HALF
