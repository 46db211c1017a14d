"""What is wrong with a kitchen, in words, the worst first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from ..figures import short, span
from ..text import printable
from .fleet import Kitchen
from .levels import Level

#: Seconds behind from which on that is worth a word.
BEHIND: Final = 3.0
#: What is said of the places where a kitchen may lose something, as `Losses` has them.
PLACES: Final = {
    "kernel": "kernel lost {}",
    "interface": "interface lost {}",
    "kitchen": "kitchen lost {}",
    "chefs": "slow chefs missed {}",
    "outbox": "outbox lost {} dumplings",
}


def said_of(kitchen: Kitchen, now: float) -> str:
    """Say what is wrong with a kitchen, and which of its chefs rest; arguments as of `troubles`."""
    resting = (f"{printable(chef)} not wanted" for chef in kitchen.status.not_wanted)
    return ", ".join([*troubles(kitchen, now), *resting]) or "nothing"


def level(kitchen: Kitchen) -> Level:
    """Tell how bad it is."""
    status = kitchen.status
    if not kitchen.gone and kitchen.rates is not None and kitchen.rates.lost > 0:
        return Level.losing
    if not kitchen.gone and (status.stuck or status.quarantined):
        return Level.broken
    if kitchen.gone or status.losses.everything:
        return Level.lost
    if status.errors or (status.behind or 0) >= BEHIND:
        return Level.odd
    return Level.fine


def worst_first(kitchens: Iterable[Kitchen]) -> list[Kitchen]:
    """Sort kitchens: those that lose most first, those where all is well by their name."""

    def how_bad(kitchen: Kitchen) -> tuple[float, ...]:
        rates = kitchen.rates
        return (
            -level(kitchen),
            -rates.lost if rates and not kitchen.gone else 0,
            kitchen.gone,
            -kitchen.status.losses.everything,
            -kitchen.status.errors,
        )

    return sorted(kitchens, key=lambda one: (*how_bad(one), one.status.name or ""))


def troubles(kitchen: Kitchen, now: float) -> Iterator[str]:
    """Say what is wrong with a kitchen, the worst first; nothing if all is well.

    Args:
        kitchen: as it is.
        now: seconds since the epoch, by the hub's clock.

    Yields:
        a few words each, with nothing in them that acts on a terminal.
    """
    status = kitchen.status
    if kitchen.gone:
        yield f"gone {span(now - kitchen.seen)}"
    elif kitchen.rates is not None and kitchen.rates.lost > 0:
        yield f"LOSING {short(kitchen.rates.lost)}/s"
    if status.stuck is not None:
        chef, handler, since = status.stuck
        yield f"STUCK {span(since)} in {printable(chef)}.{printable(handler)}"
    for name, why in status.quarantined.items():
        yield f"quarantined {printable(name)}" + (f" ({printable(why)})" if why else "")
    for place, lost in status.losses._asdict().items():
        if lost:
            yield PLACES[place].format(short(lost))
    if status.errors:
        yield f"{short(status.errors)} {'error' if status.errors == 1 else 'errors'}"
    if status.behind is not None and status.behind >= BEHIND:
        yield f"{span(status.behind)} behind"
