"""``nd-replay``: sends recorded dumplings to a hub, or to standard output."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from netdumplings import defaults

from . import color as colors
from .access_options import access_options
from .command import command
from .measures import SPAN
from .options import FACTOR, FILE, NAME, SINCE, hub_option
from .print import as_json_line
from .wanted_options import wanted_options

if TYPE_CHECKING:
    from netdumplings.recorder import Chosen, Selection
    from netdumplings.wire import Metadata


@command("nd-replay")
@click.argument("files", metavar="FILE...", type=FILE, nargs=-1, required=True)
@hub_option(defaults.KITCHEN_HUB)
@access_options
@click.option(
    "--stdout",
    "to_stdout",
    is_flag=True,
    help="Write dumplings to standard output, one JSON text a line, instead of to a hub.",
)
@wanted_options("Replay")
@click.option(
    "--since",
    type=SINCE,
    help="Leave out what was made before: a time, in UTC unless it says otherwise, or 30s, 5m, 2h "
    "or 1d ago.",
)
@click.option("--until", type=SINCE, help="Leave out what was made then or later; as --since.")
@click.option(
    "--speed",
    type=FACTOR,
    help="Replay as fast as it was, times this: 1 at its own pace, 10 ten times as fast.  "
    "[default: as fast as possible]",
)
@click.option(
    "--max-wait",
    type=SPAN,
    help="With --speed, wait no longer than so between two dumplings: 10s, 5m.",
)
@click.option("--loop", is_flag=True, help="Begin again at the end, until Ctrl-C.")
@click.option(
    "--times",
    type=click.Choice(["recorded", "now"]),
    default="recorded",
    help="The creation time of each dumpling: as it was recorded, or when it is sent.",
)
@click.option(
    "-n",
    "--kitchen-name",
    type=NAME,
    help="Connect once, as this kitchen, so that all dumplings keep their order. They say of "
    "themselves what they did.  [default: as each kitchen of the recording]",
)
@click.option(
    "--strict", is_flag=True, help="End, with status 1, where something in a file is no dumpling."
)
def main(
    files: tuple[Path, ...],
    hub: str,
    to_stdout: bool,
    since: datetime | timedelta | None,
    until: datetime | timedelta | None,
    speed: float | None,
    max_wait: float | None,
    loop: bool,
    times: str,
    kitchen_name: str | None,
    strict: bool,
    wanted: dict[str, Any],
    access: dict[str, Any],
) -> None:
    """Send recorded dumplings to a hub, or write them to standard output.

    A FILE is what nd-record has recorded in any format, together with its finished parts; or JSON
    lines as nd-sniff --stdout and nd-print --json write them, compressed or not; '-' is standard
    input. A directory stands for all recordings in it.

    The hub is sent dumplings as from the kitchens that they were of, and acknowledges them. What is
    damaged in a file is named, counted and left out. It ends when the hub has the last dumpling.
    """
    from netdumplings.recorder import Pace, Selection, paced, restamped
    from netdumplings.recording import STDIN, files_of

    if loop and STDIN in files:
        raise click.UsageError("standard input is there once: --loop wants files")
    if max_wait is not None and speed is None:
        raise click.UsageError("--max-wait is about --speed")
    selection = Selection(files_of(files), _matcher(wanted, since, until), strict=strict)
    stopping = threading.Event()
    pace = Pace(speed, max_wait) if speed is not None else None
    dumplings: Iterable[Chosen] = _rounds(selection, pace, loop)
    if pace is not None:
        dumplings = paced(dumplings, pace.wait, stopping)
    if times == "now":
        dumplings = restamped(dumplings, time.time)
    if to_stdout:
        _to_stdout(dumplings)
        _say(f"wrote {selection.counts}")
    else:
        _to_hub(dumplings, hub, kitchen_name, stopping, selection, access)


def _matcher(
    wanted: dict[str, Any], since: datetime | timedelta | None, until: datetime | timedelta | None
) -> Callable[[Metadata], bool]:
    """Make what tells by its metadata whether a dumpling is wanted."""
    from netdumplings.wire import Matcher, subscription

    drivers = wanted["driver_filter"]
    matcher = Matcher(
        subscription(
            chefs=wanted["chef_filter"],
            kitchens=wanted["kitchen_filter"],
            drivers=None if drivers is None else [driver.value for driver in drivers],
        )
    )
    begin, end = _seconds(since, float("-inf")), _seconds(until, float("inf"))
    return lambda metadata: begin <= metadata.creation_time < end and matcher(metadata)


def _seconds(when: datetime | timedelta | None, otherwise: float) -> float:
    if when is None:
        return otherwise
    return time.time() - when.total_seconds() if isinstance(when, timedelta) else when.timestamp()


def _rounds(selection: Selection, pace: Any, loop: bool) -> Iterator[Chosen]:
    """Yield what is selected, once or again and again, unless there is nothing."""
    while True:
        before = selection.counts.chosen
        yield from selection
        if not loop or selection.counts.chosen == before:
            return
        if pace is not None:
            pace.restart()


def _to_stdout(dumplings: Iterable[Chosen]) -> None:
    ascii_only = colors.output_is_ascii()
    for chosen in dumplings:
        # Flushed one by one: whoever reads through a pipe wants them as they come.
        sys.stdout.write(f"{as_json_line(chosen.line.decode(), ascii_only=ascii_only)}\n")
        sys.stdout.flush()


def _to_hub(
    dumplings: Iterable[Chosen],
    hub: str,
    kitchen: str | None,
    stopping: threading.Event,
    selection: Selection,
    access: dict[str, Any],
) -> None:
    import asyncio

    from netdumplings.recorder import Replayer

    replayer = Replayer(dumplings, hub, kitchen=kitchen, stopping=stopping, **access)
    try:
        asyncio.run(replayer.run())
    finally:
        left_out = (
            f"; {replayer.left_out:,} left out, as no hub takes them from a kitchen (its own, for "
            "one)"
            if replayer.left_out
            else ""
        )
        _say(f"read {selection.counts}; the hub has taken {replayer.delivered:,}{left_out}")


def _say(what: str) -> None:
    import logging

    logging.getLogger("netdumplings.recorder").info("%s", what)


if __name__ == "__main__":
    main()
