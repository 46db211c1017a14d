"""``nd-print``: prints dumplings."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

import click

from netdumplings import Dumpling, DumplingDriver, InvalidDumplingPayload, defaults

from . import color as colors
from .command import command
from .options import color_option, eater_name_option, hub_option
from .text import iso_time, printable, printable_json

if TYPE_CHECKING:
    from netdumplings import DumplingEater

#: What stands for the kitchen of a dumpling that has none: it was made by the hub.
NO_KITCHEN = "hub"


@command("nd-print")
@hub_option(defaults.EATER_HUB)
@click.option(
    "-c",
    "--chef",
    metavar="NAME",
    multiple=True,
    help="Print only this chef's dumplings; repeatable.  [default: every chef's]",
)
@click.option(
    "-k",
    "--kitchen",
    metavar="NAME",
    multiple=True,
    help="Print only dumplings from this kitchen; repeatable. The hub's own status dumplings "
    f"come from {NO_KITCHEN!r}.  [default: from every kitchen]",
)
@eater_name_option("printereater")
@click.option(
    "--interval-dumplings/--no-interval-dumplings",
    default=True,
    help="Print the dumplings that chefs make at intervals.",
)
@click.option(
    "--packet-dumplings/--no-packet-dumplings",
    default=True,
    help="Print the dumplings that chefs make of packets.",
)
@click.option("--payload/--no-payload", default=True, help="Print what the dumplings hold.")
@color_option()
def main(
    hub: str,
    chef: tuple[str, ...],
    kitchen: tuple[str, ...],
    eater_name: str,
    interval_dumplings: bool,
    packet_dumplings: bool,
    payload: bool,
    color: bool | None,
) -> None:
    """Print dumplings as they reach the hub.

    Each is a line with its time (in UTC), what made its chef make it, the chef and the kitchen;
    then what it holds, as JSON. It runs until Ctrl-C, and waits for a hub that is not there.
    """
    import asyncio

    from netdumplings import DumplingEater

    with_colors = colors.wanted(color)
    drivers = {
        driver
        for driver, shown in (
            (DumplingDriver.interval, interval_dumplings),
            (DumplingDriver.packet, packet_dumplings),
        )
        if shown
    }

    def show(dumpling: Dumpling) -> None:
        if dumpling.driver in drivers and from_one_of(kitchen, dumpling):
            # Flushed one by one: whoever reads through a pipe wants them as they come.
            click.echo(as_text(dumpling, payload, with_colors), color=with_colors)

    asyncio.run(_eat(DumplingEater(eater_name, hub, chef_filter=list(chef) or None), show))


def from_one_of(kitchens: Collection[str], dumpling: Dumpling) -> bool:
    """Tell whether a dumpling comes from one of these kitchens; none given means any."""
    return not kitchens or _kitchen(dumpling) in kitchens


def as_text(dumpling: Dumpling, with_payload: bool, with_colors: bool) -> str:
    """Write a dumpling as ``nd-print`` shows it, with nothing in it that acts on a terminal.

    Returns:
        one line, and the lines of the payload if that is wanted; the last without its newline.
    """
    time = iso_time(dumpling.creation_time)
    driver = f"[{dumpling.driver.value}]"
    chef, kitchen = printable(dumpling.chef_name), printable(_kitchen(dumpling))
    if with_colors:
        time = click.style(time, dim=True)
        driver = click.style(driver, fg="yellow")
        chef, kitchen = click.style(chef, bold=True), click.style(kitchen, fg="cyan")
    heading = f"{time} {driver} {chef} from {kitchen}"
    return f"{heading}\n{_payload(dumpling, with_colors)}" if with_payload else heading


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


if __name__ == "__main__":
    main()
