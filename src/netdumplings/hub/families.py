"""Metrics of prometheus-client's, and what all of ours have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from prometheus_client.core import Metric

PREFIX: Final = "netdumplings_"
#: The values of a metric's labels, each with its number.
Samples = list[tuple[tuple[str, ...], float]]


def counter(name: str, help_: str, labels: tuple[str, ...], samples: Samples) -> Metric:
    """Write a count that only grows."""
    from prometheus_client.core import CounterMetricFamily

    family = CounterMetricFamily(f"{PREFIX}{name}", help_, labels=labels, unit=_unit(name))
    for values, number in samples:
        family.add_metric(values, number)
    return family


def gauge(name: str, help_: str, labels: tuple[str, ...], samples: Samples) -> Metric:
    """Write what goes up and down."""
    from prometheus_client.core import GaugeMetricFamily

    family = GaugeMetricFamily(f"{PREFIX}{name}", help_, labels=labels, unit=_unit(name))
    for values, number in samples:
        family.add_metric(values, number)
    return family


def _unit(name: str) -> str:
    """A unit is a name's last part (OpenMetrics 1.0, section 4.3)."""
    unit = name.rpartition("_")[2]
    return unit if unit in ("seconds", "bytes") else ""
