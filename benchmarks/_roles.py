"""Processes of our own that play kitchens and eaters, and tell how it went."""

from __future__ import annotations

import contextlib
import multiprocessing
from collections.abc import Callable
from ctypes import Array
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, Self

from _hub_drivers import NUMBERS, TOTAL

#: Seconds beyond the measured ones that a measurement may take.
PATIENCE = 90.0


class Roles:
    """Those of one measurement; as a context manager they have ended at the end.

    Args:
        allowed: the cores to run on; None for any.

    Attributes:
        numbers: those that they share.
    """

    def __init__(self, allowed: set[int] | None) -> None:
        self._allowed = allowed
        self._stack = contextlib.ExitStack()
        self._context = multiprocessing.get_context("spawn")
        self.numbers: Array[int] = self._context.RawArray("q", NUMBERS)
        self.numbers[TOTAL] = -1

    def start(self, role: Callable[..., None], *arguments: Any) -> Connection:
        """Have a role played.

        Args:
            role: is called with what to tell by, the shared numbers, the arguments and the cores.
            *arguments: for it.

        Returns:
            what it tells by.
        """
        here, there = self._context.Pipe(duplex=False)
        process = self._context.Process(
            target=role, args=(there, self.numbers, *arguments, self._allowed), daemon=True
        )
        process.start()
        there.close()
        self._stack.callback(process.join)
        self._stack.callback(process.terminate)
        return here

    def end(self) -> None:
        """End them."""
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.end()


def told(by: Connection, seconds: float = PATIENCE) -> Any:
    """Wait for what somebody tells; raise it if it is an error.

    Raises:
        TimeoutError: it tells nothing.
        ConnectionError: it has died, or a server has.
    """
    if not by.poll(seconds):
        raise TimeoutError(f"nothing happened for {seconds:g} seconds")
    try:
        outcome = by.recv()
    except EOFError:
        raise ConnectionError("a driver has died") from None
    if isinstance(outcome, Exception):
        raise outcome
    return outcome
