"""``nd-hub``: receives dumplings from kitchens and forwards each to every eater."""

from __future__ import annotations

import click

from netdumplings import defaults

from .command import command
from .options import PORT, SECONDS


@command("nd-hub")
@click.option(
    "-a",
    "--address",
    metavar="HOST",
    default=defaults.HUB_ADDRESS,
    help="The host name or address to listen on.",
)
@click.option(
    "-i",
    "--in-port",
    type=PORT,
    metavar="PORT",
    default=defaults.HUB_IN_PORT,
    help="The port for kitchens; 0 takes a free one.",
)
@click.option(
    "-o",
    "--out-port",
    type=PORT,
    metavar="PORT",
    default=defaults.HUB_OUT_PORT,
    help="The port for eaters; 0 takes a free one.",
)
@click.option(
    "-f",
    "--status-freq",
    type=SECONDS,
    default=defaults.STATUS_FREQ,
    help="Seconds between two status dumplings.",
)
def main(address: str, in_port: int, out_port: int, status_freq: float) -> None:
    """Receive dumplings from all kitchens and forward each to every eater.

    It runs until Ctrl-C or SIGTERM, and logs the ports it listens on.
    """
    from netdumplings import DumplingHub

    DumplingHub(address=address, in_port=in_port, out_port=out_port, status_freq=status_freq).run()


if __name__ == "__main__":
    main()
