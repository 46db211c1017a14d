"""Tells which flows there are: who talks to whom, how much, and how it ended."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Final

import numpy as np
import numpy.typing as npt

from ..chef import DumplingChef
from ..packets import PacketBatch
from ..packets.flow_runs import FlowRuns, flow_runs
from ..packets.flows import fields_of
from ..packets.formats import ICMP, ICMPV6, TCP
from ..packets.tcp_state import FIN, RST, connection_state, flag_letters
from .rows import KeyedRows, Rows

SECOND: Final = 1_000_000_000
#: Time-outs are looked at whenever another one of these begins, by the packets' clock.
TICK: Final = SECOND
#: Where a packet is older by more than this than the one before, another recording begins.
JUMP: Final = 10 * SECOND

#: Flows of which the dumplings are made at once when all are ended.
AT_ONCE: Final = 1024

#: What is known of a flow; of pairs, the first is the lower end's.
_FLOW: Final = np.dtype(
    [
        ("first", "i8"), ("last", "i8"), ("told", "i8"), ("timeout", "i8"),
        ("packets", "i8", (2,)), ("bytes", "i8", (2,)), ("flags", "u1", (2,)),
        ("reset", "u1"), ("upper_began", "u1"), ("protocol", "u1"), ("is_busy", "?"),
    ]
)  # fmt: skip


#: Those of which something is told.
_TOLD: Final = (
    "first", "last", "packets", "bytes", "flags", "reset", "upper_began", "protocol",
)  # fmt: skip

CLOSING: Final = FIN | RST


class FlowChef(DumplingChef):
    """Tells of each flow, both ways, when it has ended, and of long ones now and then.

    Per flow that has ended: ``{"flow": {"src_ip": ..., "src_port": ..., "dst_ip": ..., "dst_port":
    ..., "proto": ..., "community_id": ..., "start": ..., "end": ..., "duration": ...,
    "src_packets": ..., "src_bytes": ..., "dst_packets": ..., "dst_bytes": ..., "reason": ...}}``;
    of TCP also ``"src_flags"``, ``"dst_flags"`` and ``"state"``. ``src`` is the side that began.
    ``reason`` is ``"closed"``, ``"idle"``, ``"full"`` (it had to make way for others), ``"clock"``
    (another recording began), ``"end"`` (the kitchen ends), or ``"active"``: it goes on, and this
    is how far it has come.

    Per interval: ``{"flows": {"open": ..., "begun": ..., "ended": ..., "ended_early": ...,
    "busy": [...]}}``: how many are open, how many began and ended since the kitchen started and
    how many of these had to make way; and those open ones that had packets since the last interval,
    as above, the 50 largest.

    It remembers 65536 flows, in 20 MB. Where there are more, those that were silent for longest
    are ended early. Time is that of the packets.

    Attributes:
        size: how many flows it remembers.
        active: after how many seconds a flow that goes on is told, and told again.
        idle: after how many seconds of silence a flow is ended, by protocol; None for all others.
        linger: the same for TCP connections that are closed.
        busy: how many of the open flows are told at an interval.
    """

    by_request: ClassVar[bool] = True
    display: ClassVar[dict[str, Any]] = {
        "title": "Flows",
        "view": "table",
        "of": ["flow"],
        "columns": [
            "src_ip", "src_port", "dst_ip", "dst_port", "proto", "state",
            "src_bytes", "dst_bytes", "duration", "reason",
        ],
        "key": "community_id",
    }  # fmt: skip

    size: ClassVar[int] = 65_536
    active: ClassVar[float] = 60.0
    idle: ClassVar[dict[int | None, float]] = {TCP: 300.0, ICMP: 30.0, ICMPV6: 30.0, None: 60.0}
    linger: ClassVar[float] = 5.0
    busy: ClassVar[int] = 50

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._table = KeyedRows(self.size, _FLOW)
        self._idle = np.full(256, round(self.idle[None] * SECOND), np.int64)
        for protocol, seconds in self.idle.items():
            if protocol is not None:
                self._idle[protocol] = round(seconds * SECOND)
        self._tick = self._latest = 0
        self._begun = self._ended = self._ended_early = 0

    def batch_handler(self, packets: PacketBatch) -> Iterator[dict[str, Any]]:
        """Tell of the flows that have ended, or go on for long."""
        jumps = np.flatnonzero(np.diff(packets.times_ns, prepend=self._latest) < -JUMP).tolist()
        self._latest = int(packets.times_ns[-1])
        start = 0
        for end in (*jumps, len(packets)):
            yield from self._take(packets[start:end] if jumps else packets)
            if end < len(packets):
                used = self._table.used()
                for at in range(0, len(used), AT_ONCE):
                    yield from self._end(used[at : at + AT_ONCE], "clock")
                self._tick = 0
            start = end

    def interval_handler(self, interval: float | None = None) -> dict[str, Any] | None:
        """Tell how many flows there are, and of those with packets since the last interval."""
        if not self._begun:
            return None
        flows, used = self._table.data, self._table.used()
        busy = used[flows["is_busy"][used]]
        flows["is_busy"][busy] = False
        by_size = np.argsort(-flows["bytes"][busy].sum(axis=1), kind="stable")
        return {
            "flows": {
                "open": len(self._table),
                "begun": self._begun,
                "ended": self._ended,
                "ended_early": self._ended_early,
                "busy": [told["flow"] for told in self._told(busy[by_size[: self.busy]])],
            }
        }

    def closing_handler(self) -> Iterator[dict[str, Any]]:
        """Tell of the flows that are open yet, in the order in which they began."""
        used = self._table.used()
        used = used[np.argsort(self._table.data["first"][used], kind="stable")]
        for at in range(0, len(used), AT_ONCE):
            yield from self._end(used[at : at + AT_ONCE], "end")

    def _take(self, packets: PacketBatch) -> Iterator[dict[str, Any]]:
        if not len(packets):
            return
        ticks = np.maximum.accumulate(np.maximum(packets.times_ns // TICK, self._tick))
        to_come = ticks[np.diff(ticks, prepend=self._tick) > 0][::-1].tolist()
        keys = packets.flows.keys
        for runs in flow_runs(packets, ticks, self.size):
            while to_come and to_come[-1] <= runs.tick[0]:
                yield from self._time_passes(to_come.pop())
            yield from self._count(runs, [keys[flow] for flow in runs.flow.tolist()])
        while to_come:
            yield from self._time_passes(to_come.pop())

    def _time_passes(self, tick: int) -> Iterator[dict[str, Any]]:
        """End what was silent for too long, and tell of what goes on for long."""
        self._tick, now = tick, tick * TICK
        used, flows = self._table.used(), self._table.data
        last, told = flows["last"][used], flows["told"][used]
        silent = last + flows["timeout"][used] <= now
        long = ~silent & (told + round(self.active * SECOND) <= now) & (last > told)
        if silent.any():
            closed = _is_closed(flows[used[silent]])
            yield from self._end(used[silent][closed], "closed")
            yield from self._end(used[silent][~closed], "idle")
        if long.any():
            flows["told"][used[long]] = now
            yield from self._told(used[long], "active")

    def _count(self, runs: FlowRuns, keys: list[bytes]) -> Iterator[dict[str, Any]]:
        """Add runs of packets, each of another flow, to what is known of their flows."""
        rows = self._table.find(keys)
        again = (rows >= 0) & runs.syn
        if again.any():  # a SYN after a FIN or RST begins another connection
            again[again] = (self._table.data["flags"][rows[again]] & CLOSING).any(axis=1)
            yield from self._end(rows[again], "closed")
            rows[again] = -1
        fresh = np.flatnonzero(rows < 0)
        if len(fresh):
            in_the_way = self._table.in_the_way(len(fresh), rows[rows >= 0], "last")
            self._ended_early += len(in_the_way)
            yield from self._end(in_the_way, "full")
            rows[fresh] = self._table.add([keys[place] for place in fresh.tolist()])
            begun, new = runs.part(fresh), rows[fresh]
            flows = self._table.data
            flows["first"][new], flows["told"][new] = begun.first_ns, self._tick * TICK
            flows["upper_began"][new], flows["protocol"][new] = begun.upper_began, begun.protocol
            self._begun += len(fresh)
        flows = self._table.data
        flows["first"][rows] = np.minimum(flows["first"][rows], runs.first_ns)
        flows["last"][rows] = np.maximum(flows["last"][rows], runs.last_ns)
        flows["is_busy"][rows] = True
        flows["packets"][rows] += runs.packets
        flows["bytes"][rows] += runs.bytes
        flows["flags"][rows] |= runs.flags.astype(np.uint8)
        flows["reset"][rows] = np.where(flows["reset"][rows], flows["reset"][rows], runs.reset)
        closed = _is_closed(flows[rows])
        flows["timeout"][rows] = np.where(
            closed, round(self.linger * SECOND), self._idle[runs.protocol]
        )

    def _end(self, rows: Rows, reason: str) -> Iterator[dict[str, Any]]:
        told = list(self._told(rows, reason))
        self._table.remove(rows)
        self._ended += len(rows)
        yield from told

    def _told(self, rows: Rows, reason: str | None = None) -> Iterator[dict[str, Any]]:
        """What is told of flows; without a reason, that is left out."""
        flows = self._table.data[rows]
        columns = (flows[name].tolist() for name in _TOLD)
        for row, *flow in zip(rows.tolist(), *columns, strict=True):
            first, last, packets, bytes_, flags, reset, upper_began, protocol = flow
            src, dst = upper_began, 1 - upper_began
            key = self._table.keys[row]
            assert key is not None
            told = fields_of(key, reverse=bool(upper_began)) | {
                "start": first / 1e9,
                "end": last / 1e9,
                "duration": (last - first) / 1e9,
                "src_packets": packets[src],
                "src_bytes": bytes_[src],
                "dst_packets": packets[dst],
                "dst_bytes": bytes_[dst],
            }
            if protocol == TCP:
                told["src_flags"] = flag_letters(flags[src])
                told["dst_flags"] = flag_letters(flags[dst])
                reset_by_src = reset - 1 == src if reset else None
                told["state"] = connection_state(flags[src], flags[dst], reset_by_src)
            if reason is not None:
                told["reason"] = reason
            yield {"flow": told}


def _is_closed(flows: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Whether TCP connections are reset, or have a FIN from each side."""
    closed: npt.NDArray[np.bool_] = (flows["reset"] > 0) | (flows["flags"] & FIN > 0).all(axis=1)
    return closed
