"""Which backbone a hub joins, and how."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from .. import defaults

#: Servers that have one and the same stream, at most, if nothing else is said.
MOST_REPLICAS: Final = 3


@dataclass(frozen=True, kw_only=True)
class BackboneSettings:
    """Where the servers of a backbone are, what it is to keep, and how a hub gets in.

    Attributes:
        servers: their URLs, ``nats://HOST:PORT`` or ``tls://HOST:PORT``; one is enough to find the
            others of a cluster, but only while it is there.
        stream: the name of the stream that all hubs share, and the first part of its subjects.
        max_age: seconds that a dumpling stays in the stream; 0 for no limit.
        max_bytes: bytes that the stream may take on the disk of each server that has it; 0 for no
            limit.
        replicas: how many servers have the stream; None for 3 if as many are named, else 1.
        buffer_bytes: how much of what kitchens have sent the hub holds while the stream does not
            take it; then it reads no more of them.
        credentials: a file with a JWT and its key, as ``nsc`` writes it; None for none.
        user: the name to log in by; None for none.
        password: what goes with it.
        tls_ca: a file with the authorities that the servers' certificates may be of, in PEM; None
            for those that the system knows.
        tls_cert: a file with the hub's own certificate, in PEM; None for none.
        tls_key: a file with its key; None if that is in the same file.
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

    @property
    def replicas_wanted(self) -> int:
        """How many servers are to have the stream."""
        if self.replicas is not None:
            return self.replicas
        return MOST_REPLICAS if len(self.servers) >= MOST_REPLICAS else 1
