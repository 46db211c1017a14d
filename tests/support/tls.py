"""Certificates for tests; ``certificates/make`` made them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_DIRECTORY: Final = Path(__file__).parent / "certificates"


def pem(name: str) -> Path:
    """The path of a certificate (``hub.crt``) or a key (``hub.key``).

    The hub's is signed by ``authority`` and is of localhost, as is its ``renewed`` one; that of
    ``elsewhere`` is of another host; ``expired`` was good in 2020; ``peer`` is a client's, and
    ``strange`` is one that is signed by the ``stranger``. A key that is ``locked`` has a password.
    """
    return _DIRECTORY / name


def served_by(name: str = "hub") -> dict[str, Path]:
    """Arguments for a `DumplingHub` that shows a certificate."""
    return {"tls_cert": pem(f"{name}.crt"), "tls_key": pem(f"{name}.key")}
