"""Gets the packets around a dumpling from the kitchen that made it, by way of a hub."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple
from urllib.parse import urlencode

from ..exceptions import HubUnavailable, NoPackets
from ..transport import HubAccess, HubAddress
from ..transport.fetching import Fetched, fetch
from ..wire import MAX_ANSWER
from ..wire.pcapng import Checker, blocks_of, with_comment

#: Seconds to connect, and to wait for an answer beyond those that may have yet to go by.
OPEN_TIMEOUT: Final = 10.0
PATIENCE: Final = 60.0
#: Bytes of a file, with what the hub has put before it.
MOST: Final = 2 * MAX_ANSWER
_PATH: Final = "/api/packets"
_NOT_FOUND: Final = 404
_UPGRADE_REQUIRED: Final = 426
_NS: Final = 1_000_000_000


class Wanted(NamedTuple):
    """Which packets.

    Attributes:
        kitchen: the kitchen's name.
        around: the middle of the span, seconds since the epoch.
        seconds: how far it goes before and behind.
        filter: which, in pcap-filter(7) language, without names; empty for all.
        comment: what is to be said of them; a dumpling's JSON, usually.
    """

    kitchen: str
    around: float
    seconds: float
    filter: str = ""
    comment: str = ""


class Evidence(NamedTuple):
    """What was got.

    Attributes:
        file: a pcapng file, with the comment on itself, and on the last packet up to the middle.
        packets: how many are in it.
        note: what else the hub has to say; empty for nothing.
    """

    file: bytes
    packets: int
    note: str


def fetch_packets(hubs: Sequence[HubAddress], access: HubAccess, wanted: Wanted) -> Evidence:
    """Ask hubs in turn, until one has the packets; blocks.

    Args:
        hubs: their ports for eaters.
        access: what to show them, and to know them by.
        wanted: which packets.

    Raises:
        HubUnavailable: no hub can be reached.
        NoPackets: no hub gives them.
        TokenError: the token must not be sent to one.
    """
    problem: HubUnavailable | NoPackets | None = None
    for hub in hubs:
        try:
            fetched = _ask(hub, access, wanted)
        except HubUnavailable as error:
            # Of several hubs, one that is there has more to say.
            problem = problem or error
            continue
        if fetched.status == 200:
            return _evidence(hub, fetched, wanted)
        problem = NoPackets(str(hub), _said(fetched))
        if fetched.status != _NOT_FOUND:
            break
    assert problem is not None
    raise problem


def _said(fetched: Fetched) -> str:
    """Say why there are no packets, in the hub's words, if it knew what it was asked for."""
    said = fetched.body.decode(errors="replace").strip().partition("\n")[0]
    if fetched.status == _UPGRADE_REQUIRED:
        return "is that its port for kitchens?"
    if said == "there is no such page":
        return "it is older than netdumplings that gives any"
    return said or f"it answers HTTP {fetched.status}"


def _ask(hub: HubAddress, access: HubAccess, wanted: Wanted) -> Fetched:
    query = {
        "kitchen": wanted.kitchen,
        "around": repr(wanted.around),
        "seconds": repr(wanted.seconds),
        "filter": wanted.filter,
    }
    return fetch(
        hub,
        access,
        f"{_PATH}?{urlencode(query, errors='replace')}",
        open_timeout=OPEN_TIMEOUT,
        timeout=2 * wanted.seconds + PATIENCE,
        most=MOST,
    )


def _evidence(hub: HubAddress, fetched: Fetched, wanted: Wanted) -> Evidence:
    """Look at what a hub gave, and write the comment into it."""
    file, checker = fetched.body, Checker()
    try:
        first = next(blocks_of(file), None)
        checker.check(file[first.end if first else 0 :])
        if wanted.comment:
            file = with_comment(file, wanted.comment, int(wanted.around * _NS))
    except ValueError as error:
        raise NoPackets(str(hub), f"its answer makes no sense: {error}") from error
    return Evidence(file, checker.packets, fetched.headers.get("Netdumplings-Note", ""))
