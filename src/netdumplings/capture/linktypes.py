"""The two numberings of link types, and how to get from one to the other.

Capture files and `PacketBatch.link_type` hold LINKTYPE_ values, which are the same everywhere
(https://www.tcpdump.org/linktypes.html). libpcap's functions speak of DLT_ values, which differ
between systems for a few old types; pcap-common.c of libpcap tells which.
"""

from __future__ import annotations

import sys
from typing import Final

ETHERNET: Final = 1
RAW: Final = 101

if sys.platform.startswith("openbsd"):
    _DLT_RAW = 14
else:
    _DLT_RAW = 12

#: LINKTYPE_ value -> DLT_ value of this system, where they are not the same number.
_DLT: Final = {
    100: 11,  # ATM_RFC1483
    RAW: _DLT_RAW,
    102: 15,  # SLIP_BSDOS
    103: 16,  # PPP_BSDOS
    106: 19,  # ATM_CLIP
}
if sys.platform == "darwin":
    _DLT[258] = 149  # PKTAP
_LINK_TYPE: Final = {dlt: link_type for link_type, dlt in _DLT.items()}

#: DLT_RAW of one system or another: old programs wrote them into files in place of 101.
_RAW_IN_FILES: Final = frozenset({12, 14})


def dlt_of(link_type: int) -> int:
    """The DLT_ value by which libpcap knows a LINKTYPE_ value."""
    return _DLT.get(link_type, link_type)


def link_type_of(dlt: int) -> int:
    """The LINKTYPE_ value of what libpcap calls by a DLT_ value."""
    return _LINK_TYPE.get(dlt, dlt)


def link_type_in_file(value: int) -> int:
    """The LINKTYPE_ value that the number in a capture file stands for."""
    return RAW if value in _RAW_IN_FILES else value


#: Packets of these may be longer than `defaults.SNAPLEN`, which libpcap holds every other to:
#: D-Bus messages, and USB transfers of three kinds.
_LONG: Final = frozenset({220, 231, 249, 279})


def longest_packet(link_type: int) -> int:
    """How long a packet can sensibly be, bytes: what is longer is a corrupt file's.

    libpcap allows the long ones 128 MiB; here they get 16 MiB, which bounds what a crafted file
    can have us hold.
    """
    return 16 * 1024 * 1024 if link_type in _LONG else 262_144
