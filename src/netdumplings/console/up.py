"""``nd-up``: a hub, a kitchen and an eye on both, on one host, from one command."""

from __future__ import annotations

import logging
import os
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from netdumplings import defaults

from . import color as colors
from .backbone_options import backbone_options
from .command import command
from .hub_options import HUB_OPTIONS, hub_options, make_hub
from .kitchen_options import kitchen_options, make_kitchen
from .options import color_option
from .print import as_text, gap_as_text
from .privileges import separate
from .text import printable

if TYPE_CHECKING:
    import asyncio

    from netdumplings import DumplingHub, DumplingKitchen, Gap

    from .cluster import Cluster

logger = logging.getLogger(__name__)

#: Addresses on which a hub listens for everybody, and where it is reached from this host.
EVERYBODY: Final = {"": "localhost", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104


@command("nd-up", gives_up_root=True)
@kitchen_options
@hub_options(status_every=defaults.STATUS_FREQ_UP)
@backbone_options
@click.option(
    "--demo",
    is_flag=True,
    help="Where sniffing is not allowed, replay a generated capture instead.",
)
@click.option(
    "--cluster",
    type=click.IntRange(1, 5),
    metavar="COUNT",
    help="Start so many hubs, which are as one, and so many servers of NATS that make them so: to "
    "kill some, and see that it goes on.",
)
@click.option("--print/--no-print", "show", default=True, help="Print the dumplings.")
@color_option()
def main(
    demo: bool,
    cluster: int | None,
    show: bool,
    color: bool | None,
    **options: Any,
) -> None:
    """Start a hub and a kitchen on this host, and print what they make.

    Other kitchens and eaters may join the hub: nd-print, nd-hubstatus, your own. Ctrl-C ends it
    all; so does the end of a replay.
    """
    import asyncio

    # It is for other hubs; what chefs start inherits the environment.
    os.environ.pop(defaults.TOKEN_VARIABLE, None)
    if demo:
        _replay_if_not_allowed(options)
    hub_options = {name: options.pop(name) for name in HUB_OPTIONS}
    with_colors = colors.wanted(color)
    if cluster is not None:
        from .cluster import Cluster

        with Cluster(cluster, hub_options, options["user"]) as hubs:
            host = _reached_at(hub_options["address"])
            click.echo(hubs.as_text(host, f"http://{host}:{{}}/"), err=True)
            side = separate(options)
            asyncio.run(_run_beside(hubs, host, options | {"side": side}, show, with_colors))
        return
    side = separate(options)
    asyncio.run(_run(make_hub(**hub_options), options | {"side": side}, show, with_colors))


async def _run(hub: DumplingHub, options: dict[str, Any], show: bool, with_colors: bool) -> None:
    import asyncio

    printing: asyncio.Task[None] | None = None
    async with hub:
        host = _reached_at(hub.address)
        ports = (hub.in_port, hub.out_port)
        host = f"wss://{host}" if hub.speaks_tls else host
        access = hub.own_access("nd-up", "kitchen", "eater", "status")
        kitchen = make_kitchen(f"{host}:{hub.in_port}", hub_ports=ports, **access, **options)
        _stop_on_signals(kitchen)
        logger.info("more eaters may join: nd-print --hub %s:%d", host, hub.out_port)
        cooking = asyncio.create_task(kitchen.serve())
        waiting_for = {cooking}
        if show:
            printing = asyncio.create_task(_print(f"{host}:{hub.out_port}", access, with_colors))
            waiting_for.add(printing)
        await asyncio.wait(waiting_for, return_when=asyncio.FIRST_COMPLETED)
        kitchen.stop()
        await cooking
    # The hub has closed by now, and what the kitchen made last has come through.
    if printing is not None:
        await printing


async def _run_beside(
    hubs: Cluster, host: str, options: dict[str, Any], show: bool, with_colors: bool
) -> None:
    """Run a kitchen, and print, beside hubs that are processes of their own."""
    import asyncio

    from .cluster import addresses

    access: dict[str, Any] = {"token": ""}
    kitchen = make_kitchen(
        addresses(host, hubs.in_ports), hub_ports=hubs.ports, **access, **options
    )
    _stop_on_signals(kitchen)
    gone = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().add_reader(hubs.line, gone.set_result, None)
    cooking = asyncio.create_task(kitchen.serve())
    waiting_for: set[asyncio.Future[None]] = {cooking, gone}
    printed = Counter[str | None]()
    if show:
        at = addresses(host, hubs.out_ports)
        printing = asyncio.create_task(_print(at, access, with_colors, printed))
        waiting_for.add(printing)
    await asyncio.wait(waiting_for, return_when=asyncio.FIRST_COMPLETED)
    asyncio.get_running_loop().remove_reader(hubs.line)
    if gone.done():
        logger.error("the hubs and their servers have ended")
    kitchen.stop()
    await cooking
    if show:
        await _wait_for_the_last(kitchen, printed, printing)


async def _wait_for_the_last(
    kitchen: DumplingKitchen, printed: Counter[str | None], printing: asyncio.Task[None]
) -> None:
    """Wait until all that the kitchen has sent is printed, or nothing more comes."""
    import asyncio

    made = kitchen.statistics().dumplings_acknowledged
    before = -1
    while before < (now := printed[kitchen.name]) < made and not printing.done():
        before = now
        await asyncio.sleep(1.0)
    printing.cancel()
    with suppress(asyncio.CancelledError):
        await printing


def _reached_at(address: str) -> str:
    """Say at which host a hub is reached from here that listens at an address."""
    host = EVERYBODY.get(address, address)
    return f"[{host}]" if ":" in host else host


async def _print(
    hub: str,
    access: dict[str, Any],
    with_colors: bool,
    printed: Counter[str | None] | None = None,
) -> None:
    """Print dumplings until the hub closes, or for ever if they are counted by their kitchens."""
    from netdumplings import DumplingEater

    async def on_gap(gap: Gap) -> None:
        click.echo(gap_as_text(gap, time.time(), with_colors), color=with_colors)

    # Whatever the kitchen made before this eater was there is in the hub's history. What the hub
    # says of itself every second is for the page.
    eater = DumplingEater(
        "nd-up",
        hub,
        kitchen_filter=["*"],
        since=0,
        on_gap=on_gap,
        reconnect=printed is not None,
        **access,
    )
    async with eater:
        async for dumpling in eater:
            click.echo(as_text(dumpling, True, with_colors), color=with_colors)
            if printed is not None:
                printed[dumpling.kitchen] += 1


def _stop_on_signals(kitchen: DumplingKitchen) -> None:
    """Let the first Ctrl-C or SIGTERM end the kitchen, and so everything; the second at once."""
    import asyncio

    from netdumplings.kitchen.signals import ending_signals

    loop = asyncio.get_running_loop()

    def stop(number: int) -> None:
        loop.remove_signal_handler(number)
        kitchen.stop()

    for number in ending_signals():
        with suppress(NotImplementedError):  # Windows
            loop.add_signal_handler(number, stop, number)


def _replay_if_not_allowed(options: dict[str, Any]) -> None:
    """Where sniffing is not allowed, have the options replay a generated capture instead."""
    from netdumplings.capture import may_sniff, write_pcap

    refusal = None if options["read"] else may_sniff(options["interfaces"] or ["all"])
    if refusal is None:
        return
    from netdumplings.opened import open_beforehand
    from netdumplings.packets.sample import sample_packets

    click.echo(f"{printable(str(refusal))}; here a generated capture is replayed instead", err=True)
    # An open file needs no name any more; only Windows cannot do without.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        path = Path(directory) / "sample.pcap"
        write_pcap(path, sample_packets(time.time()))
        open_beforehand(path)
    options |= {"read": (str(path),), "interfaces": (), "speed": 1.0, "loop": True}


if __name__ == "__main__":
    main()
