"""Who is connected to the hub, and what the hub knows of them."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from .feeds import Feed
    from .sessions import Session


@dataclass(eq=False, slots=True)
class Kitchen:
    """A kitchen that is connected.

    Attributes:
        name: what it calls itself.
        announced: what it announced, a JSON object in UTF-8.
        counts: the counts it told last, a JSON object in UTF-8; empty if it told none since.
        host: its address.
        port: its port.
        session: what it has sent, in this connection and others.
        since: when it came, by `time.monotonic`.
    """

    name: str
    announced: bytes
    host: str
    port: int
    session: Session
    counts: bytes = b""
    since: float = field(default_factory=time.monotonic)
    _trouble: tuple[bool, bytes, bytes] = (False, b"", b"")
    _announcement: bytes = b""

    @property
    def announcement(self) -> bytes:
        """What it announced, with the counts it told last."""
        if not self.counts:
            return self.announced
        # Counts come every second, and are looked at less often.
        if not self._announcement:
            announced = msgspec.json.decode(self.announced, type=dict[str, msgspec.Raw])
            announced["counts"] = msgspec.Raw(self.counts)
            self._announcement = msgspec.json.encode(announced)
        return self._announcement

    @property
    def has_ring(self) -> bool:
        """Whether it keeps its latest packets, as it announced."""
        return "ring" in msgspec.json.decode(self.announced, type=dict[str, msgspec.Raw])

    @property
    def latest_counts(self) -> bytes:
        """The counts it told last, be it that it announced them; a JSON object."""
        return self.counts or bytes(
            msgspec.json.decode(self.announced, type=dict[str, msgspec.Raw]).get("counts", b"{}")
        )

    def told_counts(self, counts: bytes) -> bool:
        """Take what it has counted, a JSON object.

        Returns:
            whether there is news of its chefs that should not wait: one is stuck, or no longer;
            one was quarantined; one rests, or no longer, as nobody wants it.
        """
        news = msgspec.json.decode(counts, type=dict[str, msgspec.Raw])
        before, self._trouble = (
            self._trouble,
            (
                "stuck" in news,
                bytes(news.get("quarantined", b"")),
                bytes(news.get("not_wanted", b"")),
            ),
        )
        self.counts = counts
        self._announcement = b""
        return self._trouble != before


@dataclass(eq=False, slots=True)
class ConnectedEater:
    """An eater that is connected.

    Attributes:
        name: what it calls itself.
        announcement: what it announced, a JSON object in UTF-8.
        host: its address.
        port: its port.
        feed: what the router gives it, and counts.
    """

    name: str
    announcement: bytes
    host: str
    port: int
    feed: Feed
