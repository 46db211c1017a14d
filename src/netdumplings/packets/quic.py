"""QUIC's first packets: the headers of Initial packets, and the CRYPTO frames in them.

RFC 9000 section 17.2 and RFC 9369 (version 2). Their keys are in ``quic_keys.py``. Nothing in the
bytes makes any of this raise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from .batch import PacketBatch

#: RFC 9000, RFC 9369, and the draft that was in use before them (draft-ietf-quic-transport-29).
V1, V2, DRAFT_29 = 0x00000001, 0x6B3343CF, 0xFF00001D
VERSIONS: Final = (V1, V2, DRAFT_29)
#: RFC 9000 section 17.2: a connection has identifiers of so many bytes; section 7.2: that which the
#: client makes up has eight at least.
_LONGEST_ID: Final = 20
_SHORTEST_ID: Final = 8
#: Packets looked at in a datagram: an Initial, what may come with it, and one more.
_PACKETS: Final = 4
#: Frames looked at in a packet; browsers cut a ClientHello into a dozen, and shuffle them.
_FRAMES: Final = 256
#: RFC 9000 section 17.2.2: a packet number and what is encrypted have, with its tag, as many bytes
#: as the sample that the protection of headers takes, and four.
_SHORTEST: Final = 20
#: Where a first packet begins: the bits that say what it is, and the version.
_FIRST: Final = np.dtype([("bits", "u1"), ("version", ">u4"), ("id", "u1")])
_PADDING, _PING, _ACK, _ACK_ECN, _CRYPTO = 0, 1, 2, 3, 6


class Initial(NamedTuple):
    """An Initial packet, as it is on the wire, encrypted.

    Attributes:
        version: one of `VERSIONS`.
        dcid: the connection's identifier that it goes to, of which keys are made.
        token: whether it has a token, as one that follows a Retry has.
        number_at: where the packet number is in ``data``.
        data: the packet's bytes.
    """

    version: int
    dcid: bytes
    token: bool
    number_at: int
    data: bytes


def looks_like_initial(packets: PacketBatch) -> npt.NDArray[np.bool_]:
    """Which UDP datagrams of a batch begin with an Initial packet, most likely of a client."""
    found = np.zeros(len(packets), np.bool_)
    rows = np.flatnonzero((packets.tcp_flags < 0) & (packets.payload_lengths > _SHORTEST))
    first = packets.headers.read(_FIRST, rows, packets.payload_offsets[rows])
    kind = first["bits"] & 0xF0
    like = (kind == _initial_bits(V2)) & (first["version"] == V2)
    for version in (V1, DRAFT_29):
        like |= (kind == _initial_bits(version)) & (first["version"] == version)
    found[rows] = like & (first["id"] >= _SHORTEST_ID) & (first["id"] <= _LONGEST_ID)
    return found


def initials(datagram: bytes) -> list[Initial]:
    """The Initial packets of a datagram."""
    found: list[Initial] = []
    at = 0
    for _ in range(_PACKETS):
        packet = datagram[at:]
        version = int.from_bytes(packet[1:5], "big")
        if len(packet) < _SHORTEST or packet[0] & 0xC0 != 0xC0 or version not in VERSIONS:
            break
        dcid_end = 6 + packet[5]
        if dcid_end >= len(packet):
            break
        behind = dcid_end + 1 + packet[dcid_end]
        is_initial = packet[0] & 0xF0 == _initial_bits(version)
        token = 0
        if is_initial:
            token, behind = _number(packet, behind)
            behind += token
        # (A Retry has no length, and nothing follows it.)
        size, number_at = _number(packet, behind)
        if size < _SHORTEST or number_at + size > len(packet):
            break
        if is_initial and packet[5] <= _LONGEST_ID:
            data = packet[: number_at + size]
            found.append(Initial(version, packet[6:dcid_end], token > 0, number_at, data))
        at += number_at + size
    return found


def crypto_frames(payload: bytes) -> list[tuple[int, bytes]]:
    """What the CRYPTO frames of a packet hold, and where in their stream each belongs.

    Args:
        payload: what an Initial packet carries, decrypted. Frames that it may not carry end it
            (RFC 9000 section 12.4).
    """
    found: list[tuple[int, bytes]] = []
    at = 0
    for _ in range(_FRAMES):
        at = len(payload) - len(payload[at:].lstrip(b"\0"))
        if at >= len(payload):
            break
        kind, at = payload[at], at + 1
        if kind in (_ACK, _ACK_ECN):
            at = _behind_ack(payload, at, ecn=kind == _ACK_ECN)
        elif kind == _CRYPTO:
            offset, at = _number(payload, at)
            size, at = _number(payload, at)
            if not size or at + size > len(payload):
                break
            found.append((offset, payload[at : at + size]))
            at += size
        elif kind != _PING:
            break
    return found


def _behind_ack(payload: bytes, at: int, *, ecn: bool) -> int:
    """Where an ACK frame ends (RFC 9000 section 19.3)."""
    _, at = _number(payload, at)
    _, at = _number(payload, at)
    ranges, at = _number(payload, at)
    for _ in range(1 + 2 * ranges + (3 if ecn else 0)):
        if at >= len(payload):
            break
        _, at = _number(payload, at)
    return at


def _initial_bits(version: int) -> int:
    """The first four bits of an Initial packet, which version 2 has shuffled."""
    return 0xD0 if version == V2 else 0xC0


def _number(data: bytes, at: int) -> tuple[int, int]:
    """A number of variable length (RFC 9000 section 16), and where it ends; 0 where it is cut."""
    if at >= len(data):
        return 0, len(data)
    size = 1 << (data[at] >> 6)
    end = at + size
    if end > len(data):
        return 0, len(data)
    return int.from_bytes(data[at:end], "big") & (1 << (8 * size - 2)) - 1, end
