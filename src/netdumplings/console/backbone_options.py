"""The options with which a hub joins others on a backbone."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from netdumplings import defaults

from .measures import SIZE, SIZE_OR_NONE, SPAN_OR_NONE
from .options import FILE, NAME

if TYPE_CHECKING:
    from netdumplings.backbone import BackboneSettings


class ServersType(click.ParamType):  # type: ignore[type-arg]  # not generic in older clicks
    """The servers of a backbone, checked before the command runs; its value is that text."""

    name = "url[,url...]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the servers as they were given, or fail with a usage error."""
        from netdumplings.backbone import parse_servers

        try:
            parse_servers(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)
        return str(value)


SERVERS: Final = ServersType()
#: Each with what it is called as an argument of `BackboneSettings`.
_OPTIONS: Final = {
    "servers": click.option(
        "--backbone",
        type=SERVERS,
        help="Be one of several hubs that share their dumplings on NATS with JetStream, whose "
        "servers these are: nats://HOST:PORT, or tls://HOST:PORT.  [default: be the only hub]",
    ),
    "stream": click.option(
        "--backbone-stream",
        metavar="NAME",
        default=defaults.BACKBONE_STREAM,
        help="The stream that all hubs share.",
    ),
    "max_age": click.option(
        "--backbone-max-age",
        type=SPAN_OR_NONE,
        default=defaults.BACKBONE_MAX_AGE,
        show_default=False,
        help="How long dumplings stay in the stream, if it is yet to be made; 0 for ever.  "
        "[default: 7d]",
    ),
    "max_bytes": click.option(
        "--backbone-max-bytes",
        type=SIZE_OR_NONE,
        default=defaults.BACKBONE_MAX_BYTES,
        show_default=False,
        help="How much they may take on each server that has it; likewise; 0 for any amount.  "
        "[default: 1G]",
    ),
    "replicas": click.option(
        "--backbone-replicas",
        type=click.IntRange(1, 5),
        metavar="COUNT",
        help="How many servers have it; likewise.  [default: 3 if as many are named, else 1]",
    ),
    "buffer_bytes": click.option(
        "--backbone-buffer",
        type=SIZE,
        default=defaults.BACKBONE_BUFFER,
        show_default=False,
        help="Hold this much of what kitchens send while the stream does not take it; beyond, no "
        "more is read of them.  [default: 64M]",
    ),
    "credentials": click.option(
        "--backbone-credentials",
        type=FILE,
        help="Log in to the servers by the JWT and its key in this file, as nsc writes it.",
    ),
    "user": click.option(
        "--backbone-user",
        metavar="NAME",
        help="Log in by this name, and a password.",
    ),
    "password_file": click.option(
        "--backbone-password-file",
        type=FILE,
        help="The password is in this file, which only its owner may read.  "
        f"[default: what {defaults.BACKBONE_PASSWORD_VARIABLE} has]",
    ),
    "tls_ca": click.option(
        "--backbone-tls-ca",
        type=FILE,
        help="Trust servers whose certificates are of an authority in this file, in PEM, and no "
        "others.  [default: the authorities that the system trusts]",
    ),
    "tls_cert": click.option(
        "--backbone-tls-cert",
        type=FILE,
        help="Show the servers this certificate, in PEM, if they want one.",
    ),
    "tls_key": click.option(
        "--backbone-tls-key",
        type=FILE,
        help="That certificate's key.  [default: in the same file]",
    ),
}
_HUB_NAME: Final = click.option(
    "--hub-name",
    type=NAME,
    help="What the hub is called among the others.  [default: HOSTNAME:PORT, with the port for "
    "kitchens]",
)


def backbone_options(function: Callable[..., None]) -> Callable[..., None]:
    """Give a command these options.

    It gets them as ``backbone`` and ``name``, arguments of a `DumplingHub`.
    """

    @functools.wraps(function)
    def with_backbone(**options: Any) -> None:
        # What is started from here inherits the environment.
        password = os.environ.pop(defaults.BACKBONE_PASSWORD_VARIABLE, None) or None
        names = {name: "backbone" if name == "servers" else f"backbone_{name}" for name in _OPTIONS}
        names["buffer_bytes"] = "backbone_buffer"
        given = {name: options.pop(option) for name, option in names.items()}
        options["name"] = options.pop("hub_name")
        function(backbone=_settings(password, **given), **options)

    decorated: Callable[..., None] = _HUB_NAME(with_backbone)
    for option in reversed(_OPTIONS.values()):
        decorated = option(decorated)
    return decorated


def _settings(
    password: str | None, *, servers: str | None, password_file: Path | None, **settings: Any
) -> BackboneSettings | None:
    if servers is None:
        alone = {name: value for name, value in settings.items() if value is not None}
        for name in ("replicas", "credentials", "user", "tls_ca", "tls_cert", "tls_key"):
            if name in alone:
                option = f"--backbone-{name.replace('_', '-')}"
                raise click.UsageError(
                    f"{option} is for a hub that joins others: --backbone says where"
                )
        return None
    from netdumplings.backbone import BackboneSettings, parse_servers
    from netdumplings.hub.backbone_login import read_password

    if password_file is not None:
        password = read_password(password_file)
    if settings["user"] is None and password_file is None:
        # The environment may have it for another hub.
        password = None
    try:
        return BackboneSettings(servers=parse_servers(servers), password=password, **settings)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
