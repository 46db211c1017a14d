"""Hardware addresses (EUI-48, IEEE 802 clause 8.2) of packets, and whom they were assigned to."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np

from .formats import ETHERNET, LINUX_SLL, LINUX_SLL2

if TYPE_CHECKING:
    from .batch import PacketBatch

#: IEEE 802 clause 8.2.2: an address of a group; one that was made up locally.
_GROUP, _LOCAL = 0x01, 0x02

_ETHERNET_HEADER: Final = np.dtype([("destination", "V6"), ("source", "V6"), ("", "V2")])
#: What Linux tells of a packet in place of its Ethernet header (LINKTYPE_LINUX_SLL, _SLL2): the
#: kind of hardware (1 is Ethernet), the length of the sender's address, and that.
_COOKED: Final = np.dtype([("", "V2"), ("kind", ">u2"), ("size", ">u2"), ("source", "V6")])
_COOKED2: Final = np.dtype(
    [("", "V8"), ("kind", ">u2"), ("", "V1"), ("size", "u1"), ("source", "V6")]
)


def hardware_sources(packets: PacketBatch) -> list[bytes | None]:
    """Who sent each packet of a batch over the link; None where that is not known.

    Known are the six bytes of an address of one sender, of Ethernet or as Linux's cooked headers
    have it.
    """
    found: list[bytes | None] = [None] * len(packets)
    header = {ETHERNET: _ETHERNET_HEADER, LINUX_SLL: _COOKED, LINUX_SLL2: _COOKED2}.get(
        packets.link_type
    )
    if header is None:
        return found
    rows = np.flatnonzero(packets.captured_lengths >= header.itemsize)
    read = packets.headers.read(header, rows, 0)
    if packets.link_type != ETHERNET:
        is_ethernet = (read["kind"] == 1) & (read["size"] == 6)
        rows, read = rows[is_ethernet], read[is_ethernet]
    for row, source in zip(rows.tolist(), _split(read["source"].tobytes()), strict=True):
        found[row] = source if is_one_sender(source) else None
    return found


def hardware_destinations(packets: PacketBatch) -> list[bytes | None]:
    """Whom each packet of a batch was sent to over the link; None where that is not known."""
    found: list[bytes | None] = [None] * len(packets)
    if packets.link_type == ETHERNET:
        rows = np.flatnonzero(packets.captured_lengths >= _ETHERNET_HEADER.itemsize)
        read = packets.headers.read(_ETHERNET_HEADER, rows, 0)
        for row, to in zip(rows.tolist(), _split(read["destination"].tobytes()), strict=True):
            found[row] = to
    return found


def is_one_sender(address: bytes) -> bool:
    """Whether an address is that of one device, and not of a group, or nobody's."""
    return not address[0] & _GROUP and any(address)


def is_local(address: bytes) -> bool:
    """Whether an address was made up locally: by a virtual machine, or by chance for privacy."""
    return bool(address[0] & _LOCAL)


@lru_cache(4096)
def vendor_of(address: bytes) -> str | None:
    """Who an address was assigned to by the IEEE; None if that is not known, or if it `is_local`.

    The names are those that scapy brings, or of Wireshark, where that is installed. scapy has them
    in memory anyway; its own look-up knows nothing of the smaller blocks (MA-M, MA-S).
    """
    from scapy.config import conf

    known = getattr(conf.manufdb, "d", None)
    if not known or is_local(address):
        return None
    digits = address.hex().upper()
    for key in (
        _with_colons(digits[:9] + "000") + "/36",
        _with_colons(digits[:7] + "00000") + "/28",
        _with_colons(digits[:6]),
    ):
        if key in known:
            vendor: str = known[key][1]
            return vendor
    return None


def _with_colons(digits: str) -> str:
    return ":".join(digits[at : at + 2] for at in range(0, len(digits), 2))


def _split(data: bytes) -> list[bytes]:
    return [data[at : at + 6] for at in range(0, len(data), 6)]
