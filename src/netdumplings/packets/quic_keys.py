"""The keys of QUIC's Initial packets, which everybody can make who sees the first one.

RFC 9001 section 5, and RFC 9369 section 3.3 for version 2. They keep nothing secret: they make sure
that what looks at QUIC in passing has to understand it. The package ``cryptography`` does the work.
"""

from __future__ import annotations

import hmac
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

from .quic import DRAFT_29, V1, V2, Initial

_SALTS: Final = {
    V1: bytes.fromhex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a"),
    V2: bytes.fromhex("0dede3def700a6db819381be6e269dcbf9bd2ed9"),
    DRAFT_29: bytes.fromhex("afbfec289993d24c9e9786f19c6111e04390a899"),
}
_KEY, _IV, _SECRET = 16, 12, 32
_SAMPLE: Final = 16


class ClientKeys:
    """The keys of a client's Initial packets.

    Args:
        version: one of `quic.VERSIONS`.
        dcid: the identifier that the client's first packet goes to.
    """

    def __init__(self, version: int, dcid: bytes) -> None:
        initial = hmac.digest(_SALTS[version], dcid, "sha256")  # HKDF-Extract, RFC 5869
        secret = _expand(initial, b"client in", _SECRET)
        prefix = b"quicv2 " if version == V2 else b"quic "
        self._iv = int.from_bytes(_expand(secret, prefix + b"iv", _IV), "big")
        self._open = AESGCM(_expand(secret, prefix + b"key", _KEY)).decrypt
        # RFC 9001 section 5.4.3 has the mask so: one block, and no two of them the same.
        self._mask = Cipher(AES(_expand(secret, prefix + b"hp", _KEY)), ECB())  # noqa: S305

    def decrypt(self, packet: Initial) -> bytes | None:
        """What a packet carries; None if it is not encrypted with these keys.

        Its number is taken to be as it is written, in up to four bytes, which is so for the first
        packets of a connection.
        """
        at = packet.number_at
        sample = packet.data[at + 4 : at + 4 + _SAMPLE]
        if len(sample) < _SAMPLE:
            return None
        mask = self._mask.encryptor().update(sample)
        first = packet.data[0] ^ mask[0] & 0x0F
        size = (first & 0x03) + 1
        end = at + size
        number = bytes(a ^ b for a, b in zip(packet.data[at:end], mask[1:], strict=False))
        header = bytes([first]) + packet.data[1:at] + number
        nonce = (self._iv ^ int.from_bytes(number, "big")).to_bytes(_IV, "big")
        try:
            return self._open(nonce, packet.data[end:], header)
        except InvalidTag:
            return None


def _expand(secret: bytes, label: bytes, size: int) -> bytes:
    """HKDF-Expand-Label (RFC 8446 section 7.1), without a context."""
    label = b"tls13 " + label
    info = size.to_bytes(2, "big") + bytes([len(label)]) + label + b"\0"
    # (RFC 5869 section 2.3, for no more than the first 32 bytes.)
    return hmac.digest(secret, info + b"\x01", "sha256")[:size]
