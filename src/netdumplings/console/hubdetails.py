"""``nd-hubdetails``: all that a hub says about itself, once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from netdumplings import Dumpling, defaults
from netdumplings.exceptions import HubUnavailable

from . import color as colors
from .command import command
from .options import color_option, eater_name_option, hub_option
from .status import STATUS_CHEF, is_status
from .text import printable_json

if TYPE_CHECKING:
    from netdumplings import DumplingEater


@command("nd-hubdetails", log_level="error")
@hub_option(defaults.EATER_HUB)
@eater_name_option("detailseater")
@color_option()
def main(hub: str, eater_name: str, color: bool | None) -> None:
    """Print all that a hub says about itself, as JSON.

    It waits for the hub's next status dumpling, prints what that holds, and ends.
    """
    import asyncio

    from netdumplings import DumplingEater

    eater = DumplingEater(eater_name, hub, chef_filter=[STATUS_CHEF], reconnect=False)
    status = asyncio.run(_first_status(eater, hub))
    text = printable_json(status.payload, ascii_only=colors.output_is_ascii())
    with_colors = colors.wanted(color)
    click.echo(colors.json_colored(text) if with_colors else text, color=with_colors)


async def _first_status(eater: DumplingEater, hub: str) -> Dumpling:
    async with eater:
        async for dumpling in eater:
            if is_status(dumpling):
                return dumpling
    raise HubUnavailable(hub, "it closed the connection before it sent its status")


if __name__ == "__main__":
    main()
