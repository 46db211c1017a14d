"""What chefs remember of a network that may hold any number of names and addresses."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")


class RecentDict(OrderedDict[K, V]):
    """A dict that keeps what was set latest, and forgets the rest.

    What is taken out with ``del`` gives its room back. (There is no other way to do so: ``pop`` and
    the like know nothing of room.)

    Args:
        size: how much it keeps.
        weigh: how much of that a key takes with its value, whatever the value; 1 if None.

    Attributes:
        forgotten: how many times a key had to make way.
    """

    def __init__(self, size: int, weigh: Callable[[K], int] | None = None) -> None:
        super().__init__()
        self.size = size
        self.forgotten = 0
        self._weigh = weigh or _one
        self._weight = 0

    def __setitem__(self, key: K, value: V) -> None:
        if key not in self:
            self._weight += self._weigh(key)
        super().__setitem__(key, value)
        self.move_to_end(key)
        while self._weight > self.size:
            del self[next(iter(self))]
            self.forgotten += 1

    def __delitem__(self, key: K) -> None:
        super().__delitem__(key)
        self._weight -= self._weigh(key)


def _one(_key: object) -> int:
    return 1
