"""How packets and pokes come to the chefs: live, by the wall clock, and in a replay, by its own."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from ..exceptions import CaptureError
from ..packets import PacketBatch
from .behind import Behind, Bites, CaughtUp, Watch, advice
from .intake import Intake
from .pokes import CapturePokes, Poke, WallPokes
from .runner import ChefRunner

logger = logging.getLogger(__name__)

#: How often a kitchen that waits for packets looks whether it is to stop, seconds.
GLANCE: Final = 0.2
#: The same while isolated chefs are at work, whose dumplings are to be passed on.
BRIEF_GLANCE: Final = 0.02
#: How often a live kitchen looks whether packets are dropped, seconds.
LOOK_EVERY: Final = 1.0


def cook_live(
    source: Intake,
    runner: ChefRunner,
    poke_interval: float,
    stopping: Callable[[], bool],
    between: Callable[[], Iterable[str]] = tuple,
) -> Iterator[str]:
    """Handle live packets as they come, and poke the chefs by the wall clock.

    Where packets are dropped because the chefs are slow, the log says so.

    Args:
        source: an open source of live packets.
        runner: the chefs.
        poke_interval: seconds between two pokes.
        stopping: True ends it soon.
        between: called between two batches, and several times a second; it gives dumplings.

    Yields:
        the dumplings, as JSON text.
    """
    pokes = WallPokes(poke_interval, time.monotonic())
    watch, look_at = Watch(), time.monotonic() + LOOK_EVERY
    bites = Bites()
    batch: PacketBatch | None = None
    try:
        while not stopping():
            yield from between()
            if pokes.due(time.monotonic()):
                yield from runner.poke(time.time())
            if time.monotonic() >= look_at:
                look_at = time.monotonic() + LOOK_EVERY
                _look(watch, source, runner)
            if batch is None:
                glance = BRIEF_GLANCE if runner.busy else GLANCE
                batch = source.read(min(glance, pokes.wait(time.monotonic())))
                if batch is None:
                    yield from runner.collect()
                    continue
            bite, batch = batch, None
            if len(bite) > bites.size:
                bite, batch = bite[: bites.size], bite[bites.size :]
            began = time.monotonic()
            yield from runner.handle(bite, time.time)
            bites.took(len(bite), time.monotonic() - began)
        yield from runner.farewell()
        yield from runner.closing(time.time())
    finally:
        if batch is not None:
            source.tally.note_left(len(batch))


def cook_replay(
    source: Intake,
    runner: ChefRunner,
    poke_interval: float,
    stopping: Callable[[], bool],
    between: Callable[[], Iterable[str]] = tuple,
) -> Iterator[str]:
    """Handle the packets of a replay, and poke the chefs by the capture's clock.

    Args, yields: as of `cook_live`.

    Raises:
        CaptureError: at the end, if a part of the source was not as it should be; of several, the
            first, and the others are logged.
    """
    pokes = CapturePokes(poke_interval)
    broken_off: CaptureError | None = None
    time_ns = 0
    poked = False
    while not source.ended and not stopping():
        yield from between()
        try:
            batch = source.read(GLANCE)
        except CaptureError as error:
            if broken_off is not None:
                logger.error("%s", error)  # the first is raised at the end
            broken_off = broken_off or error
            continue
        if batch is None:
            yield from runner.collect()
            continue
        left = len(batch)
        try:
            for piece in pokes.cut(batch):
                if stopping():
                    break
                if isinstance(piece, Poke):
                    poked = True
                    yield from runner.poke(piece.time_ns / 1e9, replay=True)
                else:
                    left -= len(piece)
                    yield from runner.handle(piece, None)
                    time_ns = int(piece.times_ns[-1])
        finally:
            if left:
                source.tally.note_left(left)
    if not stopping():
        if not poked:  # not a single packet: the chefs start up all the same
            yield from runner.poke(time_ns / 1e9, replay=True)
        yield from runner.poke(time_ns / 1e9, replay=True)
    yield from runner.closing(time_ns / 1e9, replay=True)
    if broken_off is not None:
        raise broken_off


def _look(watch: Watch, source: Intake, runner: ChefRunner) -> None:
    """See whether packets are dropped, and say so once an episode."""
    stations = {station.name: station for station in runner.stations}
    news = watch.look(
        time.monotonic(),
        source.statistics().dropped_by_kernel,
        {name: station.seconds for name, station in stations.items()},
    )
    if isinstance(news, Behind):
        busiest = stations.get(news.chef)  # None in a kitchen without chefs
        logger.warning(
            "the kitchen falls behind, the kernel drops packets (%d so far): %s",
            news.dropped,
            advice(
                news,
                filters=busiest is not None and busiest.filter is not None,
                takes_batches=busiest is not None and busiest.takes_batches,
            ),
        )
    elif isinstance(news, CaughtUp):
        logger.warning(
            "the kitchen keeps up again; the kernel dropped %d packets in %.0f seconds",
            news.dropped,
            news.seconds,
        )
