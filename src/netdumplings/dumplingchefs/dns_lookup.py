"""Tells which host names are looked up."""

from __future__ import annotations

from typing import Any

from scapy.layers.dns import DNS, DNSQR

from ..chef import DumplingChef
from ..packets import Packet
from .recent import RecentDict

#: Names remembered: with the longest names there can be, their dumpling is one a hub takes.
NAMES = 1_000


class DNSLookupChef(DumplingChef):
    """Tells which host names are looked up, and how often.

    Per DNS packet with a question: ``{"lookup": {"hostname": ..., "when": epoch seconds}}``.

    Per interval: ``{"lookups_seen": {hostname: {"count": ..., "latest": epoch seconds}},
    "lookups_forgotten": ...}``: the names seen latest, since the kitchen started, and how many
    others had to make way for them.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._seen: RecentDict[str, dict[str, Any]] = RecentDict(NAMES)

    def packet_handler(self, packet: Packet) -> dict[str, Any] | None:
        """Tell what a DNS packet asks for."""
        if not packet.haslayer(DNS):
            return None
        questions = packet[DNS].qd
        if not questions or not isinstance(questions[0], DNSQR):  # a broken one is Raw
            return None
        # RFC 1035 puts no bound on the bytes of a label: what is not UTF-8 is shown escaped.
        hostname = questions[0].qname.decode("utf-8", "backslashreplace").removesuffix(".")
        when = float(packet.time)
        count = self._seen[hostname]["count"] if hostname in self._seen else 0
        self._seen[hostname] = {"count": count + 1, "latest": when}
        return {"lookup": {"hostname": hostname, "when": when}}

    def interval_handler(self, interval: float | None = None) -> dict[str, Any]:
        """Tell what was looked up so far."""
        return {"lookups_seen": dict(self._seen), "lookups_forgotten": self._seen.forgotten}
