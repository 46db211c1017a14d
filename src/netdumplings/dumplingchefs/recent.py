"""What chefs remember of a network that may hold any number of names and addresses."""

from __future__ import annotations

from collections import OrderedDict
from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")


class RecentDict(OrderedDict[K, V]):
    """A dict that keeps what was set latest, and forgets the rest.

    Args:
        size: how many keys it keeps.

    Attributes:
        forgotten: how many times a key had to make way.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size
        self.forgotten = 0

    def __setitem__(self, key: K, value: V) -> None:
        super().__setitem__(key, value)
        self.move_to_end(key)
        if len(self) > self.size:
            self.popitem(last=False)
            self.forgotten += 1
