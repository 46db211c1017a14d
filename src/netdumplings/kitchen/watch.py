"""Whether a call of a chef's handler takes too long, and what to do about it; no clock in here."""

from __future__ import annotations

from typing import Final, NamedTuple

from ..whereabouts import Whereabout

#: Seconds after which a call that has not returned is talked about.
LONG: Final = 2.0
#: Seconds between two tries to end a call.
ASK_AGAIN: Final = 1.0
#: After so many tries it is said that there is no ending it.
TRIES: Final = 3


class Stuck(NamedTuple):
    """A call has not returned for long: told once.

    Attributes:
        call: the call.
        seconds: for how long.
    """

    call: Whereabout
    seconds: float


class Spent(NamedTuple):
    """A call has used up its time, and is to be ended: told until it has.

    Attributes:
        call: the call.
        seconds: how long it has run.
        tries: how often this was told before.
    """

    call: Whereabout
    seconds: float
    tries: int


class Returned(NamedTuple):
    """A call that was told to be stuck has returned, or was ended.

    Attributes:
        call: the call.
        seconds: how long it took, at least.
        ended: whether it was told to be `Spent`.
    """

    call: Whereabout
    seconds: float
    ended: bool


News = Stuck | Spent | Returned


class CallWatch:
    """Looks now and then at where the chefs' thread is; tells when that is for too long."""

    def __init__(self) -> None:
        self._call = Whereabout(0, 0)
        self._since = 0.0
        self._told = False
        self._tries = 0
        self._try_at = 0.0

    def look(self, now: float, call: Whereabout, budget: float) -> News | None:
        """See where the thread is now.

        Args:
            now: seconds of any steady clock.
            call: where it is.
            budget: how many seconds a call may take; 0 for any.

        Returns:
            what is new, if anything is.
        """
        if call != self._call:
            told, ended = self._told, self._tries > 0
            before, seconds = self._call, now - self._since
            self._call, self._since = call, now
            self._told, self._tries, self._try_at = False, 0, 0.0
            return Returned(before, seconds, ended) if told else None
        if not call.chef:
            return None
        seconds = now - self._since
        if seconds >= LONG and not self._told:
            self._told = True
            return Stuck(call, seconds)
        if budget and seconds >= budget and now >= self._try_at:
            self._told = True
            self._try_at = now + ASK_AGAIN
            self._tries += 1
            return Spent(call, seconds, self._tries - 1)
        return None
