"""The ClientHello in the records with which a TLS connection begins (RFC 8446 section 5.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from .client_hello import CLIENT_HELLO, HANDSHAKE_HEADER, LONGEST, ClientHello, message_in
from .streams import Looks

if TYPE_CHECKING:
    from .batch import PacketBatch

_HANDSHAKE: Final = 22
_HEADER: Final = 5
#: What a record carries at most.
_FRAGMENT: Final = 2**14
#: Records that one ClientHello is spread over; whoever needs more does not want to be understood.
MOST_RECORDS: Final = 64
#: So many bytes are always enough to tell.
ENOUGH: Final = LONGEST + HANDSHAKE_HEADER + MOST_RECORDS * _HEADER
#: Of its first bytes, these are the same in each: type, version, and behind the length that of the
#: message. With fewer than three it is too early to tell.
_FIRST: Final = np.dtype(
    [("type", "u1"), ("major", "u1"), ("minor", "u1"), ("length", ">u2"), ("message", "u1")]
)
_TELLING: Final = 3


def looks_like_tls(packets: PacketBatch) -> Looks:
    """Which TCP segments of a batch begin as a ClientHello does, and which do not."""
    length = packets.payload_lengths
    tcp = packets.tcp_flags >= 0
    begins, other = np.zeros(len(packets), np.bool_), np.zeros(len(packets), np.bool_)
    rows = np.flatnonzero(tcp & (length >= _FIRST.itemsize))
    first = packets.headers.read(_FIRST, rows, packets.payload_offsets[rows])
    like = (first["type"] == _HANDSHAKE) & (first["major"] == 3) & (first["minor"] <= 4)
    like &= (first["message"] == CLIENT_HELLO) & (first["length"] <= _FRAGMENT)
    like &= first["length"] > 0
    begins[rows], other[rows] = like, ~like
    for row in np.flatnonzero(tcp & (length > 0) & (length < _FIRST.itemsize)).tolist():
        payload = packets.payload(row)
        like_one = is_like_tls(payload)
        begins[row], other[row] = like_one and len(payload) >= _TELLING, not like_one
    return Looks(begins, other)


def is_like_tls(data: bytes | bytearray, before: int = 0) -> bool:
    """Whether some bytes may be the first of a record with a ClientHello.

    Args:
        data: the bytes, as many as there are.
        before: how many bytes of the message there were in records before.
    """
    return (
        data[:1] in (b"", b"\x16")
        and data[1:2] in (b"", b"\x03")
        and data[2:3] <= b"\x04"
        and data[3:5] != b"\0\0"
        and int.from_bytes(data[3:5], "big") <= _FRAGMENT
        and (before > 0 or data[5:6] in (b"", b"\x01"))
    )


def hello_in(data: bytes | bytearray) -> ClientHello | int | None:
    """The ClientHello with which a stream begins.

    Args:
        data: the first bytes of the stream.

    Returns:
        None if it begins with something else; a number where it takes more bytes to tell: so many
        at least.
    """
    message = bytearray()
    at = 0
    for _ in range(MOST_RECORDS):
        if len(data) < at + _HEADER:
            return at + _HEADER if is_like_tls(data[at:], len(message)) else None
        size = data[at + 3] << 8 | data[at + 4]
        if not is_like_tls(data[at : at + _HEADER + 1], len(message)):
            return None
        at += _HEADER
        before = len(message)
        message += data[at : at + size]
        found = message_in(message)
        if not isinstance(found, int):
            return found
        if at + size > len(data):
            return at + min(size, found - before)
        at += size
    return None
