"""A source of live packets that needs no interface: a test feeds it."""

from __future__ import annotations

from netdumplings.testing.packets import FedSource


class LiveSource(FedSource):
    """As `FedSource`, but live: a kitchen goes by the wall clock, and by the word of its hub."""

    live = True

    @property
    def ended(self) -> bool:
        """Never."""
        return False
