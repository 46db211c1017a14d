"""``nd-sniff``: a kitchen, which sniffs packets and has chefs make dumplings of them."""

from __future__ import annotations

import gc
import signal
import sys
from typing import TYPE_CHECKING, Any

import click

from netdumplings import defaults

from .access_options import access_options
from .command import command
from .kitchen_options import kitchen_options, make_kitchen
from .last_resort import end_in_time
from .options import hub_option
from .privileges import give_up_root, separate
from .progress import showing_progress
from .text import harmless_json, printable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

    from netdumplings import DumplingKitchen


@command("nd-sniff", gives_up_root=True)
@hub_option(defaults.KITCHEN_HUB)
@access_options
@kitchen_options
@click.option(
    "--stdout",
    "to_stdout",
    is_flag=True,
    help="Write dumplings to standard output, one JSON text a line, instead of to a hub.",
)
@click.option(
    "-l", "--chef-list", is_flag=True, help="List the chefs of the chef modules, and exit."
)
def main(
    hub: str, to_stdout: bool, chef_list: bool, access: dict[str, Any], **options: Any
) -> None:
    """Sniff packets, have chefs make dumplings of them, and send those to a hub.

    A hub that is not there is waited for, while sniffing goes on. Sniffing goes on until Ctrl-C
    or SIGTERM; a replay, until its last dumpling is delivered.

    Run by root, it opens the interfaces and files, and then gives up root before it loads a chef.
    What goes on capturing is a process of its own, which may do that and nothing else.
    """
    if chef_list:
        give_up_root(options["user"], options["chef_modules"])
        _list_chefs(options["chef_modules"] or [defaults.CHEF_MODULE])
        return
    if to_stdout and options["spool"]:
        raise click.UsageError("--stdout writes dumplings at once: there is nothing to --spool")
    if to_stdout and options["ring"]:
        raise click.UsageError("--stdout has no hub that could be asked for what is in a --ring")
    kitchen = make_kitchen(hub, side=separate(options), **access, **options)
    end_in_time(kitchen)
    # What is loaded by now stays: whoever looks for garbage need not go through it each time.
    gc.freeze()
    if to_stdout:
        _to_stdout(kitchen)
        return
    with showing_progress(kitchen):
        kitchen.run()


def _list_chefs(chef_modules: Sequence[str]) -> None:
    from netdumplings.kitchen.loader import load_modules

    for module in load_modules(chef_modules):
        click.echo(printable(module.given))
        for chef in module.chefs:
            click.echo(f"  {printable(chef.__name__)}")
        if module.error is not None:
            click.echo(f"  cannot be imported: {printable(module.error.problem)}")
        click.echo()


def _to_stdout(kitchen: DumplingKitchen) -> None:
    def stop(_number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, before)  # a second one ends it at once
        kitchen.stop()

    before = signal.signal(signal.SIGINT, stop)
    try:
        # A bar between the dumplings of one terminal would be in their way.
        with showing_progress(kitchen, wanted=not sys.stdout.isatty()):
            for text in kitchen.cook():
                # Flushed one by one: whoever reads through a pipe wants them as they come.
                sys.stdout.write(f"{harmless_json(text)}\n")
                sys.stdout.flush()
    finally:
        kitchen.stop()
        signal.signal(signal.SIGINT, before)


if __name__ == "__main__":
    main()
