"""What hubs that share a backbone tell one another of themselves: a status each, of one hub alone.

A report is a dumpling as a status is, and is read as warily: it comes from a network.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Annotated, Final

import msgspec

from ..defaults import MOST_JSON_DEPTH, STATUS_CHEF
from ..delivery import EaterLedger, IntakeLedger
from ..dumpling import DumplingDriver
from ..wire import MAX_NAME, MAX_PATTERNS, Limits, Refusal, read_dumpling
from .wants import MAX_WANTS

#: Bytes of a report. A message of NATS is 1 MiB at most, unless its servers say otherwise.
MAX_REPORT: Final = 768 * 1024
#: What part of these the peers' entries may take; and those of them that are written in full.
PEERS_PART: Final = 0.75
FULL_PART: Final = 0.5
#: What part each of the other two lists may take.
LIST_PART: Final = 0.1
#: The keys of a status's ledger.
LEDGER: Final = (*IntakeLedger._fields, "own", *EaterLedger._fields)
#: Characters of what is said in words.
MAX_WORDS: Final = 300
#: Settings in which a stream may differ, that are told.
MAX_DIFFERS: Final = 8

#: The largest count: so that sums over a fleet stay below 2^64, whatever its hubs say.
MOST: Final = 2**53

_Count = Annotated[int, msgspec.Meta(ge=0, le=MOST)]
_Name = Annotated[str, msgspec.Meta(max_length=MAX_NAME)]
_Words = Annotated[str, msgspec.Meta(max_length=MAX_WORDS)]
_Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]
_Seconds = Annotated[float, msgspec.Meta(ge=0, le=2.0**40)]
_Key = Annotated[str, msgspec.Meta(max_length=64)]
_Counts = Annotated[dict[_Key, _Count], msgspec.Meta(max_length=64)]
_Patterns = Annotated[list[_Name], msgspec.Meta(max_length=MAX_PATTERNS)]
_Id = Annotated[str, msgspec.Meta(min_length=8, max_length=64, pattern="^[0-9A-Za-z_-]+$")]


class BackboneTold(msgspec.Struct, kw_only=True):
    """How a hub stands with its backbone: `BackboneState`, as far as it is told."""

    connected: bool = False
    server: _Words = ""
    problem: _Words = ""
    stream: _Words = ""
    messages: _Count = 0
    bytes: _Count = 0
    replicas: _Count = 0
    differs: Annotated[list[_Words], msgspec.Meta(max_length=MAX_DIFFERS)] = []
    subjects: _Count = 0
    waiting_bytes: _Count = 0
    kitchens_paused: bool = False
    storing: _Counts = {}
    returning: _Counts = {}


class HubTold(msgspec.Struct, kw_only=True):
    """What a hub says of itself.

    Attributes:
        id: tells it from every other hub, and from the one that was there before it was started
            again.
        name: what it is called.
        host: the address that it listens on.
        in_port: its port for kitchens.
        out_port: that for eaters.
        version: of netdumplings.
        uptime: seconds since it came up.
        every: seconds from one of its reports to the next.
        stopped: whether this is its last word.
        kitchens: how many are connected to it.
        eaters: likewise.
        ledger: what became of every dumpling, by the keys of `LEDGER`.
        refused: connections that it refused, by cause.
        backbone: how it stands with its backbone; None if it has none.
    """

    id: _Id
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_NAME)]
    host: _Name = ""
    in_port: _Port = 0
    out_port: _Port = 0
    version: _Name = ""
    uptime: _Seconds = 0.0
    every: Annotated[float, msgspec.Meta(gt=0, le=60)] = 5.0
    stopped: bool = False
    kitchens: _Count = 0
    eaters: _Count = 0
    ledger: _Counts = {}
    refused: _Counts = {}
    backbone: BackboneTold | None = None


class PeerTold(msgspec.Struct):
    """A kitchen or an eater that is connected to a hub.

    Attributes:
        name: what it calls itself.
        info: what it announced, a JSON object.
        known: its address there, and its part of the ledger.
        stream: the public name of a kitchen's session; empty for an eater.
        since: for how many seconds it has been connected.
    """

    name: _Name
    info: msgspec.Raw
    known: Annotated[dict[_Key, _Count | _Name], msgspec.Meta(max_length=32)]
    stream: _Key = ""
    since: _Seconds = 0.0


class LeftTold(msgspec.Struct):
    """A kitchen that was connected a moment ago, and the counts that it told last."""

    stream: _Key
    counts: msgspec.Raw


class SumTold(msgspec.Struct):
    """What kitchens of one name have counted at a hub, since it came up.

    Attributes:
        kitchen: their name.
        here: how many of them are connected.
        received: dumplings that came from them.
        handled: packets that passed all of their chefs.
        dropped: packets that they lost.
    """

    kitchen: _Name
    here: _Count = 0
    received: _Count = 0
    handled: _Count = 0
    dropped: _Count = 0


class WantTold(msgspec.Struct, omit_defaults=True):
    """What some eaters of a hub want of kitchens: chefs and kitchens, as in a subscription."""

    chefs: _Patterns | None = None
    kitchens: _Patterns | None = None


class Report(msgspec.Struct):
    """All that a hub tells at one moment: itself, its peers, and what its kitchens have counted.

    Attributes:
        wants: what its eaters want of kitchens; None if every chef is wanted (or the hub is older,
            and does not say).
    """

    hub: HubTold
    kitchens: Sequence[PeerTold] = ()
    eaters: Sequence[PeerTold] = ()
    left: Sequence[LeftTold] = ()
    sums: Sequence[SumTold] = ()
    wants: Annotated[list[WantTold], msgspec.Meta(max_length=MAX_WANTS)] | None = None


class _Payload(msgspec.Struct):
    payload: Report


_encoded: Final = msgspec.json.Encoder().encode
_reports: Final = msgspec.json.Decoder(_Payload)


def read_report(data: bytes, max_report: int = MAX_REPORT) -> Report | str:
    """Read what came as a report, which may be anything.

    Returns:
        the report, or why it is none.
    """
    if len(data) > max_report:
        return f"it is longer than {max_report} bytes"
    # As a status it is a dumpling; that it is text, and not nested beyond reason, is seen to there.
    checked = read_dumpling(data, Limits(depth=MOST_JSON_DEPTH), from_hub=True)
    if isinstance(checked, Refusal):
        return checked.reason
    try:
        return _reports.decode(data).payload
    except (msgspec.DecodeError, RecursionError) as error:
        return str(error)


def write_report(report: Report, max_report: int = MAX_REPORT) -> bytes:
    """Write a report; of peers that do not fit, first only the names are there, then only a count.

    Args:
        report: what is to be told.
        max_report: how many bytes there may be.
    """
    fitting = Fitting(int(FULL_PART * max_report), int(PEERS_PART * max_report))
    room = int(LIST_PART * max_report)
    payload = {
        "hub": report.hub,
        "kitchens": list(_peers(fitting, "kitchen", report.kitchens)),
        "eaters": list(_peers(fitting, "eater", report.eaters)),
        "left": list(_within(room, report.left)),
        "sums": list(_within(room, report.sums)),
        "wants": report.wants if len(_encoded(report.wants)) <= room else None,
    }
    metadata = {
        "chef": STATUS_CHEF,
        "creation_time": time.time(),
        "driver": DumplingDriver.interval.value,
        "kitchen": None,
    }
    return msgspec.json.encode({"metadata": metadata, "payload": payload})


class Fitting:
    """Room for the entries of peers.

    Args:
        full: bytes for as long as entries are written in full.
        most: bytes of all.
    """

    def __init__(self, full: int, most: int) -> None:
        self._full = full
        self._most = most
        self._used = 0

    def fit(self, full: bytes, brief: Callable[[], bytes]) -> bytes | None:
        """Choose how an entry is written.

        Args:
            full: all of it.
            brief: writes it without what the peer says of itself.

        Returns:
            one of the two, or None if there is room for neither.
        """
        if self._used + len(full) <= self._full:
            self._used += len(full)
            return full
        short = brief()
        if self._used + len(short) <= self._most:
            self._used += len(short)
            return short
        return None


def sayable(text: str, most: int = MAX_NAME) -> str:
    """Return the beginning of a text, with nothing in it that has no UTF-8 form."""
    return text[:most].encode(errors="backslashreplace").decode()[:most]


def brief_info(kind: str, name: str) -> msgspec.Raw:
    """Write of what a ``kitchen`` or an ``eater`` announced only its name."""
    return msgspec.Raw(msgspec.json.encode({f"{kind}_name": name}))


def _peers(fitting: Fitting, kind: str, peers: Iterable[PeerTold]) -> Iterator[msgspec.Raw]:
    for peer in peers:
        written = fitting.fit(msgspec.json.encode(peer), partial(_brief, kind, peer))
        if written is not None:
            yield msgspec.Raw(written)


def _brief(kind: str, peer: PeerTold) -> bytes:
    info = brief_info(kind, peer.name)
    return msgspec.json.encode(msgspec.structs.replace(peer, info=info))


def _within(room: int, items: Iterable[msgspec.Struct]) -> Iterator[msgspec.Raw]:
    for item in items:
        written = msgspec.json.encode(item)
        room -= len(written) + 1
        if room < 0:
            return
        yield msgspec.Raw(written)
