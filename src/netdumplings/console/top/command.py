"""The command ``nd-top``."""

from __future__ import annotations

import functools
import importlib.util
import os
import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import click

from netdumplings import defaults

from .. import color as colors
from ..access_options import access_options
from ..command import command
from ..errors import Failure
from ..options import color_option, eater_name_option, hub_option

if TYPE_CHECKING:
    from ..fleet import HubStatus

#: How far back it begins, and with how many dumplings at most.
PAST: Final = timedelta(minutes=5)
MOST_OF_THE_PAST: Final = 5000


# What goes wrong with the connection is on the screen; a log would only tear it apart.
@command("nd-top", log_level="error")
@hub_option(defaults.EATER_HUB)
@access_options
@eater_name_option("topeater")
@click.option(
    "--compress", is_flag=True, help="Have the hub compress what it sends, for a slow link."
)
@color_option()
def main(
    hub: str, eater_name: str, compress: bool, color: bool | None, access: dict[str, Any]
) -> None:
    """Show kitchens, traffic and dumplings, live, over the whole of a terminal.

    Kitchens come with their rates and losses, those that lose something first; layers of the
    traffic with their course over the last minutes; the host names looked up most; and the
    dumplings as they come. It begins with what the hub still has of the last five minutes.

    1 to 6 choose what is shown, Tab goes from one list to the next, Enter opens a line, p pauses
    the dumplings, / filters, ? shows all keys, and q ends it; the mouse works too. It waits for a
    hub that is not there.

    It needs the package textual, which comes with: pip install 'netdumplings[tui]'
    """
    if importlib.util.find_spec("textual") is None:
        raise Failure("this needs the package textual: pip install 'netdumplings[tui]'")
    if not (sys.stdin.isatty() and sys.stdout.isatty() and sys.stderr.isatty()):
        raise Failure("this is for a terminal; for pipes there is nd-print --json")
    if os.environ.get("TERM", "dumb") == "dumb" and sys.platform != "win32":
        raise Failure("this terminal (TERM) cannot move its cursor; try nd-print")
    # The library goes by that variable, and would take an empty one for a wish.
    if colors.wanted(color):
        os.environ.pop("NO_COLOR", None)
    else:
        os.environ["NO_COLOR"] = "1"
    from netdumplings import DumplingEater
    from netdumplings.transport import HubAccess, HubAddress

    from ..past import statuses_of
    from .app import TopApp

    eater = functools.partial(
        DumplingEater, eater_name, hub, since=PAST, last=MOST_OF_THE_PAST, compression=compress,
        **access,
    )  # fmt: skip

    def past(address: HubAddress) -> list[HubStatus]:
        return statuses_of(address, HubAccess(address, **access))

    app = TopApp(eater, hub, past)
    app.run()
    if app.failure is not None:
        raise app.failure
    if app.return_code:
        raise click.exceptions.Exit(app.return_code)
