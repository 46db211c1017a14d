"""Where the chefs' thread is: in whose handler, and since which call; to be read by others."""

from __future__ import annotations

from typing import Final, NamedTuple

#: Bytes of memory that whereabouts need.
SIZE: Final = 64
#: The words in it: the number of the chef whose handler runs, and that of the call.
CHEF: Final = 0
CALL: Final = 1
#: The word that is counted up every moment, as long as any thread of the process gets to run.
BEAT: Final = 2
#: The word, of whereabouts that only isolated chefs have, with the number of the handler's name.
HANDLER: Final = 3
HANDLERS: Final = ("packet_handler", "batch_handler", "interval_handler", "closing_handler")


class Whereabout(NamedTuple):
    """Where the chefs' thread was at one moment.

    Two that are equal, and not of chef 0, are of the same call of a handler, if no more than an
    hour lies between them.

    Attributes:
        chef: the number of the chef whose handler runs, 1 for the first; 0 for none.
        call: a number that is another one at the chef's next call.
    """

    chef: int
    call: int


class Whereabouts:
    """A few bytes in which the chefs' thread leaves word where it is.

    They may be memory that processes share: whoever runs the kitchen in a process of its own sees
    from outside which chef is at fault, even where not another line of Python runs in it any more,
    or the process has ended. They are unsigned words of 64 bits, in the machine's order: the number
    of the chef whose handler runs, counted from 1 in the order of `DumplingKitchen.chefs`, or 0;
    then a number that changes with every call. The first is written last; it is set to 0 before
    anything is waited for: packets, the next poke, or whoever takes the dumplings. Between two
    handlers that are called one right after the other it stays.

    Args:
        buffer: at least `SIZE` bytes of writable memory, at an address that 8 divides; None for
            some that nobody else sees.

    Attributes:
        words: the memory, for who writes.

    Raises:
        ValueError: the memory is too small or cannot be written to.
    """

    __slots__ = ("words",)

    def __init__(self, buffer: bytearray | memoryview | None = None) -> None:
        view = memoryview(bytearray(SIZE) if buffer is None else buffer)
        if view.readonly or view.nbytes < SIZE:
            raise ValueError(f"whereabouts need {SIZE} bytes of memory that can be written to")
        self.words = view.cast("B")[:SIZE].cast("Q")

    def read(self) -> Whereabout:
        """Where the chefs' thread is now."""
        # In this order: if the call is still the one that was seen before, it ran at the moment
        # that the first word was read.
        chef = self.words[CHEF]
        return Whereabout(chef, self.words[CALL])

    def release(self) -> None:
        """Let go of the memory, so that it can be unmapped; nothing may be asked after that."""
        self.words.release()
