"""Tells how well TCP does between hosts: how long handshakes take, and what goes wrong."""

from __future__ import annotations

from typing import Any, ClassVar, Final

import numpy as np

from ..chef import DumplingChef
from ..packets import PacketBatch
from ..packets.columns import Int64Array
from ..packets.flow_runs import latest_before
from ..packets.tcp_sequence import Advance, Known, Sides, advance, sides_of
from ..packets.tcp_state import ACK, FIN, RST, SYN
from .rows import KeyedRows, Rows
from .tcp_holes import Holes
from .tcp_pairs import Handshake, HostPairs

#: How far a handshake has come.
_NOTHING, _ASKED, _ANSWERED, _DONE = range(4)
#: What is known of a connection: when it was heard of last, when its SYN and its SYN/ACK came, how
#: long its handshake took; of each end, the lower one's first, what `Known` has; how far its
#: handshake has come, and who began it.
_CONNECTION: Final = np.dtype(
    [
        ("last", "i8"), ("syn", "i8"), ("answer", "i8"), ("handshake", "i8"),
        ("is_known", "?", (2,)), ("next", "u4", (2,)), ("has_begun", "?", (2,)),
        ("first", "u4", (2,)), ("stage", "u1"), ("upper_began", "?"),
    ]
)  # fmt: skip
#: What is known of each end, and as what it is reckoned with.
_KNOWN: Final = {"is_known": "?", "next": "i8", "has_begun": "?", "first": "i8"}
#: Connections that were silent for so long, in nanoseconds, are not missed when they make way.
_OVER: Final = 300 * 1_000_000_000


class TCPHealthChef(DumplingChef):
    """Tells how TCP did between pairs of hosts.

    Per interval in which there was any: ``{"tcp_health": {"pairs": [{"src_ip": ..., "dst_ip": ...,
    "connections": ..., "handshakes": ..., "handshake_min": ..., "handshake_mean": ...,
    "handshake_max": ..., "dst_latency": ..., "src_latency": ..., "src_segments": ...,
    "dst_segments": ..., "src_retransmissions": ..., ...}, ...], "pairs_left_out": ...,
    "connections_forgotten": ...}}``. ``src`` is the host that opens the connections. The pairs
    where most goes wrong are first. What each is, is in the reference.

    It remembers 32768 connections, in 10 MB, with 8 holes in what 4096 of their ends have sent, in
    6 MB; and within an interval 4096 pairs, in 2 MB.

    Attributes:
        size: how many connections it remembers; then those that were silent for longest make way.
        pairs: how many pairs it counts within an interval.
        told: how many of them it tells.
    """

    by_request: ClassVar[bool] = True
    display: ClassVar[dict[str, Any]] = {
        "title": "TCP between hosts",
        "view": "table",
        "of": ["tcp_health", "pairs"],
        "columns": [
            "src_ip", "dst_ip", "connections", "handshake_mean", "dst_latency",
            "src_retransmissions", "dst_retransmissions", "dst_resets",
        ],
    }  # fmt: skip

    size: ClassVar[int] = 32_768
    pairs: ClassVar[int] = 4096
    told: ClassVar[int] = 100

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._connections = KeyedRows(self.size, _CONNECTION)
        self._holes = Holes()
        self._pairs = HostPairs(self.pairs)
        self._forgotten = 0

    def batch_handler(self, packets: PacketBatch) -> None:
        """Count."""
        tcp = packets.tcp_flags >= 0
        if not tcp.all():
            # (Of other packets there are none: to have them told of all is no more work.)
            _ = packets.segments, packets.flows
            packets = packets.where(tcp)
        for start in range(0, len(packets), self.size):  # so many connections at most
            self._count(packets[start : start + self.size])

    def interval_handler(self, interval: float | None = None) -> dict[str, Any] | None:
        """Tell what happened since the last interval."""
        pairs, self._pairs = self._pairs, HostPairs(self.pairs)
        if not len(pairs):
            return None
        told = pairs.told(self.told)
        return {
            "tcp_health": {
                "pairs": told,
                "pairs_left_out": pairs.left_out + len(pairs) - len(told),
                "connections_forgotten": self._forgotten,
            }
        }

    def closing_handler(self) -> dict[str, Any] | None:
        """Tell what happened since the last interval."""
        return self.interval_handler()

    def _count(self, packets: PacketBatch) -> None:
        flows, flags = packets.flows, packets.tcp_flags
        rows = self._rows(packets)
        sides = sides_of(packets)
        moved = self._advance(packets, sides, rows)
        opened, handshakes = self._handshakes(packets, sides, moved, rows)
        data = self._connections.data

        def by_end(side: Int64Array) -> Int64Array:
            return np.bincount(side, minlength=2 * len(flows)).reshape(-1, 2)

        overtaken = self._holes.overtaken(packets, sides, moved, data["handshake"][rows])
        out_of_order = by_end(sides.side[overtaken])
        has_no_window = (packets.tcp_windows == 0) & (flags & (SYN | FIN | RST) == 0)
        side = flows.index * 2 + flows.reverse
        self._pairs.add(
            flows.keys,
            data["upper_began"][rows],
            {
                "segments": by_end(sides.side[moved.end > moved.start]),
                "retransmissions": by_end(sides.side[moved.again]) - out_of_order,
                "out_of_order": out_of_order,
                "zero_windows": by_end(side[has_no_window]),
                "resets": by_end(side[flags & RST > 0]),
            },
            opened,
            handshakes,
        )

    def _rows(self, packets: PacketBatch) -> Rows:
        """The row of each flow of a batch; others make way, if they must."""
        table, flows = self._connections, packets.flows
        rows = table.find(flows.keys)
        last = packets.times_ns[flows.order[flows.starts + flows.counts - 1]]
        fresh = np.flatnonzero(rows < 0)
        in_the_way = table.in_the_way(len(fresh), rows[rows >= 0], "last")
        if len(in_the_way):
            self._forgotten += int((table.data["last"][in_the_way] > last.max() - _OVER).sum())
            table.remove(in_the_way)
        if len(fresh):
            rows[fresh] = table.add([flows.keys[place] for place in fresh.tolist()])
            first = flows.first[fresh]
            # Without a SYN, the side with the higher port is taken for the one that began.
            src_began = packets.src_ports[first] >= packets.dst_ports[first]
            table.data["upper_began"][rows[fresh]] = src_began == flows.reverse[first]
        table.data["last"][rows] = last
        return rows

    def _advance(self, packets: PacketBatch, sides: Sides, rows: Rows) -> Advance:
        side = sides.side[sides.starts]
        places = rows[side >> 1], side & 1
        data = self._connections.data
        known = Known(*(data[name][places].astype(kind) for name, kind in _KNOWN.items()))
        moved, known = advance(packets, sides, known)
        for name, column in zip(_KNOWN, known, strict=True):
            data[name][places] = column
        return moved

    def _handshakes(
        self, packets: PacketBatch, sides: Sides, moved: Advance, rows: Rows
    ) -> tuple[list[int], list[Handshake]]:
        """Follow handshakes: which flows were opened, and which handshakes completed."""
        data = self._connections.data
        number = sides.side >> 1
        flags = packets.tcp_flags[sides.order]
        is_syn = flags & SYN > 0
        stage = data["stage"][rows]
        under_way = (stage == _ASKED) | (stage == _ANSWERED)
        under_way[number[is_syn]] = True
        # What completes a handshake is its side's first ACK since a SYN of either side, or since
        # the batch began.
        is_ack = (flags & (SYN | ACK) == ACK) & under_way[number]
        if is_ack.any():
            before = latest_before(is_ack)
            of_side = before >= np.repeat(sides.starts, sides.counts)
            is_ack &= (
                np.where(of_side, sides.order[before], -1) <= _syn_before(packets)[sides.order]
            )
        places = np.flatnonzero(is_syn | is_ack)
        places = places[np.argsort(sides.order[places])]
        of_flow = {flow: data[rows[flow]] for flow in set(number[places].tolist())}
        opened, completed = [], []
        for flow, upper, flag, again, time in zip(
            number[places].tolist(),
            (sides.side[places] & 1).tolist(),
            flags[places].tolist(),
            moved.again[places].tolist(),
            packets.times_ns[sides.order[places]].tolist(),
            strict=True,
        ):
            known = of_flow[flow]
            if flag & SYN and again and known["stage"] == _DONE:
                continue  # it comes late, or twice
            if flag & (SYN | ACK) == SYN:
                known["stage"], known["syn"], known["upper_began"] = _ASKED, time, upper
                if not again:
                    opened.append(flow)
            elif flag & SYN:
                if known["stage"] in (_NOTHING, _DONE):
                    known["upper_began"] = not upper
                elif known["upper_began"] != upper:
                    known["stage"], known["answer"] = _ANSWERED, time
            elif known["stage"] == _ANSWERED and known["upper_began"] == upper:
                answered = max(int(known["answer"] - known["syn"]), 0)
                known["stage"], known["handshake"] = _DONE, max(time - int(known["syn"]), answered)
                completed.append(Handshake(flow, answered, int(known["handshake"])))
        return opened, completed


def _syn_before(packets: PacketBatch) -> Int64Array:
    """For each segment, the latest one with SYN that comes before it in its flow, or -1."""
    flows = packets.flows
    is_syn = packets.tcp_flags[flows.order] & SYN > 0
    before = latest_before(is_syn)
    of_flow = before >= np.repeat(flows.starts, flows.counts)
    latest = np.empty(len(packets), np.int64)
    latest[flows.order] = np.where(of_flow, flows.order[before], -1)
    return latest
