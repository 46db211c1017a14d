"""Tells who scans ports or hosts."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from typing import Any, ClassVar, Final

import numpy as np
import numpy.typing as npt

from ..chef import DumplingChef
from ..packets import PacketBatch
from ..packets.attempts import (
    ANSWERED,
    CONNECTED,
    REFUSED,
    Ways,
    attempt_of,
    counts,
    keys_of,
    refused,
    ways_of,
    words_of,
)
from ..packets.flows import UInt64Array, distinct
from .rows import KeyedRows, Rows
from .scan_groups import KINDS, Scan, attempt_layout, groups_of, make_room

_SECOND: Final = 1_000_000_000


class ScanChef(DumplingChef):
    """Tells of scans: many hosts asked at one port, or many ports of one host, mostly in vain.

    When a scan is found, and when it is over: ``{"scan": {"state": "found" | "ended", "kind":
    "horizontal" | "vertical", "src_ip": ..., "dst_port" or "dst_ip": ..., "proto": "tcp" | "udp",
    "targets": ..., "first_targets": [...], "packets": ..., "answered": ..., "refused": ...,
    "start": ..., "end": ...}, "attempts_forgotten": ..., "scans_left_out": ...}``. Per interval
    in which scans have gone on: ``{"scans": [...], ...}``, of the same, with state "going on".

    An attempt counts once it was refused, or nobody answered it for ``grace`` seconds, or it was
    answered and its source never went on with it. A scan ends once no new target has come for
    ``window`` seconds, or with the kitchen; what nobody has answered by then was in vain.

    It remembers 65536 attempts and 1024 scans, in some 18 MB. When it is full, attempts that came
    to something make way first, then those of sources that have more than a sixteenth of all, then
    those of sources with but one: sources that are made up take no room from those that are not.

    Attributes:
        threshold: how many targets make a scan.
        window: within how many seconds.
        grace: after how many seconds without an answer an attempt is in vain.
        size: how many attempts it remembers.
        scans: how many scans it follows.
        scans_of_source: how many of one source.
    """

    by_request: ClassVar[bool] = True
    display: ClassVar[dict[str, Any]] = {
        "title": "Scans",
        "view": "table",
        "of": ["scan"],
        "columns": [
            "state", "kind", "src_ip", "dst_ip", "dst_port", "proto", "targets", "packets",
            "answered", "refused", "start", "end",
        ],
    }  # fmt: skip

    threshold: ClassVar[int] = 20
    window: ClassVar[float] = 60.0
    grace: ClassVar[float] = 3.0
    size: ClassVar[int] = 65_536
    scans: ClassVar[int] = 1024
    scans_of_source: ClassVar[int] = 8

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._attempts = KeyedRows(self.size, attempt_layout())
        self._scans: dict[tuple[str, int], Scan] = {}
        self._of_source: Counter[bytes] = Counter()
        self._now = 0  # seconds
        self._quiet = False
        self._forgotten = self._left_out = 0

    def batch_handler(self, packets: PacketBatch) -> Iterator[dict[str, Any]]:
        """Tell of scans that are found or over."""
        seconds = np.maximum.accumulate(np.maximum(packets.times_ns // _SECOND, self._now))
        turns = np.flatnonzero(np.diff(seconds, prepend=self._now)).tolist()
        start = 0
        for end in (*turns, len(packets)):
            # (So many flows have at most twice as many attempts.)
            for at in range(start, end, self.size // 4):
                self._count(packets[at : min(end, at + self.size // 4)])
            if end < len(packets):
                yield from map(self._payload, self._pass(int(seconds[end])))
            start = end
        self._quiet = False

    def interval_handler(self, interval: float | None = None) -> dict[str, Any] | None:
        """Tell of scans that go on."""
        told: list[dict[str, Any]] = []
        if self._quiet and interval and self._now:  # no packet has told what time it is
            told += self._pass(self._now + round(interval))
        self._quiet = True
        for scan in self._scans.values():
            if scan.has_news:
                told.append(scan.told("going on"))
        return self._payload(told) if told else None

    def closing_handler(self) -> Iterator[dict[str, Any]]:
        """Tell of the scans that go on yet; what nobody has answered was in vain."""
        if self._now:
            yield from map(self._payload, self._pass(self._now + math.ceil(self.grace)))
        for scan in self._scans.values():
            yield self._payload(scan.told("ended"))
        self._scans.clear()
        self._of_source.clear()

    def _payload(self, told: dict[str, Any] | list[dict[str, Any]]) -> dict[str, Any]:
        payload: dict[str, Any] = {"scans" if isinstance(told, list) else "scan": told}
        if self._forgotten:
            payload["attempts_forgotten"] = self._forgotten
        if self._left_out:
            payload["scans_left_out"] = self._left_out
        return payload

    def _count(self, packets: PacketBatch) -> None:
        """Note attempts, and what comes of them."""
        ways = ways_of(packets)
        tcp, udp = ways.part(ways.is_tcp), ways.part(~ways.is_tcp)
        asked = tcp.part(tcp.asked > 0)
        answered, reset, on = tcp.answers > 0, tcp.resets > 0, tcp.goes_on > 0
        seen = [
            (tcp.words[:, on], np.full(int(on.sum()), CONNECTED)),
            (tcp.back[:, answered | reset],
             (answered * ANSWERED | reset * REFUSED)[answered | reset]),
        ]  # fmt: skip
        datagrams, answers = self._datagrams(udp)
        seen.append((answers, np.full(answers.shape[1], ANSWERED | CONNECTED)))
        unreachable = list(refused(packets))
        if unreachable:
            seen.append((words_of(unreachable), np.full(len(unreachable), REFUSED)))
        self._ask_all([asked, datagrams])
        if not len(self._attempts):
            return
        words = np.concatenate([each for each, _ in seen], axis=1)
        rows = self._attempts.find(keys_of(words))
        known = rows >= 0
        bits = np.concatenate([each for _, each in seen]).astype(np.uint8)
        np.bitwise_or.at(self._attempts.data["seen"], rows[known], bits[known])

    def _datagrams(self, ways: Ways) -> tuple[Ways, UInt64Array]:
        """Which ways of UDP ask, and which attempts are answered."""
        first = np.flatnonzero(ways.is_first)
        may_ask = counts(ways.words)
        # What answers an attempt is none itself.
        is_answer = np.zeros(len(ways.flow), np.bool_)
        if len(self._attempts):
            is_answer[first] = self._attempts.find(keys_of(ways.back[:, first])) >= 0
        numbers, _ = distinct(np.concatenate((ways.words[:, first], ways.back[:, first]), axis=1))
        of_key, of_back = numbers[: len(first)], numbers[len(first) :]
        if np.isin(of_back, of_key).any():  # perhaps of one of these
            made: set[int] = set()
            for way, key, back in zip(
                first.tolist(), of_key.tolist(), of_back.tolist(), strict=True
            ):
                if is_answer[way] or back in made:
                    is_answer[way] = True
                elif may_ask[way]:
                    made.add(key)
        # The other way of a flow is behind the first, if that had a packet with ports.
        other = np.zeros(len(ways.flow), np.bool_)
        other[1:] = ~ways.is_first[1:] & (ways.flow[1:] == ways.flow[:-1])
        before = np.roll(is_answer, 1)
        asks = np.where(other, before, ways.is_first & may_ask & ~is_answer)
        answers = np.where(other, ~before, is_answer)
        return ways.part(asks), ways.back[:, answers]

    def _ask_all(self, several: list[Ways]) -> None:
        """Remember attempts."""
        words = np.concatenate([ways.words for ways in several], axis=1)
        if not words.shape[1]:
            return
        numbers, at = distinct(words)
        firsts = np.concatenate([ways.first_ns for ways in several])
        lasts = np.concatenate([ways.last_ns for ways in several])
        asked = np.bincount(numbers, np.concatenate([ways.asked for ways in several]))
        order = np.argsort(numbers, kind="stable")
        starts = np.searchsorted(numbers[order], np.arange(len(at)))
        first = np.minimum.reduceat(firsts[order], starts)
        last = np.maximum.reduceat(lasts[order], starts)
        table, words = self._attempts, words[:, at]
        keys = keys_of(words)
        rows = table.find(keys)
        missing = np.flatnonzero(rows < 0)
        over = len(table) + len(missing) - table.size
        if over > 0:
            self._forgotten += make_room(table, max(over, table.size // 8), rows[rows >= 0])
        if len(missing):
            rows[missing] = table.add([keys[place] for place in missing.tolist()])
            data = table.data
            data["first"][rows[missing]] = first[missing]
            for name, hashed in groups_of(words[:, missing]).items():
                data[name][rows[missing]] = hashed
        data = table.data
        data["last"][rows] = np.maximum(data["last"][rows], last)
        data["asked"][rows] += asked.astype(np.uint32)

    def _pass(self, now: int) -> list[dict[str, Any]]:
        """A second is over: look for scans."""
        self._now = now
        table, now_ns = self._attempts, now * _SECOND
        used = table.used()
        old = table.data["last"][used] < now_ns - round(self.window * _SECOND)
        if old.any():
            table.remove(used[old])
            used = used[~old]
        seen = table.data["seen"][used]
        waited = table.data["first"][used] + round(self.grace * _SECOND) <= now_ns
        in_vain = (seen & CONNECTED == 0) & (waited | (seen & REFUSED > 0))
        told: list[dict[str, Any]] = []
        if self._scans or int(in_vain.sum()) >= self.threshold:
            for kind in KINDS:
                told += self._look(kind, used, in_vain)
        for name, scan in list(self._scans.items()):
            if scan.news + self.window <= now:
                told.append(scan.told("ended"))
                del self._scans[name]
                self._of_source[scan.src_ip] -= 1
                if not self._of_source[scan.src_ip]:
                    del self._of_source[scan.src_ip]
        return told

    def _look(
        self, kind: str, used: Rows, in_vain: npt.NDArray[np.bool_]
    ) -> Iterator[dict[str, Any]]:
        data = self._attempts.data
        groups, index = np.unique(data[kind][used], return_inverse=True)
        vain = np.bincount(index[in_vain], minlength=len(groups))
        of_all = np.bincount(index, minlength=len(groups))
        known = [number for of, number in self._scans if of == kind]
        chosen = (vain >= self.threshold) & (2 * vain > of_all)
        chosen |= np.isin(groups, np.array(known, np.uint64))
        order, ends = np.argsort(index, kind="stable"), np.cumsum(of_all)
        for number in np.flatnonzero(chosen).tolist():
            places = order[ends[number] - of_all[number] : ends[number]]
            name, rows = (kind, int(groups[number])), used[places]
            scan = self._scans.get(name)
            is_new = scan is None
            if scan is None:
                scan = self._follow(name, rows)
            if scan is not None:
                scan.count(self._attempts, rows, in_vain[places], self._now)
                if is_new:
                    yield scan.told("found")

    def _follow(self, name: tuple[str, int], rows: Rows) -> Scan | None:
        key = self._attempts.keys[rows[0]]
        assert key is not None
        scan = Scan(name[0], attempt_of(key))
        if len(self._scans) < self.scans and self._of_source[scan.src_ip] < self.scans_of_source:
            self._of_source[scan.src_ip] += 1
            self._scans[name] = scan
            return scan
        # It is counted once, not every second.
        marks, side = self._attempts.data["left_out"], KINDS.index(name[0])
        self._left_out += not marks[rows, side].any()
        marks[rows, side] = True
        return None
