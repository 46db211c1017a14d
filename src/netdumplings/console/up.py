"""``nd-up``: a hub, a kitchen and an eye on both, on one host, from one command."""

from __future__ import annotations

import logging
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from . import color as colors
from .command import command
from .hub_options import HUB_OPTIONS, hub_options
from .kitchen_options import kitchen_options, make_kitchen
from .options import color_option
from .print import as_text, gap_as_text

if TYPE_CHECKING:
    import asyncio

    from netdumplings import DumplingHub, DumplingKitchen, Gap

logger = logging.getLogger(__name__)

#: Addresses on which a hub listens for everybody, and where it is reached from this host.
EVERYBODY: Final = {"": "localhost", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104


@command("nd-up")
@kitchen_options
@hub_options()
@click.option(
    "--demo",
    is_flag=True,
    help="Where sniffing is not allowed, replay a generated capture instead.",
)
@click.option("--print/--no-print", "show", default=True, help="Print the dumplings.")
@color_option()
def main(
    demo: bool,
    show: bool,
    color: bool | None,
    **options: Any,
) -> None:
    """Start a hub and a kitchen on this host, and print what they make.

    Other kitchens and eaters may join the hub: nd-print, nd-hubstatus, your own. Ctrl-C ends it
    all; so does the end of a replay.
    """
    import asyncio

    from netdumplings import DumplingHub

    hub = DumplingHub(**{name: options.pop(name) for name in HUB_OPTIONS})
    with _sniffing_or_a_sample(options) if demo else nullcontext():
        asyncio.run(_run(hub, options, show, colors.wanted(color)))


async def _run(hub: DumplingHub, options: dict[str, Any], show: bool, with_colors: bool) -> None:
    import asyncio

    printing: asyncio.Task[None] | None = None
    async with hub:
        host = EVERYBODY.get(hub.address, hub.address)
        host = f"[{host}]" if ":" in host else host
        kitchen = make_kitchen(f"{host}:{hub.in_port}", **options)
        _stop_on_signals(kitchen)
        logger.info("more eaters may join: nd-print --hub %s:%d", host, hub.out_port)
        cooking = asyncio.create_task(kitchen.serve())
        waiting_for = {cooking}
        if show:
            printing = asyncio.create_task(_print(f"{host}:{hub.out_port}", with_colors))
            waiting_for.add(printing)
        await asyncio.wait(waiting_for, return_when=asyncio.FIRST_COMPLETED)
        kitchen.stop()
        await cooking
    # The hub has closed by now, and what the kitchen made last has come through.
    if printing is not None:
        await printing


async def _print(hub: str, with_colors: bool) -> None:
    """Print dumplings until the hub closes."""
    from netdumplings import DumplingEater

    async def on_gap(gap: Gap) -> None:
        click.echo(gap_as_text(gap, time.time(), with_colors), color=with_colors)

    # Whatever the kitchen made before this eater was there is in the hub's history.
    eater = DumplingEater("nd-up", hub, since=0, on_gap=on_gap, reconnect=False)
    async with eater:
        async for dumpling in eater:
            click.echo(as_text(dumpling, True, with_colors), color=with_colors)


def _stop_on_signals(kitchen: DumplingKitchen) -> None:
    """Let the first Ctrl-C or SIGTERM end the kitchen, and so everything; the second at once."""
    import asyncio

    loop = asyncio.get_running_loop()

    def stop(number: int) -> None:
        loop.remove_signal_handler(number)
        kitchen.stop()

    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # Windows
            loop.add_signal_handler(number, stop, number)


@contextmanager
def _sniffing_or_a_sample(options: dict[str, Any]) -> Iterator[None]:
    """Where sniffing is not allowed, have the options replay a generated capture instead."""
    from netdumplings.capture import may_sniff, write_pcap

    refusal = None if options["read"] else may_sniff(options["interfaces"] or ["all"])
    if refusal is None:
        yield
        return
    from netdumplings.packets.sample import sample_packets

    click.echo(f"{refusal}; here a generated capture is replayed instead", err=True)
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "sample.pcap"
        write_pcap(path, sample_packets(time.time()))
        options |= {"read": (str(path),), "interfaces": (), "speed": 1.0, "loop": True}
        yield


if __name__ == "__main__":
    main()
