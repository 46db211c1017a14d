"""Spares a kitchen the packets that no chef of it is for: the kernel does not pass them on."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from ..capture.narrowing import union, why_not_joined
from .stations import Station

logger = logging.getLogger(__name__)


@runtime_checkable
class Narrowable(Protocol):
    """A source of packets that can be told which are wanted."""

    def narrow(self, only: Sequence[str] | None) -> None:
        """See `LiveSource.narrow`."""
        ...


class Narrowing:
    """Tells a source which packets the chefs of a kitchen are for, if each says so.

    Args:
        source: where the packets come from.
        stations: the chefs; a list that others may change.

    Attributes:
        filter: what the source was told, as one filter; None for every packet.
    """

    def __init__(self, source: Narrowable, stations: Sequence[Station]) -> None:
        self._source = source
        self._stations = stations
        self._only: tuple[str, ...] | None = None
        self.filter: str | None = None

    def look(self) -> None:
        """See who is at work, and tell the source if that makes a difference."""
        only = filters_of(self._stations)
        if only == self._only:
            return
        self._only = only
        if only is not None:
            problem = why_not_joined(only)
            if problem is not None:
                logger.info(
                    "the kernel passes on what no chef is for, too, as there is no filter for "
                    "all of them: %s",
                    problem,
                )
                only = None
        told = None if only is None else union(only)
        if told == self.filter:
            return
        self.filter = told
        self._source.narrow(only)
        if told is not None and not only:
            logger.info("the kernel passes on nothing: no chef is at work")
        elif told is not None:
            logger.info("the kernel passes on what a chef is for, and no more: %s", told)
        else:
            logger.info("the kernel passes on every packet again that passes the kitchen's filter")


def filters_of(stations: Sequence[Station]) -> tuple[str, ...] | None:
    """The filters of those chefs that are at work.

    Returns:
        each once, in their order; None if one of the chefs wants every packet.
    """
    found: dict[str, None] = {}
    for station in stations:
        if station.chef is None or station.resting:
            continue
        if not station.filter or not station.filter.strip():
            return None
        found[station.filter] = None
    return tuple(found)
