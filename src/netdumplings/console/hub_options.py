"""The options of a hub, which ``nd-hub`` and ``nd-up`` share."""

from __future__ import annotations

from typing import Any, Final

import click

from netdumplings import defaults

from .options import PORT, SECONDS, Decorated, Decorator

#: What the options are called as arguments of `DumplingHub`.
HUB_OPTIONS: Final = (
    "address",
    "in_port",
    "out_port",
    "status_freq",
    "history_bytes",
    "eater_buffer",
    "eater_grace",
    "max_connections",
)


def hub_options(*, in_port: str = "", out_port: str = "", status_freq: str = "") -> Decorator[Any]:
    """Give a command the options of a hub.

    Args:
        in_port: the short form of ``--in-port``; none if empty, as ``-i`` is the interface in a
            command that has both.
        out_port: likewise of ``--out-port``.
        status_freq: likewise of ``--status-freq``.
    """
    options = (
        click.option(
            "-a",
            "--address",
            metavar="HOST",
            default=defaults.HUB_ADDRESS,
            help="The host name or address the hub listens on.",
        ),
        click.option(
            *filter(None, (in_port, "--in-port")),
            type=PORT,
            metavar="PORT",
            default=defaults.HUB_IN_PORT,
            help="The hub's port for kitchens; 0 takes a free one.",
        ),
        click.option(
            *filter(None, (out_port, "--out-port")),
            type=PORT,
            metavar="PORT",
            default=defaults.HUB_OUT_PORT,
            help="The hub's port for eaters; 0 takes a free one.",
        ),
        click.option(
            *filter(None, (status_freq, "--status-freq")),
            type=SECONDS,
            default=defaults.STATUS_FREQ,
            help="Seconds between two status dumplings of the hub.",
        ),
        click.option(
            "--history",
            "history_bytes",
            type=click.IntRange(min=0),
            metavar="BYTES",
            default=defaults.HISTORY_BYTES,
            help="Keep this much of the latest dumplings for eaters that come late or come back; "
            "0 keeps none.",
        ),
        click.option(
            "--eater-buffer",
            type=click.IntRange(min=1),
            metavar="BYTES",
            default=defaults.EATER_BUFFER,
            help="Hold this much for an eater that does not read; beyond, its dumplings are "
            "dropped, and counted.",
        ),
        click.option(
            "--eater-grace",
            type=SECONDS,
            default=defaults.EATER_GRACE,
            help="Send an eater away that has not caught up for so many seconds.",
        ),
        click.option(
            "--max-connections",
            type=click.IntRange(min=1),
            metavar="COUNT",
            default=defaults.MAX_CONNECTIONS,
            help="Take no more kitchens than so many, and no more eaters.",
        ),
    )

    def decorate(function: Decorated) -> Decorated:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate
