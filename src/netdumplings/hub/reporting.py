"""What a hub has to tell of itself at a moment, for its status and for the other hubs."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec

from ..backbone import BackboneState
from ..wire import Subscription, subscription
from .guests import ConnectedEater, Kitchen
from .reports import (
    MAX_DIFFERS,
    MAX_WORDS,
    MOST,
    BackboneTold,
    HubTold,
    LeftTold,
    PeerTold,
    Report,
    SumTold,
    WantTold,
    sayable,
)
from .totals import SumNow
from .wants import NOTHING, Wants, wants_of

#: Bytes of the counts of a kitchen that has left, beyond which they are not told.
MAX_COUNTS: Final = 16 * 1024


def report_of(
    hub: HubTold,
    kitchens: Sequence[Kitchen],
    eaters: Sequence[ConnectedEater],
    left: Iterable[Kitchen] = (),
    sums: Iterable[SumNow] = (),
    wants: Wants = None,
) -> Report:
    """Put together what there is to tell.

    Args:
        hub: what the hub says of itself.
        kitchens: those connected.
        eaters: those connected.
        left: kitchens that have left a moment ago.
        sums: what kitchens have counted.
        wants: what eaters want of kitchens.
    """
    now = time.monotonic()
    return Report(
        hub,
        [_kitchen(one, now) for one in kitchens],
        [_eater(one) for one in eaters],
        list(_left(left)),
        _sums(sums),
        None if wants is None else [_want(one) for one in wants],
    )


def wants_told(report: Report) -> Wants:
    """Say what the eaters of a hub want by its report."""
    if report.wants is None:
        # One that is older does not say what; but it says whether there are eaters.
        return None if report.hub.eaters else NOTHING
    return wants_of(subscription(chefs=one.chefs, kitchens=one.kitchens) for one in report.wants)


def _want(one: Subscription) -> WantTold:
    named = None if one.kitchens is None else [name for name in one.kitchens if name is not None]
    return WantTold(None if one.chefs is None else list(one.chefs), named)


def backbone_told(state: BackboneState) -> BackboneTold:
    """Put into words how a hub stands with its backbone."""
    return BackboneTold(
        connected=state.connected,
        server=sayable(state.server, MAX_WORDS),
        problem=sayable(state.problem, MAX_WORDS),
        stream=sayable(state.stream, MAX_WORDS),
        messages=state.messages,
        bytes=state.bytes,
        replicas=state.replicas,
        differs=[sayable(one, MAX_WORDS) for one in state.differs[:MAX_DIFFERS]],
        subjects=len(state.wanted),
        waiting_bytes=state.waiting_bytes,
        kitchens_paused=state.kitchens_paused,
        storing=state.storing._asdict(),
        returning=state.returning._asdict(),
    )


def _kitchen(kitchen: Kitchen, now: float) -> PeerTold:
    intake = kitchen.session.intake.ledger
    known: dict[str, int | str]
    known = {"host": kitchen.host, "port": kitchen.port, "dumplings_in": intake.received}
    return PeerTold(
        kitchen.name,
        msgspec.Raw(kitchen.announcement),
        # (Kitchens say themselves how many are lost.)
        {**known, **intake._replace(lost=min(intake.lost, MOST))._asdict()},
        kitchen.session.stream,
        max(0.0, now - kitchen.since),
    )


def _eater(eater: ConnectedEater) -> PeerTold:
    ledger = eater.feed.ledger
    known: dict[str, int | str] = {
        "host": eater.host,
        "port": eater.port,
        "dumplings_out": ledger.sent,
        "dumplings_dropped": ledger.dropped,
    }
    return PeerTold(eater.name, msgspec.Raw(eater.announcement), {**known, **ledger._asdict()})


def _left(kitchens: Iterable[Kitchen]) -> Iterator[LeftTold]:
    for kitchen in kitchens:
        counts = kitchen.latest_counts
        if len(counts) <= MAX_COUNTS:
            yield LeftTold(kitchen.session.stream, msgspec.Raw(counts))


def _sums(sums: Iterable[SumNow]) -> list[SumTold]:
    """Sum up over interfaces."""
    found: defaultdict[str, SumTold] = defaultdict(lambda: SumTold(""))
    for one in sums:
        told = found[one.kitchen]
        told.kitchen = one.kitchen
        told.here += one.here
        told.received += int(one.grown.get(("dumplings_received", ""), 0))
        handled = told.handled + int(one.grown.get(("packets_handled", ""), 0))
        dropped = told.dropped + sum(
            int(one.grown.get(("packets_dropped", by), 0)) for by in ("kernel", "kitchen")
        )
        # (Kitchens say what they like.)
        told.handled, told.dropped = min(handled, MOST), min(dropped, MOST)
    return list(found.values())
