"""What one message of a hub brings an eater."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..dumpling import Dumpling
from .gaps import Gap

#: How far an eater has come: for each stream of dumplings, the number of the last one that it was
#: offered. JSON can hold it.
Cursor = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class DumplingBatch:
    """Dumplings that came together, or a gap, and how far the eater has come with them.

    Attributes:
        texts: the JSON of each dumpling, to the byte as it came (but on one line each); none in
            a batch that only says how far the eater has come, or that there is a gap.
        gap: what is missing here, if something is.
        cursor: how far the eater has come when it has dealt with this batch. Keep it together with
            what you keep of the batch, and give it as ``resume`` to an eater that is to go on from
            here. None if nobody knows: no hub that speaks ``netdumplings.v2`` was there yet.
    """

    texts: Sequence[str]
    gap: Gap | None
    cursor: Cursor | None

    def dumplings(self) -> list[Dumpling]:
        """Read the dumplings."""
        return [Dumpling.from_json(text) for text in self.texts]
