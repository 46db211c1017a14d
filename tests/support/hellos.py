"""ClientHellos to test with, and what carries them: TLS records, DTLS records, QUIC packets."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable, Sequence

#: Of the JA4 specification's example: what it lists, in this order.
EXAMPLE_CIPHERS = (
    0x1301, 0x1302, 0x1303, 0xC02B, 0xC02F, 0xC02C, 0xC030, 0xCCA9, 0xCCA8, 0xC013, 0xC014, 0x009C,
    0x009D, 0x002F, 0x0035,
)  # fmt: skip
EXAMPLE_EXTENSIONS = (
    0x001B, 0x0000, 0x0033, 0x0010, 0x4469, 0x0017, 0x002D, 0x000D, 0x0005, 0x0023, 0x0012, 0x002B,
    0xFF01, 0x000B, 0x000A, 0x0015,
)  # fmt: skip
EXAMPLE_SIGNATURES = (0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601)


def vector(data: bytes, size: int) -> bytes:
    """Some bytes behind their length, which has so many bytes."""
    return len(data).to_bytes(size, "big") + data


def numbers(values: Iterable[int]) -> bytes:
    """Numbers of two bytes."""
    return b"".join(value.to_bytes(2, "big") for value in values)


def client_hello(
    sni: bytes | None = b"example.com",
    alpn: Sequence[bytes] = (b"h2", b"http/1.1"),
    ciphers: Sequence[int] = EXAMPLE_CIPHERS,
    extensions: Sequence[int] = EXAMPLE_EXTENSIONS,
    versions: Sequence[int] = (0x0304, 0x0303),
    signatures: Sequence[int] = EXAMPLE_SIGNATURES,
    groups: Sequence[int] = (29, 23, 24),
    *,
    legacy: int = 0x0303,
    cookie: bytes | None = None,
    random: bytes = bytes(32),
    padding: int = 0,
) -> bytes:
    """The body of a ClientHello.

    Args:
        sni: the name in server_name; without one the extension is left out, and so are those of
            empty lists.
        alpn: application protocols.
        ciphers: cipher suites.
        extensions: the types of the extensions in their order; those without a value here are
            empty.
        versions: those in supported_versions.
        signatures: signature algorithms.
        groups: groups.
        legacy: the version of the message itself.
        cookie: that of DTLS, which is left out of TLS.
        random: 32 bytes.
        padding: how many bytes the extension of this name has.
    """
    values = {
        0: None if sni is None else vector(b"\0" + vector(sni, 2), 2),
        10: vector(numbers(groups), 2) if groups else None,
        11: vector(b"\0", 1),
        13: vector(numbers(signatures), 2) if signatures else None,
        16: vector(b"".join(vector(name, 1) for name in alpn), 2) if alpn else None,
        21: bytes(padding),
        43: vector(numbers(versions), 1) if versions else None,
    }
    told = [(kind, values.get(kind, b"")) for kind in extensions]
    data = b"".join(numbers([kind]) + vector(value, 2) for kind, value in told if value is not None)
    return (
        numbers([legacy])
        + random
        + vector(b"", 1)
        + (b"" if cookie is None else vector(cookie, 1))
        + vector(numbers(ciphers), 2)
        + vector(b"\0", 1)
        + vector(data, 2)
    )


def message(body: bytes) -> bytes:
    """A ClientHello with its header."""
    return b"\x01" + vector(body, 3)


def records(body: bytes, size: int = 2**14) -> bytes:
    """A ClientHello in TLS records of so many bytes each."""
    data = message(body)
    parts = [data[at : at + size] for at in range(0, len(data), size)]
    return b"".join(b"\x16\x03\x01" + vector(part, 2) for part in parts)


def dtls_records(
    body: bytes, size: int = 2**14, *, number: int = 0, version: int = 0xFEFF
) -> list[bytes]:
    """A ClientHello in DTLS records, a fragment of so many bytes in each."""
    found = []
    for at in range(0, len(body), size):
        part = body[at : at + size]
        header = b"\x01" + len(body).to_bytes(3, "big") + numbers([number])
        header += at.to_bytes(3, "big") + len(part).to_bytes(3, "big")
        record = struct.pack(">BHH6s", 22, version, 0, bytes(6)) + vector(header + part, 2)
        found.append(record)
    return found


def crypto_frame(offset: int, data: bytes) -> bytes:
    """A CRYPTO frame of QUIC."""
    return b"\x06" + varint(offset) + varint(len(data)) + data


def varint(value: int) -> bytes:
    """A number of QUIC's, in as few bytes as it takes."""
    for bits, size in ((0, 1), (1, 2), (2, 4), (3, 8)):
        if value < 1 << (8 * size - 2):
            return (bits << (8 * size - 2) | value).to_bytes(size, "big")
    raise ValueError(value)


def initial(
    payload: bytes,
    dcid: bytes = bytes.fromhex("8394c8f03e515708"),
    *,
    version: int = 1,
    number: int = 2,
    token: bytes = b"",
    scid: bytes = b"",
    keys_of: bytes | None = None,
    side: bytes = b"client in",
    size: int = 1200,
) -> bytes:
    """An Initial packet of QUIC, as RFC 9001 section 5 protects it.

    Args:
        payload: its frames; PADDING follows.
        dcid: the identifier that it goes to.
        version: 1, or 0x6b3343cf.
        number: the packet number, which takes four bytes.
        token: the token.
        scid: the sender's identifier.
        keys_of: of which identifier the keys are made, if not of that one.
        side: the label of the keys.
        size: how many bytes it has at least.
    """
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    second = version == 0x6B3343CF
    head = version.to_bytes(4, "big") + vector(dcid, 1) + vector(scid, 1) + varint(len(token))
    head += token
    payload = payload.ljust(size - 1 - len(head) - 2 - 4 - 16, b"\0")
    head = bytes([0xD3 if second else 0xC3]) + head
    head += (0x4000 | 4 + len(payload) + 16).to_bytes(2, "big") + number.to_bytes(4, "big")
    key, iv, hp = initial_keys(dcid if keys_of is None else keys_of, version, side)
    nonce = (int.from_bytes(iv, "big") ^ number).to_bytes(12, "big")
    sealed = AESGCM(key).encrypt(nonce, payload, head)
    mask = Cipher(algorithms.AES(hp), modes.ECB()).encryptor().update(sealed[:16])
    numbered = bytes(a ^ b for a, b in zip(head[-4:], mask[1:], strict=False))
    return bytes([head[0] ^ mask[0] & 0x0F]) + head[1:-4] + numbered + sealed


def initial_keys(
    dcid: bytes, version: int = 1, side: bytes = b"client in"
) -> tuple[bytes, bytes, bytes]:
    """Key, IV and key of header protection of Initial packets."""
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF, HKDFExpand

    def expand(secret: bytes, label: bytes, size: int) -> bytes:
        info = numbers([size]) + vector(b"tls13 " + label, 1) + b"\0"
        return HKDFExpand(SHA256(), size, info).derive(secret)

    second = version == 0x6B3343CF
    salt = bytes.fromhex(
        "0dede3def700a6db819381be6e269dcbf9bd2ed9"
        if second
        else "38762cf7f55934b34d179ae6a4c80cadccbb7f0a"
    )
    secret = expand(HKDF.extract(SHA256(), salt, dcid), side, 32)
    prefix = b"quicv2 " if second else b"quic "
    return tuple(expand(secret, prefix + label, size) for label, size in _PARTS)  # type: ignore[return-value]


_PARTS = ((b"key", 16), (b"iv", 12), (b"hp", 16))


def random_id() -> bytes:
    """A connection's identifier, as a client makes it up."""
    return os.urandom(8)
