"""What gets a hub into its backbone, read from the files that the settings name."""

from __future__ import annotations

import importlib.util
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Final

from ..backbone import BackboneLogin, BackboneSettings
from ..backbone.addresses import is_loopback
from ..backbone.settings import MISSING
from ..exceptions import BackboneError, TlsError
from ..transport.tls import client_context
from ..transport.unreadable import cannot_be_read, is_shared

PathLike = str | os.PathLike[str]

_MOST_BYTES: Final = 64 * 1024
#: What the client of NATS looks for, and looks on for ever where it is not.
_CREDENTIALS: Final = re.compile(
    r"-+BEGIN NATS USER JWT-+\n(?:[\w=-]+\.){2}[\w=-]+\n.*?"
    r"-+BEGIN USER NKEY SEED-+\nSU[A-Z2-7]{56}\n",
    re.ASCII | re.DOTALL,
)


def with_login(settings: BackboneSettings, *, insecure: bool = False) -> BackboneSettings:
    """Read the files that settings name, while that is allowed, and return settings that have it.

    Args:
        settings: which.
        insecure: send a password to another host without TLS, too.

    Raises:
        BackboneError: a file is of no use; the password would be sent where others can read it;
            or the client of NATS is not installed.
    """
    if any(importlib.util.find_spec(module) is None for module in ("nats", "nkeys")):
        raise BackboneError(MISSING)
    away = [server for server in settings.servers if not is_loopback(server)]
    if settings.password is not None and away and not (settings.wants_tls or insecure):
        host = away[0].removeprefix("nats://")
        raise BackboneError(
            f"the password is not sent to {host} in the clear, where others could read it: have "
            f"the server speak TLS (tls://{host}), or say --insecure if that is meant"
        )
    credentials = None
    if settings.credentials is not None:
        credentials = _credentials(settings.credentials)
    tls = None
    if settings.wants_tls:
        try:
            tls = client_context(settings.tls_ca, settings.tls_cert, settings.tls_key)
        except TlsError as error:
            raise BackboneError(str(error).replace("see --tls-", "see --backbone-tls-")) from None
    return replace(settings, login=BackboneLogin(credentials=credentials, tls=tls))


def read_password(path: PathLike) -> str:
    """Read a password from a file, whose first line it is.

    Raises:
        BackboneError: it cannot be read, others can read it, or it is empty.
    """
    lines = _read_secret(path).splitlines()
    if not lines or not lines[0]:
        raise BackboneError(f"no password is in the first line of {os.fspath(path)}")
    return lines[0]


def _credentials(path: PathLike) -> str:
    text = _read_secret(path).replace("\r\n", "\n")
    if not text.endswith("\n"):
        text += "\n"
    if not _CREDENTIALS.search(text):
        raise BackboneError(
            f"{os.fspath(path)} has no credentials in it, as nsc generate creds writes them: "
            "a user's JWT and its seed"
        )
    return text


def _read_secret(path: PathLike) -> str:
    where = os.fspath(path)
    try:
        # It may be a pipe.
        with Path(path).open("rb") as file:
            if is_shared(where, os.fstat(file.fileno())):
                raise BackboneError(f"others can read or write {where}: chmod 600 {where}")
            return file.read(_MOST_BYTES).decode()
    except OSError as error:
        raise BackboneError(f"{where} {cannot_be_read(error)}") from None
    except ValueError:
        raise BackboneError(f"{where} is no text") from None
