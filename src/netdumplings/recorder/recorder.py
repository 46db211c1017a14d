"""`Recorder`: an eater that records what it receives, each dumpling once."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable
from typing import Any, Final

from ..eater import DumplingBatch, DumplingEater, Gap
from ..recording import Entry, Missed, Recording
from ..transport import HubConnection
from ..wire import MAX_NAME
from .writing import Writer

logger = logging.getLogger("netdumplings.recorder")

#: Seconds between two writes.
WRITE_EVERY: Final = 1.0


class Recorder:
    """Records what a hub sends, from where the recording stopped before.

    What has been written and how far that is are in the recording together: whenever the process
    ends, the next one misses nothing that the hub still has, and has nothing twice. What the hub
    had no more, and what it had to leave out because the disk was slow, is in the recording as
    gaps, and in the log.

    Args:
        recording: where to; it is closed in the end.
        name: what the eater calls itself.
        hub: the hub's out port, or those of several; as of `DumplingEater`.
        write_every: seconds between two writes.
        **wishes: further arguments of `DumplingEater`; ``last`` and ``since`` are for a recording
            that is new.

    Raises:
        NetDumplingsError, ValueError, TypeError: as of `DumplingEater`.
    """

    def __init__(
        self,
        recording: Recording,
        name: str,
        hub: str | Iterable[str],
        *,
        write_every: float = WRITE_EVERY,
        **wishes: Any,
    ) -> None:
        self._recording = recording
        self._write_every = write_every
        self._warned = False
        self.eater = DumplingEater(
            name, hub, resume=recording.cursor, on_connect=self._on_connect, **wishes
        )

    async def run(self) -> None:
        """Record until cancelled; what was received by then is written.

        Raises:
            RecordingUnavailable: it cannot be written.
        """
        begun = "begun" if self._recording.cursor is None else "taken up where it stopped"
        logger.info("the recording %s is %s", self._recording.path, begun)
        writer = Writer(self._recording, self._write_every)
        eating = asyncio.create_task(self._eat(writer))
        try:
            await asyncio.wait({eating, writer.finished}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            eating.cancel()
            await asyncio.wait({eating})
            try:
                await writer.close()
            finally:
                self._say_what_was_done(writer)
        if not eating.cancelled():
            eating.result()

    async def _eat(self, writer: Writer) -> None:
        async with self.eater:
            async for batch in self.eater.batches():
                await writer.put(entries_of(batch, time.time()), batch.cursor)

    async def _on_connect(self, hub: str, connection: HubConnection) -> None:
        if connection.subprotocol is None and not self._warned:
            self._warned = True
            logger.warning(
                "the hub at %s does not speak netdumplings.v2, so this cannot be resumed: what "
                "comes to it while it is not being recorded will be missing, and nothing will tell",
                hub,
            )

    def _say_what_was_done(self, writer: Writer) -> None:
        logger.info(
            "recorded %d dumplings into %s; %d were missed",
            writer.dumplings,
            self._recording.path,
            self.eater.missed,
        )


def entries_of(batch: DumplingBatch, now: float) -> list[Entry]:
    """What is recorded of a batch.

    Args:
        batch: the batch.
        now: seconds since the epoch.
    """
    entries: list[Entry] = [text.encode() for text in batch.texts]
    gap: Gap | None = batch.gap
    if gap is not None:
        kitchen = gap.kitchen if gap.kitchen is None else gap.kitchen[:MAX_NAME]
        entries.append(Missed(now, gap.missed, gap.reason, kitchen))
    return entries
