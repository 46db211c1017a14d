"""Fingerprints of TLS clients: JA4, and JA3, which came before it.

Clients that are the same program tend to have the same. JA4 is as its specification has it
(https://github.com/FoxIO-LLC/ja4, technical_details/JA4.md); JA3 as that of
https://github.com/salesforce/ja3. Browsers have long sent extensions in an order that is another
each time, which JA3 does not bear: theirs change with every connection.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from hashlib import md5, sha256
from typing import Final, NamedTuple

from .client_hello import ALPN, SERVER_NAME, ClientHello, is_grease

_NOTHING: Final = "000000000000"
_MOST: Final = 99
#: Values in the lists of a ClientHello that is remembered; usual are some sixty, and protocols have
#: a few characters each.
_COMMON: Final = 256
_VERSIONS: Final = {
    0x0304: "13", 0x0303: "12", 0x0302: "11", 0x0301: "10", 0x0300: "s3", 0x0002: "s2",
    0xFEFF: "d1", 0xFEFD: "d2", 0xFEFC: "d3",
}  # fmt: skip


class Fingerprints(NamedTuple):
    """What a client's programme is known by, and how much it offers without GREASE values."""

    cipher_count: int
    extension_count: int
    ja4: str
    ja3: str


def fingerprints(hello: ClientHello, transport: str) -> Fingerprints:
    """Both fingerprints of a ClientHello; arguments as of `ja4`.

    Those of the clients seen latest are known already: the same ones come again and again.
    """
    # (Whom it asks for is in neither.)
    hello = hello._replace(sni=None)
    if sum(len(part) for part in hello[1:] if isinstance(part, tuple)) > _COMMON:
        return _fingerprints.__wrapped__(hello, transport)
    return _fingerprints(hello, transport)


@lru_cache(maxsize=512)
def _fingerprints(hello: ClientHello, transport: str) -> Fingerprints:
    return Fingerprints(
        sum(not is_grease(cipher) for cipher in hello.ciphers),
        sum(not is_grease(kind) for kind in hello.extensions),
        ja4(hello, transport),
        ja3(hello),
    )


def ja4(hello: ClientHello, transport: str) -> str:
    """The JA4 of a ClientHello.

    Args:
        hello: what the client said.
        transport: ``t`` for TLS over TCP, ``q`` for QUIC, ``d`` for DTLS.
    """
    ciphers = [value for value in hello.ciphers if not is_grease(value)]
    extensions = [value for value in hello.extensions if not is_grease(value)]
    signatures = [value for value in hello.signature_algorithms if not is_grease(value)]
    domain = "d" if SERVER_NAME in extensions else "i"
    counts = f"{min(len(ciphers), _MOST):02}{min(len(extensions), _MOST):02}"
    head = f"{transport}{_VERSIONS.get(_version(hello), '00')}{domain}{counts}{_alpn(hello)}"
    kept = [value for value in extensions if value not in (SERVER_NAME, ALPN)]
    behind = _hexes(sorted(kept)) + ("_" + _hexes(signatures) if signatures else "")
    return "_".join(
        (
            head,
            _hash(_hexes(sorted(ciphers))) if ciphers else _NOTHING,
            _hash(behind) if kept else _NOTHING,
        )
    )


def ja3(hello: ClientHello) -> str:
    """The JA3 of a ClientHello."""
    text = ja3_text(hello)
    # It names; it keeps nothing safe.
    return md5(text.encode("ascii"), usedforsecurity=False).hexdigest()


def ja3_text(hello: ClientHello) -> str:
    """What the JA3 of a ClientHello is the hash of."""
    lists = (hello.ciphers, hello.extensions, hello.groups)
    decimals = ["-".join(str(value) for value in each if not is_grease(value)) for each in lists]
    formats = "-".join(map(str, hello.point_formats))
    return ",".join((str(hello.version), *decimals, formats))


def _version(hello: ClientHello) -> int:
    """The highest that the client supports; those of DTLS count down."""
    versions = [value for value in hello.versions if not is_grease(value)]
    known = [value for value in versions if value in _VERSIONS]
    if not versions:
        return hello.version
    return min(known or versions) if hello.version >> 8 == 0xFE else max(versions)


def _alpn(hello: ClientHello) -> str:
    first = next((name for name in hello.alpn if not _is_grease_name(name)), b"")
    if not first:
        return "00"
    ends = (first[:1] + first[-1:]).decode("latin-1")
    if ends.isascii() and ends.isalnum():
        return ends
    return first.hex()[0] + first.hex()[-1]


def _is_grease_name(name: bytes) -> bool:
    return len(name) == 2 and is_grease(name[0] << 8 | name[1])


def _hexes(values: Iterable[int]) -> str:
    return ",".join(f"{value:04x}" for value in values)


def _hash(text: str) -> str:
    return sha256(text.encode("ascii")).hexdigest()[:12]
