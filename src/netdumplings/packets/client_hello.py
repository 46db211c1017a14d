"""What a TLS client says first: the ClientHello, read from its bytes.

It is much the same in TLS 1.3 (RFC 8446 section 4.1.2), in those before it (RFC 5246 section
7.4.1.2), in DTLS (RFC 9147 section 5.3), and in QUIC (RFC 9001 section 4). Nothing in the bytes
makes any of this raise; an extension that is broken is as good as empty, and where the list of them
is cut off, the rest is missing.
"""

from __future__ import annotations

from struct import unpack_from
from typing import Final, NamedTuple

#: RFC 8446 section 4: the type of this message, and how many bytes go before any.
CLIENT_HELLO: Final = 1
HANDSHAKE_HEADER: Final = 4
#: Bytes of a ClientHello that is read; with post-quantum keys they have 2000, and rarely more.
LONGEST: Final = 2**15

#: RFC 8446 section 4.2 and RFC 8422 section 5.1.
SERVER_NAME, GROUPS, POINT_FORMATS, SIGNATURE_ALGORITHMS, ALPN, SUPPORTED_VERSIONS = (
    0, 10, 11, 13, 16, 43,
)  # fmt: skip
_GREASE: Final = frozenset(value << 8 | value for value in range(0x0A, 0x100, 0x10))
_VERSION_AND_RANDOM: Final = 34
_MAJOR, _DTLS_MAJOR = 3, 0xFE


class ClientHello(NamedTuple):
    """What a client offers, in its order, and with GREASE values (RFC 8701) where it sent them.

    Attributes:
        version: that of the message itself, which TLS 1.3 no longer means.
        ciphers: cipher suites.
        extensions: the types of all extensions.
        sni: the name of the server (RFC 6066 section 3); None without one.
        alpn: application protocols (RFC 7301).
        versions: what it supports, if it says (RFC 8446 section 4.2.1).
        groups: for the exchange of keys; once they were elliptic curves.
        point_formats: of elliptic curves.
        signature_algorithms: those that the extension of this name has.
    """

    version: int
    ciphers: tuple[int, ...]
    extensions: tuple[int, ...] = ()
    sni: bytes | None = None
    alpn: tuple[bytes, ...] = ()
    versions: tuple[int, ...] = ()
    groups: tuple[int, ...] = ()
    point_formats: tuple[int, ...] = ()
    signature_algorithms: tuple[int, ...] = ()


def message_in(data: bytes | bytearray) -> ClientHello | int | None:
    """The ClientHello that some bytes begin with, its header included.

    Args:
        data: the bytes of a handshake, as many as there are.

    Returns:
        None if they begin with something else; a number where it takes more of them to tell: so
        many at least.
    """
    if data and data[0] != CLIENT_HELLO:
        return None
    if len(data) < HANDSHAKE_HEADER:
        return HANDSHAKE_HEADER
    size = int.from_bytes(data[1:HANDSHAKE_HEADER], "big")
    if size > LONGEST:
        return None
    if len(data) < HANDSHAKE_HEADER + size:
        return HANDSHAKE_HEADER + size
    return read_client_hello(bytes(data[HANDSHAKE_HEADER : HANDSHAKE_HEADER + size]))


def read_client_hello(body: bytes, *, dtls: bool = False) -> ClientHello | None:
    """Read a ClientHello.

    Args:
        body: the message without its header.
        dtls: whether it is of DTLS, which has a cookie in it.

    Returns:
        None where this is none.
    """
    if len(body) <= _VERSION_AND_RANDOM or body[0] != (_DTLS_MAJOR if dtls else _MAJOR):
        return None
    version = body[0] << 8 | body[1]
    at = _VERSION_AND_RANDOM
    for _ in range(2 if dtls else 1):  # the session's identifier, and the cookie
        if at >= len(body):
            return None
        at += 1 + body[at]
    ciphers, at = _vector(body, at, 2)
    methods, at = _vector(body, at, 1)
    if ciphers is None or len(ciphers) % 2 or methods is None:
        return None
    hello = ClientHello(version, _numbers(ciphers))
    extensions, _ = _vector(body, at, 2, whole=False)
    return _with_extensions(hello, extensions) if extensions is not None else hello


def is_grease(value: int) -> bool:
    """Whether a number is one that is sent to see that nobody minds (RFC 8701 section 2)."""
    return value in _GREASE


def _with_extensions(hello: ClientHello, data: bytes) -> ClientHello:
    types: list[int] = []
    found: dict[int, bytes] = {}
    at = 0
    size = len(data)
    while at + HANDSHAKE_HEADER <= size:
        kind = data[at] << 8 | data[at + 1]
        end = at + HANDSHAKE_HEADER + (data[at + 2] << 8 | data[at + 3])
        types.append(kind)
        if kind not in found:
            found[kind] = data[at + HANDSHAKE_HEADER : end]
        at = end
    return hello._replace(
        extensions=tuple(types),
        sni=_server_name(found.get(SERVER_NAME, b"")),
        alpn=_protocols(found.get(ALPN, b"")),
        versions=_numbers(_vector(found.get(SUPPORTED_VERSIONS, b""), 0, 1)[0] or b""),
        groups=_numbers(_vector(found.get(GROUPS, b""), 0, 2)[0] or b""),
        point_formats=tuple(_vector(found.get(POINT_FORMATS, b""), 0, 1)[0] or b""),
        signature_algorithms=_numbers(
            _vector(found.get(SIGNATURE_ALGORITHMS, b""), 0, 2)[0] or b""
        ),
    )


def _server_name(data: bytes) -> bytes | None:
    """The first name in the list that is a host's, of which only one kind was ever defined."""
    names, _ = _vector(data, 0, 2)
    at = 0
    while names and at < len(names):
        name, behind = _vector(names, at + 1, 2)
        if name is None:
            return None
        if names[at] == 0:
            return name
        at = behind
    return None


def _protocols(data: bytes) -> tuple[bytes, ...]:
    names, _ = _vector(data, 0, 2)
    protocols: list[bytes] = []
    at = 0
    while names and at < len(names):
        name, at = _vector(names, at, 1)
        if name is None:
            break
        protocols.append(name)
    return tuple(protocols)


def _vector(data: bytes, at: int, size: int, *, whole: bool = True) -> tuple[bytes | None, int]:
    """What follows its own length (RFC 8446 section 3.4), and where it ends.

    Args:
        data: where it is.
        at: where its length begins.
        size: how many bytes the length has.
        whole: whether nothing is better than a part, where there is less than the length says.
    """
    start = at + size
    end = start + int.from_bytes(data[at:start], "big")
    if start > len(data) or (whole and end > len(data)):
        return None, len(data)
    return data[start:end], end


def _numbers(data: bytes) -> tuple[int, ...]:
    """Numbers of 16 bits; a byte that is left over is none."""
    count = len(data) // 2
    numbers: tuple[int, ...] = unpack_from(f">{count}H", data)
    return numbers
