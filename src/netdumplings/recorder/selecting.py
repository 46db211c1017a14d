"""Chooses the dumplings of recordings that are to be replayed, and counts the others."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from ..exceptions import DamagedRecording
from ..recording import (
    STDIN,
    Damage,
    Found,
    Missed,
    checked,
    is_there,
    new_parts,
    read_recording,
    whereabouts,
)
from ..wire import Metadata

logger = logging.getLogger("netdumplings.recorder")

#: How many damaged places are named in the log; there may be a million.
_NAMED: Final = 10


class Chosen(NamedTuple):
    """A dumpling of a recording.

    Attributes:
        metadata: what it says of itself.
        line: its JSON, in UTF-8 and on one line.
    """

    metadata: Metadata
    line: bytes


@dataclass
class Counts:
    """What was found in recordings.

    Attributes:
        chosen: dumplings that were wanted.
        filtered_out: those that were not.
        gaps: notes of gaps.
        missed: dumplings that are missing there.
        damaged: what was no dumpling.
    """

    chosen: int = 0
    filtered_out: int = 0
    gaps: int = 0
    missed: int = 0
    damaged: int = 0

    def __str__(self) -> str:
        told = [f"{self.chosen:,} dumplings"]
        if self.filtered_out:
            told.append(f"{self.filtered_out:,} others filtered out")
        if self.gaps:
            told.append(f"{self.missed:,} missing in {self.gaps:,} gaps")
        if self.damaged:
            told.append(f"{self.damaged:,} damaged")
        return ", ".join(told)


class Selection:
    """The dumplings of some recordings that are wanted, in their order.

    Args:
        files: the files.
        wanted: tells by its metadata whether a dumpling is wanted.
        strict: whether what is damaged ends it.

    Attributes:
        counts: what was found so far.
    """

    def __init__(
        self, files: Sequence[Path], wanted: Callable[[Metadata], bool], *, strict: bool = False
    ) -> None:
        self._files = files
        self._wanted = wanted
        self._strict = strict
        self.counts = Counts()

    def __iter__(self) -> Iterator[Chosen]:
        """Read all files once.

        Raises:
            RecordingUnavailable: a file cannot be read at all.
            DamagedRecording: something is damaged, and it is to be strict.
        """
        counts = self.counts
        for found in self._found():
            if isinstance(found, Missed):
                counts.gaps += 1
                counts.missed += found.missed
            elif isinstance(found, Damage):
                self._deal_with(found)
            else:
                metadata = checked(found)
                if self._wanted(metadata):
                    counts.chosen += 1
                    yield Chosen(metadata, found)
                else:
                    counts.filtered_out += 1

    def _found(self) -> Iterator[Found]:
        known = list(self._files)
        for listed in self._files:
            if not is_there(listed):
                logger.warning("%s: left out: it was deleted since the replay began", listed)
                continue
            # Whoever records meanwhile finishes files: these come before the one that is written.
            # (While one is read, so may be the next.)
            while new := new_parts(whereabouts(listed), known):
                known.append(new[0])
                yield from read_recording(new[0])
            yield from read_recording(whereabouts(listed))

    def _deal_with(self, damage: Damage) -> None:
        name = "standard input" if damage.path == STDIN else str(damage.path)
        if self._strict:
            raise DamagedRecording(name, damage.where, damage.problem)
        self.counts.damaged += 1
        if self.counts.damaged <= _NAMED:
            logger.warning("%s, %s: left out: %s", name, damage.where, damage.problem)
        elif self.counts.damaged == _NAMED + 1:
            logger.warning("%s, %s: more is damaged; the rest is counted", name, damage.where)
