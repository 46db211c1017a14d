"""The layers of the traffic, and their course over the last minutes."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ..fleet import Fleet
from ..fleet.values import is_count, mapping, named

#: How many samples are kept of each layer, and how many layers.
SAMPLES: Final = 600
MOST_LAYERS: Final = 48
#: How many kitchens whose `PacketCountChef` is followed.
MOST_KITCHENS: Final = 200
#: Seconds between two samples at least.
EVERY: Final = 0.9
#: Seconds between its clock and the hub's from which on a kitchen is one that replays.
REPLAYED: Final = 60.0
#: Seconds for which what a `PacketCountChef` told holds at least.
HOLDS: Final = 12.0


@dataclass(slots=True)
class Layer:
    """A layer: packets and bits a second at each sample, the latest last.

    Attributes:
        packets: see above.
        bits: likewise; 0 where nobody counts bytes.
        counts_bytes: whether somebody does.
    """

    packets: deque[float] = field(default_factory=lambda: deque(maxlen=SAMPLES))
    bits: deque[float] = field(default_factory=lambda: deque(maxlen=SAMPLES))
    counts_bytes: bool = False


@dataclass(slots=True)
class _Counted:
    """What the `PacketCountChef` of a kitchen told, and what that amounts to a second."""

    time: float
    counts: dict[str, int]
    came: float
    before: tuple[float, dict[str, int]] | None = None
    rates: dict[str, float] = field(default_factory=dict)
    holds: float = HOLDS

    def follow(self, time: float, counts: dict[str, int], came: float) -> None:
        """Take what it tells next."""
        self.holds = max(HOLDS, 3 * (came - self.came))
        # It may tell several times between two samples.
        self.before = self.before or (self.time, self.counts)
        self.time, self.counts, self.came = time, counts, came

    def sample(self) -> dict[str, float]:
        """Return the rates since the sample before, or those of then if it told nothing since."""
        if self.before is None:
            return self.rates
        time, counts = self.before
        if (elapsed := self.time - time) > 0:
            self.before = None
            self.rates = {
                name: (number - counts.get(name, 0)) / elapsed
                for name, number in self.counts.items()
                if number >= counts.get(name, 0)
            }
        return self.rates


class Layers:
    """Packets and bits a second by layer, of all kitchens together.

    A kitchen tells them with its counts (`traffic`); of what it does not tell so, its
    `PacketCountChef` does, without bits.

    Attributes:
        by_name: the layers.
        times: when the samples were taken, in seconds since the epoch by the hub's clock.
    """

    def __init__(self) -> None:
        self.by_name: dict[str, Layer] = {}
        self.times: deque[float] = deque(maxlen=SAMPLES)
        self._counted: dict[str | None, _Counted] = {}

    def sorted(self, *, by_bits: bool = False) -> list[tuple[str, Layer]]:
        """Return the layers, those with most packets (or bits) lately first."""

        def lately(item: tuple[str, Layer]) -> tuple[float, float]:
            layer = item[1]
            values = layer.bits if by_bits else layer.packets
            latest = [values[-n] for n in range(1, min(10, len(values)) + 1)]
            # What has been seen at all comes before what never was.
            return -sum(latest), -sum(layer.packets)

        return sorted(self.by_name.items(), key=lately)

    def count(self, kitchen: str | None, time: float, payload: Any, now: float) -> None:
        """Take the payload of a `PacketCountChef`, made at that time, and come ``now``."""
        # Replays tell by the clock of a capture, which may go faster than ours.
        time = time if abs(time - now) < REPLAYED else now
        told = named(mapping(payload).get("packet_counts"), MOST_LAYERS)
        counts = {name: number for name, number in told if is_count(number)}
        known = self._counted.get(kitchen)
        if known is not None:
            known.follow(time, counts, now)
        elif len(self._counted) < MOST_KITCHENS:
            self._counted[kitchen] = _Counted(time, counts, now)

    def restart(self) -> None:
        """Forget all samples: those to come are by another clock."""
        self.by_name.clear()
        self.times.clear()

    def sample(self, time: float, fleet: Fleet) -> None:
        """Note how much there is of each layer now."""
        if self.times and 0 <= time - self.times[-1] < EVERY:
            return
        together = fleet.together()
        if together is None and fleet.here and not self._counted:
            return  # the kitchens have not told twice yet: that is not nothing
        traffic = dict(together.traffic) if together is not None else {}
        rates: dict[str, list[float]] = {
            name: [packets, bits] for name, (packets, bits) in traffic.items()
        }
        telling = {one.status.name: one.status.traffic for one in fleet.here}
        for kitchen, counted in list(self._counted.items()):
            if abs(time - counted.came) > counted.holds:
                del self._counted[kitchen]
                continue
            told: Mapping[str, Any] = telling.get(kitchen, {})
            for name, rate in counted.sample().items():
                if name not in told:
                    rates.setdefault(name, [0.0, 0.0])[0] += rate
        self._append(time, rates, traffic)

    def _append(
        self, time: float, rates: Mapping[str, list[float]], traffic: Mapping[str, Any]
    ) -> None:
        for name in rates:
            if name not in self.by_name and len(self.by_name) < MOST_LAYERS:
                # As many samples as there are times, so that columns stand for the same times.
                self.by_name[name] = Layer()
                self.by_name[name].packets.extend([0.0] * len(self.times))
                self.by_name[name].bits.extend([0.0] * len(self.times))
        self.times.append(time)
        for name, layer in self.by_name.items():
            packets, bits = rates.get(name, (0.0, 0.0))
            layer.packets.append(packets)
            layer.bits.append(bits)
            layer.counts_bytes |= name in traffic
