"""Chefs at work: which handler each one has, what it wants to see, and what it has done."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from traceback import clear_frames
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from ..capture import offline_filter
from ..chef import DumplingChef
from ..defaults import STATUS_CHEF
from ..exceptions import BrokenChef, InvalidFilter
from ..packets import PacketBatch
from .tracebacks import one_line, own_traceback

if TYPE_CHECKING:
    from ..capture.filters import OfflineFilter
    from .isolated import Isolated

Mask = npt.NDArray[np.bool_]


class Station:
    """A chef at work.

    Args:
        chef: the chef.
        number: its place among the chefs, counted from 1.
        quarantined: why it is not to be run; None if it is.
        isolated: the process that it runs in; None for this one. What is in the chef's place here
            then has its name, and does nothing.

    Attributes:
        chef: the chef; None when it is quarantined.
        name: its name.
        number: as given.
        quarantined: why it is not run; None while it is.
        isolated: as given.
        filter: its ``packet_filter``; None if it wants every packet.
        takes_batches: whether its ``batch_handler`` is the one to call.
        only_when_wanted: whether it is to rest while nobody wants it.
        resting: whether it does; then it is called for nothing.
        packets: how many packets it was handed.
        missed: how many packets it should have been handed, and was not.
        seconds: how long it took.
        dumplings: how many dumplings it made.
    """

    __slots__ = (
        "chef",
        "dumplings",
        "filter",
        "isolated",
        "missed",
        "name",
        "number",
        "only_when_wanted",
        "packets",
        "quarantined",
        "resting",
        "seconds",
        "takes_batches",
    )

    def __init__(
        self,
        chef: DumplingChef,
        number: int = 1,
        quarantined: str | None = None,
        isolated: Isolated | None = None,
    ) -> None:
        self.chef: DumplingChef | None = chef if quarantined is None else None
        self.name = chef.name
        self.number = number
        self.quarantined = quarantined
        self.isolated = isolated
        self.filter = isolated.filter if isolated else chef.packet_filter
        self.takes_batches = isolated.takes_batches if isolated else takes_batches(chef)
        self.only_when_wanted = bool((isolated or chef).only_when_wanted)
        self.resting = False
        self.packets = 0
        self.missed = 0
        self.seconds = 0.0
        self.dumplings = 0


class Filters:
    """The ``packet_filter`` of each chef, compiled once for all who have the same.

    Args:
        stations: the chefs.

    Raises:
        InvalidFilter: libpcap refuses a filter; it names the chef.
        BrokenChef: a ``packet_filter`` is no text.
    """

    def __init__(self, stations: Sequence[Station]) -> None:
        self._filters: dict[str, OfflineFilter] = {}
        self._owners: dict[str, str] = {}
        for station in stations:
            name, expression = station.name, station.filter
            if expression is None:
                continue
            if not isinstance(expression, str):
                raise BrokenChef(name, f"its packet_filter is no text but {expression!r}")
            if expression in self._filters:
                self._owners[expression] += f", {name}"
                continue
            try:
                self._filters[expression] = offline_filter(expression)
            except InvalidFilter as error:
                raise InvalidFilter(error.filter, error.reason, chef=name) from None
            self._owners[expression] = f"chef {name}"

    def over(self, batch: PacketBatch) -> Filtered:
        """A batch, to be seen through any of the filters."""
        return Filtered(self, batch)

    def matches(self, expression: str, batch: PacketBatch) -> Mask:
        """Tell for each packet of a batch whether one of the filters lets it through."""
        return self._filters[expression].matches(batch, self._owners[expression])


class Filtered:
    """One batch, as chefs with different filters see it; each filter is evaluated at most once.

    Args:
        filters: the filters of all chefs.
        batch: the packets.
    """

    def __init__(self, filters: Filters, batch: PacketBatch) -> None:
        self._filters = filters
        self._whole = batch
        self._masks: dict[str, Mask] = {}
        self._batches: dict[str, PacketBatch] = {}

    def mask(self, expression: str | None) -> Mask:
        """Which packets a filter lets through; None is the filter that lets all."""
        if expression is None:
            return np.ones(len(self._whole), np.bool_)
        if expression not in self._masks:
            self._masks[expression] = self._filters.matches(expression, self._whole)
        return self._masks[expression]

    def batch(self, expression: str | None) -> PacketBatch:
        """The packets that a filter lets through; the same object for all who ask."""
        if expression is None:
            return self._whole
        if expression not in self._batches:
            mask = self.mask(expression)
            self._batches[expression] = self._whole if mask.all() else self._whole.where(mask)
        return self._batches[expression]

    def union(self, expressions: Sequence[str | None]) -> Union:
        """The packets that at least one of some filters lets through."""
        masks = [self.mask(expression) for expression in expressions]
        union = masks[0] if len(set(expressions)) == 1 else np.logical_or.reduce(masks)
        if union is masks[0]:
            packets = self.batch(expressions[0])
        else:
            packets = self._whole if union.all() else self._whole.where(union)
        wanted = [mask[union] for mask in masks]
        return Union(
            packets,
            [None if mask.all() else mask.tolist() for mask in wanted],
            np.flatnonzero(union),
            len(self._whole),
        )


class Union(NamedTuple):
    """The packets of a batch that at least one of some filters lets through.

    Attributes:
        packets: the packets.
        wanted: for each filter whether it lets each of them through; None if it lets them all.
        positions: which packets of the whole batch they are.
        of: how many the whole batch has.
    """

    packets: PacketBatch
    wanted: list[list[bool] | None]
    positions: npt.NDArray[np.intp]
    of: int

    def passed(self, done: int) -> int:
        """How many packets of the whole batch have passed when so many of these have."""
        return self.of if done == len(self.positions) else int(self.positions[done])


def takes_batches(chef: DumplingChef) -> bool:
    """Whether a chef's ``batch_handler`` is to be called, or its ``packet_handler``.

    Of the two, that of the most derived class counts, as with any method: whoever overrides
    ``packet_handler`` of a chef that takes batches wants to see it called. One class that defines
    both takes batches.
    """
    if getattr(chef, "batch_handler", None) is None:
        return False
    for owner in (chef, *type(chef).__mro__):
        if "batch_handler" in vars(owner):
            return True
        if "packet_handler" in vars(owner):
            return False
    return True


def make_chef(chef: type[DumplingChef], kitchen: object) -> DumplingChef:
    """Make a chef of its class.

    Raises:
        BrokenChef: the class raised, or its ``__init__`` left out the base class's, or it has a
            name that hubs keep for themselves.
    """
    try:
        made = chef(kitchen=kitchen)
    except (Exception, SystemExit) as error:
        raise BrokenChef(chef.__name__, one_line(error), own_traceback(error)) from error
    if not hasattr(made, "dumplings_sent_count"):
        raise BrokenChef(chef.__name__, "its __init__ does not call super().__init__()")
    if made.name == STATUS_CHEF:
        raise BrokenChef(made.name, "hubs keep this name for their own chef; rename the class")
    return made


def stand_in(name: str, kitchen: object) -> DumplingChef:
    """Something in the place of a chef that is not run here: it has the name, and does nothing."""
    idle = DumplingChef(kitchen)
    idle.name = name
    return idle


def forget(chef: DumplingChef | None, error: BaseException | None = None) -> None:
    """Let go of what a chef has in memory, and of what an error of its handler holds there."""
    if error is not None:
        clear_frames(error.__traceback__)
    if chef is not None:
        vars(chef).clear()
    gc.collect()
