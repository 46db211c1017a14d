"""Which backbone a hub joins, and how."""

from __future__ import annotations

import re
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from .. import defaults
from .addresses import parse_servers

#: Servers that have one and the same stream, at most, if nothing else is said.
MOST_REPLICAS: Final = 3
#: What to do about a client of NATS that is not there.
MISSING: Final = "it needs another package: pip install 'netdumplings[nats]'"
#: As many as JetStream takes.
_REPLICAS: Final = range(1, 6)
#: What nats-server takes, and what one part of a subject may be.
_STREAM: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
#: JetStream counts nanoseconds, in 63 bits.
_MOST_SECONDS: Final = 100 * 366 * 24 * 3600.0
_MOST_BYTES: Final = 2**63 - 1


@dataclass(frozen=True, kw_only=True)
class BackboneLogin:
    """What is in the files by which a hub gets into its backbone.

    Attributes:
        credentials: the text of the file of credentials; None for none.
        tls: what TLS is spoken with; None for without.
    """

    credentials: str | None = field(default=None, repr=False)
    tls: ssl.SSLContext | None = None


@dataclass(frozen=True, kw_only=True)
class BackboneSettings:
    """Where the servers of a backbone are, what it is to keep, and how a hub gets in.

    Attributes:
        servers: their URLs, ``nats://HOST:PORT`` or ``tls://HOST:PORT``; one is enough to find the
            others of a cluster, but only while it is there.
        stream: the name of the stream that all hubs share, and the first part of its subjects: at
            most 64 letters, digits, hyphens and underscores.
        max_age: seconds that a dumpling stays in the stream; 0 for no limit.
        max_bytes: bytes that the stream may take on the disk of each server that has it; 0 for no
            limit.
        replicas: how many servers have the stream, 1 to 5; None for 3 if as many are named, else
            1.
        buffer_bytes: how much of what kitchens have sent the hub holds while the stream does not
            take it; then it reads no more of them.
        credentials: a file with a JWT and its key, as ``nsc`` writes it; None for none.
        user: the name to log in by; None for none.
        password: what goes with it.
        tls_ca: a file with the authorities that the servers' certificates may be of, in PEM; None
            for those that the system knows.
        tls_cert: a file with the hub's own certificate, in PEM; None for none.
        tls_key: a file with its key; None if that is in the same file.
        login: what those files hold; a `DumplingHub` reads them when it is made.

    Raises:
        ValueError: a value that makes no sense, or two that do not go together.
    """

    servers: Sequence[str]
    stream: str = defaults.BACKBONE_STREAM
    max_age: float = defaults.BACKBONE_MAX_AGE
    max_bytes: int = defaults.BACKBONE_MAX_BYTES
    replicas: int | None = None
    buffer_bytes: int = defaults.BACKBONE_BUFFER
    credentials: Path | None = None
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    tls_ca: Path | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None
    login: BackboneLogin = BackboneLogin()

    def __post_init__(self) -> None:
        # (The dataclass is frozen for everybody else.)
        object.__setattr__(self, "servers", tuple(parse_servers(",".join(self.servers))))
        if not _STREAM.fullmatch(self.stream):
            raise ValueError(
                f"{self.stream!r:.80} is no name for a stream: it has at most 64 letters, digits, "
                "hyphens and underscores"
            )
        if not 0 <= self.max_age <= _MOST_SECONDS:
            raise ValueError(
                f"dumplings stay in a stream for up to 100 years, or 0 for ever, not {self.max_age}"
            )
        if not 0 <= self.max_bytes <= _MOST_BYTES:
            raise ValueError(f"a stream takes so many bytes, or 0 for any, not {self.max_bytes}")
        if self.replicas is not None and self.replicas not in _REPLICAS:
            raise ValueError(f"a stream is on 1 to 5 servers, not {self.replicas}")
        if self.buffer_bytes < 1:
            raise ValueError(f"the buffer before a backbone has bytes, not {self.buffer_bytes}")
        self._check_login()

    @property
    def replicas_wanted(self) -> int:
        """How many servers are to have the stream."""
        if self.replicas is not None:
            return self.replicas
        return MOST_REPLICAS if len(self.servers) >= MOST_REPLICAS else 1

    @property
    def wants_tls(self) -> bool:
        """Whether the servers are spoken to through TLS, and never without."""
        return self.servers[0].startswith("tls://")

    def _check_login(self) -> None:
        if self.user is None and self.password is not None:
            raise ValueError("a password of the backbone, and no user: see --backbone-user")
        if self.user is not None and self.password is None:
            raise ValueError(
                "a user of the backbone, and no password: see --backbone-password-file"
            )
        if self.user is not None and self.credentials is not None:
            raise ValueError(
                "a hub logs in to its backbone by --backbone-credentials or by --backbone-user: "
                "choose one"
            )
        if self.tls_key is not None and self.tls_cert is None:
            raise ValueError("a key without a certificate: see --backbone-tls-cert")
        if (self.tls_ca or self.tls_cert) and not self.wants_tls:
            server = self.servers[0].removeprefix("nats://")
            raise ValueError(f"certificates are for servers that speak TLS: is it tls://{server}?")
