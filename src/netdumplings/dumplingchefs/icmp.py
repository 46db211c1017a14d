"""Tells what ICMP says: who pings whom and how long that takes, and what could not be delivered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, ClassVar, Final

import numpy as np

from ..chef import DumplingChef
from ..packets import PacketBatch
from ..packets.addresses import address_text
from ..packets.columns import Int64Array
from ..packets.flows import PROTOCOLS, fields_of, pair_of, without_source_port
from ..packets.formats import ICMP, ICMPV6, U16, U32
from ..packets.icmp import ERRORS, ERRORS_V6, quoted
from ..packets.icmp_names import code_name, type_name
from .echoes import Echoes
from .filters import TAGGED
from .recent import RecentDict

_SECOND: Final = 1_000_000_000
_PORT_UNREACHABLE: Final = {4: ((3, 3),), 6: ((1, 4),)}
_UNREACHABLE, _FRAGMENTATION_NEEDED, _REDIRECT, _TOO_BIG_V6 = 3, 4, 5, 2


class ICMPChef(DumplingChef):
    """Tells what ICMP and ICMPv6 say.

    Per error that says something new of a host, or of a port that is closed: ``{"icmp_error":
    {"src_ip": ..., "dst_ip": ..., "icmp_type": ..., "icmp_code": ..., "proto": "icmp" | "icmp6",
    "community_id": ..., "time": epoch seconds, "kind": "port unreachable", "about": {"src_ip": ...,
    "src_port": ..., ...}}}``: who tells whom what, and about which flow.

    Per interval in which there was any: ``{"icmp": {"messages": {"icmp": {"echo request": ...,
    ...}, "icmp6": {...}}, "echoes": [{"src_ip": ..., "dst_ip": ..., "proto": ..., "requests": ...,
    "replies": ..., "unanswered": ..., "rtt_min": ..., "rtt_mean": ..., "rtt_max": ...}, ...],
    "echoes_left_out": ..., "errors_left_out": ..., "echoes_forgotten": ...}}``.

    It remembers 16384 echo requests without a reply, for 10 seconds, in 6 MB; within an interval
    512 pairs of hosts, in 1 MB; and 4096 errors that it told, in 1 MB.

    Attributes:
        size: how many requests it remembers.
        patience: for how many seconds.
        pairs: of how many pairs of hosts it tells at an interval.
        errors: how many errors it tells between two intervals.
    """

    by_request: ClassVar[bool] = True
    # (MLD comes behind a header of hop-by-hop options, of which `icmp6` knows nothing.)
    packet_filter = f"icmp or icmp6 or (ip6 and ip6[6] = 0) or {TAGGED}"
    display: ClassVar[dict[str, Any]] = {
        "title": "Echoes",
        "view": "table",
        "of": ["icmp", "echoes"],
        "columns": [
            "src_ip", "dst_ip", "requests", "replies", "unanswered",
            "rtt_min", "rtt_mean", "rtt_max",
        ],
    }  # fmt: skip

    size: ClassVar[int] = 16_384
    patience: ClassVar[float] = 10.0
    pairs: ClassVar[int] = 512
    errors: ClassVar[int] = 100

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._echoes = Echoes(self.size, self.pairs, round(self.patience * _SECOND))
        self._told: RecentDict[tuple[bytes, bytes], None] = RecentDict(4096)
        self._messages: Counter[tuple[int, int]] = Counter()
        self._errors = self._errors_left_out = 0

    def batch_handler(self, packets: PacketBatch) -> Iterator[dict[str, Any]]:
        """Tell of errors, and count."""
        kinds = packets.icmp_types
        rows = np.flatnonzero(kinds >= 0)
        if not len(rows):
            return
        protocols = packets.ip_protocols
        both, counts = np.unique(protocols[rows] << 8 | kinds[rows], return_counts=True)
        for kind, count in zip(both.tolist(), counts.tolist(), strict=True):
            self._messages[kind >> 8, kind & 0xFF] += count
        self._echoes.take(packets, rows)
        for protocol, version, errors in ((ICMP, 4, ERRORS), (ICMPV6, 6, ERRORS_V6)):
            of_it = rows[(protocols[rows] == protocol) & np.isin(kinds[rows], errors)]
            if len(of_it):
                yield from self._tell(packets, of_it, version)

    def interval_handler(self, interval: float | None = None) -> dict[str, Any] | None:
        """Tell what was said since the last interval."""
        echoes, left_out = self._echoes.told()
        messages, self._messages = self._messages, Counter()
        errors_left_out, self._errors, self._errors_left_out = self._errors_left_out, 0, 0
        if not messages and not echoes:
            return None
        told: dict[str, dict[str, int]] = {}
        for (protocol, kind), count in sorted(messages.items()):
            told.setdefault(str(PROTOCOLS[protocol]), {})[type_name(protocol, kind)] = count
        return {
            "icmp": {
                "messages": told,
                "echoes": echoes,
                "echoes_left_out": left_out,
                "errors_left_out": errors_left_out,
                "echoes_forgotten": self._echoes.forgotten,
            }
        }

    def closing_handler(self) -> dict[str, Any] | None:
        """Tell what was said since the last interval, and which requests wait for a reply yet."""
        self._echoes.give_up()
        return self.interval_handler()

    def _tell(
        self, packets: PacketBatch, rows: Int64Array, version: int
    ) -> Iterator[dict[str, Any]]:
        """Tell of those errors that are new."""
        flows, about = packets.flows, quoted(packets, rows, version).flows
        for row, flow, inner, reverse in zip(
            rows.tolist(),
            flows.index[rows].tolist(),
            about.index.tolist(),
            about.reverse.tolist(),
            strict=True,
        ):
            kind, code = int(packets.icmp_types[row]), int(packets.icmp_codes[row])
            key = flows.keys[flow]
            subject = about.keys[inner] if inner >= 0 else b""
            # What is said of one packet is said of all to the same port, or even host.
            news = without_source_port if (kind, code) in _PORT_UNREACHABLE[version] else pair_of
            name = key, news(subject, reverse) if subject else b""
            is_new = name not in self._told
            self._told[name] = None
            if not is_new:
                continue
            if self._errors >= self.errors:
                self._errors_left_out += 1
                continue
            self._errors += 1
            protocol = ICMP if version == 4 else ICMPV6
            told = fields_of(key) | {
                "time": int(packets.times_ns[row]) / 1e9,
                "kind": code_name(protocol, kind, code),
            }
            told |= self._more(packets, row, version, kind, code)
            if subject:
                told["about"] = fields_of(subject, reverse)
            yield {"icmp_error": told}

    def _more(
        self, packets: PacketBatch, row: int, version: int, kind: int, code: int
    ) -> dict[str, Any]:
        """What else some errors say, in the second half of their header."""
        rows, at = np.array([row]), packets.icmp.offset[row : row + 1]
        if (packets.headers.network.end[rows] < at + 8).any():
            return {}
        if version == 4 and kind == _UNREACHABLE and code == _FRAGMENTATION_NEEDED:
            return {"mtu": int(packets.headers.read(U16, rows, at + 6)["value"][0])}
        word = packets.headers.read(U32, rows, at + 4)["value"]
        if version == 6 and kind == _TOO_BIG_V6:
            return {"mtu": int(word[0])}
        if version == 4 and kind == _REDIRECT:
            return {"gateway_ip": address_text(int(word[0]).to_bytes(4, "big"))}
        return {}
