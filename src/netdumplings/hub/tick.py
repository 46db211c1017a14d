"""What came in during one tick of the event loop."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from .runs import Hole, Run, cursor_of


class Tick:
    """Gathers runs of dumplings, and where some are missing, in their order.

    Attributes:
        runs: the runs.
        holes: where dumplings are missing.
        count: how many dumplings there are.
        size: bytes that they take.
        cursor: up to where they go, by stream.
    """

    def __init__(self) -> None:
        self.runs: list[Run] = []
        self.holes: list[Hole] = []
        self.count = 0
        self.size = 0
        self.cursor: dict[str, int] = {}
        self._items: list[Run | Hole] = []
        self._growing: Run | None = None

    def __bool__(self) -> bool:
        return bool(self._items)

    def add(self, run: Run) -> None:
        """Take in a run; it belongs to the tick then."""
        self.count += run.count
        self.size += run.size
        self.cursor.update(cursor_of([run]))
        if self._growing is None or not self._growing.extend(run):
            self._growing = run
            self._items.append(run)
            self.runs.append(run)

    def miss(self, hole: Hole) -> None:
        """Take in that something is missing here."""
        self.cursor.update(hole.cursor)
        self.holes.append(hole)
        self._items.append(hole)
        self._growing = None

    def pieces(self) -> Iterator[list[Run] | Hole]:
        """Yield, in their order, the runs between two holes together, and each hole."""
        for is_hole, items in groupby(self._items, lambda item: isinstance(item, Hole)):
            if is_hole:
                yield from (item for item in items if isinstance(item, Hole))
            else:
                yield [item for item in items if isinstance(item, Run)]
