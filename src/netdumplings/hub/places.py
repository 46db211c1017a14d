"""So many names and no more: who is told apart, and who is one of the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, Generic, Protocol, TypeVar

#: Characters of a name.
MAX_LABEL: Final = 64
#: What those are called that are too many to be told apart.
OTHER: Final = "other"

Name = tuple[str, ...]


class Place(Protocol):
    """What is kept by a name.

    Attributes:
        name: the name.
        here: how many of that name are connected.
    """

    name: Name
    here: int


P = TypeVar("P", bound=Place)


class Places(Generic[P]):
    """What is kept by names, of which anybody may have any.

    When a name is new and there is no room, that one makes place of which everybody has been gone
    longest. If nobody has, the new one is one of the others, as long as it is connected.

    Args:
        limit: how many names are told apart.
        make: makes what is kept by a name.
        other: what is kept of all others.
    """

    def __init__(self, limit: int, make: Callable[[Name], P], other: P) -> None:
        self._limit = limit
        self._make = make
        self._other = other
        self._places: dict[Name, P] = {}

    def enter(self, name: Name) -> P:
        """Note that somebody of a name is here, and return what is kept by it."""
        # Who is called as the others are together is one of them: nobody could tell the two apart.
        place = self._other if name == self._other.name else self._places.get(name)
        if place is None and len(self._places) >= self._limit:
            longest_gone = next((one for one, kept in self._places.items() if not kept.here), None)
            if longest_gone is None:
                place = self._other
            else:
                del self._places[longest_gone]
        if place is None:
            place = self._places[name] = self._make(name)
        place.here += 1
        return place

    def leave(self, place: P) -> None:
        """Note that somebody has gone, of whom this is kept."""
        place.here -= 1
        if not place.here and place is not self._other:
            # At the end: the first that has nobody here is the one that has been so longest.
            self._places[place.name] = self._places.pop(place.name)

    def __iter__(self) -> Iterator[P]:
        """Yield what is kept, that of all others last."""
        yield from self._places.values()
        yield self._other


def label(name: str) -> str:
    """Write what somebody calls itself so that it can be shown, if it is long, not all of it."""
    if not name.isprintable():
        name = "".join(
            one if one.isprintable() else one.encode("unicode_escape").decode() for one in name
        )
    return name if len(name) <= MAX_LABEL else f"{name[: MAX_LABEL - 3]}..."
