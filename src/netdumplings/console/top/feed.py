"""The latest dumplings, and which of them are wanted."""

from __future__ import annotations

import fnmatch
import re
from collections import deque
from dataclasses import dataclass
from typing import Final

#: How many dumplings are kept, how many characters of all of them, and of one.
MOST_ENTRIES: Final = 2000
MOST_CHARACTERS: Final = 8 * 1024 * 1024
LONGEST: Final = 16 * 1024


@dataclass(frozen=True, slots=True)
class Entry:
    """A dumpling, or a gap.

    Attributes:
        number: tells it from all others.
        time: when it was made, in seconds since the epoch; of a gap, when it was told.
        driver: ``packet`` or ``interval``; ``gap`` for a gap.
        chef: the chef's name; empty for a gap.
        kitchen: the kitchen's name, None for the hub.
        text: its JSON, or what there is to say of the gap; no more than `LONGEST` of it.
        size: how many characters it has in full.
    """

    number: int
    time: float
    driver: str
    chef: str
    kitchen: str | None
    text: str
    size: int

    @property
    def is_gap(self) -> bool:
        """Whether it says what is missing."""
        return self.driver == "gap"


class Wanted:
    """What somebody wants to see.

    Args:
        text: words that must all be in the dumpling's JSON, whatever the case; ``chef:NAME`` and
            ``kitchen:NAME`` have to match its chef's and its kitchen's name, and may be shell
            patterns. Several of the one or the other are alternatives.
    """

    def __init__(self, text: str = "") -> None:
        self.text = text.strip()
        chefs: list[str] = []
        kitchens: list[str] = []
        self._words: list[str] = []
        for word in self.text.split():
            key, colon, value = word.partition(":")
            if colon and value and key in ("chef", "kitchen"):
                (chefs if key == "chef" else kitchens).append(value)
            else:
                self._words.append(word.casefold())
        self._chef, self._kitchen = _any(chefs), _any(kitchens)

    def __call__(self, entry: Entry) -> bool:
        """Tell whether a dumpling is wanted; a gap always is."""
        if not self.text or entry.is_gap:
            return True
        if self._chef and not self._chef.match(entry.chef):
            return False
        if self._kitchen and not self._kitchen.match(entry.kitchen or "hub"):
            return False
        if not self._words:
            return True
        text = entry.text.casefold()
        return all(word in text for word in self._words)


class Feed:
    """The latest dumplings.

    Attributes:
        wanted: what is shown of them.
        taken: how many there were in all, gaps not counted.
        missed: how many are missing, as gaps told.
    """

    def __init__(self) -> None:
        self.wanted = Wanted()
        self.taken = 0
        self.missed = 0
        self._number = 0
        self._kept = _Ring()
        self._matching = self._kept

    def take(self, time: float, driver: str, chef: str, kitchen: str | None, text: str) -> None:
        """Take a dumpling."""
        self.taken += 1
        self._append(time, driver, chef, kitchen, text)

    def take_gap(self, time: float, missed: int, text: str) -> None:
        """Take a gap."""
        self.missed += missed
        self._append(time, "gap", "", None, text)

    def filter(self, wanted: Wanted) -> None:
        """Show only what is wanted: of those that are kept, and of those to come."""
        self.wanted = wanted
        self._matching = self._kept
        if wanted.text:
            # So that what is wanted is kept, however much else comes.
            self._matching = _Ring()
            for entry in self._kept.entries:
                if wanted(entry):
                    self._matching.append(entry)

    def latest(self) -> list[Entry]:
        """Return what is wanted, the latest first."""
        return list(reversed(self._matching.entries))

    def _append(self, time: float, driver: str, chef: str, kitchen: str | None, text: str) -> None:
        self._number += 1
        entry = Entry(self._number, time, driver, chef, kitchen, text[:LONGEST], len(text))
        self._kept.append(entry)
        if self._matching is not self._kept and self.wanted(entry):
            self._matching.append(entry)


class _Ring:
    """So many entries, and no more than so many characters of them."""

    def __init__(self) -> None:
        self.entries: deque[Entry] = deque()
        self._characters = 0

    def append(self, entry: Entry) -> None:
        self.entries.append(entry)
        self._characters += len(entry.text)
        while len(self.entries) > MOST_ENTRIES or self._characters > MOST_CHARACTERS:
            self._characters -= len(self.entries.popleft().text)


def _any(patterns: list[str]) -> re.Pattern[str] | None:
    """Return what matches any of these shell patterns; None for none."""
    if not patterns:
        return None
    return re.compile("|".join(f"(?:{fnmatch.translate(pattern)})" for pattern in patterns))
