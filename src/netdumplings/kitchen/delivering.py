"""A kitchen and its hub: cooking in a thread, sending in the event loop, and an end in time."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, Final

from ..sending import HubLink
from .watching import LAST_CALL

logger = logging.getLogger(__name__)

# A kitchen that is told to stop has ended within five seconds, whatever its chefs and its hub do:
#: how long the thread that runs the chefs may take to come to its end, seconds;
PATIENCE: Final = LAST_CALL + 0.5
#: how long it goes on trying to deliver what it has, since it was told;
GRACE: Final = 2.0
#: but at least so long since the last dumpling was made;
MERCY: Final = 0.5
#: how long it may take to tell the hub the last counts (and if it was not told to stop);
FAREWELL: Final = 0.5
LEISURE: Final = 1.5
#: to bring what it keeps on a disk in order;
TIDYING: Final = 0.5
#: and to close the connection.
CLOSING: Final = 0.25


class Delivery:
    """Sends a hub what is cooked; make it where the event loop runs.

    Args:
        name: the kitchen's name.
        link: to the hub.
        cook: yields dumplings; it is called in a thread of its own.
    """

    def __init__(self, name: str, link: HubLink, cook: Callable[[], Iterable[str]]) -> None:
        self._name = name
        self._link = link
        self._cook = cook
        self._loop = asyncio.get_running_loop()
        self._stopped = asyncio.Event()
        self._cooked: asyncio.Future[BaseException | None] = self._loop.create_future()

    def stop(self) -> None:
        """Have `run` end soon; from any thread.

        Raises:
            RuntimeError: the event loop has ended.
        """
        self._loop.call_soon_threadsafe(self._stopped.set)

    async def run(self, end_cooking: Callable[[], object]) -> bool:
        """Cook and send, until all is delivered or `stop` is called.

        Args:
            end_cooking: has ``cook`` come to its end soon.

        Returns:
            whether the cooking has ended; if not, a chef does not return.

        Raises:
            BaseException: what cooking raised; see `DumplingKitchen.cook`.
        """
        link, loop = self._link, self._loop
        # A daemon: a chef that never comes back must not keep the process.
        threading.Thread(target=self._work, name=f"kitchen {self._name}", daemon=True).start()
        tasks = [
            sending := asyncio.create_task(link.run()),
            stopping := asyncio.create_task(self._stopped.wait()),
        ]
        try:
            await _first_of(self._cooked, stopping, sending)
            until = loop.time() + GRACE
            # (A call that does not return is ended within this time, if it can be.)
            await _first_of(self._cooked, sending, within=PATIENCE)
            tasks.append(delivered := asyncio.create_task(link.settled()))
            if not stopping.done():
                await _first_of(delivered, stopping, sending)
                until = loop.time() + GRACE
            await _first_of(delivered, sending, within=max(MERCY, until - loop.time()))
            if link.end():
                if not stopping.done():
                    await _first_of(sending, stopping, within=LEISURE)
                await _first_of(sending, within=FAREWELL)
        finally:
            end_cooking()
            await _cancel(tasks)
        if not self._cooked.done():
            return False
        if error := self._cooked.result():
            raise error
        return True

    def _work(self) -> None:
        """Cook; the life of the worker thread."""
        error: BaseException | None = None
        try:
            for text in self._cook():
                self._link.put(text.encode())
        except BaseException as raised:
            error = raised
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(_resolve, self._cooked, error)


async def tidy(link: HubLink, *, in_a_hurry: bool) -> None:
    """Close what keeps the dumplings.

    Args:
        link: what has it.
        in_a_hurry: wait for no slow disk.
    """
    closing = asyncio.create_task(link.close())
    await asyncio.wait({closing}, timeout=TIDYING if in_a_hurry else None)
    if closing.done():
        closing.result()
    else:
        logger.error("the disk of the spool is slow: what is not written yet may be lost")


async def _first_of(*futures: asyncio.Future[Any], within: float | None = None) -> None:
    """Wait for the first of some futures; the error of one that failed is raised."""
    done, _ = await asyncio.wait(futures, timeout=within, return_when=asyncio.FIRST_COMPLETED)
    for future in done:
        future.result()


async def _cancel(tasks: list[asyncio.Task[Any]]) -> None:
    """Cancel tasks; those that take their time, say to close a connection, once more."""
    waiting = set(tasks)
    while waiting:
        for task in waiting:
            task.cancel()
        _, waiting = await asyncio.wait(waiting, timeout=CLOSING)


def _resolve(cooked: asyncio.Future[BaseException | None], error: BaseException | None) -> None:
    if not cooked.done():
        cooked.set_result(error)
