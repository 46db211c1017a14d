"""What a client's log says of its hubs: once each way for each of them, not once a try."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Final

from ..exceptions import HubUnavailable
from .address import HubAddress, HubAddresses

#: A connection that lived for so many seconds was a good one.
STEADY: Final = 2.0
#: What is logged of a connection that was made.
CONNECTED: Final = "connected to the %s at %s"


class HubDiary:
    """Writes down what becomes of the connections to some hubs.

    Args:
        hubs: the hubs.
        logger: where to log.
        describe: what to call a hub in the log.

    Attributes:
        next_hub: which hub is tried next, at once; None after a wait.
    """

    def __init__(self, hubs: HubAddresses, logger: logging.Logger, describe: str) -> None:
        self.next_hub: HubAddress | None = None
        self._alone = len(hubs) == 1
        self._logger = logger
        self._describe = describe
        # What was logged last of those that are not there.
        self._away: dict[HubAddress, int] = {}
        self._turned_away: set[HubAddress] = set()

    def missed(self, hub: HubAddress, reason: str, *, refused: bool) -> None:
        """Note that a hub cannot be reached; or that it is there, and will not have us."""
        # That takes more than waiting.
        level = logging.ERROR if refused else logging.WARNING
        if level > self._away.get(hub, logging.NOTSET):
            then = self._then("will keep trying")
            self._logger.log(level, "no %s at %s (%s); %s", self._describe, hub, reason, then)
            self._away[hub] = level

    def met(self, hub: HubAddress) -> asyncio.TimerHandle | None:
        """Note a connection.

        Returns:
            what is to be cancelled when the connection has ended, if anything is.
        """
        self._away.pop(hub, None)
        if hub not in self._turned_away:
            self._logger.info(CONNECTED, self._describe, hub)
            return None
        # Perhaps it turns us away again: it must have heard our hello first.
        loop = asyncio.get_running_loop()
        return loop.call_later(STEADY, self._logger.info, CONNECTED, self._describe, hub)

    def turned_away(self, hub: HubAddress, reason: str) -> None:
        """Note that a hub has heard who we are, and does not let us in."""
        if hub not in self._turned_away:
            then = self._then("will keep trying")
            self._logger.error("the %s at %s: %s; %s", self._describe, hub, reason, then)
        self._turned_away.add(hub)
        self._away[hub] = logging.ERROR

    def lost(self, hub: HubAddress, ending: str) -> None:
        """Note that a connection has ended, and how."""
        then = self._then("will reconnect")
        self._logger.warning("lost the %s at %s (%s); %s", self._describe, hub, ending, then)
        self._turned_away.discard(hub)
        self._away[hub] = logging.WARNING

    def _then(self, otherwise: str) -> str:
        return f"trying {self.next_hub}" if self.next_hub is not None else otherwise


def unavailable(hubs: Sequence[HubAddress], reasons: Sequence[str]) -> HubUnavailable:
    """Make the error for hubs of which none is to be had.

    Args:
        hubs: the hubs.
        reasons: why not, for each of them.
    """
    if len(set(reasons)) == 1:
        return HubUnavailable(str(HubAddresses.of(hubs)), reasons[0])
    each = (f"{reason} ({hub})" for hub, reason in zip(hubs, reasons, strict=True))
    return HubUnavailable(str(HubAddresses.of(hubs)), "; ".join(each))


def not_allowed(said: str | None) -> str:
    """Say what to do about a hub that does not let us in; what it says is escaped."""
    return (
        f"it does not let us in ({ascii(said or 'it does not say why')[1:-1]}); have a token made "
        "there (nd-token make NAME --role ...), and give it with --token-file or NETDUMPLINGS_TOKEN"
    )
