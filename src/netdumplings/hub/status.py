"""The hub's own dumplings: how it is, and who is connected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from ..defaults import MAX_MESSAGE, STATUS_CHEF
from ..delivery import EaterLedger, IntakeLedger
from ..dumpling import DumplingDriver
from ..wire import CAUSES, Cause
from .guests import ConnectedEater, Kitchen

#: Bytes for all that kitchens and eaters say of themselves. A status dumpling is a message like
#: any other: were it larger than `MAX_MESSAGE`, every Python eater would drop its connection.
ANNOUNCEMENTS_BUDGET: Final = MAX_MESSAGE // 2
#: Bytes for the whole lists of peers; the last quarter is for everything else.
PEERS_BUDGET: Final = MAX_MESSAGE * 3 // 4


def status_dumpling(payload: bytes, creation_time: float) -> bytes:
    """Write a status dumpling.

    Args:
        payload: as `status_payload` writes it.
        creation_time: seconds since the epoch.

    Returns:
        JSON in UTF-8.
    """
    metadata = {
        "chef": STATUS_CHEF,
        "creation_time": creation_time,
        "driver": DumplingDriver.interval.value,
        "kitchen": None,
    }
    return msgspec.json.encode({"metadata": metadata, "payload": msgspec.Raw(payload)})


def status_payload(
    *,
    uptime: float,
    intake: IntakeLedger,
    own: int,
    ledger: EaterLedger,
    refused: Mapping[Cause, int],
    kitchens: Sequence[Kitchen],
    eaters: Sequence[ConnectedEater],
) -> bytes:
    """Write the payload of a status dumpling.

    However much the peers announce, the dumpling stays smaller than a message may be: what does not
    fit is told first by name only, then not at all. The two counts are always right.

    Args:
        uptime: seconds since the hub came up.
        intake: what became of what kitchens sent.
        own: how many dumplings of its own the hub has routed before this one.
        ledger: what became of what was routed, summed over all eaters there ever were.
        refused: how many connections were refused, by cause.
        kitchens: those connected.
        eaters: those connected.

    Returns:
        JSON in UTF-8.
    """
    fitting = _Fitting()
    payload = {
        "total_dumplings_in": intake.received,
        "total_dumplings_out": ledger.sent,
        "total_dumplings_dropped": ledger.dropped,
        "server_uptime": uptime,
        "dumpling_kitchen_count": len(kitchens),
        "dumpling_eater_count": len(eaters),
        "dumpling_kitchens": list(fitting.kitchens(kitchens)),
        "dumpling_eaters": list(fitting.eaters(eaters)),
        "ledger": {**intake._asdict(), "own": own, **ledger._asdict()},
        "refused": {cause: refused[cause] for cause in CAUSES if refused.get(cause)},
    }
    return msgspec.json.encode(payload)


class _Fitting:
    """Makes the entries of peers, as long as there is room for them."""

    def __init__(self) -> None:
        self._used = 0

    def kitchens(self, kitchens: Sequence[Kitchen]) -> Iterator[msgspec.Raw]:
        for kitchen in kitchens:
            intake = kitchen.session.intake.ledger
            hub_info = {
                "host": kitchen.host,
                "port": kitchen.port,
                "dumplings_in": intake.received,
                **intake._asdict(),
            }
            yield from self._entry("kitchen", kitchen, hub_info)

    def eaters(self, eaters: Sequence[ConnectedEater]) -> Iterator[msgspec.Raw]:
        for eater in eaters:
            ledger = eater.feed.ledger
            hub_info = {
                "host": eater.host,
                "port": eater.port,
                "dumplings_out": ledger.sent,
                "dumplings_dropped": ledger.dropped,
                **ledger._asdict(),
            }
            yield from self._entry("eater", eater, hub_info)

    def _entry(
        self, kind: str, guest: Kitchen | ConnectedEater, hub_info: dict[str, Any]
    ) -> Iterator[msgspec.Raw]:
        full: Any = msgspec.Raw(guest.announcement)
        brief: Any = {f"{kind}_name": guest.name}
        for announcement, budget in ((full, ANNOUNCEMENTS_BUDGET), (brief, PEERS_BUDGET)):
            entry = msgspec.json.encode(
                {f"info_from_{kind}": announcement, "info_from_hub": hub_info}
            )
            if self._used + len(entry) <= budget:
                self._used += len(entry)
                yield msgspec.Raw(entry)
                return
