"""Tells which hosts, pairs of hosts and ports have most of the traffic."""

from __future__ import annotations

from collections import deque
from typing import Any, ClassVar, Final

import numpy as np

from ..chef import DumplingChef
from ..packets import PacketBatch
from ..packets.addresses import address_text
from ..packets.flows import PROTOCOLS, ends
from ..packets.formats import ICMP, ICMPV6
from .heavy import HeavyHitters, merged

_SECOND: Final = 1_000_000_000
_KINDS: Final = ("hosts", "pairs", "ports")


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

    It remembers 256 keys of each kind for every two seconds of the longest window, in 40 MB.

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
        sizes = np.zeros(len(flows), np.int64)
        np.add.at(sizes, flows.index[has_flow], packets.wire_lengths[has_flow])
        slot.bytes += int(sizes.sum())
        slot.packets += int(flows.counts.sum())
        hosts, pairs, ports = (slot.of[kind] for kind in _KINDS)
        for key, size, count in zip(flows.keys, sizes.tolist(), flows.counts.tolist(), strict=True):
            of = ends(key)
            # (Of ICMP that goes one way, the lower end is its source.)
            one, other = sorted((of.lower_ip, of.upper_ip))
            pairs.add(bytes((len(one),)) + one + other, size, count)
            hosts.add(of.lower_ip, size, count)
            if of.upper_ip != of.lower_ip:
                hosts.add(of.upper_ip, size, count)
            if (
                of.lower_port is not None
                and of.upper_port is not None
                and of.protocol not in (ICMP, ICMPV6)
            ):
                port = min(of.lower_port, of.upper_port)
                ports.add(bytes((of.protocol, port >> 8, port & 0xFF)), size, count)


def _fields(kind: str, key: bytes) -> dict[str, Any]:
    if kind == "hosts":
        return {"ip": address_text(key)}
    if kind == "ports":
        return {"proto": PROTOCOLS.get(key[0], key[0]), "port": key[1] << 8 | key[2]}
    one, other = key[1 : 1 + key[0]], key[1 + key[0] :]
    return {"src_ip": address_text(one), "dst_ip": address_text(other)}
