"""What a status says of each hub that shares a backbone, read as warily as the rest."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from .values import count, counts, entries, mapping, seconds, text, texts

#: How many hubs are looked at.
MOST_HUBS: Final = 128
#: How a hub may be, as far as is known.
STATES: Final = ("up", "stopped", "silent")
#: Characters of what is said in words, and how many differences there may be.
WORDS: Final = 400
MOST_DIFFERS: Final = 16


@dataclass(frozen=True, slots=True)
class BackboneStatus:
    """How a hub stands with its backbone.

    Attributes:
        connected: whether it is connected, and the stream is there.
        server: to which server.
        problem: why nothing is stored; empty if all is well.
        paused: whether it takes no more from kitchens.
        waiting: dumplings that the stream has not.
        differs: in what the stream is not as the hub was told.
        messages: how many the stream holds; None if that makes no sense, and so for all that may be
            None.
        bytes: how much they take.
        storing: what became of what kitchens sent, those counts that make sense.
        returning: what became of what the stream gave.
    """

    connected: bool = False
    server: str = ""
    problem: str = ""
    paused: bool = False
    waiting: int = 0
    differs: tuple[str, ...] = ()
    messages: int | None = None
    bytes: int | None = None
    storing: dict[str, int] = field(default_factory=dict)
    returning: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OneHub:
    """What is known of a hub.

    Attributes:
        name: None if it told none that makes sense; and so for all that may be None.
        key: tells it from others, and from what it was before it was started again.
        state: one of `STATES`.
        heard: how many seconds ago it was heard of.
        host: the address that it listens on.
        out_port: its port for eaters.
        version: of netdumplings.
        uptime: seconds.
        dumplings_in: since it came up.
        dumplings_out: to all of its eaters together.
        dropped: dumplings that slow eaters missed.
        kitchens: how many are connected to it.
        eaters: likewise.
        ledger: its books, those counts in them that make sense.
        backbone: how it stands with the backbone; None if it says nothing of one.
    """

    name: str | None = None
    key: str = ""
    state: str = "up"
    heard: float = 0.0
    host: str | None = None
    out_port: int | None = None
    version: str | None = None
    uptime: float | None = None
    dumplings_in: int | None = None
    dumplings_out: int | None = None
    dropped: int | None = None
    kitchens: int | None = None
    eaters: int | None = None
    ledger: dict[str, int] = field(default_factory=dict)
    backbone: BackboneStatus | None = None


def read_hubs(value: Any) -> tuple[OneHub, ...]:
    """Read a list of hubs, which may be anything."""
    return tuple(map(_hub, entries(value, MOST_HUBS)))


def _hub(entry: Any) -> OneHub:
    told = mapping(entry)
    name, state = text(told.get("name")), told.get("state")
    return OneHub(
        name=name,
        key=text(told.get("id")) or name or "",
        state=state if state in STATES else "silent",
        heard=seconds(told.get("heard")) or 0.0,
        host=text(told.get("host")),
        out_port=count(told.get("out_port")),
        version=text(told.get("version"), 64),
        uptime=seconds(told.get("uptime")),
        dumplings_in=count(told.get("dumplings_in")),
        dumplings_out=count(told.get("dumplings_out")),
        dropped=count(told.get("dumplings_dropped")),
        kitchens=count(told.get("kitchens")),
        eaters=count(told.get("eaters")),
        ledger=counts(told.get("ledger")),
        backbone=_backbone(told.get("backbone")),
    )


def _backbone(value: Any) -> BackboneStatus | None:
    told = mapping(value)
    if not told:
        return None
    storing = counts(told.get("storing"))
    return BackboneStatus(
        connected=told.get("connected") is True,
        server=text(told.get("server")) or "",
        problem=text(told.get("problem"), WORDS) or "",
        paused=told.get("kitchens_paused") is True,
        waiting=storing.get("waiting", 0),
        differs=texts(told.get("differs"), MOST_DIFFERS),
        messages=count(told.get("messages")),
        bytes=count(told.get("bytes")),
        storing=storing,
        returning=counts(told.get("returning")),
    )
