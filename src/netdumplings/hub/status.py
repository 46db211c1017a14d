"""The hub's own dumplings: how it is, and who is connected."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

from ..defaults import MAX_MESSAGE
from ..dumpling import DumplingDriver
from .guests import ConnectedEater, Kitchen

CHEF: Final = "SystemStatusChef"

#: Bytes for all that kitchens and eaters say of themselves. A status dumpling is a message like
#: any other: were it larger than `MAX_MESSAGE`, every Python eater would drop its connection.
ANNOUNCEMENTS_BUDGET: Final = MAX_MESSAGE // 2
#: Bytes for the whole lists of peers; the last quarter is for everything else.
PEERS_BUDGET: Final = MAX_MESSAGE * 3 // 4


def status_dumpling(
    *,
    creation_time: float,
    uptime: float,
    dumplings_in: int,
    dumplings_out: int,
    dumplings_dropped: int,
    kitchens: Iterable[Kitchen],
    eaters: Iterable[ConnectedEater],
) -> bytes:
    """Write a status dumpling.

    However much the peers announce, it stays smaller than a message may be: what does not fit is
    told first by name only, then not at all. The two counts are always right.

    Args:
        creation_time: seconds since the epoch.
        uptime: seconds since the hub came up.
        dumplings_in: how many dumplings came from kitchens.
        dumplings_out: how many were written to eaters.
        dumplings_dropped: how many slow eaters missed.
        kitchens: those connected.
        eaters: those connected.

    Returns:
        JSON in UTF-8.
    """
    kitchens, eaters = list(kitchens), list(eaters)
    fitting = _Fitting()
    payload = {
        "total_dumplings_in": dumplings_in,
        "total_dumplings_out": dumplings_out,
        "total_dumplings_dropped": dumplings_dropped,
        "server_uptime": uptime,
        "dumpling_kitchen_count": len(kitchens),
        "dumpling_eater_count": len(eaters),
        "dumpling_kitchens": list(fitting.kitchens(kitchens)),
        "dumpling_eaters": list(fitting.eaters(eaters)),
    }
    metadata = {
        "chef": CHEF,
        "creation_time": creation_time,
        "driver": DumplingDriver.interval.value,
        "kitchen": None,
    }
    return msgspec.json.encode({"metadata": metadata, "payload": payload})


class _Fitting:
    """Makes the entries of peers, as long as there is room for them."""

    def __init__(self) -> None:
        self._used = 0

    def kitchens(self, kitchens: Iterable[Kitchen]) -> Iterator[msgspec.Raw]:
        for kitchen in kitchens:
            hub_info = {
                "host": kitchen.host,
                "port": kitchen.port,
                "dumplings_in": kitchen.dumplings_in,
            }
            yield from self._entry("kitchen", kitchen, hub_info)

    def eaters(self, eaters: Iterable[ConnectedEater]) -> Iterator[msgspec.Raw]:
        for eater in eaters:
            hub_info = {
                "host": eater.host,
                "port": eater.port,
                "dumplings_out": eater.feed.sent,
                "dumplings_dropped": eater.feed.dropped,
            }
            yield from self._entry("eater", eater, hub_info)

    def _entry(
        self, kind: str, guest: Kitchen | ConnectedEater, hub_info: dict[str, Any]
    ) -> Iterator[msgspec.Raw]:
        full: Any = msgspec.Raw(guest.hello.announcement)
        brief: Any = {f"{kind}_name": guest.hello.name}
        for announcement, budget in ((full, ANNOUNCEMENTS_BUDGET), (brief, PEERS_BUDGET)):
            entry = msgspec.json.encode(
                {f"info_from_{kind}": announcement, "info_from_hub": hub_info}
            )
            if self._used + len(entry) <= budget:
                self._used += len(entry)
                yield msgspec.Raw(entry)
                return
