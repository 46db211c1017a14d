"""One status dumpling, read: every value of the kind it should be, or None.

A hub or kitchen that is older than this tells less; one that is hostile tells anything, and any
amount of it. Texts stay as they came: escape them before they are shown.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from netdumplings import Dumpling
from netdumplings.defaults import MAX_CONNECTIONS, STATUS_CHEF

from .hubs import OneHub, read_hubs
from .values import count, counts, entries, is_count, mapping, named, seconds, text, texts

#: How many kitchens, and again eaters, are looked at: as many as a hub takes.
MOST_PEERS: Final = MAX_CONNECTIONS
#: How many chefs of a kitchen, layers of its traffic and interfaces.
MOST_CHEFS: Final = 512
MOST_LAYERS: Final = 32
MOST_INTERFACES: Final = 64


class Losses(NamedTuple):
    """What a kitchen lost so far, by the place where it was lost.

    Attributes:
        kernel: packets for which the kernel had no room.
        interface: packets for which the interface had no room, before any filter.
        kitchen: packets that were read and not handled, when the kitchen was stopped.
        chefs: packets that isolated chefs should have been handed, and were not.
        outbox: dumplings that were made, and never reached the hub.
    """

    kernel: int = 0
    interface: int = 0
    kitchen: int = 0
    chefs: int = 0
    outbox: int = 0

    @property
    def packets(self) -> int:
        """Packets that passed the filter and that no chef saw."""
        return self.kernel + self.kitchen

    @property
    def everything(self) -> int:
        """All of it, packets and dumplings: 0 if all is well."""
        return sum(self)


NOTHING_LOST: Final = Losses()


@dataclass(frozen=True, slots=True)
class ChefStatus:
    """What a chef has done so far; `ChefStatistics` of the kitchen says what each count means."""

    packets: int = 0
    seconds: float = 0.0
    dumplings: int = 0
    errors: int = 0
    packets_missed: int = 0


@dataclass(frozen=True, slots=True)
class KitchenStatus:
    """What is known of a kitchen.

    Attributes:
        name: None if it told none that makes sense; and so for all that may be None.
        host: from where it is connected, and the port.
        port: see ``host``.
        hub: the hub that it is connected to, if there are several.
        interfaces: where its packets come from.
        filter: its packet filter.
        version: of netdumplings.
        chefs: as ``module.ClassName``.
        counts: what it counted, of whole numbers, by the names of `KitchenStatistics`; empty for a
            kitchen that tells nothing.
        losses: see there.
        chef_counts: what each chef has done.
        quarantined: why chefs are not run any more, by their name.
        not_wanted: the chefs that rest because nobody wants them.
        kernel_filter: what the kernel passes on because a chef is for it; None if everything that
            passes ``filter``.
        stuck: the chef, the handler and for how many seconds a call has not returned.
        traffic: packets and bytes by layer, since it started.
        behind: how many seconds ago the latest packet that it handled came.
        dumplings_in: how many of its dumplings the hub got.
    """

    name: str | None = None
    host: str | None = None
    port: int | None = None
    hub: str | None = None
    interfaces: tuple[str, ...] = ()
    filter: str | None = None
    version: str | None = None
    chefs: tuple[str, ...] = ()
    counts: dict[str, int] = field(default_factory=dict)
    losses: Losses = NOTHING_LOST
    chef_counts: dict[str, ChefStatus] = field(default_factory=dict)
    quarantined: dict[str, str] = field(default_factory=dict)
    not_wanted: tuple[str, ...] = ()
    kernel_filter: str | None = None
    stuck: tuple[str, str, float] | None = None
    traffic: dict[str, tuple[int, int]] = field(default_factory=dict)
    behind: float | None = None
    dumplings_in: int | None = None

    @property
    def errors(self) -> int:
        """How many errors its chefs have made."""
        return sum(chef.errors for chef in self.chef_counts.values())

    @property
    def loss_share(self) -> float | None:
        """Which share of the packets that passed the filter was lost, from 0 to 1."""
        received = self.counts.get("packets_received", 0)
        return min(1.0, self.losses.packets / received) if received else None


@dataclass(frozen=True, slots=True)
class EaterStatus:
    """What is known of an eater, and what the hub did for it."""

    name: str | None = None
    host: str | None = None
    port: int | None = None
    hub: str | None = None
    dumplings_out: int | None = None
    dropped: int | None = None
    waiting: int | None = None


@dataclass(frozen=True, slots=True)
class HubStatus:
    """What a hub says of itself, of the kitchens and of the eaters; of all hubs that it has joined.

    Attributes:
        time: when it said so, in seconds since the epoch by the hub's clock.
        uptime: seconds; None if it makes no sense, and so for all that may be None.
        dumplings_in: since it came up.
        dumplings_out: to all eaters together.
        tells_dropped: whether it says anything about ``dropped``.
        dropped: dumplings that slow eaters missed.
        kitchen_count: how many are connected; the list may name fewer.
        eater_count: likewise.
        ledger: its books, those counts in them that make sense.
        refused: connections that it refused, for whatever cause.
        kitchens: those connected.
        eaters: those connected.
        name: what the hub is called; None for a hub that has joined no others.
        hubs: all of them, if there are several or they have a backbone.
        storing: the books of what went to the backbone, as ``ledger``.
        returning: the books of what came from it.
    """

    time: float
    uptime: float | None
    dumplings_in: int | None
    dumplings_out: int | None
    tells_dropped: bool
    dropped: int | None
    kitchen_count: int | None
    eater_count: int | None
    ledger: dict[str, int]
    refused: int
    kitchens: tuple[KitchenStatus, ...]
    eaters: tuple[EaterStatus, ...]
    name: str | None = None
    hubs: tuple[OneHub, ...] = ()
    storing: dict[str, int] = field(default_factory=dict)
    returning: dict[str, int] = field(default_factory=dict)

    @property
    def own(self) -> OneHub | None:
        """What the hub that was asked says of itself, if there are several."""
        return next((hub for hub in self.hubs if hub.name == self.name), None)

    @property
    def packets_lost(self) -> int:
        """How many packets the kernels of all kitchens dropped, and the kitchens themselves."""
        return sum(kitchen.losses.packets for kitchen in self.kitchens)


def is_status(dumpling: Dumpling) -> bool:
    """Tell a hub's status from the dumpling of a kitchen whose chef has the same name."""
    return dumpling.chef_name == STATUS_CHEF and dumpling.kitchen is None


def read_status(dumpling: Dumpling) -> HubStatus:
    """Read a status dumpling, whose payload may be anything."""
    payload = mapping(dumpling.payload)
    backbone = mapping(payload.get("backbone"))
    return HubStatus(
        time=dumpling.creation_time,
        uptime=seconds(payload.get("server_uptime")),
        dumplings_in=count(payload.get("total_dumplings_in")),
        dumplings_out=count(payload.get("total_dumplings_out")),
        tells_dropped="total_dumplings_dropped" in payload,
        dropped=count(payload.get("total_dumplings_dropped")),
        kitchen_count=count(payload.get("dumpling_kitchen_count")),
        eater_count=count(payload.get("dumpling_eater_count")),
        ledger=counts(payload.get("ledger")),
        refused=sum(counts(payload.get("refused")).values()),
        kitchens=tuple(map(_kitchen, entries(payload.get("dumpling_kitchens"), MOST_PEERS))),
        eaters=tuple(map(_eater, entries(payload.get("dumpling_eaters"), MOST_PEERS))),
        name=text(payload.get("hub")),
        hubs=read_hubs(payload.get("hubs")),
        storing=counts(backbone.get("storing")),
        returning=counts(backbone.get("returning")),
    )


def _kitchen(entry: Any) -> KitchenStatus:
    told = mapping(mapping(entry).get("info_from_kitchen"))
    known = mapping(mapping(entry).get("info_from_hub"))
    counted = mapping(told.get("counts"))
    chefs = {name: _chef(of_chef) for name, of_chef in named(counted.get("chefs"), MOST_CHEFS)}
    numbers = counts(counted)
    return KitchenStatus(
        name=text(told.get("kitchen_name")),
        host=text(known.get("host")),
        port=count(known.get("port")),
        hub=text(known.get("hub")),
        interfaces=texts(told.get("interface"), MOST_INTERFACES),
        filter=text(told.get("filter"), 4096),
        version=text(told.get("version"), 64),
        chefs=texts(told.get("chefs"), MOST_CHEFS),
        counts=numbers,
        losses=Losses(
            kernel=numbers.get("packets_dropped_by_kernel", 0),
            interface=numbers.get("packets_dropped_by_interface", 0),
            kitchen=numbers.get("packets_dropped_by_kitchen", 0),
            chefs=sum(chef.packets_missed for chef in chefs.values()),
            # A kitchen that counts nothing numbers its dumplings: the hub knows what is missing.
            outbox=max(numbers.get("dumplings_dropped", 0), count(known.get("lost")) or 0),
        ),
        chef_counts=chefs,
        quarantined={
            name: text(why, 400) or ""
            for name, why in named(counted.get("quarantined"), MOST_CHEFS)
        },
        not_wanted=texts(counted.get("not_wanted"), MOST_CHEFS),
        kernel_filter=text(counted.get("kernel_filter"), 4096),
        stuck=_stuck(mapping(counted.get("stuck"))),
        traffic=dict(_traffic(counted.get("traffic"))),
        behind=seconds(counted.get("behind")),
        dumplings_in=count(known.get("dumplings_in")),
    )


def _chef(entry: Any) -> ChefStatus:
    told = mapping(entry)
    numbers = counts(told)
    return ChefStatus(
        packets=numbers.get("packets", 0),
        seconds=seconds(told.get("seconds")) or 0.0,
        dumplings=numbers.get("dumplings", 0),
        errors=numbers.get("errors", 0),
        packets_missed=numbers.get("packets_missed", 0),
    )


def _stuck(told: dict[str, Any]) -> tuple[str, str, float] | None:
    chef, handler = text(told.get("chef")), text(told.get("handler"))
    since = seconds(told.get("seconds"))
    if chef is None or handler is None or since is None:
        return None
    return chef, handler, since


def _traffic(value: Any) -> list[tuple[str, tuple[int, int]]]:
    found = []
    for layer, told in named(value, MOST_LAYERS):
        numbers = entries(told, 2)
        if len(numbers) == 2 and is_count(numbers[0]) and is_count(numbers[1]):
            found.append((layer, (numbers[0], numbers[1])))
    return found


def _eater(entry: Any) -> EaterStatus:
    told = mapping(mapping(entry).get("info_from_eater"))
    known = mapping(mapping(entry).get("info_from_hub"))
    return EaterStatus(
        name=text(told.get("eater_name")),
        host=text(known.get("host")),
        port=count(known.get("port")),
        hub=text(known.get("hub")),
        dumplings_out=count(known.get("dumplings_out")),
        dropped=count(known.get("dumplings_dropped")),
        waiting=count(known.get("waiting")),
    )
