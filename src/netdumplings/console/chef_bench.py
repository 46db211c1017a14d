"""``nd-chef bench``: how fast a chef is, what takes its time, and what would help."""

from __future__ import annotations

import linecache
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from .chef_loading import load_chefs, showing_tracebacks
from .errors import Failure
from .text import printable

if TYPE_CHECKING:
    from netdumplings.testing.timing import Timing

#: Figures are rough if half of the rounds are further apart than this part of what one takes.
NOISY: Final = 0.25
#: Microseconds a packet from which on it is worth being faster.
SLOW: Final = 2.0
#: The part of the time from which on something is worth a word.
MUCH: Final = 0.2
#: Lines that are shown of those that have packets dissected.
_LINES: Final = 5
_WIDTH: Final = 60


def bench_chefs(
    module: str,
    names: Sequence[str],
    read: Sequence[str],
    packet_filter: str,
    poke_interval: float,
    seconds: float,
) -> None:
    """Measure chefs over captures, and say how they did.

    Raises:
        Failure: there are no packets, or a chef has made errors.
        NetDumplingsError: one cannot be run.
    """
    from netdumplings.testing.rounds import load_batches
    from netdumplings.testing.timing import time_chef

    chefs = load_chefs(module, names)
    batches = load_batches(read, packet_filter)
    if not sum(map(len, batches)):
        raise Failure(f"there are no packets in {', '.join(read)}")
    errors: list[str] = []
    for number, chef in enumerate(chefs):
        with showing_tracebacks():
            timing = time_chef(chef, batches, seconds=seconds, poke_interval=poke_interval)
        errors += [timing.chef] * bool(timing.errors)
        click.echo("\n" * bool(number) + "\n".join(map(printable, report(timing))))
    if errors:
        raise Failure(f"what makes errors is not measured by that: {', '.join(errors)}")


def report(timing: Timing) -> Iterator[str]:
    """Say what was measured of a chef, line by line."""
    kind = "many packets at once" if timing.handler == "batch_handler" else "a packet at a time"
    wants = f"packet_filter {timing.filter!r}" if timing.filter is not None else "no packet_filter"
    yield f"{timing.chef}: {timing.handler} ({kind}), {wants}"
    again = timing.packets / timing.of
    yield (
        f"  {len(timing.rounds)} rounds of {timing.packets:,} packets"
        + (f" (the capture's {timing.of:,}, repeated)" if again > 1 else "")
        + f", of which it was handed {timing.handed:,}; {timing.dumplings:,} dumplings a round"
        + (f", {timing.errors:,} errors" if timing.errors else "")
    )
    yield (
        f"  {_micros(timing, timing.seconds):.2f} us a packet of processor time: "
        f"{_round(timing.packets / timing.seconds):,} packets/s at most on a core like this"
    )
    low, high = (_micros(timing, each) for each in timing.quartiles)
    fastest = _micros(timing, min(each.seconds for each in timing.rounds))
    yield (
        f"  half of the rounds took {low:.2f} to {high:.2f} us a packet, the fastest {fastest:.2f}"
        + ("; NOISY: these figures are rough" if timing.noise > NOISY else "")
    )
    if timing.delay > 1 + NOISY:
        yield (
            f"  by the clock it took {timing.delay:.1f} times as long: other programs keep this "
            "machine busy, or the chef waits for something"
        )
    in_packets, in_intervals = _shares(timing)
    yield (
        f"  time: {timing.handler} {in_packets:.0%}, interval_handler {in_intervals:.0%}, "
        f"filter and kitchen {max(0.0, 1 - in_packets - in_intervals):.0%}"
    )
    yield from _dissected(timing)
    for hint in hints(timing):
        yield f"  hint: {hint}"


def hints(timing: Timing) -> Iterator[str]:
    """Say what would make a chef faster."""
    in_packets, in_intervals = _shares(timing)
    slow = _micros(timing, timing.seconds) >= SLOW
    if slow and timing.filter is None and in_packets >= MUCH:
        yield (
            "declare a packet_filter, if it has use for some packets only: libpcap then looks at "
            "the others, in a fraction of a microsecond"
        )
    if dissecting := _dissecting(timing):
        if timing.handler == "packet_handler":
            yield (
                "scapy takes most of its time: ask haslayer() first, and for layers that most "
                "packets lack; narrow its packet_filter, which may name flags and bytes, as in "
                "'tcp[tcpflags] & tcp-syn != 0'; or take what you need from the columns of a batch"
            )
        elif slow:
            yield "scapy takes most of its time: narrow the batch by its columns before you iterate"
    if slow and timing.handler == "packet_handler" and in_packets >= MUCH:
        yield "define batch_handler in place of packet_handler, and work on columns"
    if slow and not dissecting and timing.handler == "batch_handler" and in_packets >= MUCH:
        yield "the time goes in its own lines: a profiler (python -m cProfile) tells in which"
    if (
        timing.filter is not None
        and timing.handler == "batch_handler"
        and in_packets + in_intervals < 1 / 2
        and timing.handed * 2 > timing.packets
    ):
        yield (
            "its packet_filter takes longer than itself, and lets most packets through: look at "
            "the columns instead"
        )
    if in_intervals >= MUCH and slow:
        yield "its interval_handler takes much of the time: have it tell less, or less often"
    if timing.dumplings * 2 > timing.packets:
        yield (
            "it makes a dumpling of every other packet or more, each of which goes over the "
            "network: tell sums by interval"
        )


def _dissected(timing: Timing) -> Iterator[str]:
    """Say what scapy had to do with it."""
    found = timing.dissected
    if not found.count:
        yield "  scapy dissected nothing"
        return
    yield (
        f"  scapy dissected {found.count / timing.dissected_of:.1%} of the packets, in "
        f"{min(1.0, found.seconds / timing.dissected_in):.0%} of the time"
        + (", for these lines:" if found.places else "")
    )
    for (file, line), count in found.places.most_common(_LINES):
        source = linecache.getline(file, line).strip()
        shown = source if len(source) <= _WIDTH else f"{source[:_WIDTH]}..."
        yield f"    {count / timing.dissected_of:6.1%}  {Path(file).name}:{line}  {shown}"
    if len(found.places) > _LINES:
        yield f"    ... and {len(found.places) - _LINES} lines more"


def _dissecting(timing: Timing) -> bool:
    return timing.dissected.seconds > timing.dissected_in / 2


def _shares(timing: Timing) -> tuple[float, float]:
    return timing.share(lambda each: each.packets), timing.share(lambda each: each.intervals)


def _micros(timing: Timing, seconds: float) -> float:
    return seconds / timing.packets * 1e6


def _round(rate: float) -> int:
    """A rate without digits that say nothing."""
    digits = max(0, len(str(int(rate))) - 3)
    return int(round(rate, -digits))
