"""Whether a live kitchen keeps up with its packets, and what to say if not; no clock in here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

#: Seconds without a packet dropped after which an episode is over.
CALM: Final = 60.0
#: The part of the time from which on a chef is what holds the kitchen up.
MUCH: Final = 0.25


class Behind(NamedTuple):
    """The kernel drops packets: an episode has begun.

    Attributes:
        dropped: packets dropped in it so far.
        chef: the name of the chef that took most time since; empty if there are none.
        share: how much of that time it took, 0 to 1.
    """

    dropped: int
    chef: str
    share: float


class CaughtUp(NamedTuple):
    """No packet was dropped for `CALM` seconds: an episode is over.

    Attributes:
        dropped: packets dropped in the whole of it.
        seconds: how long it was from the first to the last of them.
    """

    dropped: int
    seconds: float


class _Episode(NamedTuple):
    """What was known when packets were first seen to be dropped."""

    began: float
    dropped_before: int
    seconds: Mapping[str, float]
    told: bool = False


class Watch:
    """Looks at a kitchen's counts now and then; tells when it falls behind, and has caught up."""

    def __init__(self) -> None:
        self._dropped = 0
        self._last_drop = 0.0
        self._episode: _Episode | None = None

    def look(
        self, now: float, dropped: int, seconds: Mapping[str, float]
    ) -> Behind | CaughtUp | None:
        """Take the counts as they are now.

        Args:
            now: seconds of any steady clock.
            dropped: packets that the kernel has dropped so far.
            seconds: how long each chef has taken so far, by its name.

        Returns:
            what is new, if anything is. Each episode is told once at its end, and once at its
            begin: one look later than the first drop is seen, for what the chefs did before they
            had so much to do says nothing.
        """
        episode = self._episode
        if dropped > self._dropped:
            self._last_drop = now
            if episode is None:
                self._episode = _Episode(now, self._dropped, seconds)
        self._dropped = dropped
        if episode is None:
            return None
        if not episode.told:
            self._episode = episode._replace(told=True)
            return _behind(episode, now, dropped, seconds)
        if now - self._last_drop < CALM:
            return None
        self._episode = None
        return CaughtUp(dropped - episode.dropped_before, self._last_drop - episode.began)


def _behind(episode: _Episode, now: float, dropped: int, seconds: Mapping[str, float]) -> Behind:
    taken = {chef: total - episode.seconds.get(chef, 0.0) for chef, total in seconds.items()}
    chef = max(taken, key=taken.__getitem__, default="")
    elapsed = now - episode.began
    share = min(1.0, taken[chef] / elapsed) if chef and elapsed > 0 else 0.0
    return Behind(dropped - episode.dropped_before, chef, share)


def advice(behind: Behind, *, filters: bool, takes_batches: bool) -> str:
    """Say what holds a kitchen up and what would help; to go on after a colon.

    Args:
        behind: what was seen.
        filters: whether the chef that took most time has a ``packet_filter``.
        takes_batches: whether it has a ``batch_handler``.
    """
    if behind.share < MUCH:
        return (
            f"no chef takes much of the time (most: {behind.chef}, {behind.share:.0%}); "
            "a larger --buffer-size or a narrower --filter would help"
        )
    filtering = "a narrower packet_filter" if filters else "a packet_filter"
    handling = "doing less for each packet" if takes_batches else "a batch_handler"
    return (
        f"chef {behind.chef} took {behind.share:.0%} of the time; "
        f"{filtering} or {handling} in it would help"
    )


class Bites:
    """How many packets to give to the chefs at once: as many as they take a quarter second for.

    So a kitchen whose chefs are slow still pokes them when it is time, and looks at its counts.

    Attributes:
        size: how many packets the next bite may have.
    """

    SECONDS: Final = 0.25
    LARGEST: Final = 1 << 16

    def __init__(self) -> None:
        self.size = 64

    def took(self, packets: int, seconds: float) -> None:
        """Learn how long the last bite took.

        Args:
            packets: how many it had.
            seconds: how long it took.
        """
        fitting = packets * self.SECONDS / seconds if seconds > 0 else self.LARGEST
        self.size = int(min(max(fitting, 1), self.LARGEST))
