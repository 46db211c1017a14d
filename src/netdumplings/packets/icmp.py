"""ICMP of both versions (RFC 792, RFC 4443): columns, one value a packet, and what pairs up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from .columns import ABSENT, Headers, Int64Array
from .formats import ICMP, ICMP_HEADER, ICMPV6, IPV4, IPV6

if TYPE_CHECKING:
    from .batch import PacketBatch

#: The messages that come in pairs, a request and its reply, as Zeek and the specification of the
#: community ID pair them: echo, time stamp, information, address mask, and router solicitation.
PAIRS: Final = ((8, 0), (13, 14), (15, 16), (17, 18), (10, 9))
#: Echo, multicast listener query and report, router and neighbour solicitation and advertisement,
#: node information, and home agent address discovery.
PAIRS_V6: Final = ((128, 129), (130, 131), (133, 134), (135, 136), (139, 140), (144, 145))
#: Of these, what is said by the asked only. (Advertisements and reports come unasked, too.)
REPLIES: Final = (0, 14, 16, 18)
REPLIES_V6: Final = (129, 140, 145)
#: What is said of a packet that was dropped, or should have gone elsewhere, with its beginning.
ERRORS: Final = (3, 4, 5, 11, 12)
ERRORS_V6: Final = (1, 2, 3, 4)
#: How much of an error comes before the packet that it is about.
ERROR_HEADER: Final = 8


def _counterparts(pairs: tuple[tuple[int, int], ...]) -> Int64Array:
    table = np.full(256, ABSENT, np.int64)
    for request, reply in pairs:
        table[request], table[reply] = reply, request
    return table


#: For each type, that which answers it or is answered by it; `ABSENT` where there is none.
COUNTERPARTS: Final = _counterparts(PAIRS)
COUNTERPARTS_V6: Final = _counterparts(PAIRS_V6)


class IcmpMessages(NamedTuple):
    """Types and codes of ICMP over IPv4 and of ICMPv6 over IPv6, and where the message begins.

    ``offset`` is that of the type, bytes from the packet's start.
    """

    type: Int64Array
    code: Int64Array
    offset: Int64Array


def icmp_messages(headers: Headers) -> IcmpMessages:
    """The ICMP messages among the packets whose headers are given; absent for all others.

    Of a message in fragments, only the first has them.
    """
    network = headers.network
    columns = IcmpMessages(*(np.full(len(headers.lengths), ABSENT, np.int64) for _ in range(3)))
    is_icmp = (network.protocol == ICMP) & (network.version == 4)
    is_icmp |= (network.protocol == ICMPV6) & (network.version == 6)
    rows = np.flatnonzero(is_icmp & (network.fragment_offset == 0))
    rows = rows[network.payload_offset[rows] + ICMP_HEADER.itemsize <= network.end[rows]]
    at = network.payload_offset[rows]
    header = headers.read(ICMP_HEADER, rows, at)
    columns.type[rows] = header["type"]
    columns.code[rows] = header["code"]
    columns.offset[rows] = at
    return columns


def quoted(packets: PacketBatch, rows: Int64Array, version: int) -> PacketBatch:
    """The packets that ICMP errors are about, as far as they are quoted: a batch of raw IP.

    Args:
        packets: a batch.
        rows: which of its packets are errors, all of them of one version of IP.
        version: that version, 4 or 6.
    """
    from .batch import PacketBatch

    at = packets.icmp.offset[rows] + ERROR_HEADER
    lengths = np.maximum(packets.headers.network.end[rows] - at, 0)
    return PacketBatch(
        IPV4 if version == 4 else IPV6,
        packets.buffer,
        packets.offsets[rows] + at,
        lengths,
        lengths,
        packets.times_ns[rows],
        packets.interface,
    )
