"""Tells which host names are looked up."""

from __future__ import annotations

from collections.abc import Iterator
from json.encoder import encode_basestring
from typing import Any

from ..chef import DumplingChef
from ..packets import PacketBatch, dns_questions
from .recent import RecentDict

#: Bytes of JSON that the names remembered take, so that their dumpling stays under 256 KiB: some
#: 2000 ordinary names, or 150 of the longest and strangest, with six bytes for each of theirs.
REMEMBERED = 240 * 1024
#: What goes with each name at most: braces and keys, a count, a time.
_WITH_A_NAME = 96


class DNSLookupChef(DumplingChef):
    """Tells which host names are looked up, and how often.

    Per DNS packet with a question: ``{"lookup": {"hostname": ..., "when": epoch seconds}}``.
    A name longer than DNS allows (RFC 1035 section 2.3.4) is cut to that length.

    Per interval: ``{"lookups_seen": {hostname: {"count": ..., "latest": epoch seconds}},
    "lookups_forgotten": ...}``: the names seen latest since the kitchen started, as
    many as go into 240 KiB, and how many times one had to make way for others.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._seen: RecentDict[str, dict[str, Any]] = RecentDict(REMEMBERED, _weight)

    def batch_handler(self, packets: PacketBatch) -> Iterator[dict[str, Any]]:
        """Tell what the DNS packets ask for."""
        for index, name in dns_questions(packets):
            # RFC 1035 puts no bound on the bytes of a label: what is not UTF-8 is shown escaped.
            hostname = name.decode("utf-8", "backslashreplace").removesuffix(".")
            when = int(packets.times_ns[index]) / 1e9
            count = self._seen[hostname]["count"] if hostname in self._seen else 0
            self._seen[hostname] = {"count": count + 1, "latest": when}
            yield {"lookup": {"hostname": hostname, "when": when}}

    def interval_handler(self, interval: float | None = None) -> dict[str, Any]:
        """Tell what was looked up so far."""
        return {"lookups_seen": dict(self._seen), "lookups_forgotten": self._seen.forgotten}


def _weight(hostname: str) -> int:
    """How many bytes of JSON a name takes, with what is told of it."""
    return len(encode_basestring(hostname).encode()) + _WITH_A_NAME
