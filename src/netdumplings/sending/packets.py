"""What goes to a hub beside dumplings: packets that it has asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from ..wire import PacketsUnwanted, PacketsWanted


class PacketAnswers(Protocol):
    """Answers hubs that ask for packets, one hub at a time; all in the event loop's thread."""

    def begin(self, news: Callable[[], object]) -> None:
        """Answer another hub from now on.

        Args:
            news: to be called when there is something to send.
        """

    def end(self) -> None:
        """Forget what that hub has asked for: the connection has ended."""

    def take(self, told: PacketsWanted | PacketsUnwanted) -> None:
        """Take what the hub asks for."""

    def next(self) -> bytes | None:
        """Give the next message for the hub, a small one; None if there is none now."""
