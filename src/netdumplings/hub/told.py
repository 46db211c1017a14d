"""What kitchens tell of themselves, as far as a hub makes something of it.

Whatever a kitchen says, it cannot do more than be left out.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import islice
from typing import Annotated, Final, NamedTuple

import msgspec

from ..defaults import TRAFFIC_LAYERS

#: Chefs of a kitchen of which something is made.
MAX_CHEFS: Final = 32

_Count = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]

#: What a number is called, and what it is told apart by: a layer, a chef, who dropped packets.
Key = tuple[str, str]

#: Counts that never go down as long as a kitchen runs: whose does has been started again.
STEADY: Final[tuple[Key, ...]] = (("packets_received", ""), ("dumplings_made", ""))


class ChefCounts(msgspec.Struct):
    """What a kitchen has counted of one chef."""

    packets: _Count = 0
    packets_missed: _Count = 0
    seconds: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    dumplings: _Count = 0
    errors: _Count = 0


class Counts(msgspec.Struct):
    """What a kitchen has counted; `kitchen.KitchenStatistics` says what each means."""

    packets_received: _Count = 0
    packets_handled: _Count = 0
    packets_dropped_by_kernel: _Count = 0
    packets_dropped_by_interface: _Count = 0
    packets_dropped_by_kitchen: _Count = 0
    packets_waiting: _Count = 0
    packets_filtered_out: _Count = 0
    packets_damaged: _Count = 0
    bytes_handled: _Count = 0
    traffic: dict[str, tuple[_Count, _Count]] = {}
    behind: float | None = None
    dumplings_made: _Count = 0
    dumplings_acknowledged: _Count = 0
    dumplings_held: _Count = 0
    dumplings_on_disk: _Count = 0
    dumplings_dropped: _Count = 0
    chefs: dict[str, ChefCounts] = {}
    quarantined: dict[str, str] = {}
    not_wanted: list[str] = []

    def growing(self) -> Iterator[tuple[Key, float]]:
        """Yield what only grows, each number with its key."""
        for name in _GROWING:
            yield (name, ""), getattr(self, name)
        for by in ("kernel", "interface", "kitchen"):
            yield ("packets_dropped", by), getattr(self, f"packets_dropped_by_{by}")
        for layer in TRAFFIC_LAYERS:
            if layer in self.traffic:
                packets, size = self.traffic[layer]
                yield ("layer_packets", layer), packets
                yield ("layer_bytes", layer), size
        for chef, counts in islice(self.chefs.items(), MAX_CHEFS):
            for name in ChefCounts.__struct_fields__:
                number = getattr(counts, name)
                if math.isfinite(number):
                    yield (f"chef_{name}", chef), number


class Elsewhere(NamedTuple):
    """What other hubs know of a kitchen's session.

    Attributes:
        final: whether they have told all; else one of them, at which the kitchen may have been, has
            not been heard since it came.
        counts: what the kitchen told there last; None if it was at none of them, or told nothing.
    """

    final: bool
    counts: Counts | None


_GROWING: Final = (
    "packets_received",
    "packets_handled",
    "packets_filtered_out",
    "packets_damaged",
    "bytes_handled",
    "dumplings_made",
    "dumplings_acknowledged",
    "dumplings_dropped",
)


class _Announced(msgspec.Struct):
    interface: str | list[str] = ""


class _WithCounts(msgspec.Struct):
    counts: Counts


_counts: Final = msgspec.json.Decoder(Counts)
_announced: Final = msgspec.json.Decoder(_Announced)
_with_counts: Final = msgspec.json.Decoder(_WithCounts)


def interface_of(announcement: bytes) -> str:
    """Say where a kitchen's packets come from, by its announcement; empty if that does not."""
    try:
        interface = _announced.decode(announcement).interface
    except (msgspec.DecodeError, RecursionError):
        return ""
    return interface if isinstance(interface, str) else ", ".join(interface)


def counts_of(announcement: bytes, counts: bytes) -> Counts | None:
    """Read what a kitchen has counted.

    Args:
        announcement: what it announced, perhaps with counts.
        counts: those it told since; empty if it told none.

    Returns:
        the counts; None if there are none, or they are not what a kitchen of ours would tell.
    """
    try:
        return _counts.decode(counts) if counts else _with_counts.decode(announcement).counts
    except (msgspec.DecodeError, RecursionError):
        return None
