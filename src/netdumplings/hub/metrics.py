"""The hub's counts as Prometheus scrapes them.

Nothing is counted here. Whoever scrapes has the counts that there are anyway put into words, in
OpenMetrics 1.0 or in Prometheus' own format of text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from .._version import __version__
from ..transport.answers import STATUSES, Answer, Question, zipped
from ..wire import CAUSES
from .eater_totals import EaterSumNow
from .families import PREFIX, Samples, counter, gauge
from .fleet_metrics import of_the_backbone, of_the_fleet
from .picture import Picture
from .seldom import Seldom
from .totals import SumNow

if TYPE_CHECKING:
    from prometheus_client.core import Metric

#: What the two formats are called; Prometheus asks for both, and prefers the first.
OPENMETRICS: Final = "application/openmetrics-text; version=1.0.0; charset=utf-8"
PLAIN: Final = "text/plain; version=0.0.4; charset=utf-8"

_BY_KITCHEN: Final = ("kitchen", "interface")


class _Counter(NamedTuple):
    """A count of the kitchens', and how it is written.

    Attributes:
        key: the first part of its key in `SumNow.grown`.
        name: without the prefix, and without ``_total``.
        help: in words.
        label: what the second part of the key is, if anything.
    """

    key: str
    name: str
    help: str
    label: str = ""


_COUNTERS: Final = (
    _Counter("packets_received", "packets_received",
             "Packets that passed the filter, those among them that were dropped."),
    _Counter("packets_handled", "packets_handled", "Packets that passed all chefs."),
    _Counter("packets_dropped", "packets_dropped",
             "Packets lost: for want of room in the kernel or in the interface, or left by a "
             "kitchen that was stopped.", "by"),
    _Counter("packets_filtered_out", "packets_filtered_out",
             "Packets of capture files that did not pass the filter."),
    _Counter("packets_damaged", "packets_damaged",
             "Records of capture files that could not be read."),
    _Counter("bytes_handled", "handled_bytes", "Bytes on the wire of the packets handled."),
    _Counter("layer_packets", "layer_packets", "Packets handled that have this layer.", "layer"),
    _Counter("layer_bytes", "layer_bytes",
             "Bytes on the wire of the packets handled that have this layer.", "layer"),
    _Counter("dumplings_made", "dumplings_made", "Dumplings that the chefs made."),
    _Counter("dumplings_acknowledged", "dumplings_acknowledged",
             "Dumplings of which the kitchen knows that a hub has them."),
    _Counter("dumplings_dropped", "dumplings_dropped",
             "Dumplings lost: there was no room for them in the kitchen while no hub took them."),
    _Counter("dumplings_received", "dumplings_received", "Dumplings that came from kitchens."),
    _Counter("dumplings_duplicates", "dumplings_duplicate",
             "Dumplings that came and that the hub had already."),
    _Counter("dumplings_lost", "dumplings_lost",
             "Dumplings that never came, as the numbers of the others show."),
    _Counter("chef_packets", "chef_packets", "Packets that a chef was handed.", "chef"),
    _Counter("chef_packets_missed", "chef_packets_missed",
             "Packets that an isolated chef should have been handed and was not.", "chef"),
    _Counter("chef_seconds", "chef_seconds", "Time that a chef took.", "chef"),
    _Counter("chef_dumplings", "chef_dumplings", "Dumplings that a chef made.", "chef"),
    _Counter("chef_errors", "chef_errors", "How often a chef raised, or returned no payload.",
             "chef"),
)  # fmt: skip
_LABELLED: Final = frozenset(one.key for one in _COUNTERS if one.label)


class Metrics:
    """Answers whoever scrapes.

    Args:
        take: takes the counts.
    """

    def __init__(self, take: Callable[[], Picture]) -> None:
        self._take = take
        self._plain = Seldom(lambda: self._write(PLAIN))
        self._open = Seldom(lambda: self._write(OPENMETRICS))

    def answer(self, question: Question) -> Answer:
        """Answer a request, in the format that it asks for."""
        wants_open = wants_openmetrics(question.header("Accept"))
        return (self._open if wants_open else self._plain).get()

    def _write(self, content_type: str) -> Answer:
        # Loaded when somebody scrapes, for it takes as long to load as half of all else.
        from prometheus_client import CollectorRegistry, exposition
        from prometheus_client.openmetrics import exposition as openmetrics

        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Once(families(self._take())))
        is_open = content_type == OPENMETRICS
        text = (openmetrics if is_open else exposition).generate_latest(registry)
        vary = {"Vary": "Accept"}
        return Answer(text, content_type, headers=vary, gzipped=zipped(text, quickly=True))


class _Once:
    """What a registry collects."""

    def __init__(self, families: Iterator[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterator[Metric]:
        return self._families

    def describe(self) -> list[Metric]:
        return []


def wants_openmetrics(accept: str) -> bool:
    """Look whether OpenMetrics is welcome (RFC 9110, section 12.5.1)."""
    for entry in accept.lower().split(","):
        kind, *parameters = (part.strip() for part in entry.split(";"))
        if kind == "application/openmetrics-text":
            weights = [part.removeprefix("q=") for part in parameters if part.startswith("q=")]
            return not any(not weight.strip("0.") for weight in weights)
    return False


def families(picture: Picture) -> Iterator[Metric]:
    """Write counts as metrics.

    Args:
        picture: the counts.
    """
    yield from _of_the_hub(picture)
    yield from _of_kitchens(picture.kitchens)
    yield from _of_eaters(picture.eaters)
    if picture.fleet:
        told = picture.fleet[0].told.backbone
        if told is not None:
            yield from of_the_backbone(told)
        yield from of_the_fleet(picture.fleet, picture.unreadable)


_GAUGES: Final[tuple[tuple[str, str, Callable[[SumNow], float | None]], ...]] = (
    ("kitchens", "Kitchens of this name that are connected.", lambda one: one.here),
    ("behind_seconds", "How far it is behind its packets; of several, the one that is most.",
     lambda one: one.behind),
    ("packets_waiting", "Packets that were read and are being handled.",
     lambda one: one.now["packets_waiting"]),
    ("dumplings_held", "Dumplings that wait for a hub in a kitchen.",
     lambda one: one.now["dumplings_held"]),
    ("dumplings_on_disk", "Those of them that would survive a crash.",
     lambda one: one.now["dumplings_on_disk"]),
    ("chefs_quarantined", "Chefs that are not run any more.", lambda one: one.quarantined),
    ("chefs_not_wanted", "Chefs that rest because no eater subscribes to them.",
     lambda one: one.not_wanted),
)  # fmt: skip


def _of_the_hub(picture: Picture) -> Iterator[Metric]:
    from prometheus_client.core import InfoMetricFamily

    yield InfoMetricFamily(f"{PREFIX}build", "What the hub is.", {"version": __version__})
    yield gauge("uptime_seconds", "Time since the hub came up.", (), [((), picture.uptime)])
    yield gauge(
        "connections", "Peers that have said hello.", ("peer",),
        [((peer,), count) for peer, count in picture.connected.items()],
    )  # fmt: skip
    yield counter(
        "connections_refused", "Connections refused, by what for.", ("cause",),
        [((cause,), picture.refused.get(cause, 0)) for cause in CAUSES],
    )  # fmt: skip
    yield counter(
        "http_answers", "Requests answered that were for no WebSocket, by status.", ("code",),
        [((str(code),), picture.answered.get(code, 0)) for code in STATUSES],
    )  # fmt: skip
    intake, ledger = picture.intake, picture.ledger
    for name, help_, count in (
        ("received", "Dumplings that kitchens sent.", intake.received),
        ("duplicate", "Those that the hub had already.", intake.duplicates),
        ("lost", "Dumplings of kitchens that never came.", intake.lost),
        ("own", "Dumplings that the hub made itself.", picture.own),
        ("routed", "Dumplings, once for each eater that they were routed past.", ledger.routed),
        ("sent", "Those that the eater was sent.", ledger.sent),
        ("filtered_out", "Those that the eater had not asked for.", ledger.filtered_out),
        ("dropped", "Those that the eater missed because it was slow.", ledger.dropped),
    ):
        yield counter(f"hub_dumplings_{name}", help_, (), [((), count)])
    yield gauge(
        "hub_dumplings_waiting", "Dumplings that wait for an eater.", (), [((), ledger.waiting)]
    )
    yield gauge(
        "history_bytes", "Memory that the latest dumplings take.", (),
        [((), picture.history_bytes)],
    )  # fmt: skip
    yield gauge("history_dumplings", "How many those are.", (), [((), picture.history_dumplings)])


def _of_kitchens(kitchens: Sequence[SumNow]) -> Iterator[Metric]:
    by_key: dict[str, Samples] = {count.key: [] for count in _COUNTERS}
    for one in kitchens:
        for (key, what), number in one.grown.items():
            values = (one.kitchen, one.interface)
            if key in by_key:
                by_key[key].append(((*values, what) if key in _LABELLED else values, number))
    for count in _COUNTERS:
        labels = (*_BY_KITCHEN, count.label) if count.label else _BY_KITCHEN
        yield counter(count.name, count.help, labels, by_key[count.key])
    for name, help_, value in _GAUGES:
        samples: Samples = [
            ((one.kitchen, one.interface), now)
            for one in kitchens
            if (now := value(one)) is not None
        ]
        yield gauge(name, help_, _BY_KITCHEN, samples)


def _of_eaters(eaters: Sequence[EaterSumNow]) -> Iterator[Metric]:
    by = ("eater",)
    yield counter(
        "eater_dumplings_sent", "Dumplings that eaters of this name were sent.", by,
        [((one.name,), one.sent) for one in eaters],
    )  # fmt: skip
    yield counter(
        "eater_dumplings_dropped", "Dumplings that they missed because they were slow.", by,
        [((one.name,), one.dropped) for one in eaters],
    )  # fmt: skip
    yield gauge(
        "eater_dumplings_waiting", "Dumplings that wait for them.", by,
        [((one.name,), one.waiting) for one in eaters],
    )  # fmt: skip
    yield gauge(
        "eaters", "Eaters of this name that are connected.", by,
        [((one.name,), one.here) for one in eaters],
    )  # fmt: skip
