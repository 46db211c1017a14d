"""Credentials as ``nsc`` makes them: an operator, an account and a user, and a server's settings.

They are JSON Web Tokens that Ed25519 signs (https://github.com/nats-io/jwt).
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import time
from pathlib import Path
from typing import Any

import nkeys

#: An account that may do anything.
_ANYTHING = dict.fromkeys(
    ("subs", "data", "payload", "imports", "exports", "conn", "leaf", "mem_storage",
     "disk_storage", "streams", "consumer"), -1,
)  # fmt: skip


class Accounts:
    """An operator with an account that has JetStream.

    Attributes:
        settings: what a nats-server needs to know of them.
    """

    def __init__(self) -> None:
        operator, system, self._account = (
            _Key(kind)
            for kind in (
                nkeys.PREFIX_BYTE_OPERATOR,
                nkeys.PREFIX_BYTE_ACCOUNT,
                nkeys.PREFIX_BYTE_ACCOUNT,
            )
        )
        limits = {"limits": {**_ANYTHING, "wildcards": True}}
        # JetStream is not for the account that servers themselves use.
        without = {"limits": {**limits["limits"], "mem_storage": 0, "disk_storage": 0}}
        self.settings: dict[str, Any] = {
            "operator": operator.sign("operator", "operator", operator, {}),
            "system_account": system.public,
            "resolver": "MEMORY",
            "resolver_preload": {
                system.public: operator.sign("account", "system", system, without),
                self._account.public: operator.sign("account", "hubs", self._account, limits),
            },
        }

    def write_credentials(self, path: Path) -> None:
        """Write a file of credentials for a user of the account."""
        user = _Key(nkeys.PREFIX_BYTE_USER)
        token = self._account.sign("user", "hub", user, {"subs": -1, "data": -1, "payload": -1})
        path.touch(0o600)
        path.write_text(
            f"-----BEGIN NATS USER JWT-----\n{token}\n------END NATS USER JWT------\n\n"
            f"-----BEGIN USER NKEY SEED-----\n{user.seed}\n------END USER NKEY SEED------\n"
        )


class _Key:
    def __init__(self, kind: int) -> None:
        self.seed = nkeys.encode_seed(os.urandom(32), kind).decode()
        self._pair = nkeys.from_seed(self.seed.encode())
        self.public = self._pair.public_key.decode()

    def sign(self, kind: str, name: str, subject: _Key, about: dict[str, Any]) -> str:
        claims = {
            "iat": int(time.time()),
            "iss": self.public,
            "name": name,
            "nats": {**about, "type": kind, "version": 2},
            "sub": subject.public,
        }
        digest = hashlib.new("sha512_256", json.dumps(claims).encode()).digest()
        claims["jti"] = base64.b32encode(digest).decode().rstrip("=")
        said = f"{_part({'typ': 'JWT', 'alg': 'ed25519-nkey'})}.{_part(claims)}"
        return f"{said}.{_text(self._pair.sign(said.encode()))}"


def _part(claims: dict[str, Any]) -> str:
    return _text(json.dumps(claims).encode())


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
