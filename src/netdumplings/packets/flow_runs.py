"""The packets of a batch, added up flow by flow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from .columns import Int64Array
from .formats import ICMP, ICMPV6
from .icmp import REPLIES, REPLIES_V6
from .tcp_state import ACK, FIN, RST, SYN

if TYPE_CHECKING:
    from .batch import PacketBatch

BoolArray = npt.NDArray[np.bool_]


class FlowRuns(NamedTuple):
    """Runs of packets that follow each other in their flow: columns, one value a run.

    Attributes:
        flow: the number of the flow, as in ``packets.flows``.
        tick: the tick that all of its packets came in.
        first_ns: when the first packet came; they need not be in order.
        last_ns: when the last one came.
        packets: how many there were from the lower end, and how many from the upper.
        bytes: how many bytes they had on the wire.
        flags: the TCP flags of all of them, together.
        reset: whose RST was first: 1 the lower end's, 2 the upper one's; 0 if there was none.
        syn: whether the first packet has SYN and not ACK.
        upper_began: whether, by the first packet, the flow was begun by its upper end.
        protocol: what IP carries.
    """

    flow: Int64Array
    tick: Int64Array
    first_ns: Int64Array
    last_ns: Int64Array
    packets: Int64Array
    bytes: Int64Array
    flags: Int64Array
    reset: Int64Array
    syn: BoolArray
    upper_began: BoolArray
    protocol: Int64Array

    def part(self, which: slice | BoolArray | Int64Array) -> FlowRuns:
        """Some of the runs."""
        return FlowRuns._make(column[which] for column in self)


def flow_runs(packets: PacketBatch, ticks: Int64Array, most: int) -> Iterator[FlowRuns]:
    """Add up the packets of each flow, from tick to tick and from connection to connection.

    A run ends with its tick; and where a SYN comes that may begin another connection of the same
    flow: the first one in the batch, and each that follows a FIN or RST. So whoever takes the runs
    one by one can tell connections apart, and whatever a flow does within a run, it does in one
    connection.

    Args:
        packets: the packets.
        ticks: a number for each; none is smaller than the one before it.
        most: how many runs to yield at once, at most.

    Yields:
        runs of one tick, each of another flow; flow by flow in the order in which they came.
    """
    flows = packets.flows
    order = flows.order
    if not len(order):
        return
    flow, tick = flows.index[order], ticks[order]
    flags = np.maximum(packets.tcp_flags[order], 0)
    changes = np.ones(len(order), np.bool_)
    changes[1:] = (flow[1:] != flow[:-1]) | (tick[1:] != tick[:-1])
    starts = np.flatnonzero(changes | _may_begin(flags, flows.starts[flow]))
    runs = _added_up(packets, order, starts, flags)._replace(flow=flow[starts], tick=tick[starts])
    # Of one flow and tick, the first runs go together, then the second ones, ...
    number = np.arange(len(starts))
    turn = number - np.maximum.accumulate(np.where(changes[starts], number, 0))
    if turn.any() or (tick != tick[0]).any():
        by_stage = np.lexsort((turn, runs.tick))
        runs, turn = runs.part(by_stage), turn[by_stage]
    ends = np.flatnonzero((runs.tick[1:] != runs.tick[:-1]) | (turn[1:] != turn[:-1])) + 1
    start = 0
    for end in (*ends.tolist(), len(starts)):
        for at in range(start, end, most):
            yield runs.part(slice(at, min(at + most, end)))
        start = end


def _may_begin(flags: Int64Array, flow_start: Int64Array) -> BoolArray:
    """Where a SYN comes that may begin another connection.

    Args:
        flags: of packets sorted by flow.
        flow_start: for each, where its flow begins.
    """
    begins: BoolArray = flags & (SYN | ACK) == SYN
    if begins.any():
        syn_before = latest_before(begins)
        closed_before = latest_before(flags & (FIN | RST) > 0)
        first = syn_before < flow_start
        begins &= first | (closed_before >= syn_before)
    return begins


def latest_before(mask: BoolArray) -> Int64Array:
    """For each place, the latest one before it where a mask is true, or -1."""
    latest = np.full(len(mask), -1, np.int64)
    latest[1:] = np.maximum.accumulate(np.where(mask, np.arange(len(mask)), -1))[:-1]
    return latest


def _added_up(
    packets: PacketBatch, order: Int64Array, starts: Int64Array, flags: Int64Array
) -> FlowRuns:
    times, size = packets.times_ns[order], packets.wire_lengths[order]
    upper = packets.flows.reverse[order]
    counts = np.diff(starts, append=len(order))
    from_upper = np.add.reduceat(upper.astype(np.int64), starts)
    bytes_in_all = np.add.reduceat(size, starts)
    bytes_from_upper = np.add.reduceat(size * upper, starts)
    either_flags = (
        np.bitwise_or.reduceat(np.where(upper, 0, flags), starts),
        np.bitwise_or.reduceat(np.where(upper, flags, 0), starts),
    )
    reset = np.zeros(len(starts), np.int64)
    if (flags & RST).any():
        at = np.where(flags & RST, np.arange(len(order)), len(order))
        first_reset = np.minimum.reduceat(at, starts)
        there = np.flatnonzero(first_reset < len(order))
        reset[there] = 1 + upper[first_reset[there]]
    first = order[starts]
    began = upper[starts]
    # A SYN/ACK is the answer of the side that did not begin.
    answer = flags[starts] & (SYN | ACK) == SYN | ACK
    answer |= _is_icmp_reply(packets, first)
    return FlowRuns(
        flow=first,
        tick=first,
        first_ns=np.minimum.reduceat(times, starts),
        last_ns=np.maximum.reduceat(times, starts),
        packets=np.stack((counts - from_upper, from_upper), axis=1),
        bytes=np.stack((bytes_in_all - bytes_from_upper, bytes_from_upper), axis=1),
        flags=np.stack(either_flags, axis=1),
        reset=reset,
        syn=flags[starts] & (SYN | ACK) == SYN,
        upper_began=began ^ answer,
        protocol=packets.ip_protocols[first],
    )


def _is_icmp_reply(packets: PacketBatch, rows: Int64Array) -> BoolArray:
    protocol = packets.ip_protocols[rows]
    replies = np.zeros(len(rows), np.bool_)
    for number, kinds in ((ICMP, REPLIES), (ICMPV6, REPLIES_V6)):
        of_it = protocol == number
        if of_it.any():
            replies |= of_it & np.isin(packets.icmp_types[rows], kinds)
    return replies
