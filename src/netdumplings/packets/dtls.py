"""The ClientHello in DTLS (RFC 9147 sections 4 and 5), by its fragments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from .client_hello import CLIENT_HELLO, LONGEST

if TYPE_CHECKING:
    from .batch import PacketBatch

_HANDSHAKE: Final = 22
_RECORD, _HEADER = 13, 12
#: Records looked at in a datagram.
_RECORDS: Final = 8
#: Type; version; epoch, which is 0 as long as nothing is encrypted; sequence number; length; and
#: the type of the message.
_FIRST: Final = np.dtype(
    [("type", "u1"), ("version", ">u2"), ("epoch", ">u2"), ("", "V8"), ("message", "u1")]
)
_VERSIONS: Final = (0xFEFF, 0xFEFD)


class Fragment(NamedTuple):
    """A part of a ClientHello.

    Attributes:
        message: the number of the message: a client says hello once more with a cookie.
        size: how many bytes the whole message has.
        offset: which of them is the first of these.
        data: the bytes.
    """

    message: int
    size: int
    offset: int
    data: bytes


def looks_like_dtls(packets: PacketBatch) -> npt.NDArray[np.bool_]:
    """Which UDP datagrams of a batch begin as one with a ClientHello does."""
    found = np.zeros(len(packets), np.bool_)
    rows = np.flatnonzero((packets.tcp_flags < 0) & (packets.payload_lengths >= _RECORD + _HEADER))
    first = packets.headers.read(_FIRST, rows, packets.payload_offsets[rows])
    found[rows] = (
        (first["type"] == _HANDSHAKE)
        & np.isin(first["version"], _VERSIONS)
        & (first["epoch"] == 0)
        & (first["message"] == CLIENT_HELLO)
    )
    return found


def fragments(datagram: bytes) -> list[Fragment]:
    """The fragments of ClientHellos in a datagram."""
    found: list[Fragment] = []
    at = 0
    for _ in range(_RECORDS):
        header = datagram[at : at + _RECORD + _HEADER]
        if len(header) < _RECORD + _HEADER or header[0] != _HANDSHAKE or header[3:5] != b"\0\0":
            break
        end = at + _RECORD + int.from_bytes(header[11:13], "big")
        size, message, offset, length = (
            int.from_bytes(header[start:stop], "big")
            for start, stop in ((14, 17), (17, 19), (19, 22), (22, 25))
        )
        data = datagram[at + _RECORD + _HEADER : end]
        if header[13] == CLIENT_HELLO and size <= LONGEST and length == len(data):
            found.append(Fragment(message, size, offset, data))
        at = end
    return found
