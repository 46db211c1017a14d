"""``nd-chef``: makes chefs, and tries, tests and times them on captures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import click

from netdumplings import defaults

from . import completion
from .command import CommandOfCommands
from .options import CAPTURE_FILE, CHEF_MODULE, FILE, SECONDS, Decorated, color_option

_MODULE: Final = click.argument("module", type=CHEF_MODULE, metavar="MODULE|FILE")
_CHEF: Final = click.option(
    "-c",
    "--chef",
    "chefs",
    metavar="NAME",
    multiple=True,
    shell_complete=completion.chefs,
    help="This chef only; repeatable.  [default: every chef of the module]",
)
_READ: Final = click.option(
    "--read",
    type=CAPTURE_FILE,
    metavar="FILE",
    multiple=True,
    required=True,
    help="The capture file (pcap, pcapng, gzipped or not) with the packets; repeatable.",
)
_FILTER: Final = click.option(
    "-f",
    "--filter",
    metavar="PCAP-FILTER",
    default="",
    help="Only packets that match, in pcap-filter(7) language.  [default: every packet]",
)
_POKE_INTERVAL: Final = click.option(
    "-p",
    "--poke-interval",
    type=SECONDS,
    default=defaults.POKE_INTERVAL,
    help="Seconds, by the clock of the capture, between two calls of a chef's interval handler.",
)
_EXPECT: Final = click.option(
    "--expect",
    type=FILE,
    metavar="FILE",
    help="Compare the dumplings with those in this file, and show how they differ.",
)
_IGNORE: Final = click.option(
    "--ignore",
    metavar="KEY",
    multiple=True,
    help="A key, anywhere in payloads, whose values are not compared; repeatable.",
)


def _options(*options: Callable[[Decorated], Decorated]) -> Callable[[Decorated], Decorated]:
    """Give a command several options, in this order."""

    def give(function: Decorated) -> Decorated:
        for option in reversed(options):
            function = option(function)
        return function

    return give


@click.group("nd-chef", cls=CommandOfCommands)
def main() -> None:
    """Make chefs, and try, test and time them on captures.

    None of this needs a network, root or a hub. What it makes of a capture is what a kitchen makes
    of it, by the same code.
    """


@main.command()
@click.argument("name")
@click.option(
    "--batch/--packet",
    "batches",
    default=False,
    help="Have it take many packets at once, or one at a time.",
)
@click.option(
    "--directory",
    type=FILE,
    metavar="DIR",
    default=".",
    help="Where to write the two files; it is made if it is not there.",
)
def new(name: str, batches: bool, directory: Path) -> None:
    """Write a new chef, and a test of it that passes.

    NAME is as in PortScan or port_scan: the chef is then PortScanChef, in port_scan_chef.py, and
    its test in test_port_scan_chef.py. No file that is there already is touched.
    """
    from .chef_new import write_chef

    write_chef(name, directory, batches=batches)


@main.command()
@_options(_MODULE, _CHEF, _READ, _FILTER, _POKE_INTERVAL, _EXPECT)
@click.option(
    "--update",
    is_flag=True,
    help="Write the dumplings to the file of --expect, or to one beside the chef's that is named "
    "after the capture, instead of comparing.",
)
@_options(_IGNORE, color_option())
def test(**options: Any) -> None:
    """Run a chef over a capture, and show its dumplings, or compare them.

    Each dumpling is a line of JSON. When it was made is left out, and numbers are rounded to six
    decimals: the same capture always gives the same lines.

    Exit status 1 if the dumplings differ from those expected, or the chef makes an error.
    """
    from .chef_test import Trial

    Trial(**options).run()


@main.command()
@_options(_MODULE, _CHEF, _READ, _FILTER, _POKE_INTERVAL)
@click.option(
    "--seconds",
    type=SECONDS,
    default=3.0,
    help="About how long to measure each chef.",
)
def bench(
    module: str,
    chefs: Sequence[str],
    read: Sequence[str],
    filter: str,
    poke_interval: float,
    seconds: float,
) -> None:
    """Measure how many packets a second a chef can take, and where its time goes.

    The capture is repeated until there is enough of it. What is measured is what a kitchen does
    with packets it has, and no more: not reading the file, no hub. Each chef is measured alone.
    """
    from .chef_bench import bench_chefs

    bench_chefs(module, chefs, read, filter, poke_interval, seconds)


@main.command()
@_options(_MODULE, _CHEF, _READ, _FILTER, _POKE_INTERVAL, _EXPECT, _IGNORE, color_option())
def watch(**options: Any) -> None:
    """Do as test does, again whenever the chef is saved.

    So it does when a Python file beside it, a capture or the file of --expect is changed. An edit
    that does not run shows why, and the next one is waited for. Ctrl-C ends it.
    """
    from .chef_watch import watch_chef

    watch_chef(options)


if __name__ == "__main__":
    main()
