"""``nd-hubstatus``: one line about a hub, kept up to date."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING, Any, Protocol, Self

import click

from netdumplings import Dumpling, InvalidDumplingPayload, defaults

from . import color as colors
from .access_options import access_options
from .command import command
from .options import color_option, eater_name_option, hub_option
from .status import is_status, status_line
from .text import printable, printable_json

if TYPE_CHECKING:
    from netdumplings import DumplingEater


# What goes wrong with the connection is in the line itself; a log would only tear it apart.
@command("nd-hubstatus", log_level="error")
@hub_option(defaults.EATER_HUB)
@access_options
@eater_name_option("statuseater")
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Write all that each status holds, as a line of JSON, for scripts.",
)
@color_option()
def main(
    hub: str, eater_name: str, as_json: bool, color: bool | None, access: dict[str, Any]
) -> None:
    """Keep one line about a hub up to date.

    It shows the time (in UTC), the hub's uptime, how many dumplings came in and went out, and
    how many kitchens and eaters are connected; then how many dumplings slow eaters missed. If there
    are some, it shows how many dumplings kitchens dropped before they reached the hub, how many
    came to it twice, and how many packets kitchens lost; and the hub's books, if they do not
    balance. On a terminal the line is rewritten in place, elsewhere each is a line of its own. It
    runs until Ctrl-C, and waits for a hub that is not there.
    """
    import asyncio

    from netdumplings import DumplingEater

    with JsonLines() if as_json else Line(colors.wanted(color)) as output:

        async def on_connect(_uri: str, _websocket: Any) -> None:
            output.show_waiting(f"connected to the hub at {hub}, waiting for its status")

        async def on_connection_lost(_error: Exception) -> None:
            output.show_waiting(f"lost the hub at {hub}, waiting for it to come back")

        async def on_gap(_gap: Any) -> None:
            """Let it be: the next status tells all."""

        eater = DumplingEater(
            eater_name,
            hub,
            chef_filter=[defaults.STATUS_CHEF],
            kitchen_filter=[None],
            last=1,
            on_connect=on_connect,
            on_connection_lost=on_connection_lost,
            on_gap=on_gap,
            **access,
        )
        asyncio.run(_follow(eater, output))


class Output(Protocol):
    """Where statuses go."""

    def show(self, status: Dumpling) -> None:
        """Show what the hub says."""

    def show_waiting(self, text: str) -> None:
        """Show why there is nothing it says."""


async def _follow(eater: DumplingEater, output: Output) -> None:
    output.show_waiting(f"waiting for the hub at {eater.hub}")
    async with eater:
        async for dumpling in eater:
            if is_status(dumpling):
                output.show(dumpling)


class JsonLines:
    """Lines of JSON on standard output, and what is not JSON on standard error."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        """There is nothing to do."""

    def show(self, status: Dumpling) -> None:
        """Write the payload."""
        try:
            click.echo(printable_json(status.payload, ascii_only=True, indent=None))
        except InvalidDumplingPayload as error:
            self.show_waiting(f"a status that cannot be shown: {error}")

    def show_waiting(self, text: str) -> None:
        """Write a line for whoever looks."""
        click.echo(printable(text), err=True)


class Line:
    """One line on standard output that can be written again.

    Args:
        with_colors: green for what the hub says, yellow while there is nothing it says.
    """

    def __init__(self, with_colors: bool) -> None:
        self._with_colors = with_colors
        self._in_place = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        """Leave the line standing: whatever is written next starts below it."""
        if self._in_place:
            click.echo()

    def show(self, status: Dumpling) -> None:
        """Show what the hub says."""
        self._write(status_line(status), "green")

    def show_waiting(self, text: str) -> None:
        """Show why there is nothing it says."""
        self._write(text, "yellow")

    def _write(self, text: str, color: str) -> None:
        if self._in_place:
            # A line that wraps could not be rewritten; the last column is left to the cursor.
            text = text[: shutil.get_terminal_size().columns - 1]
        if self._with_colors:
            text = click.style(text, fg=color)
        if self._in_place:
            click.echo(f"\r{text}\x1b[K", nl=False, color=True)
        else:
            click.echo(text, color=self._with_colors)


if __name__ == "__main__":
    main()
