"""What chefs remember of very many things at once: numpy columns with a row for each key."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import repeat
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.intp]

_FEWEST: Final = 256


class KeyedRows:
    """A table with a row for each of some keys, which may come and go.

    It grows up to its size, and asks that nobody adds more: who does must `remove` first.

    Args:
        size: how many rows there can be.
        layout: what a row has.

    Attributes:
        size: as given.
        data: the rows; those in use and others, see `used`. Another array once it has grown.
        keys: the key of each row; None for those not in use.
    """

    def __init__(self, size: int, layout: np.dtype[Any]) -> None:
        self.size = size
        self.data = np.zeros(min(size, _FEWEST), layout)
        self.keys: list[bytes | None] = [None] * len(self.data)
        self._is_used = np.zeros(len(self.data), np.bool_)
        self._rows: dict[bytes, int] = {}
        self._free = list(range(len(self.data)))[::-1]

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, key: bytes) -> bool:
        return key in self._rows

    def used(self) -> Rows:
        """The rows that are in use, in no particular order."""
        return np.flatnonzero(self._is_used)

    def find(self, keys: Sequence[bytes]) -> Rows:
        """The row of each key, or -1."""
        return np.fromiter(map(self._rows.get, keys, repeat(-1)), np.intp, len(keys))

    def add(self, keys: Sequence[bytes]) -> Rows:
        """Make rows, all zeros, for keys that have none, each different from the others."""
        if not keys:
            return np.zeros(0, np.intp)
        while len(self._free) < len(keys):
            self._grow()
        places = self._free[-len(keys) :][::-1]
        del self._free[-len(keys) :]
        self._rows.update(zip(keys, places, strict=True))
        for place, key in zip(places, keys, strict=True):
            self.keys[place] = key
        rows = np.array(places, np.intp)
        self.data[rows] = np.zeros((), self.data.dtype)
        self._is_used[rows] = True
        return rows

    def remove(self, rows: Rows) -> None:
        """Let go of rows that are in use, and of their keys."""
        places = rows.tolist()
        for place in places:
            key = self.keys[place]
            assert key is not None
            del self._rows[key]
            self.keys[place] = None
        self._free += places
        self._is_used[rows] = False

    def in_the_way(self, coming: int, busy: Rows, by: str) -> Rows:
        """Which rows must make way if so many keys are to be added; the first ones first.

        Args:
            coming: how many.
            busy: rows that must not make way: together with those to come, there are no more of
                them than there can be.
            by: the column by which the smallest make way.
        """
        missing = len(self) + coming - self.size
        if missing <= 0:
            return np.zeros(0, np.intp)
        others = self._is_used.copy()
        others[busy] = False
        rows = np.flatnonzero(others)
        rows = rows[np.argpartition(self.data[by][rows], missing - 1)[:missing]]
        return rows[np.lexsort((rows, self.data[by][rows]))]

    def _grow(self) -> None:
        before = len(self.data)
        if before >= self.size:
            raise ValueError(f"there are only {self.size} rows")
        more = min(self.size, 2 * before) - before
        self.data = np.concatenate((self.data, np.zeros(more, self.data.dtype)))
        self._is_used = np.concatenate((self._is_used, np.zeros(more, np.bool_)))
        self.keys += [None] * more
        self._free = list(range(before, before + more))[::-1] + self._free
