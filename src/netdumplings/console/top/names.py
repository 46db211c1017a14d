"""The host names that are looked up, as `DNSLookupChef` tells."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import Any, Final

from ..fleet.values import is_count, mapping, seconds, text

#: How many names are kept of a kitchen, and how many kitchens: a chef tells of some 2000.
MOST_NAMES: Final = 2000
MOST_KITCHENS: Final = 64


@dataclass(slots=True)
class Name:
    """A host name: how often it was looked up, and when last (seconds since the epoch)."""

    count: int = 0
    latest: float = 0.0


class Names:
    """How often which host name was looked up since the kitchens started."""

    def __init__(self) -> None:
        self._by_kitchen: dict[str | None, dict[str, Name]] = {}
        self._forgotten: dict[str | None, int] = {}

    @property
    def forgotten(self) -> int:
        """How many times a kitchen had to forget a name, to make room for others."""
        return sum(self._forgotten.values())

    def take(self, kitchen: str | None, payload: Any) -> None:
        """Take the payload of a `DNSLookupChef`: a lookup, or all that it knows."""
        told = mapping(payload)
        # Put last, so that the kitchen not heard of for longest is first to go.
        names = self._by_kitchen[kitchen] = self._by_kitchen.pop(kitchen, {})
        while len(self._by_kitchen) > MOST_KITCHENS:
            gone = next(iter(self._by_kitchen))
            del self._by_kitchen[gone]
            self._forgotten.pop(gone, None)
        lookup = mapping(told.get("lookup"))
        hostname = text(lookup.get("hostname"))
        if hostname is not None:
            # Likewise.
            name = names.pop(hostname, None) or Name()
            names[hostname] = Name(name.count + 1, seconds(lookup.get("when")) or name.latest)
            while len(names) > MOST_NAMES:
                del names[next(iter(names))]
        seen = told.get("lookups_seen")
        if isinstance(seen, dict):
            self._by_kitchen[kitchen] = _seen(seen)
            forgotten = told.get("lookups_forgotten")
            self._forgotten[kitchen] = forgotten if is_count(forgotten) else 0

    def top(self, many: int, search: str = "") -> tuple[list[tuple[str, Name]], int]:
        """Return the names looked up most.

        Args:
            many: how many of them.
            search: only names that this is part of, whatever the case.

        Returns:
            the names, and how many there are in all.
        """
        together: dict[str, Name] = {}
        wanted = search.casefold()
        for names in self._by_kitchen.values():
            for hostname, name in names.items():
                if wanted and wanted not in hostname.casefold():
                    continue
                so_far = together.setdefault(hostname, Name())
                so_far.count += name.count
                so_far.latest = max(so_far.latest, name.latest)
        top = heapq.nsmallest(many, together.items(), key=lambda one: (-one[1].count, one[0]))
        return top, len(together)


def _seen(told: dict[str, Any]) -> dict[str, Name]:
    # The latest are the last in it.
    latest = list(told)[-MOST_NAMES:]
    names = {}
    for hostname in latest:
        known = mapping(told[hostname])
        count = known.get("count")
        if is_count(count):
            names[hostname[:256]] = Name(count, seconds(known.get("latest")) or 0.0)
    return names
