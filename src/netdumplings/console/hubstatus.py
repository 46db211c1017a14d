"""``nd-hubstatus``: one line about a hub and a table of its kitchens, kept up to date."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol, Self

import click

from netdumplings import Dumpling, InvalidDumplingPayload, defaults

from . import color as colors
from .access_options import access_options
from .board import board
from .command import command
from .fleet import Fleet, HubStatus, is_status, read_status
from .options import color_option, eater_name_option, hub_option
from .status import is_wrong, line_of
from .text import printable, printable_json

if TYPE_CHECKING:
    from netdumplings import DumplingEater
    from netdumplings.transport import HubAddress, HubConnection


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
    """Keep one line about a hub, and a table of its kitchens, up to date.

    It shows the time (in UTC), the hub's uptime, how many dumplings came in and went out, and
    how many kitchens and eaters are connected; then how many dumplings slow eaters missed. If there
    are some, it shows how many dumplings kitchens dropped before they reached the hub, how many
    came to it twice, and how many packets kitchens lost; and the hub's books, if they do not
    balance. On a terminal the line is rewritten in place, and below it is a table of the kitchens,
    as many as fit, those that lose something first: what each lost, its packets, bits and dumplings
    a second, and what is wrong with it, in words. Elsewhere each status is a line of its own. It
    runs until Ctrl-C, and waits for a hub that is not there.

    Of hubs that share a backbone, any one tells of all: they have a table of their own above that
    of the kitchens, and what is wrong with the backbone is in the line.
    """
    import asyncio

    from netdumplings import DumplingEater

    at: HubAddress | None = None
    then = "trying the next" if "," in hub else "waiting for it to come back"
    with JsonLines() if as_json else Board(colors.wanted(color)) as output:

        async def on_connect(_uri: str, connection: HubConnection) -> None:
            nonlocal at
            at = connection.hub
            output.show_waiting(f"connected to the hub at {at}, waiting for its status")
            if isinstance(output, Board) and output.is_in_place:
                from netdumplings.transport import HubAccess

                from .past import statuses_of

                # Rates need two statuses: with those of before, they are there at once.
                known = HubAccess(at, **access)
                output.remember(await asyncio.to_thread(statuses_of, at, known))

        async def on_connection_lost(_error: Exception) -> None:
            output.show_waiting(f"lost the hub at {at}, {then}")

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


class Board:
    """One line on standard output that can be written again, and on a terminal a table below it.

    Args:
        with_colors: green for a hub where all is well, red where something was lost, yellow while
            there is nothing it says.
    """

    def __init__(self, with_colors: bool) -> None:
        self._with_colors = with_colors
        self._in_place = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
        self._fleet = Fleet()
        self._below = 0
        self._size = shutil.get_terminal_size()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        """Leave it standing: whatever is written next starts below it."""
        if self._in_place:
            click.echo("\n" * (self._below + 1), nl=False)

    @property
    def is_in_place(self) -> bool:
        """Whether there is a table."""
        return self._in_place

    def remember(self, statuses: Sequence[HubStatus]) -> None:
        """Take what the hub said before, the oldest first."""
        for status in statuses:
            if self._fleet.hub is None or status.time > self._fleet.hub.time:
                self._fleet.update(status)

    def show(self, status: Dumpling) -> None:
        """Show what the hub says."""
        told = read_status(status)
        self._fleet.update(told)
        self._write(line_of(told), "red" if is_wrong(told) else "green", with_table=True)

    def show_waiting(self, text: str) -> None:
        """Show why there is nothing it says."""
        self._write(text, "yellow")

    def _write(self, text: str, color: str, *, with_table: bool = False) -> None:
        if not self._in_place:
            click.echo(self._painted(text, color), color=self._with_colors)
            return
        size = shutil.get_terminal_size()
        # A line that wraps could not be rewritten; the last column is left to the cursor.
        text = text[: size.columns - 1]
        line = self._painted(text, color)
        table = []
        if with_table:
            table = board(
                self._fleet, size.columns - 1, size.lines - 2, with_colors=self._with_colors
            )
        written = f"\r{line}\x1b[K"
        if table or self._below:
            below = "".join(f"\n{row}\x1b[K" for row in table)
            back = f"\x1b[{len(table)}A" if table else ""
            # A character may be wider than we think; then the line is cut, and not the next one.
            written = f"\x1b[?7l{written}{below}\x1b[J{back}\x1b[{len(text) + 1}G\x1b[?7h"
            if size != self._size:
                # The terminal has wrapped what was there, nobody knows to where.
                written = f"\x1b[H\x1b[2J{written}"
        self._below, self._size = len(table), size
        click.echo(written, nl=False, color=True)

    def _painted(self, text: str, color: str) -> str:
        return colors.painted(text, color) if self._with_colors else text


if __name__ == "__main__":
    main()
