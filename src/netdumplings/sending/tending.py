"""Keeps a spool's file up to date while the event loop does other things."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Final

from ..delivery.spool import Spool
from ..delivery.spool_jobs import Job
from .stock import Stock

#: Seconds between two writes: what is acknowledged sooner is never written, and what is killed
#: within them may be lost.
WRITE_EVERY: Final = 0.02
#: Seconds between two tries to write on a disk that is full, or fails.
RETRY_EVERY: Final = 5.0


class SpoolTender:
    """Does the jobs of a spool, one at a time, each in a thread.

    Args:
        spool: the spool.
        stock: it as others share it.
    """

    def __init__(self, spool: Spool, stock: Stock) -> None:
        self._spool = spool
        self._stock = stock
        self._working: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Do what is to be done, until cancelled."""
        loop = asyncio.get_running_loop()
        spool, stirred = self._spool, self._stock.stirred
        retry_at = loop.time()
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout_at(retry_at if spool.failing else None):
                    await stirred.wait()
            stirred.clear()
            # To read cannot wait: there is nothing to send until it is done.
            if spool.failing or not spool.hungry:
                await asyncio.sleep(WRITE_EVERY)
            if spool.failing:
                if loop.time() < retry_at and not spool.hungry:
                    continue
                retry_at = loop.time() + RETRY_EVERY
            await self._work()

    async def close(self) -> None:
        """Write what is to be written, and close the file; after `run` has ended."""
        if self._working is not None:
            await asyncio.wait({self._working})
        while await self._work() and not self._spool.failing:
            pass
        await asyncio.to_thread(self._spool.close)

    async def _work(self) -> bool:
        """Do a job; False if there is none."""
        with self._stock.lock():
            job = self._spool.job()
            self._stock.idle = job is None
        if job is None:
            return False
        # Whoever is cancelled here leaves a thread behind that is not to be disturbed.
        self._working = asyncio.create_task(self._do(job))
        await asyncio.shield(self._working)
        return True

    async def _do(self, job: Job) -> None:
        outcome = await asyncio.to_thread(self._spool.run, job)
        with self._stock.at_work():
            self._spool.finish(outcome)
