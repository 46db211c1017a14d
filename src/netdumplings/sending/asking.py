"""What a kitchen asks its hub: which of its chefs anybody wants."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol


class Asker(Protocol):
    """Who asks, and is told; in the event loop's thread."""

    def asks(self) -> Sequence[str]:
        """The names of the chefs in question."""
        ...

    def told(self, wanted: Collection[str] | None) -> None:
        """Take what the hub says.

        Args:
            wanted: those of them that somebody wants; None if this hub does not tell.
        """
        ...


class NotAsking:
    """Somebody who sends dumplings, whoever may want them; an `Asker`."""

    def asks(self) -> Sequence[str]:
        """Nothing."""
        return ()

    def told(self, wanted: Collection[str] | None) -> None:
        """Nothing comes of it."""
