"""Who is connected to the hub, and what the hub knows of them."""

from __future__ import annotations

from dataclasses import dataclass
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
        announcement: what it announced, a JSON object in UTF-8; with the counts it told last.
        host: its address.
        port: its port.
        session: what it has sent, in this connection and others.
    """

    name: str
    announcement: bytes
    host: str
    port: int
    session: Session
    _trouble: tuple[bool, bytes] = (False, b"")

    def told_counts(self, counts: bytes) -> bool:
        """Take what it has counted, a JSON object, into its announcement.

        Returns:
            whether there is news of its chefs that should not wait: one is stuck, or no longer;
            one was quarantined.
        """
        news = msgspec.json.decode(counts, type=dict[str, msgspec.Raw])
        before, self._trouble = (
            self._trouble,
            (
                "stuck" in news,
                bytes(news.get("quarantined", b"")),
            ),
        )
        announcement = msgspec.json.decode(self.announcement, type=dict[str, msgspec.Raw])
        announcement["counts"] = msgspec.Raw(counts)
        self.announcement = msgspec.json.encode(announcement)
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
