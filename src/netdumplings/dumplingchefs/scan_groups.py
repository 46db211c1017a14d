"""Attempts to reach ports, by whom they are of: what a scan is made of."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ..packets.addresses import address_text
from ..packets.attempts import (
    ANSWERED,
    CONNECTED,
    REFUSED,
    Attempt,
    attempt_of,
    same_port,
    same_source,
    same_target,
)
from .rows import KeyedRows, Rows

#: Many hosts at one port; many ports of one host.
HORIZONTAL, VERTICAL = KINDS = ("horizontal", "vertical")
#: How many targets are named.
NAMED: Final = 8

UInt64Array = npt.NDArray[np.uint64]


def attempt_layout() -> np.dtype[Any]:
    """What is known of an attempt.

    When it was made first and last, in nanoseconds; how many packets asked; what was `seen` of it;
    numbers for its source and for each kind of scan that it may be of, which are the same for all
    attempts that are of the same; and what each kind of scan has counted of it.
    """
    return np.dtype(
        [
            ("first", "i8"), ("last", "i8"), ("asked", "u4"), ("seen", "u1"),
            ("source", "u8"), (HORIZONTAL, "u8"), (VERTICAL, "u8"),
            ("counted", "?", (2,)), ("left_out", "?", (2,)), ("summed", "u4", (2,)),
        ]
    )  # fmt: skip


def groups_of(words: UInt64Array) -> dict[str, UInt64Array]:
    """Those numbers."""
    return {
        "source": same_source(words), HORIZONTAL: same_port(words), VERTICAL: same_target(words),
    }  # fmt: skip


def make_room(table: KeyedRows, count: int, busy: Rows) -> int:
    """Remove attempts, those that are missed least; returns how many might be missed."""
    rows = np.setdiff1d(table.used(), busy, assume_unique=True)
    data = table.data[rows]
    _, index, of_source = np.unique(data["source"], return_inverse=True, return_counts=True)
    many = of_source[index]
    is_over = data["seen"] & CONNECTED > 0
    rank = np.select([is_over, many > table.size // 16, many == 1], [0, 1, 2], 3)
    chosen = np.lexsort((data["last"], rank))[:count]
    table.remove(rows[chosen])
    return int((~is_over[chosen]).sum())


class Scan:
    """A scan that goes on.

    Args:
        kind: `HORIZONTAL` or `VERTICAL`.
        attempt: one of those it is made of.

    Attributes:
        news: when a new target came last, in seconds.
        has_news: whether one has come since it was told.
    """

    def __init__(self, kind: str, attempt: Attempt) -> None:
        self.src_ip = attempt.src_ip
        self.news = 0
        self.has_news = False
        self._kind = kind
        self._of: dict[str, Any] = {"kind": kind, "src_ip": address_text(attempt.src_ip)}
        if kind == HORIZONTAL:
            self._of["dst_port"] = attempt.dst_port
        else:
            self._of["dst_ip"] = address_text(attempt.dst_ip)
        self._of["proto"] = attempt.proto
        if attempt.vlan is not None:
            self._of["vlan"] = attempt.vlan
        self._first: list[Any] = []
        self._targets = self._packets = 0
        self._start = self._end = 0
        self._answered = self._refused = 0.0

    def count(self, table: KeyedRows, rows: Rows, in_vain: npt.NDArray[np.bool_], now: int) -> None:
        """Count what is new of the attempts that it is made of."""
        data, side = table.data, KINDS.index(self._kind)
        fresh = rows[in_vain & ~data["counted"][rows, side]]
        if len(fresh):
            self.news, self.has_news = now, True
            self._targets += len(fresh)
            data["counted"][fresh, side] = True
            fresh = fresh[np.argsort(data["first"][fresh], kind="stable")]
            first = int(data["first"][fresh[0]])
            self._start = min(self._start or first, first)
            for row in fresh[: max(0, NAMED - len(self._first))].tolist():
                self._first.append(self._target(table.keys[row]))
        self._end = max(self._end, int(data["last"][rows].max()))
        self._packets += int((data["asked"][rows] - data["summed"][rows, side]).sum())
        data["summed"][rows, side] = data["asked"][rows]
        seen = data["seen"][rows]
        self._answered = float((seen & ANSWERED > 0).mean())
        self._refused = float((seen & (ANSWERED | REFUSED) == REFUSED).mean())

    def told(self, state: str) -> dict[str, Any]:
        """What is told of it."""
        self.has_news = False
        return {
            "state": state,
            **self._of,
            "targets": self._targets,
            "first_targets": list(self._first),
            "packets": self._packets,
            "answered": round(self._answered, 3),
            "refused": round(self._refused, 3),
            "start": self._start / 1e9,
            "end": self._end / 1e9,
        }

    def _target(self, key: bytes | None) -> str | int:
        assert key is not None
        attempt = attempt_of(key)
        return address_text(attempt.dst_ip) if self._kind == HORIZONTAL else attempt.dst_port
