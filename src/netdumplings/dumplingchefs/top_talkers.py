"""Tells which hosts, pairs of hosts and ports have most of the traffic."""

from __future__ import annotations

from collections import deque
from typing import Any, ClassVar, Final

import numpy as np

from ..chef import DumplingChef
from ..packets import PacketBatch
from ..packets.addresses import address_text
from ..packets.columns import Int64Array
from ..packets.flows import PROTOCOLS, UInt64Array, distinct
from ..packets.formats import ICMP, ICMPV6
from .heavy import HeavyHitters, merged

_SECOND: Final = 1_000_000_000
_KINDS: Final = ("hosts", "pairs", "ports")
#: Of the last word of a flow's key: the IP version, and whether it has ports.
_VERSION, _WITH_PORTS, _BYTE = np.uint64(0xF), np.uint64(0x10), np.uint64(0xFF)


class _Slot:
    """What a few seconds had."""

    def __init__(self, number: int, size: int) -> None:
        self.number = number
        self.bytes = self.packets = 0
        self.of = {kind: HeavyHitters(size) for kind in _KINDS}


class TopTalkersChef(DumplingChef):
    """Tells which hosts, pairs of hosts and ports have most bytes, over sliding windows.

    Per interval: ``{"top_talkers": {"10": {"bytes": ..., "packets": ..., "hosts": [{"ip": ...,
    "bytes": ..., "packets": ...}, ...], "hosts_bytes_error": ..., "hosts_packets_error": ...,
    "pairs": [{"src_ip": ..., "dst_ip": ..., ...}], ..., "ports": [{"proto": ..., "port": ...,
    ...}], ...}, "60": {...}, "300": {...}}}``, by the windows' seconds. Each count is too low by at
    most the error.

    It remembers 256 keys of each kind for every two seconds of the longest window, in some 20 MB.

    Attributes:
        windows: how long the windows are, in seconds; multiples of ``slot``.
        slot: in steps of how many seconds they slide.
        size: how many keys of a kind it counts within a step.
        told: how many of each kind it tells.
    """

    by_request: ClassVar[bool] = True
    display: ClassVar[dict[str, Any]] = {
        "title": "Top talkers of the last minute",
        "view": "top",
        "of": ["top_talkers", "60", "hosts"],
        "key": "ip",
        "value": "bytes",
        "unit": "bytes",
    }

    windows: ClassVar[tuple[int, ...]] = (10, 60, 300)
    slot: ClassVar[int] = 2
    size: ClassVar[int] = 256
    told: ClassVar[int] = 10

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._slots: deque[_Slot] = deque(maxlen=max(self.windows) // self.slot)
        self._now = 0

    def batch_handler(self, packets: PacketBatch) -> None:
        """Count."""
        slots = np.maximum.accumulate(
            np.maximum(packets.times_ns // (self.slot * _SECOND), self._now)
        )
        turns = np.flatnonzero(np.diff(slots)) + 1
        start = 0
        for end in (*turns.tolist(), len(packets)):
            self._now = int(slots[start])
            self._count(packets[start:end])
            start = end

    def interval_handler(self, interval: float | None = None) -> dict[str, Any] | None:
        """Tell of each window."""
        if not self._slots:
            return None
        return {"top_talkers": {str(window): self._window(window) for window in self.windows}}

    def _window(self, seconds: int) -> dict[str, Any]:
        since = self._now - seconds // self.slot
        slots = [slot for slot in self._slots if slot.number > since]
        told: dict[str, Any] = {
            "bytes": sum(slot.bytes for slot in slots),
            "packets": sum(slot.packets for slot in slots),
        }
        for kind in _KINDS:
            all_ = merged(slot.of[kind] for slot in slots)
            largest = sorted(all_.counts.items(), key=lambda item: (-item[1][0], item[0]))
            told[kind] = [
                {**_fields(kind, key), "bytes": size, "packets": packets}
                for key, (size, packets) in largest[: self.told]
            ]
            told[f"{kind}_bytes_error"] = all_.bytes_error
            told[f"{kind}_packets_error"] = all_.packets_error
        return told

    def _count(self, packets: PacketBatch) -> None:
        if not self._slots or self._slots[-1].number < self._now:
            if self._slots:
                for heavy in self._slots[-1].of.values():
                    heavy.shrink()
            self._slots.append(_Slot(self._now, self.size))
        slot, flows = self._slots[-1], packets.flows
        has_flow = flows.index >= 0
        index, lengths = flows.index[has_flow], packets.wire_lengths[has_flow]
        # (As floats, which are exact up to 2**53.)
        sizes = np.bincount(index, lengths, len(flows)).astype(np.int64)
        slot.bytes += int(sizes.sum())
        slot.packets += int(flows.counts.sum())
        if not len(flows):
            return
        lower, upper, last = flows.words[:, :2].T, flows.words[:, 2:4].T, flows.words[:, 4]
        version = last & _VERSION
        # (Of ICMP that goes one way, the lower end is its source.)
        is_turned = (lower[0] > upper[0]) | ((lower[0] == upper[0]) & (lower[1] > upper[1]))
        one, other = np.where(is_turned, upper, lower), np.where(is_turned, lower, upper)
        counts = flows.counts
        words = np.stack((*one, *other, version))
        first, of_pairs = _added_up(words, sizes, counts)
        ones, others = (
            _addresses(one[:, first], version[first]),
            _addresses(other[:, first], version[first]),
        )
        pairs = (bytes((len(a),)) + a + b for a, b in zip(ones, others, strict=True))
        slot.of["pairs"].add_all(list(pairs), *of_pairs)
        # A host is an end of several pairs, and of one with itself but once.
        pair = words[:, first]
        twice = np.flatnonzero((pair[:2] != pair[2:4]).any(axis=0))
        words = np.concatenate((pair[[0, 1, 4]], pair[2:][:, twice]), axis=1)
        first, of_hosts = _added_up(
            words, *(np.concatenate((column, column[twice])) for column in of_pairs)
        )
        slot.of["hosts"].add_all(_addresses(words[:2, first], words[2, first]), *of_hosts)
        protocol = last >> np.uint64(8) & _BYTE
        port = np.minimum(last >> np.uint64(48), last >> np.uint64(32) & np.uint64(0xFFFF))
        has = (last & _WITH_PORTS > 0) & (protocol != ICMP) & (protocol != ICMPV6)
        words = (protocol[has] << np.uint64(16) | port[has]).reshape(1, -1)
        first, of_ports = _added_up(words, sizes[has], counts[has])
        ports = [number.to_bytes(3, "big") for number in words[0, first].tolist()]
        slot.of["ports"].add_all(ports, *of_ports)


def _added_up(
    words: UInt64Array, sizes: Int64Array, counts: Int64Array
) -> tuple[Int64Array, tuple[Int64Array, Int64Array]]:
    """Where each distinct key of some comes first; and the bytes and packets of each."""
    numbers, first = distinct(words)
    size, count = (
        np.bincount(numbers, column, len(first)).astype(np.int64) for column in (sizes, counts)
    )
    return first, (size, count)


def _addresses(words: UInt64Array, version: UInt64Array) -> list[bytes]:
    """Addresses of 4 or 16 bytes."""
    data = words.T.astype(">u8").tobytes()
    return [
        data[at if six else at + 12 : at + 16]
        for at, six in zip(range(0, len(data), 16), (version == 6).tolist(), strict=True)
    ]


def _fields(kind: str, key: bytes) -> dict[str, Any]:
    if kind == "hosts":
        return {"ip": address_text(key)}
    if kind == "ports":
        return {"proto": PROTOCOLS.get(key[0], key[0]), "port": key[1] << 8 | key[2]}
    one, other = key[1 : 1 + key[0]], key[1 + key[0] :]
    return {"src_ip": address_text(one), "dst_ip": address_text(other)}
