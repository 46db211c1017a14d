"""The options of a kitchen, which ``nd-sniff`` and ``nd-up`` share, and the kitchen they make."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from netdumplings import defaults
from netdumplings.exceptions import BrokenChef, ChefModuleError

from . import completion
from .measures import RingSizeType
from .memory import limit_memory
from .options import (
    CAPTURE_FILE,
    CHEF_MODULE,
    FACTOR,
    NAME,
    SECONDS,
    SECONDS_OR_NONE,
    Decorated,
)
from .privileges import user_option
from .text import printable

if TYPE_CHECKING:
    from netdumplings import DumplingKitchen
    from netdumplings.privsep.side import ChefSide

_OPTIONS = (
    click.option(
        "-n",
        "--kitchen-name",
        type=NAME,
        default=defaults.KITCHEN_NAME,
        help="The kitchen's name, in each of its dumplings.",
    ),
    click.option(
        "-i",
        "--interface",
        "interfaces",
        metavar="NAME",
        multiple=True,
        shell_complete=completion.interfaces,
        help=f"Sniff on this interface; repeatable.  [default: {defaults.ALL_INTERFACES}]",
    ),
    click.option(
        "-f",
        "--filter",
        metavar="PCAP-FILTER",
        default=defaults.PACKET_FILTER,
        help="Sniff only what matches, in pcap-filter(7) language; '' for everything.",
    ),
    click.option(
        "-m",
        "--chef-module",
        "chef_modules",
        type=CHEF_MODULE,
        metavar="MODULE|FILE",
        multiple=True,
        help=f"A Python module or file with chefs; repeatable.  [default: {defaults.CHEF_MODULE}]",
    ),
    click.option(
        "-c",
        "--chef",
        "chefs",
        metavar="NAME",
        multiple=True,
        shell_complete=completion.chefs,
        help="Run this chef only; repeatable.  [default: those of the modules on the menu]",
    ),
    click.option(
        "--menu",
        type=click.Choice(defaults.MENUS),
        default=defaults.MENU,
        help="Which chefs to run if none is named with --chef: all, or the usual ones, which are "
        "those that need not be asked for.",
    ),
    click.option(
        "-p",
        "--poke-interval",
        type=SECONDS,
        default=defaults.POKE_INTERVAL,
        help="Seconds between two calls of a chef's interval handler.",
    ),
    click.option(
        "--read",
        type=CAPTURE_FILE,
        metavar="FILE",
        multiple=True,
        help="Replay this capture file (pcap, pcapng, gzipped or not; - is standard input) "
        "instead of sniffing; repeatable.",
    ),
    click.option(
        "--speed",
        type=FACTOR,
        help="Replay at the capture's own pace (1), twice as fast (2), ...  "
        "[default: as fast as the chefs are]",
    ),
    click.option("--loop", is_flag=True, help="Begin a replay again at its end, for ever."),
    click.option(
        "--snaplen",
        type=click.IntRange(1, defaults.SNAPLEN),
        metavar="BYTES",
        default=defaults.SNAPLEN,
        help="Keep no more than this of a packet.",
    ),
    click.option(
        "--promiscuous/--no-promiscuous",
        default=True,
        help="Whether to see traffic that is not for this host.",
    ),
    click.option(
        "--buffer-size",
        type=click.IntRange(1, (1 << 31) - 1),  # a C int in libpcap
        metavar="BYTES",
        default=defaults.CAPTURE_BUFFER,
        help="How much the kernel holds for us, on each interface.",
    ),
    click.option(
        "--capture-all",
        is_flag=True,
        help="Have the kernel pass on packets that no chef is for, too, so that they are counted. "
        "(Else it does not, if every chef has a packet_filter and there is no --ring.)",
    ),
    click.option(
        "--demand/--no-demand",
        default=True,
        help="Whether a chef with only_when_wanted rests while no eater subscribes to it.",
    ),
    click.option(
        "--immediate",
        is_flag=True,
        help="Hand over each packet as it comes, not up to 0.1 s later with others: dumplings are "
        "sooner there, but fewer packets a second can be handled.",
    ),
    click.option(
        "--outbox-size",
        type=click.IntRange(1),
        metavar="BYTES",
        default=defaults.OUTBOX_BYTES,
        help="Keep no more than this of dumplings in memory while no hub takes them; the oldest "
        "are dropped.",
    ),
    click.option(
        "--spool",
        type=click.Path(file_okay=False, path_type=Path),
        metavar="DIR",
        help="Keep dumplings in a file in this directory until a hub has them, so that they "
        "survive a crash.  [default: in memory only]",
    ),
    click.option(
        "--spool-size",
        type=click.IntRange(1024 * 1024),
        metavar="BYTES",
        default=defaults.SPOOL_BYTES,
        help="Keep no more than this of dumplings in the spool; the oldest are dropped.",
    ),
    click.option(
        "--ring",
        type=RingSizeType(),
        default=0,
        help="Keep the latest packets in so much memory, as in 256MiB, for whoever may ask for "
        "those around a dumpling (nd-pcap, or the hub's page); 0 for none.",
    ),
    click.option(
        "--own-traffic",
        is_flag=True,
        help="Sniff on the packets that carry dumplings to the hub and from it, too. (A chef that "
        "tells of every packet then always has more to tell.)",
    ),
    click.option(
        "--chef-budget",
        type=SECONDS_OR_NONE,
        default=defaults.CHEF_BUDGET,
        help="How long one call of a chef's handler may take: beyond, it is ended, and the kitchen "
        "goes on without that chef; 0 for any time.",
    ),
    click.option(
        "--isolate",
        metavar="NAME",
        multiple=True,
        shell_complete=completion.chefs,
        help="Run this chef in a process of its own, so that nothing it does harms another; "
        "repeatable.",
    ),
    click.option(
        "--chef-memory",
        type=click.IntRange(0),
        metavar="BYTES",
        default=defaults.CHEF_MEMORY,
        help="How much memory the process that runs the chefs may have: a chef that finds none "
        "left is left out from then on; 0 for any amount.",
    ),
    click.option(
        "--reload",
        is_flag=True,
        help="When the file of a chef module is edited, have its new chefs take over while the "
        "rest goes on. An edit that is broken is reported, and not taken.",
    ),
    user_option("chefs are loaded"),
)


def kitchen_options(function: Decorated) -> Decorated:
    """Give a command the options of a kitchen; it takes them as `make_kitchen` does."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def make_kitchen(
    hub: str = defaults.KITCHEN_HUB,
    *,
    kitchen_name: str,
    interfaces: Sequence[str],
    filter: str,
    chef_modules: Sequence[str],
    chefs: Sequence[str],
    menu: str,
    poke_interval: float,
    read: Sequence[str],
    speed: float | None,
    loop: bool,
    chef_memory: int,
    own_traffic: bool,
    reload: bool,
    user: str | None,  # noqa: ARG001 - whoever is to be somebody else is so by now
    ring: int = 0,
    side: ChefSide | None = None,
    hub_ports: Sequence[int] | None = None,
    **capture: Any,
) -> DumplingKitchen:
    """Load the chefs and make the kitchen that the options describe.

    A traceback of the user's own code is shown before the error that ends the command.

    The hub's ports are known where it runs beside the kitchen; ``side`` is what
    `privileges.separate` returned.

    Raises:
        click.UsageError: options that exclude each other.
        NetDumplingsError: chefs cannot be loaded.
    """
    if read and interfaces:
        raise click.UsageError("--read replays files and --interface sniffs: choose one")
    if not read and (speed or loop):
        raise click.UsageError("--speed and --loop are for replays: they need --read")
    if reload and not chef_modules:
        raise click.UsageError(
            "--reload is for chefs of your own, not for those in the box: name their --chef-module"
        )
    limit_memory(chef_memory)
    from netdumplings import DumplingKitchen
    from netdumplings.kitchen import ChefMenu

    if side is not None:
        capture |= {"whereabouts": side.whereabouts, "quarantined": side.quarantined}
        capture["source"] = side.source
    kept = side.ring if side is not None and side.ring is not None else ring
    try:
        choice = ChefMenu.load(chef_modules or [defaults.CHEF_MODULE], chefs, menu)
        kitchen = DumplingKitchen(
            kitchen_name,
            hub=hub,
            interface=interfaces or defaults.ALL_INTERFACES,
            filter=filter,
            chefs=choice.choose(),
            reload=choice if reload else False,
            poke_interval=poke_interval,
            read=read or None,
            speed=speed,
            loop=loop,
            ring=kept,
            own_ports=() if own_traffic else hub_ports,
            **capture,
        )
    except (ChefModuleError, BrokenChef) as error:
        for line in error.traceback.splitlines():
            click.echo(printable(line), err=True)
        raise
    if side is not None:
        side.working([chef.name for chef in kitchen.chefs], kitchen.stop)
        choice.on_change = side.changed
    return kitchen
