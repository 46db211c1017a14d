"""The hub's own dumplings: how it is, and who is connected; in a fleet, to any of its hubs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any, Final, NamedTuple

import msgspec

from ..defaults import MAX_MESSAGE, STATUS_CHEF
from ..dumpling import DumplingDriver
from ..wire import CAUSES
from .fleet import HubNow
from .places import label
from .reports import Fitting, PeerTold, Report, brief_info
from .sums import Sums

#: Bytes for all that kitchens and eaters say of themselves. A status dumpling is a message like
#: any other: were it larger than `MAX_MESSAGE`, every Python eater would drop its connection.
ANNOUNCEMENTS_BUDGET: Final = MAX_MESSAGE // 2
#: Bytes for the whole lists of peers; the last quarter is for everything else.
PEERS_BUDGET: Final = MAX_MESSAGE * 3 // 4
#: Bytes for the list of hubs, of that quarter.
HUBS_BUDGET: Final = MAX_MESSAGE * 3 // 16


def status_dumpling(payload: bytes, creation_time: float) -> bytes:
    """Write a status dumpling.

    Args:
        payload: as `status_payload` or `fleet_payload` writes it.
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


def status_payload(own: Report) -> bytes:
    """Write the payload of a status dumpling of a hub that is alone.

    However much the peers announce, the dumpling stays smaller than a message may be: what does not
    fit is told first by name only, then not at all. The two counts are always right.

    Args:
        own: what there is to tell.

    Returns:
        JSON in UTF-8.
    """
    sums, told = Sums(), own.hub
    sums.add(told)
    fitting = Fitting(ANNOUNCEMENTS_BUDGET, PEERS_BUDGET)
    kitchens = list(_fitted(fitting, _entries("kitchen", own.kitchens)))
    eaters = list(_fitted(fitting, _entries("eater", own.eaters)))
    payload = _payload(
        sums,
        uptime=told.uptime,
        kitchen_count=told.kitchens,
        eater_count=told.eaters,
        kitchens=kitchens,
        eaters=eaters,
    )
    return msgspec.json.encode(payload)


def fleet_payload(hubs: Sequence[HubNow], past: Sums) -> bytes:
    """Write the payload of a status dumpling for a fleet: what is summed is summed over all hubs.

    The hubs share what room there is: what one does not need is for the others.

    Args:
        hubs: all of them, this one first.
        past: what those had counted that are forgotten.

    Returns:
        JSON in UTF-8.
    """
    sums = Sums()
    sums.add_sums(past)
    for hub in hubs:
        sums.add(hub.told)
    kitchens = [list(_entries("kitchen", hub.kitchens, hub.name)) for hub in hubs]
    eaters = [list(_entries("eater", hub.eaters, hub.name)) for hub in hubs]
    wanted = [
        sum(len(entry.full) for entry in (*of_kitchens, *of_eaters))
        for of_kitchens, of_eaters in zip(kitchens, eaters, strict=True)
    ]
    shares = fair_shares(wanted, ANNOUNCEMENTS_BUDGET)
    short = sum(share < want for share, want in zip(shares, wanted, strict=True))
    brief = (PEERS_BUDGET - ANNOUNCEMENTS_BUDGET) // max(1, short)
    rooms = [Fitting(share, share + brief) for share in shares]
    payload = _payload(
        sums,
        uptime=hubs[0].told.uptime,
        kitchen_count=sum(hub.kitchen_count for hub in hubs),
        eater_count=sum(hub.eater_count for hub in hubs),
        kitchens=[
            raw for room, of in zip(rooms, kitchens, strict=True) for raw in _fitted(room, of)
        ],
        eaters=[raw for room, of in zip(rooms, eaters, strict=True) for raw in _fitted(room, of)],
    )
    payload["hub"] = hubs[0].name
    payload["hubs"] = _hubs(hubs)
    payload["backbone"] = {"storing": sums.storing, "returning": sums.returning}
    return msgspec.json.encode(payload)


def fair_shares(wanted: Sequence[int], room: int) -> list[int]:
    """Share out room: nobody gets more than is wanted, nor less than others unless that is enough.

    Args:
        wanted: how much each wants.
        room: how much there is.

    Returns:
        the share of each.
    """
    shares = [0] * len(wanted)
    left = len(wanted)
    for index in sorted(range(len(wanted)), key=wanted.__getitem__):
        shares[index] = min(wanted[index], room // left)
        room -= shares[index]
        left -= 1
    return shares


def _payload(
    sums: Sums,
    *,
    uptime: float,
    kitchen_count: int,
    eater_count: int,
    kitchens: list[msgspec.Raw],
    eaters: list[msgspec.Raw],
) -> dict[str, Any]:
    return {
        "total_dumplings_in": sums.ledger["received"],
        "total_dumplings_out": sums.ledger["sent"],
        "total_dumplings_dropped": sums.ledger["dropped"],
        "server_uptime": uptime,
        "dumpling_kitchen_count": kitchen_count,
        "dumpling_eater_count": eater_count,
        "dumpling_kitchens": kitchens,
        "dumpling_eaters": eaters,
        "ledger": sums.ledger,
        "refused": _refused(sums),
    }


def _refused(sums: Sums) -> dict[str, int]:
    return {cause: sums.refused[cause] for cause in CAUSES if sums.refused.get(cause)}


def _hubs(hubs: Sequence[HubNow]) -> list[msgspec.Raw]:
    """Write the entries of hubs: of those that say too much, without the words."""
    entries = [msgspec.json.encode(_hub(hub)) for hub in hubs]
    room = fair_shares([len(entry) for entry in entries], HUBS_BUDGET)
    return [
        msgspec.Raw(entry if len(entry) <= share else msgspec.json.encode(_brief_hub(hub)))
        for hub, entry, share in zip(hubs, entries, room, strict=True)
    ]


def _hub(hub: HubNow) -> dict[str, Any]:
    told = hub.told
    sums = Sums()
    sums.add(told)
    found = {
        "name": hub.name,
        "id": told.id,
        "state": hub.state,
        "heard": round(hub.heard, 3),
        "host": told.host,
        "in_port": told.in_port,
        "out_port": told.out_port,
        "version": told.version,
        "uptime": told.uptime,
        "dumplings_in": sums.ledger["received"],
        "dumplings_out": sums.ledger["sent"],
        "dumplings_dropped": sums.ledger["dropped"],
        "kitchens": hub.kitchen_count,
        "eaters": hub.eater_count,
        "ledger": sums.ledger,
        "refused": _refused(sums),
        "backbone": None,
    }
    if told.backbone is not None:
        ledgers = {"storing": sums.storing, "returning": sums.returning}
        found["backbone"] = {**msgspec.structs.asdict(told.backbone), **ledgers}
    return found


def _brief_hub(hub: HubNow) -> dict[str, Any]:
    found = _hub(hub)
    found["refused"] = {}
    found |= {key: label(found[key]) for key in ("name", "host", "version")}
    if backbone := found["backbone"]:
        backbone["differs"] = []
        backbone |= {key: label(backbone[key]) for key in ("server", "problem", "stream")}
    return found


class _Entry(NamedTuple):
    """The entry of a peer, in full, and what a brief one is made of."""

    full: bytes
    kind: str
    name: str
    known: dict[str, int | str]


def _entries(kind: str, peers: Iterable[PeerTold], hub: str | None = None) -> Iterator[_Entry]:
    for peer in peers:
        known = peer.known if hub is None else {**peer.known, "hub": hub}
        yield _Entry(_written(kind, peer.info, known), kind, peer.name, known)


def _fitted(fitting: Fitting, entries: Iterable[_Entry]) -> Iterator[msgspec.Raw]:
    for entry in entries:
        written = fitting.fit(entry.full, partial(_brief, entry))
        if written is not None:
            yield msgspec.Raw(written)


def _brief(entry: _Entry) -> bytes:
    return _written(entry.kind, brief_info(entry.kind, entry.name), entry.known)


def _written(kind: str, info: msgspec.Raw, known: dict[str, int | str]) -> bytes:
    return msgspec.json.encode({f"info_from_{kind}": info, "info_from_hub": known})
