"""ClientHellos as browsers send them: in a record of TLS, and in the first packet of QUIC."""

from __future__ import annotations

import hmac
from struct import pack
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

_CIPHERS: Final = bytes.fromhex("130113021303c02bc02fc02cc030cca9cca8c013c014009c009d002f0035")
#: Types and contents of extensions that do not depend on the name: curves, points, signatures,
#: protocols, versions, a key.
_EXTENSIONS: Final = (
    (10, bytes.fromhex("0006 001d 0017 0018")),
    (11, bytes.fromhex("01 00")),
    (13, bytes.fromhex("0010 0403 0804 0401 0503 0805 0501 0806 0601")),
    (16, bytes.fromhex("000c 02 6832 08 687474702f312e31")),
    (23, b""),
    (35, b""),
    (43, bytes.fromhex("04 0304 0303")),
    (45, bytes.fromhex("01 01")),
    (51, bytes.fromhex("0024 001d 0020") + bytes(range(32))),
)
_SALT: Final = bytes.fromhex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a")
_SIZE: Final = 1200


def client_hello(name: str, random: bytes) -> bytes:
    """A ClientHello (RFC 8446 section 4.1.2) that asks for a server by its name."""
    sni = b"\0" + _behind(name.encode(), 2)
    extensions = ((0, _behind(sni, 2)), *_EXTENSIONS)
    told = b"".join(kind.to_bytes(2, "big") + _behind(value, 2) for kind, value in extensions)
    told += b"\0\x15" + _behind(bytes(300 - len(name)), 2)
    body = b"\x03\x03" + random + b"\x20" + random + _behind(_CIPHERS, 2) + b"\1\0"
    return b"\x01" + _behind(body + _behind(told, 2), 3)


def tls_record(message: bytes) -> bytes:
    """A handshake message in a record of TLS."""
    return b"\x16\x03\x01" + _behind(message, 2)


def initial(message: bytes, dcid: bytes) -> bytes:
    """A client's first packet of QUIC, version 1, as RFC 9001 section 5 protects it.

    Args:
        message: the ClientHello.
        dcid: the identifier that the client makes up for its server, eight bytes.
    """
    frame = b"\x06\0" + (0x4000 | len(message)).to_bytes(2, "big") + message
    head = bytes.fromhex("c3 00000001") + _behind(dcid, 1) + b"\0\0"
    frame = frame.ljust(_SIZE - len(head) - 2 - 4 - 16, b"\0")
    head += (0x4000 | 4 + len(frame) + 16).to_bytes(2, "big") + pack(">I", 0)
    secret = _expand(hmac.digest(_SALT, dcid, "sha256"), b"client in", 32)
    key, iv, hp = (_expand(secret, b"quic " + label, size) for label, size in _PARTS)
    sealed = AESGCM(key).encrypt(iv, frame, head)
    mask = Cipher(algorithms.AES(hp), modes.ECB()).encryptor().update(sealed[:16])
    number = bytes(a ^ b for a, b in zip(head[-4:], mask[1:5], strict=True))
    return bytes((head[0] ^ mask[0] & 0x0F,)) + head[1:-4] + number + sealed


_PARTS: Final = ((b"key", 16), (b"iv", 12), (b"hp", 16))


def _behind(data: bytes, size: int) -> bytes:
    return len(data).to_bytes(size, "big") + data


def _expand(secret: bytes, label: bytes, size: int) -> bytes:
    info = size.to_bytes(2, "big") + _behind(b"tls13 " + label, 1) + b"\0"
    return HKDFExpand(SHA256(), size, info).derive(secret)
