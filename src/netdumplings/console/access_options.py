"""The options with which kitchens and eaters get into a hub."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from netdumplings.defaults import TOKEN_VARIABLE
from netdumplings.exceptions import TokenError

from .errors import Failure
from .options import FILE

if TYPE_CHECKING:
    from netdumplings.transport import Token

_OPTIONS: Final = (
    click.option(
        "--token-file",
        type=FILE,
        help="Show the hub the token in this file, which only its owner may read.  "
        "[default: what NETDUMPLINGS_TOKEN has]",
    ),
    click.option(
        "--tls-ca",
        type=FILE,
        help="Trust a hub whose certificate is in this file, or of an authority in it, in PEM, and "
        "no other.  [default: the authorities that the system trusts]",
    ),
    click.option(
        "--tls-cert",
        type=FILE,
        help="Show the hub this certificate, in PEM, if it wants one of everybody.",
    ),
    click.option(
        "--tls-key", type=FILE, help="That certificate's key.  [default: in the same file]"
    ),
    click.option(
        "--insecure",
        is_flag=True,
        help="Show the token to a hub on another host without TLS, too, though others may read it; "
        "and take hubs without TLS beside hubs with it.",
    ),
)
_NAMES: Final = ("token", "tls_ca", "tls_cert", "tls_key", "insecure")


def access_options(function: Callable[..., None]) -> Callable[..., None]:
    """Give a command these options; it gets them as ``access``, arguments of a kitchen or eater."""

    @functools.wraps(function)
    def with_access(**options: Any) -> None:
        options["token"] = _token(options.pop("token_file"))
        access = {name: options.pop(name) for name in _NAMES}
        function(access=access, **options)

    decorated: Callable[..., None] = with_access
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    return decorated


def _token(file: Path | None) -> Token | None:
    """Read the token; it leaves the environment, which other programs that are started inherit."""
    text = os.environ.pop(TOKEN_VARIABLE, "")
    if file is None and not text:
        return None
    from netdumplings.transport.tokens import Token, read_token

    if file is not None:
        return read_token(file)
    try:
        return Token(text.strip())
    except TokenError as error:
        raise Failure(f"{TOKEN_VARIABLE}: {error}") from None
