"""A hub that has joined a backbone: what that is made of, and what it does now and then."""

from __future__ import annotations

import asyncio
import secrets
from typing import Final

from ..backbone import BackboneSettings, BackboneState
from ..backbone.backbone import Backbone
from .fleet import Fleet
from .joined_router import JoinedRouter
from .kitchens import Kitchens
from .onward import ToBackbone

#: Seconds that what nobody wants any more is still taken from the stream.
LINGER: Final = 5.0


class Joined:
    """Ties a backbone to the ports of a hub.

    Args:
        settings: which backbone.
        name: what the hub is called.
        router: feeds the eaters.

    Attributes:
        onward: where dumplings of kitchens go.
        fleet: the other hubs.
        kitchens: whose acknowledgements wait; to be set before there is any.
    """

    kitchens: Kitchens

    def __init__(self, settings: BackboneSettings, name: str, router: JoinedRouter) -> None:
        self._router = router
        self.fleet = Fleet(
            name,
            secrets.token_hex(8),
            self.tell,
            max_report=lambda: self.max_report,
        )
        self._backbone = router.backbone = Backbone(
            settings,
            name=name,
            take=router.take,
            on_stored=self._note_stored,
            on_room=self._note_room,
            on_report=self.fleet.hear,
        )
        self.onward = ToBackbone(self._backbone.publisher)
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def max_report(self) -> int:
        """Bytes that a report to other hubs may have."""
        return self._backbone.max_report

    def state(self) -> BackboneState:
        """Say how it is."""
        return self._backbone.state()

    def tell(self, report: bytes) -> None:
        """Tell the other hubs how this one is, if that is possible now."""
        self._backbone.tell(report)

    async def start(self) -> None:
        """Begin to connect; there may be nobody to connect to yet.

        Raises:
            BackboneError: the settings are of no use, or a package is missing.
        """
        await self._backbone.start()
        self._tasks = [
            asyncio.create_task(self._narrow()),
            asyncio.create_task(self._introduce()),
        ]

    async def store(self, patience: float) -> None:
        """Wait until everything that kitchens have sent is stored, for so many seconds."""
        await self._backbone.publisher.drained(patience)

    async def stop(self) -> None:
        """Disconnect."""
        for task in self._tasks:
            task.cancel()
        await self._backbone.stop(0)

    def _note_stored(self, session: str, last: int) -> None:
        self.kitchens.stored(session, last)

    def _note_room(self, room: bool) -> None:
        if room:
            self.kitchens.go_on()
        else:
            self.kitchens.pause()

    async def _introduce(self) -> None:
        """Tell the other hubs of this one as soon as they hear it."""
        await self._backbone.rises()
        self.fleet.news.set()

    async def _narrow(self) -> None:
        """Take no more from the stream than the eaters want."""
        while True:
            before = self._router.wanted
            await asyncio.sleep(LINGER)
            # Who went and comes back finds everything as it was.
            self._backbone.reader.keep_only(before | self._router.wanted)
