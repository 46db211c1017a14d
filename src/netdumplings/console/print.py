"""``nd-print``: prints dumplings."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from netdumplings import Dumpling, InvalidDumplingPayload, defaults

from . import color as colors
from .access_options import access_options
from .command import command
from .errors import writing
from .options import color_option, eater_name_option, hub_option
from .text import harmless_json, iso_time, printable, printable_json
from .wanted_options import NO_KITCHEN, past_options, wanted_options

if TYPE_CHECKING:
    from netdumplings import DumplingEater, Gap

_TO_SPACES = dict.fromkeys(map(ord, "\t\n\r"), " ")


@command("nd-print")
@hub_option(defaults.EATER_HUB)
@access_options
@wanted_options("Print")
@eater_name_option("printereater")
@past_options()
@click.option(
    "--compress", is_flag=True, help="Have the hub compress what it sends, for a slow link."
)
@click.option("--payload/--no-payload", default=True, help="Print what the dumplings hold.")
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Write each dumpling as it travels, as a line of JSON, for scripts; what is missing, on "
    "standard error.",
)
@color_option()
def main(
    hub: str,
    eater_name: str,
    last: int | None,
    since: datetime | timedelta | None,
    compress: bool,
    payload: bool,
    as_json: bool,
    color: bool | None,
    wanted: dict[str, Any],
    access: dict[str, Any],
) -> None:
    """Print dumplings as they reach the hub.

    Each is a line with its time (in UTC), what made its chef make it, the chef and the kitchen;
    then what it holds, as JSON. Where dumplings are missing, because they came faster than they
    were printed, say, or while the hub was away, a line marked [gap] says how many and why. It
    runs until Ctrl-C, and waits for a hub that is not there.
    """
    import asyncio

    from netdumplings import DumplingEater

    if as_json and not payload:
        raise click.UsageError("--json writes whole dumplings, and --no-payload wants parts")
    with_colors = colors.wanted(color) and not as_json

    async def on_gap(gap: Gap) -> None:
        with writing():
            click.echo(gap_as_text(gap, time.time(), with_colors), err=as_json, color=with_colors)

    def show(dumpling: Dumpling) -> None:
        # Flushed one by one: whoever reads through a pipe wants them as they come.
        text = as_text(dumpling, payload, with_colors)
        with writing():
            click.echo(text, color=with_colors)

    try:
        eater = DumplingEater(
            eater_name,
            hub,
            last=last,
            since=since,
            compression=compress,
            on_gap=on_gap,
            **wanted,
            **access,
        )
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    asyncio.run(_pass_on(eater) if as_json else _eat(eater, show))


def as_text(dumpling: Dumpling, with_payload: bool, with_colors: bool) -> str:
    """Write a dumpling as ``nd-print`` shows it, with nothing in it that acts on a terminal.

    Returns:
        one line, and the lines of the payload if that is wanted; the last without its newline.
    """
    created = iso_time(dumpling.creation_time)
    driver = f"[{dumpling.driver.value}]"
    chef, kitchen = printable(dumpling.chef_name), printable(_kitchen(dumpling))
    if with_colors:
        created = colors.painted(created, "dim")
        driver = colors.painted(driver, "yellow")
        chef, kitchen = colors.painted(chef, "bold"), colors.painted(kitchen, "cyan")
    heading = f"{created} {driver} {chef} from {kitchen}"
    return f"{heading}\n{_payload(dumpling, with_colors)}" if with_payload else heading


def as_json_line(text: str, *, ascii_only: bool = True) -> str:
    """Write the JSON of a dumpling on one line, with nothing that acts on a terminal.

    Args:
        text: as it came, valid JSON.
        ascii_only: escape whatever is not ASCII too.
    """
    # JSON has these between its tokens, and never within a string.
    return harmless_json(text.translate(_TO_SPACES), ascii_only=ascii_only)


def gap_as_text(gap: Gap, now: float, with_colors: bool) -> str:
    """Write on one line what was missed; as safe as `as_text`.

    Args:
        gap: what was missed.
        now: seconds since the epoch.
        with_colors: whether it may have colors.
    """
    text = f"{iso_time(now)} [gap] {printable(str(gap))}"
    return colors.painted(text, "yellow") if with_colors else text


def _kitchen(dumpling: Dumpling) -> str:
    return NO_KITCHEN if dumpling.kitchen is None else dumpling.kitchen


def _payload(dumpling: Dumpling, with_colors: bool) -> str:
    try:
        text = printable_json(dumpling.payload, ascii_only=colors.output_is_ascii())
    except InvalidDumplingPayload as error:
        return printable(f"(not shown: {error})")
    return colors.json_colored(text) if with_colors else text


async def _eat(eater: DumplingEater, show: Callable[[Dumpling], None]) -> None:
    async with eater:
        async for dumpling in eater:
            show(dumpling)


async def _pass_on(eater: DumplingEater) -> None:
    async with eater:
        async for batch in eater.batches():
            if batch.texts:
                lines = "\n".join(map(as_json_line, batch.texts))
                with writing():
                    click.echo(lines)


if __name__ == "__main__":
    main()
