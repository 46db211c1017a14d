"""What is counted in a hub, taken together at one moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ..delivery import EaterLedger, IntakeLedger
from ..wire import Cause
from .eater_totals import EaterSumNow
from .fleet import HubNow
from .totals import SumNow


class Picture(NamedTuple):
    """A snapshot.

    Attributes:
        uptime: seconds since the hub came up.
        intake: what became of what kitchens sent.
        own: how many dumplings of its own the hub has routed.
        ledger: what became of what was routed, summed over all eaters there ever were.
        refused: how many connections were refused, by cause.
        answered: how many requests were answered by HTTP, by status.
        connected: how many kitchens, and how many eaters are.
        history_bytes: how much memory the history takes.
        history_dumplings: how many are in it.
        kitchens: what the kitchens have counted.
        eaters: what the eaters were sent.
        fleet: all hubs that share a backbone, this one first; none if it has no backbone.
        unreadable: how many reports of other hubs came that are none.
    """

    uptime: float
    intake: IntakeLedger
    own: int
    ledger: EaterLedger
    refused: Mapping[Cause, int]
    answered: Mapping[int, int]
    connected: Mapping[str, int]
    history_bytes: int
    history_dumplings: int
    kitchens: Sequence[SumNow]
    eaters: Sequence[EaterSumNow]
    fleet: Sequence[HubNow] = ()
    unreadable: int = 0
