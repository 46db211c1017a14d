"""What happened between pairs of hosts, over TCP, within an interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from ..packets.columns import Int64Array
from ..packets.flow_runs import BoolArray
from ..packets.flows import fields_of, pair_of
from .rows import KeyedRows

#: What is counted of each host, that which opens the connections first; all but the first are
#: trouble.
OF_EACH: Final = ("segments", "retransmissions", "out_of_order", "zero_windows", "resets")
_PAIR: Final = np.dtype(
    [
        *((name, "i8", (2,)) for name in OF_EACH),
        ("connections", "i8"), ("handshakes", "i8"), ("shortest", "i8"), ("longest", "i8"),
        ("sum", "i8"), ("answers_sum", "i8"),
    ]
)  # fmt: skip


class Handshake(NamedTuple):
    """A handshake that was completed.

    Attributes:
        flow: the number of its flow in the batch.
        answered: nanoseconds from the SYN to the SYN/ACK.
        completed: nanoseconds from the SYN to the ACK.
    """

    flow: int
    answered: int
    completed: int


class HostPairs:
    """Counts of pairs of hosts.

    Args:
        size: how many pairs there can be.

    Attributes:
        left_out: how many times there was no room for another pair.
    """

    def __init__(self, size: int) -> None:
        self._table = KeyedRows(size, _PAIR)
        self.left_out = 0

    def __len__(self) -> int:
        return len(self._table)

    def add(
        self,
        keys: Sequence[bytes],
        upper_began: BoolArray,
        of_each: Mapping[str, Int64Array],
        opened: Sequence[int],
        handshakes: Sequence[Handshake],
    ) -> None:
        """Add what happened to flows.

        Args:
            keys: the keys of the flows.
            upper_began: which of them were begun by their upper end.
            of_each: the counts of `OF_EACH`, a row for each flow, that of its lower end first.
            opened: the numbers of flows in which connections were opened.
            handshakes: those that were completed.
        """
        pairs = list(map(pair_of, keys, upper_began.tolist()))
        rows = self._table.find(pairs)
        fresh = list(dict.fromkeys(pairs[place] for place in np.flatnonzero(rows < 0).tolist()))
        if fresh:
            room = self._table.size - len(self._table)
            self.left_out += max(0, len(fresh) - room)
            self._table.add(fresh[:room])
            rows = self._table.find(pairs)
        data, there = self._table.data, np.flatnonzero(rows >= 0)
        for name, counts in of_each.items():
            by_src = np.where(upper_began[:, None], counts[:, ::-1], counts)
            np.add.at(data[name], rows[there], by_src[there])
        openings = rows[opened] if opened else rows[:0]
        np.add.at(data["connections"], openings[openings >= 0], 1)
        for flow, answered, completed in handshakes:
            if rows[flow] >= 0:
                pair = data[rows[flow]]
                shortest = int(pair["shortest"]) if pair["handshakes"] else completed
                pair["shortest"] = min(shortest, completed)
                pair["longest"] = max(int(pair["longest"]), completed)
                pair["handshakes"] += 1
                pair["sum"] += completed
                pair["answers_sum"] += answered

    def told(self, most: int) -> list[dict[str, Any]]:
        """What is told of those pairs where most went wrong; of equals, of those that said most."""
        rows = self._table.used()
        data = self._table.data[rows]
        trouble = sum(data[name].sum(axis=1) for name in OF_EACH[1:])
        order = np.lexsort((-data["segments"].sum(axis=1), -trouble))
        return [self._told(int(row)) for row in rows[order[:most]]]

    def _told(self, row: int) -> dict[str, Any]:
        key, pair = self._table.keys[row], self._table.data[row]
        assert key is not None
        fields = fields_of(key)
        told: dict[str, Any] = {"src_ip": fields["src_ip"], "dst_ip": fields["dst_ip"]}
        if "vlan" in fields:
            told["vlan"] = fields["vlan"]
        told["connections"], count = int(pair["connections"]), int(pair["handshakes"])
        told["handshakes"] = count
        if count:
            told |= {
                "handshake_min": int(pair["shortest"]) / 1e9,
                "handshake_mean": int(pair["sum"]) / count / 1e9,
                "handshake_max": int(pair["longest"]) / 1e9,
                "dst_latency": int(pair["answers_sum"]) / count / 1e9,
                "src_latency": int(pair["sum"] - pair["answers_sum"]) / count / 1e9,
            }
        for name in OF_EACH:
            told[f"src_{name}"], told[f"dst_{name}"] = pair[name].tolist()
        return told
