"""Threads that run while the body of a ``with`` does."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

#: Seconds to wait for what is bound to come, far more than it takes.
PATIENCE: Final = 20.0


class Worker(threading.Thread):
    """A thread whose end is waited for, and whose error is raised there.

    Args:
        name: what it is called.
        work: what it does.
        started: set once it is far enough to be used.
    """

    def __init__(
        self, name: str, work: Callable[[], object], started: threading.Event | None = None
    ) -> None:
        super().__init__(name=name, daemon=True)
        self._work = work
        self._started_well = started
        self._error: BaseException | None = None

    def run(self) -> None:
        """Do it."""
        try:
            self._work()
        except BaseException as error:
            self._error = error
        finally:
            if self._started_well is not None:
                self._started_well.set()

    def begin(self) -> None:
        """Start, and wait until it can be used."""
        self.start()
        if self._started_well is not None:
            if not self._started_well.wait(PATIENCE):
                raise TimeoutError(f"{self.name} has not begun within {PATIENCE:g} seconds")
            self._raise()

    def finish(self) -> None:
        """Wait until it has ended."""
        self.join(PATIENCE)
        if self.is_alive():
            raise TimeoutError(f"{self.name} has not ended within {PATIENCE:g} seconds")
        self._raise()

    def _raise(self) -> None:
        error, self._error = self._error, None
        if error is not None:
            raise error


@contextmanager
def working(thread: Worker, stop: Callable[[], object]) -> Iterator[None]:
    """Have a thread run while the body does."""
    thread.begin()
    try:
        yield
    except BaseException:
        stop()
        with suppress(Exception):  # the body's own error says more
            thread.finish()
        raise
    stop()
    thread.finish()
