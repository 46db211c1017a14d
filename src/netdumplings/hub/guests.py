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

    def told_counts(self, counts: bytes) -> None:
        """Take what it has counted, a JSON object, into its announcement."""
        announcement = msgspec.json.decode(self.announcement, type=dict[str, msgspec.Raw])
        announcement["counts"] = msgspec.Raw(counts)
        self.announcement = msgspec.json.encode(announcement)


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
