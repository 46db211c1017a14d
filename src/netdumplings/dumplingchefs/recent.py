"""What chefs remember of a network that may hold any number of names and addresses."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class RecentDict(OrderedDict[K, V]):
    """A dict that keeps what was set latest, and forgets the rest.

    What is taken out gives its room back.

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
        self._weigh = weigh
        self._weight = 0

    def __setitem__(self, key: K, value: V) -> None:
        is_new = key not in self
        super().__setitem__(key, value)
        if not is_new:
            self.move_to_end(key)
        elif self._weigh is None:
            if len(self) > self.size:
                super().__delitem__(next(iter(self)))
                self.forgotten += 1
        else:
            self._weight += self._weigh(key)
            while self._weight > self.size:
                del self[next(iter(self))]
                self.forgotten += 1

    def __delitem__(self, key: K) -> None:
        super().__delitem__(key)
        if self._weigh is not None:
            self._weight -= self._weigh(key)

    # (Whether OrderedDict's own `pop` and `popitem` call `__delitem__` depends on the Python.)

    def pop(self, key: K, *default: Any) -> Any:
        """Take a key out; returns its value, or the default, as of `dict`."""
        if key not in self and default:
            return default[0]
        value = self[key]
        del self[key]
        return value

    def popitem(self, last: bool = True) -> tuple[K, V]:
        """Take out the key that was set latest, or first."""
        if not self:
            raise KeyError("there is nothing in it")
        key = next(reversed(self) if last else iter(self))
        return key, self.pop(key)

    def clear(self) -> None:
        """Take out everything; what had to make way before stays counted."""
        super().clear()
        self._weight = 0
