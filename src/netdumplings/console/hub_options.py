"""The options of a hub, which ``nd-hub`` and ``nd-up`` share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from netdumplings import defaults

from .options import FILE, PORT, SECONDS, Decorated, Decorator

if TYPE_CHECKING:
    from netdumplings import DumplingHub

#: What the options are called as arguments of `DumplingHub`.
HUB_OPTIONS: Final = (
    "address",
    "in_port",
    "out_port",
    "status_freq",
    "history_bytes",
    "eater_buffer",
    "eater_grace",
    "eater_messages",
    "write_deadline",
    "max_connections",
    "max_per_address",
    "max_hello",
    "hello_timeout",
    "max_message",
    "max_depth",
    "tokens",
    "tls_cert",
    "tls_key",
    "allow_hosts",
    "allow_origins",
    "allow_kitchen_origins",
    "insecure",
    "backbone",
    "name",
)


def hub_options(
    *,
    in_port: str = "",
    out_port: str = "",
    status_freq: str = "",
    status_every: float = defaults.STATUS_FREQ,
) -> Decorator[Any]:
    """Give a command the options of a hub.

    Args:
        in_port: the short form of ``--in-port``; none if empty, as ``-i`` is the interface in a
            command that has both.
        out_port: likewise of ``--out-port``.
        status_freq: likewise of ``--status-freq``.
        status_every: its default, seconds.
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
            default=status_every,
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
            "--eater-messages",
            type=click.IntRange(min=1),
            metavar="COUNT",
            default=defaults.EATER_MESSAGES,
            help="Hold so many dumplings for an eater that does not read, at most; likewise.",
        ),
        click.option(
            "--eater-grace",
            type=SECONDS,
            default=defaults.EATER_GRACE,
            help="Send an eater away that has not caught up for so many seconds.",
        ),
        click.option(
            "--write-deadline",
            type=SECONDS,
            default=defaults.WRITE_DEADLINE,
            help="Cut the connection of one that takes nothing of what waits for it for so many "
            "seconds.",
        ),
        click.option(
            "--max-connections",
            type=click.IntRange(min=1),
            metavar="COUNT",
            default=defaults.MAX_CONNECTIONS,
            help="Take no more kitchens than so many, and no more eaters.",
        ),
        click.option(
            "--max-per-address",
            type=click.IntRange(min=1),
            metavar="COUNT",
            default=defaults.MAX_PER_ADDRESS,
            help="Take no more of either from one IPv4 address, or one IPv6 network (/64).",
        ),
        click.option(
            "--max-hello",
            type=click.IntRange(1, defaults.MOST_FIRST_MESSAGE),
            metavar="BYTES",
            default=defaults.FIRST_MESSAGE,
            help="Refuse a kitchen or an eater whose first message is longer. (An eater that comes "
            "back may say as much more as its cursor takes.)",
        ),
        click.option(
            "--hello-timeout",
            type=SECONDS,
            default=defaults.FIRST_MESSAGE_TIMEOUT,
            help="Refuse one that has not asked for a WebSocket in so many seconds, or not sent "
            "its first message in as many more.",
        ),
        click.option(
            "--max-message",
            type=click.IntRange(1, defaults.MAX_MESSAGE),
            metavar="BYTES",
            default=defaults.MAX_MESSAGE,
            help="Refuse a kitchen that sends a longer dumpling.",
        ),
        click.option(
            "--max-depth",
            type=click.IntRange(1, defaults.MOST_JSON_DEPTH),
            metavar="LEVELS",
            default=defaults.JSON_DEPTH,
            help="Refuse a kitchen that sends a dumpling in which lists and objects are nested "
            "deeper.",
        ),
        click.option(
            "--token-file",
            "tokens",
            type=FILE,
            help="Let in only who shows a token that this file knows, which nd-token writes.  "
            "[default: everybody on this host]",
        ),
        click.option(
            "--tls-cert",
            type=FILE,
            help="Speak TLS, with this certificate (and those up to a known authority), in PEM; "
            "read again on SIGHUP.",
        ),
        click.option(
            "--tls-key", type=FILE, help="The certificate's key.  [default: in the same file]"
        ),
        click.option(
            "--allow-host",
            "allow_hosts",
            metavar="NAME",
            multiple=True,
            help="Answer those who call the hub by this name or address, too; repeatable.  "
            "[default: only localhost and what it listens on]",
        ),
        click.option(
            "--allow-origin",
            "allow_origins",
            metavar="ORIGIN",
            multiple=True,
            help="Let web pages of this origin be eaters, as in https://example.org; repeatable.  "
            "[default: only pages of this host]",
        ),
        click.option(
            "--allow-kitchen-origin",
            "allow_kitchen_origins",
            metavar="ORIGIN",
            multiple=True,
            help="Let web pages of this origin be kitchens; repeatable.  [default: no page]",
        ),
        click.option(
            "--insecure",
            is_flag=True,
            help="Listen where others reach it, though whoever does is let in or can listen in; "
            "and send the password of a backbone without TLS.",
        ),
    )

    def decorate(function: Decorated) -> Decorated:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


def make_hub(**options: Any) -> DumplingHub:
    """Make the hub that the options describe.

    Raises:
        click.UsageError: an option that makes no sense.
        NetDumplingsError: a file that is of no use.
    """
    from netdumplings import DumplingHub

    try:
        return DumplingHub(**options)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
