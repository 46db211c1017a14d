"""What an eater asks a hub for, as users write it and as a hub takes it."""

from __future__ import annotations

import math
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ..dumpling import DumplingDriver
from ..wire import ENCODINGS, MAX_NAME, EaterSide, Matcher, Subscription, subscription
from ..wire.messages import MAX_LAST, MAX_PATTERNS

#: From when on: seconds since the epoch; a point in time; so long ago.
Since = float | datetime | timedelta


@dataclass(frozen=True)
class Wishes:
    """What an eater wants; make it with `wishes`.

    Attributes:
        subscription: the dumplings it wants.
        asked: the subscription that a hub is told. It lets everything through that a hub has no
            room to be told about.
        last: how many dumplings of the past, at most.
        since: from when on it wants those of the past.
        resume: how far it has come already; None for a first time.
        encodings: how the hub may compress, the best first.
    """

    subscription: Subscription
    asked: Subscription
    last: int | None
    since: Since | None
    resume: Mapping[str, int] | None
    encodings: tuple[str, ...]

    @property
    def of_the_past(self) -> bool:
        """Whether it wants dumplings of the time before it came."""
        return (self.last, self.since, self.resume) != (None, None, None)

    def side(self, announcement: str) -> EaterSide:
        """Begin to talk in ``netdumplings.v2``; what was to be so long ago is so from now.

        Args:
            announcement: as `wire.eater_hello` writes it.
        """
        return EaterSide(
            announcement,
            self.asked,
            last=self.last,
            since=None if self.since is None else _seconds(self.since),
            resume=self.resume,
            encodings=self.encodings,
        )

    def matcher(self, *, told: bool) -> Matcher | None:
        """Return what tells wanted dumplings from others; None if every one that comes is wanted.

        Args:
            told: whether the hub knows what is `asked`.
        """
        known = self.asked if told else Subscription()
        return None if known == self.subscription else Matcher(self.subscription)


def wishes(
    *,
    chefs: Collection[str] | None = None,
    kitchens: Collection[str | None] | None = None,
    drivers: Collection[DumplingDriver] | None = None,
    last: int | None = None,
    since: Since | None = None,
    resume: Mapping[str, int] | None = None,
    compression: bool | Collection[str] = False,
) -> Wishes:
    """Check what a user wants.

    Args:
        chefs: names or shell patterns of chefs; None for all.
        kitchens: likewise; None among them stands for the hub itself.
        drivers: what made the chef make the dumpling.
        last: how many dumplings of the past.
        since: from when on.
        resume: how far it has come already.
        compression: True for any that we know; or names, the best first.

    Raises:
        TypeError: one name where a list of them is needed.
        ValueError: an unknown driver or compression; a number or time that no hub takes.
    """
    for option, names in (
        ("chef_filter", chefs),
        ("kitchen_filter", kitchens),
        ("driver_filter", drivers),
        ("compression", compression),
    ):
        if isinstance(names, str):
            raise TypeError(f"{option} is a list: [{names!r}]")
        if isinstance(names, DumplingDriver):
            raise TypeError(f"{option} is a list: [{names}]")
    if last is not None and not 0 <= last <= MAX_LAST:
        raise ValueError(f"last is how many dumplings, at most {MAX_LAST:,}, not {last:,}")
    if since is not None and not math.isfinite(_seconds(since)):
        raise ValueError(f"since is a time, not {since}")
    if isinstance(since, timedelta) and since < timedelta():
        raise ValueError(f"since is how long ago, not {since} in the future")
    encodings = (ENCODINGS if compression else ()) if isinstance(compression, bool) else compression
    if unknown := set(encodings) - set(ENCODINGS):
        raise ValueError(f"compression is one of {', '.join(ENCODINGS)}, not {min(unknown)!r}")
    wanted = subscription(
        chefs=chefs,
        kitchens=kitchens,
        drivers=None if drivers is None else [DumplingDriver(driver).value for driver in drivers],
    )
    # A hub has room for so many; the rest is then sorted out here.
    asked = Subscription(
        chefs=wanted.chefs if _fits(wanted.chefs) else None,
        kitchens=wanted.kitchens if _fits(wanted.kitchens) else None,
        drivers=wanted.drivers,
    )
    return Wishes(
        wanted, asked, last, since, None if resume is None else dict(resume), tuple(encodings)
    )


def _fits(names: Sequence[str | None] | None) -> bool:
    return names is None or (
        len(names) <= MAX_PATTERNS and all(len(name or "") <= MAX_NAME for name in names)
    )


def _seconds(since: Since) -> float:
    """Return seconds since the epoch."""
    if isinstance(since, timedelta):
        return time.time() - since.total_seconds()
    return since.timestamp() if isinstance(since, datetime) else float(since)
