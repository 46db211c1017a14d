"""``nd-hubdetails``: all that a hub says about itself, once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from netdumplings import Dumpling, defaults
from netdumplings.exceptions import HubUnavailable

from . import color as colors
from .access_options import access_options
from .command import command
from .fleet import is_status
from .options import color_option, eater_name_option, hub_option
from .text import printable_json

if TYPE_CHECKING:
    from netdumplings import DumplingEater
    from netdumplings.transport import HubConnection

#: With what a hub closes the connection of a peer that it does not understand.
POLICY_VIOLATION: Final = 1008


@command("nd-hubdetails", log_level="error")
@hub_option(defaults.EATER_HUB)
@access_options
@eater_name_option("detailseater")
@click.option("--json", "as_json", is_flag=True, help="Write it on one line, for scripts.")
@color_option()
def main(
    hub: str, eater_name: str, as_json: bool, color: bool | None, access: dict[str, Any]
) -> None:
    """Print all that a hub says about itself, as JSON.

    It waits for the hub's next status dumpling, prints what that holds, and ends.
    """
    import asyncio

    from netdumplings import DumplingEater

    ending, at = "the connection broke", hub

    async def on_connect(_uri: str, connection: HubConnection) -> None:
        nonlocal at
        at = str(connection.hub)

    async def on_connection_lost(error: Exception) -> None:
        nonlocal ending
        if frame := getattr(error, "rcvd", None):  # the close frame, if the hub sent one
            ending = f"{frame.code} {frame.reason}"
            if frame.code == POLICY_VIOLATION:
                ending += "; is that its port for kitchens?"

    eater = DumplingEater(
        eater_name,
        hub,
        chef_filter=[defaults.STATUS_CHEF],
        kitchen_filter=[None],
        on_connect=on_connect,
        on_connection_lost=on_connection_lost,
        reconnect=False,
        **access,
    )
    status = asyncio.run(_first_status(eater))
    if status is None:
        raise HubUnavailable(at, f"it went before it sent its status ({ending})")
    if as_json:
        click.echo(printable_json(status.payload, ascii_only=True, indent=None))
        return
    text = printable_json(status.payload, ascii_only=colors.output_is_ascii())
    with_colors = colors.wanted(color)
    click.echo(colors.json_colored(text) if with_colors else text, color=with_colors)


async def _first_status(eater: DumplingEater) -> Dumpling | None:
    async with eater:
        async for dumpling in eater:
            if is_status(dumpling):
                return dumpling
    return None


if __name__ == "__main__":
    main()
