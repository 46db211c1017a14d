"""Echo requests and their replies (RFC 792, RFC 4443 section 4), between pairs of hosts."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import numpy as np

from ..packets import PacketBatch
from ..packets.columns import Int64Array
from ..packets.flows import fields_of, pair_of
from ..packets.formats import U32

_REQUESTS, _REPLIES = (8, 128), (0, 129)


class _Pair:
    """What was counted of one host that asks another, within an interval; times in nanoseconds."""

    __slots__ = ("longest", "replies", "requests", "shortest", "sum", "unanswered")

    def __init__(self) -> None:
        self.requests = self.replies = self.unanswered = self.sum = self.longest = 0
        self.shortest = 1 << 62


class Echoes:
    """Finds the reply to each request, by the hosts, the identifier and the sequence number.

    Args:
        size: how many requests are remembered.
        pairs: how many pairs of hosts are counted within an interval.
        patience: after how many nanoseconds a request counts as unanswered.

    Attributes:
        forgotten: how many requests had to make way for others.
    """

    def __init__(self, size: int, pairs: int, patience: int) -> None:
        self.forgotten = 0
        self._size = size
        self._most = pairs
        self._patience = patience
        self._left_out = 0
        #: When each request came, and from whom to whom it went; the oldest first.
        self._asked: OrderedDict[bytes, tuple[int, bytes]] = OrderedDict()
        self._pairs: dict[bytes, _Pair] = {}

    def take(self, packets: PacketBatch, rows: Int64Array) -> None:
        """Take the requests and replies among some ICMP messages of a batch."""
        kinds = packets.icmp_types[rows]
        echoes = rows[np.isin(kinds, _REQUESTS + _REPLIES)]
        at = packets.icmp.offset[echoes] + 4
        whole = at + 4 <= packets.headers.network.end[echoes]
        echoes, at = echoes[whole], at[whole]
        flows = packets.flows
        for is_reply, time, flow, reverse, number in zip(
            np.isin(packets.icmp_types[echoes], _REPLIES).tolist(),
            packets.times_ns[echoes].tolist(),
            flows.index[echoes].tolist(),
            flows.reverse[echoes].tolist(),
            packets.headers.read(U32, echoes, at)["value"].tolist(),
            strict=True,
        ):
            key = flows.keys[flow]
            name = key + number.to_bytes(4, "big")
            if is_reply:
                self._answered(name, time)
            else:
                self._ask(name, time, pair_of(key, reverse))
            self._give_up(time)

    def give_up(self) -> None:
        """Wait for no reply any more."""
        self._give_up(None)

    def told(self) -> tuple[list[dict[str, Any]], int]:
        """What there was since this was asked last, and of how many pairs nothing was counted."""
        pairs, left_out = self._pairs, self._left_out
        self._pairs, self._left_out = {}, 0
        return [_told(key, pair) for key, pair in pairs.items()], left_out

    def _ask(self, name: bytes, time: int, pair: bytes) -> None:
        counted = self._pair(pair)
        if counted is not None:
            counted.requests += 1
        if name in self._asked:
            del self._asked[name]
        self._asked[name] = time, pair
        if len(self._asked) > self._size:
            self._asked.popitem(last=False)
            self.forgotten += 1

    def _answered(self, name: bytes, time: int) -> None:
        asked = self._asked.pop(name, None)
        pair = self._pair(asked[1]) if asked else None
        if asked and pair is not None:
            took = max(time - asked[0], 0)
            pair.replies += 1
            pair.sum += took
            pair.shortest, pair.longest = min(pair.shortest, took), max(pair.longest, took)

    def _give_up(self, now: int | None) -> None:
        while self._asked:
            name, (time, key) = next(iter(self._asked.items()))
            if now is not None and abs(now - time) <= self._patience:
                return
            del self._asked[name]
            pair = self._pair(key)
            if pair is not None:
                pair.unanswered += 1

    def _pair(self, key: bytes) -> _Pair | None:
        pair = self._pairs.get(key)
        if pair is None:
            if len(self._pairs) >= self._most:
                self._left_out += 1
                return None
            pair = self._pairs[key] = _Pair()
        return pair


def _told(key: bytes, pair: _Pair) -> dict[str, Any]:
    fields = fields_of(key)
    del fields["community_id"]  # it is of no ports
    told = fields | {
        "requests": pair.requests,
        "replies": pair.replies,
        "unanswered": pair.unanswered,
    }
    if pair.replies:
        told |= {
            "rtt_min": pair.shortest / 1e9,
            "rtt_mean": pair.sum / pair.replies / 1e9,
            "rtt_max": pair.longest / 1e9,
        }
    return told
