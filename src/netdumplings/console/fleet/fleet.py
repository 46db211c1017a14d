"""The fleet over time: rates from one status to the next, and who has gone."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Protocol, TypeVar

from .hubs import OneHub
from .reading import EaterStatus, HubStatus, KitchenStatus

#: Seconds for which those who have gone are remembered, and how many of them.
REMEMBERED: Final = 300.0
MOST_REMEMBERED: Final = 200
#: Seconds after which counts that have not changed are taken to stand still. Kitchens tell them
#: every second, older ones every five; a hub may tell more often than that.
STALE: Final = 6.0

#: Seconds by which what a hub told once may seem to be of another time.
SAME: Final = 0.05
#: Seconds over which the hub's rates are taken at least: dumplings come in batches.
RATES_OVER: Final = 0.9
#: How many rates of a kitchen are kept.
RECENT: Final = 60


class Rates(NamedTuple):
    """What goes on each second, between the latest two statuses that told something new.

    Attributes:
        packets: packets handled.
        bits: bits of these packets; None if the kitchen does not count bytes.
        dumplings: dumplings that the kitchen made.
        lost: packets and dumplings lost, wherever that was.
        traffic: packets and bits by layer.
    """

    packets: float = 0.0
    bits: float | None = None
    dumplings: float = 0.0
    lost: float = 0.0
    traffic: dict[str, tuple[float, float]] = {}  # noqa: RUF012  # never written to


class HubRates(NamedTuple):
    """Dumplings each second into a hub, out of it, and dropped for slow eaters."""

    dumplings_in: float
    dumplings_out: float
    dropped: float


@dataclass(slots=True)
class Kitchen:
    """A kitchen as it is now.

    Attributes:
        status: what was told of it last.
        rates: None until it has told its counts twice.
        seen: when it was last connected, in seconds since the epoch by the hub's clock.
        gone: whether it is connected no more.
        recent: packets a second at the latest statuses, the latest last.
    """

    status: KitchenStatus
    seen: float
    gone: bool = False
    rates: Rates | None = None
    recent: deque[float] = field(default_factory=lambda: deque(maxlen=RECENT))
    _changed: float = 0.0

    def __post_init__(self) -> None:
        self._changed = self.seen

    def follow(self, status: KitchenStatus, now: float, *, anew: bool = False) -> None:
        """Take what is told of it as of a time; ``anew`` if it may be older than what was known."""
        before, since, last = self.status, self._changed, self.seen
        if now == last and not self.gone:
            # Its hub has said nothing since.
            return
        self.status, self.seen = status, now
        if self.gone or anew or status.hub != before.hub:
            # While it was away the hub heard nothing of it: that is no second like others.
            self.gone, self.rates, self._changed = False, None, now
        elif not status.counts:
            self.rates, self._changed = None, now
        elif status.counts != before.counts or status.losses != before.losses:
            self._changed = now
            self.rates = _rates(before, status, now - since) if before.counts else None
        elif now - since >= STALE:
            # It counts nothing. Whatever it counts next is of the time since the latest status.
            self.rates, self._changed = Rates(bits=_bits(status, 0.0)), last
        self.recent.append(self.rates.packets if self.rates is not None else 0.0)


@dataclass(slots=True)
class Eater:
    """An eater as it is now; ``seen`` and ``gone`` as of a kitchen, ``rate`` dumplings a second."""

    status: EaterStatus
    seen: float
    gone: bool = False
    rate: float | None = None

    def follow(self, status: EaterStatus, now: float, *, anew: bool = False) -> None:
        """Take what is told of it as of a time; ``anew`` as for a kitchen."""
        if now == self.seen and not self.gone:
            return
        elapsed = now - self.seen
        grown = _growth(self.status.dumplings_out, status.dumplings_out)
        anew = anew or self.gone or status.hub != self.status.hub
        self.rate = grown / elapsed if elapsed > 0 and not anew else None
        self.status, self.seen, self.gone = status, now, False


@dataclass(slots=True)
class Hub:
    """A hub of several as it is now.

    Attributes:
        status: what it told last.
        told: when that was, in seconds since the epoch by the clock of the hub that is asked.
        rates: None until it has told its counts twice, and when it has gone.
    """

    status: OneHub
    told: float
    rates: HubRates | None = None
    _before: OneHub | None = None
    _since: float = 0.0

    def follow(self, status: OneHub, told: float, *, anew: bool = False) -> None:
        """Take what is told of it now; ``anew`` as for a kitchen."""
        self.status, self.told = status, told
        if anew or status.state != "up" or self._before is None:
            self.rates = None
        elif (elapsed := told - self._since) < RATES_OVER:
            return
        else:
            self.rates = _hub_rates(self._before, status, elapsed)
        self._before, self._since = status, told


@dataclass(slots=True)
class Fleet:
    """What is known after any number of statuses.

    Attributes:
        hub: the latest status; None before the first.
        rates: of the hub, or of all hubs together; None until there were two.
        hubs: all hubs, if there are several.
        kitchens: those connected and those that went a while ago, in no order.
        eaters: likewise.
    """

    hub: HubStatus | None = None
    rates: HubRates | None = None
    hubs: list[Hub] = field(default_factory=list)
    kitchens: list[Kitchen] = field(default_factory=list)
    eaters: list[Eater] = field(default_factory=list)
    _before: HubStatus | None = None

    def update(self, status: HubStatus) -> None:
        """Take the next status."""
        before, self.hub, now = self.hub, status, status.time
        if before is not None and now < before.time:
            # A clock was set back, or this is another hub's: nothing before it can be compared.
            self.rates, self.kitchens, self.eaters, self._before = None, [], [], None
            self.hubs = []
        # What another hub tells of some may be older than what this one has told.
        anew = before is not None and before.name != status.name
        if status.hubs:
            self._follow_hubs(status, anew)
        elif self._before is None:
            self._before = status
        elif (elapsed := now - self._before.time) >= RATES_OVER:
            self.rates = _hub_rates(self._before, status, elapsed)
            self._before = status
        told = {hub.status.name: hub.told for hub in self.hubs}

        def when(peer: _PeerStatus) -> float:
            return told.get(peer.hub, now)

        self.kitchens = _followed(self.kitchens, status.kitchens, now, Kitchen, when, anew)
        self.eaters = _followed(self.eaters, status.eaters, now, Eater, when, anew)

    def _follow_hubs(self, status: HubStatus, anew: bool) -> None:
        """Take what is told of hubs: each tells of itself at a time of its own."""
        known = {hub.status.key: hub for hub in self.hubs}
        self.hubs = []
        for one in status.hubs:
            told = status.time - one.heard
            hub = known.get(one.key) or Hub(one, told)
            if abs(told - hub.told) < SAME:
                told = hub.told
            hub.follow(one, told, anew=anew)
            self.hubs.append(hub)
        rates = [hub.rates for hub in self.hubs if hub.rates is not None]
        self.rates = HubRates(*map(sum, zip(*rates, strict=True))) if rates else None

    @property
    def spread(self) -> bool:
        """Whether there are several hubs, so that it matters at which one somebody is."""
        return len(self.hubs) > 1

    @property
    def here(self) -> list[Kitchen]:
        """The kitchens that are connected."""
        return [kitchen for kitchen in self.kitchens if not kitchen.gone]

    def together(self) -> Rates | None:
        """Return the rates of all connected kitchens together; None if none is known."""
        known = [kitchen.rates for kitchen in self.here if kitchen.rates is not None]
        if not known:
            return None
        bits = [rates.bits for rates in known if rates.bits is not None]
        traffic: defaultdict[str, tuple[float, float]] = defaultdict(lambda: (0.0, 0.0))
        for rates in known:
            for layer, (packets, of_bits) in rates.traffic.items():
                traffic[layer] = (traffic[layer][0] + packets, traffic[layer][1] + of_bits)
        return Rates(
            packets=sum(rates.packets for rates in known),
            bits=sum(bits) if bits else None,
            dumplings=sum(rates.dumplings for rates in known),
            lost=sum(rates.lost for rates in known),
            traffic=dict(traffic),
        )

    def loss_share(self) -> float | None:
        """Return which share of their packets all connected kitchens lost; None if unknown."""
        statuses = [kitchen.status for kitchen in self.here]
        received = sum(status.counts.get("packets_received", 0) for status in statuses)
        lost = sum(status.losses.packets for status in statuses)
        return min(1.0, lost / received) if received else None


class _PeerStatus(Protocol):
    @property
    def name(self) -> str | None: ...
    @property
    def host(self) -> str | None: ...
    @property
    def port(self) -> int | None: ...
    @property
    def hub(self) -> str | None: ...


StatusT = TypeVar("StatusT", KitchenStatus, EaterStatus)
PeerT = TypeVar("PeerT", Kitchen, Eater)


def _followed(
    known: Iterable[PeerT],
    told: Sequence[StatusT],
    now: float,
    make: type[PeerT],
    when: Callable[[StatusT], float],
    anew: bool,
) -> list[PeerT]:
    """Return those that are told of, as they go on from what is known, and those who have gone.

    Several may have the same name, on the same host: a connection tells them apart, as long as it
    lasts. A peer that connects again is the one of that name that has gone.
    """
    before: defaultdict[tuple[str | None, str | None], list[PeerT]] = defaultdict(list)
    for peer in known:
        before[_who(peer.status)].append(peer)
    found: list[PeerT | None] = [None] * len(told)
    for exact in (True, False):
        for index, status in enumerate(told):
            candidates = before.get(_who(status))
            if found[index] is not None or not candidates:
                continue
            for peer in candidates:
                if not exact or (peer.status.port == status.port and peer.status.hub == status.hub):
                    candidates.remove(peer)
                    found[index] = peer
                    break
    peers = []
    for known_one, status in zip(found, told, strict=True):
        if known_one is None:
            peers.append(make(status, when(status)))  # type: ignore[arg-type]
        else:
            known_one.follow(status, when(status), anew=anew)  # type: ignore[arg-type]
            peers.append(known_one)
    gone = [peer for peers in before.values() for peer in peers if now - peer.seen < REMEMBERED]
    for peer in gone:
        peer.gone = True
    return peers + sorted(gone, key=lambda peer: -peer.seen)[:MOST_REMEMBERED]


def _who(status: _PeerStatus) -> tuple[str | None, str | None]:
    return status.name, status.host


def _rates(before: KitchenStatus, after: KitchenStatus, elapsed: float) -> Rates | None:
    if elapsed <= 0:
        return None

    def grown(name: str) -> float:
        return _growth(before.counts.get(name, 0), after.counts.get(name, 0)) / elapsed

    traffic = {}
    for layer, (packets, size) in after.traffic.items():
        packets_before, size_before = before.traffic.get(layer, (0, 0))
        traffic[layer] = (
            _growth(packets_before, packets) / elapsed,
            _growth(size_before, size) / elapsed * 8,
        )
    lost = sum(map(_growth, before.losses, after.losses))
    return Rates(
        packets=grown("packets_handled"),
        bits=_bits(after, grown("bytes_handled") * 8),
        dumplings=grown("dumplings_made"),
        lost=lost / elapsed,
        traffic=traffic,
    )


def _bits(status: KitchenStatus, bits: float) -> float | None:
    return bits if "bytes_handled" in status.counts else None


def _hub_rates(before: HubStatus | OneHub, after: HubStatus | OneHub, elapsed: float) -> HubRates:
    return HubRates(
        dumplings_in=_growth(before.dumplings_in, after.dumplings_in) / elapsed,
        dumplings_out=_growth(before.dumplings_out, after.dumplings_out) / elapsed,
        dropped=_growth(before.dropped, after.dropped) / elapsed,
    )


def _growth(before: int | None, after: int | None) -> int:
    """How much a counter grew. One that fell has begun anew, and all of it is growth."""
    if before is None or after is None:
        return 0
    return after - before if after >= before else after
