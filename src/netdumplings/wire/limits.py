"""How much a hub takes from a peer."""

from __future__ import annotations

from typing import Final

import msgspec

from .. import defaults

#: How many chefs a kitchen may ask about, whether they are wanted.
MAX_ASKED: Final = 64
#: How many streams a cursor may name.
MAX_CURSOR: Final = 1024
#: Bytes that the first message of an eater may be longer for each stream of the cursor it comes
#: back with: the longest name of a stream (64 characters), the largest number, and what parts them.
CURSOR_ENTRY: Final = 84
#: Bytes of a kitchen's batch, apart from its first line, however small the dumplings must be: it
#: knows nothing of a hub's limit.
_BATCH: Final = defaults.MAX_MESSAGE
#: Bytes of the first line of a batch, with room to spare for what later versions may say there.
_FIRST_LINE: Final = 64 * 1024
#: What each limit may be at most.
MOST: Final = {
    "hello": defaults.MOST_FIRST_MESSAGE,
    "message": defaults.MAX_MESSAGE,
    "depth": defaults.MOST_JSON_DEPTH,
}


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What a hub takes from a peer; `DumplingHub` has an argument for each.

    Attributes:
        hello: bytes of a first message.
        message: bytes of a dumpling.
        depth: how deep lists and objects may be nested in a dumpling's payload, and in anything
            else that is in it.

    Raises:
        ValueError: one is out of its range, see `MOST`.
    """

    hello: int = defaults.FIRST_MESSAGE
    message: int = defaults.MAX_MESSAGE
    depth: int = defaults.JSON_DEPTH

    def __post_init__(self) -> None:
        """Check the ranges."""
        for name, most in MOST.items():
            if not 1 <= getattr(self, name) <= most:
                raise ValueError(f"max_{name} is a number from 1 to {most}")

    @property
    def from_kitchen(self) -> int:
        """Bytes of any message of a kitchen."""
        return max(self.message, _BATCH) + _FIRST_LINE

    @property
    def from_eater(self) -> int:
        """Bytes of any message of an eater: a first one, with the largest cursor."""
        return self.hello + MAX_CURSOR * CURSOR_ENTRY


LIMITS: Final = Limits()
