"""A hub's backbone, and the other hubs and kitchens of its fleet, as Prometheus scrapes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from .families import Samples, counter, gauge
from .fleet import HubNow
from .places import OTHER, label
from .reports import BackboneTold, SumTold

if TYPE_CHECKING:
    from prometheus_client.core import Metric

#: How many kitchens of other hubs are told apart, by hub and name.
MAX_KITCHENS: Final = 1000

_STORING: Final = {
    "taken": "Dumplings that were taken from kitchens.",
    "stored": "Those that the stream has.",
    "left": "Those that a stopping hub held; their kitchens have them still.",
    "refused": "Those that are lost, as they were too large for the backbone.",
}
_RETURNING: Final = {
    "came": "Dumplings that the stream gave.",
    "routed": "Those that were routed past eaters.",
    "repeated": "Those that had come before.",
    "damaged": "Those of messages that no hub has written.",
}
_OF_THE_BACKBONE: Final[tuple[tuple[str, str, Callable[[BackboneTold], float]], ...]] = (
    ("connected", "Whether the hub is connected, and the stream is there.",
     lambda told: told.connected),
    ("trouble", "Whether something keeps it from storing dumplings; the status says what.",
     lambda told: bool(told.problem)),
    ("kitchens_paused", "Whether the hub reads no more from kitchens until the stream takes some.",
     lambda told: told.kitchens_paused),
    ("dumplings_waiting", "Dumplings that the hub holds and the stream has not.",
     lambda told: told.storing.get("waiting", 0)),
    ("waiting_bytes", "Bytes of those.", lambda told: told.waiting_bytes),
    ("stream_messages", "Messages that the stream holds.", lambda told: told.messages),
    ("stream_bytes", "Bytes that those take.", lambda told: told.bytes),
    ("stream_replicas", "How many servers have the stream.", lambda told: told.replicas),
    ("stream_differences", "In how much the stream is not as the hub was told.",
     lambda told: len(told.differs)),
    ("subjects", "Subjects of the stream that the hub's eaters want.",
     lambda told: told.subjects),
)  # fmt: skip
_OF_HUBS: Final[tuple[tuple[str, str, Callable[[HubNow], float]], ...]] = (
    ("up", "Whether the hub is there.", lambda hub: hub.state == "up"),
    ("heard_seconds", "How long ago it was heard of.", lambda hub: hub.heard),
    ("kitchens", "Kitchens that are connected to it.", lambda hub: hub.kitchen_count),
    ("eaters", "Eaters that are.", lambda hub: hub.eater_count),
    ("backbone_connected", "Whether it is connected to the backbone, as it said last.",
     lambda hub: hub.told.backbone is not None and hub.told.backbone.connected),
)  # fmt: skip
_COUNTED: Final = {
    "received": "Dumplings that kitchens sent it.",
    "lost": "Dumplings of kitchens that never came there.",
    "sent": "Dumplings that its eaters were sent.",
    "dropped": "Those that they missed because they were slow.",
}
_OF_KITCHENS: Final[tuple[tuple[str, str, Callable[[SumTold], int]], ...]] = (
    ("dumplings_received", "Dumplings that came from the kitchens of a name at another hub.",
     lambda one: one.received),
    ("packets_handled", "Packets that passed all of their chefs.", lambda one: one.handled),
    ("packets_dropped", "Packets that they lost.", lambda one: one.dropped),
)  # fmt: skip


def of_the_backbone(told: BackboneTold) -> Iterator[Metric]:
    """Write how a hub stands with its backbone."""
    for name, help_, value in _OF_THE_BACKBONE:
        yield gauge(f"backbone_{name}", help_, (), [((), value(told))])
    for counts, helps in ((told.storing, _STORING), (told.returning, _RETURNING)):
        for name, help_ in helps.items():
            yield counter(f"backbone_dumplings_{name}", help_, (), [((), counts.get(name, 0))])


def of_the_fleet(hubs: Sequence[HubNow], unreadable: int) -> Iterator[Metric]:
    """Write which hubs there are, and what kitchens have counted at the others.

    Args:
        hubs: all of them, the one first that is scraped.
        unreadable: how many reports came that were none.
    """
    yield counter(
        "fleet_reports_unreadable", "What came as a hub's report and is none.", (),
        [((), unreadable)],
    )  # fmt: skip
    named = _named(hubs)
    for name, help_, value in _OF_HUBS:
        yield gauge(
            f"fleet_{name}", help_, ("hub",), [((hub,), value(one)) for hub, one in named.items()]
        )
    for name, help_ in _COUNTED.items():
        samples: Samples = [((hub,), one.told.ledger.get(name, 0)) for hub, one in named.items()]
        yield counter(f"fleet_dumplings_{name}", help_, ("hub",), samples)
    yield from _of_kitchens(named, hubs[0])


def _named(hubs: Sequence[HubNow]) -> dict[str, HubNow]:
    """Give each hub a label of its own, however long their names are."""
    named: dict[str, HubNow] = {}
    for hub in hubs:
        name = label(hub.name)
        if name in named:
            name = label(f"{name[:40]} ({hub.told.id})")
        named.setdefault(name, hub)
    return named


def _of_kitchens(named: Mapping[str, HubNow], own: HubNow) -> Iterator[Metric]:
    sums: dict[tuple[str, str], SumTold] = {}
    for hub, one in named.items():
        for told in one.sums if one is not own else ():
            key = hub, label(told.kitchen)
            if key not in sums and len(sums) >= MAX_KITCHENS:
                key = hub, OTHER
            before = sums.get(key, SumTold(""))
            here = told.here if one.state == "up" else 0
            sums[key] = SumTold(
                "",
                before.here + here,
                before.received + told.received,
                before.handled + told.handled,
                before.dropped + told.dropped,
            )
    by = ("hub", "kitchen")
    yield gauge(
        "fleet_kitchen_connected", "Kitchens of a name that are connected to another hub.", by,
        [(key, one.here) for key, one in sums.items()],
    )  # fmt: skip
    for name, help_, value in _OF_KITCHENS:
        samples: Samples = [(key, value(one)) for key, one in sums.items()]
        yield counter(f"fleet_kitchen_{name}", help_, by, samples)
