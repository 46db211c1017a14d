"""The headers of many packets at once, as columns: one value a packet.

Each group of columns is computed on first use, with a handful of numpy operations for the whole
batch. A header that is cut off, or that claims what cannot be, is absent: its columns hold `ABSENT`
there. Nothing in a packet's bytes makes any of this raise.

Link types: Ethernet with any mix of up to two 802.1Q and 802.1ad tags (IEEE 802.3 and 802.1Q),
Linux cooked v1 and v2 (LINKTYPE_LINUX_SLL and _SLL2), raw IP, and BSD loopback (NULL, LOOP). Of
any other all columns are absent.
"""

from __future__ import annotations

from functools import cached_property
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

Int64Array = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

#: What a column holds where its header is not there.
ABSENT: Final = -1

NULL, ETHERNET, RAW, LOOP, LINUX_SLL, IPV4, IPV6, LINUX_SLL2 = 0, 1, 101, 108, 113, 228, 229, 276
#: DLT_RAW, which some systems write into files as it is.
RAW_DLT: Final = frozenset({12, 14})

ETHERTYPE_IPV4, ETHERTYPE_IPV6, ETHERTYPE_ARP = 0x0800, 0x86DD, 0x0806
TAGS: Final = (0x8100, 0x88A8)
#: IEEE 802.3 clause 3.2.6: smaller values of the field are a length.
SMALLEST_ETHERTYPE: Final = 0x0600

TCP, UDP = 6, 17
#: RFC 8200 section 4: hop-by-hop options, routing, destination options; and fragment.
EXTENSIONS: Final = (0, 43, 60)
FRAGMENT: Final = 44
#: IPv6 extension headers followed; a packet with more is hostile.
MOST_EXTENSIONS: Final = 8


class Link(NamedTuple):
    """The link layer: what follows it, where, and the outermost VLAN.

    ``network_offset`` counts from the start of the packet.
    """

    ethertype: Int64Array
    network_offset: Int64Array
    vlan: Int64Array
    tags: Int64Array


class Network(NamedTuple):
    """The IP header, and where what it carries begins and ends, from the packet's start.

    ``end`` is where the header says that the datagram ends, or where the captured bytes do if
    that is sooner; ``complete`` tells whether all of it was captured. ``fragment_offset`` is in
    bytes; ``more_fragments`` is the flag of that name.
    """

    version: Int64Array
    protocol: Int64Array
    payload_offset: Int64Array
    end: Int64Array
    complete: BoolArray
    fragment_offset: Int64Array
    more_fragments: BoolArray
    extensions: BoolArray


class Transport(NamedTuple):
    """The TCP or UDP header, and the bounds of what it carries, from the packet's start."""

    src_port: Int64Array
    dst_port: Int64Array
    tcp_flags: Int64Array
    payload_offset: Int64Array
    payload_end: Int64Array


class Headers:
    """The columns of the packets of one link type.

    Args:
        link_type: a LINKTYPE_ value.
        buffer: where the packets are.
        offsets: where in it each starts, bytes.
        lengths: how many bytes of each were captured.
    """

    def __init__(
        self, link_type: int, buffer: bytes, offsets: Int64Array, lengths: Int64Array
    ) -> None:
        self.link_type = link_type
        self._buffer = buffer
        self._start = offsets
        self.lengths = lengths
        self._count = len(offsets)

    @cached_property
    def link(self) -> Link:
        """The link layer."""
        none = np.full(self._count, ABSENT, np.int64)
        zero = np.zeros(self._count, np.int64)
        if self.link_type == ETHERNET:
            return self._ethernet()
        if self.link_type == LINUX_SLL:
            return Link(self.u16(14, 16), np.where(self.lengths >= 16, 16, ABSENT), none, zero)
        if self.link_type == LINUX_SLL2:
            return Link(self.u16(0, 20), np.where(self.lengths >= 20, 20, ABSENT), none, zero)
        if self.link_type in RAW_DLT or self.link_type in (RAW, IPV4, IPV6):
            return Link(self._ethertype_by_version(zero), zero, none, zero)
        if self.link_type in (NULL, LOOP):
            four = np.where(self.lengths >= 4, 4, ABSENT)
            return Link(self._ethertype_by_version(four), four, none, zero)
        return Link(none, none, none, zero)

    @cached_property
    def network(self) -> Network:
        """The IP header, of either version."""
        kind, at = self.link.ethertype, self.link.network_offset
        first = self.u8(at)
        version = np.where(first >= 0, first >> 4, ABSENT)
        is4 = (kind == ETHERTYPE_IPV4) & (version == 4)
        is6 = (kind == ETHERTYPE_IPV6) & (version == 6)
        if not is6.any():
            return self._ipv4(is4, at, first)
        six = self._ipv6(is6, at)
        if not is4.any():
            return six
        four = self._ipv4(is4, at, first)
        merged: list[npt.NDArray[np.generic]] = [
            np.where(is6, b, a) for a, b in zip(four, six, strict=True)
        ]
        return Network(*merged)  # type: ignore[arg-type]

    @cached_property
    def transport(self) -> Transport:
        """The TCP and UDP headers; those of fragments but the first are absent."""
        network = self.network
        at = np.where(network.fragment_offset == 0, network.payload_offset, ABSENT)
        room = network.end - at
        is_udp = (network.protocol == UDP) & (at >= 0) & (room >= 8)
        is_tcp = (network.protocol == TCP) & (at >= 0) & (room >= 20)
        header = self.u8(np.where(is_tcp, at + 12, ABSENT)) >> 4 << 2
        is_tcp &= (header >= 20) & (header <= room)
        either = np.where(is_tcp | is_udp, at, ABSENT)
        ports = self.u32(either)
        udp_length = self.u16(np.where(is_udp, at + 4, ABSENT))
        end = np.where(
            is_udp & (udp_length >= 8), np.minimum(network.end, at + udp_length), network.end
        )
        some = either >= 0
        return Transport(
            np.where(some, ports >> 16, ABSENT),
            np.where(some, ports & 0xFFFF, ABSENT),
            self.u8(np.where(is_tcp, at + 13, ABSENT)),
            np.where(some, at + np.where(is_tcp, header, 8), ABSENT),
            np.where(some, end, ABSENT),
        )

    @cached_property
    def ipv4_addresses(self) -> tuple[Int64Array, Int64Array]:
        """IPv4 source and destination as numbers."""
        at = np.where(self.network.version == 4, self.link.network_offset, ABSENT)
        return self.u32(np.where(at >= 0, at + 12, ABSENT)), self.u32(
            np.where(at >= 0, at + 16, ABSENT)
        )

    @cached_property
    def ipv6_addresses(self) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
        """IPv6 source and destination, 16 bytes a row."""
        at = np.where(self.network.version == 6, self.link.network_offset, ABSENT)
        some = at >= 0
        return (
            self.bytes_at(np.where(some, at + 8, ABSENT), 16),
            self.bytes_at(np.where(some, at + 24, ABSENT), 16),
        )

    def bytes_at(self, offset: Int64Array, count: int) -> npt.NDArray[np.uint8]:
        """So many bytes of each packet from an offset on, a row a packet; zeros where absent."""
        there = (offset >= 0) & (offset + count <= self.lengths)
        rows = np.zeros((self._count, count), np.uint8)
        if there.any():
            position = (self._start + offset)[there]
            rows[there] = self._bytes[position[:, None] + np.arange(count)]
        return rows

    def u8(self, offset: Int64Array | int) -> Int64Array:
        """One byte of each packet, or `ABSENT` where the packet has none there."""
        return self._gather(self._bytes, offset, 1)

    def u16(self, offset: Int64Array | int, needed: int = 0) -> Int64Array:
        """Two bytes of each packet, in network byte order; absent below ``needed`` bytes too."""
        return self._gather(self._view(">u2"), offset, 2, needed)

    def u32(self, offset: Int64Array | int) -> Int64Array:
        """Four bytes of each packet, in network byte order."""
        return self._gather(self._view(">u4"), offset, 4)

    @cached_property
    def _bytes(self) -> npt.NDArray[np.uint8]:
        return np.frombuffer(self._buffer, np.uint8)

    def _view(self, dtype: str) -> npt.NDArray[np.generic]:
        """The buffer as numbers that start at every byte: overlapping, and copied nowhere."""
        kind = np.dtype(dtype)
        count = max(0, len(self._buffer) - kind.itemsize + 1)
        return np.ndarray((count,), kind, self._buffer, strides=(1,))

    def _gather(
        self,
        view: npt.NDArray[np.generic],
        offset: Int64Array | int,
        size: int,
        needed: int = 0,
    ) -> Int64Array:
        there = self.lengths >= max(needed, size) if isinstance(offset, int) else offset >= 0
        there = there & (offset + size <= self.lengths)
        if not len(view):
            return np.full(self._count, ABSENT, np.int64)
        values = view[np.where(there, self._start + offset, 0)].astype(np.int64)
        if not there.all():
            values[~there] = ABSENT
        return values

    def _ethernet(self) -> Link:
        kind = self.u16(12)
        at = np.where(kind >= 0, 14, ABSENT)
        vlan = np.full(self._count, ABSENT, np.int64)
        tags = np.zeros(self._count, np.int64)
        for _ in range(2):
            tagged = np.isin(kind, TAGS)
            if not tagged.any():
                break
            control = self.u16(np.where(tagged, at, ABSENT))
            inner = self.u16(np.where(tagged, at + 2, ABSENT))
            vlan = np.where(tagged & (tags == 0) & (control >= 0), control & 0x0FFF, vlan)
            tags += tagged
            kind = np.where(tagged, inner, kind)
            at = np.where(tagged, np.where(inner >= 0, at + 4, ABSENT), at)
        named = kind >= SMALLEST_ETHERTYPE
        return Link(np.where(named, kind, ABSENT), np.where(named, at, ABSENT), vlan, tags)

    def _ethertype_by_version(self, at: Int64Array) -> Int64Array:
        version = self.u8(at) >> 4
        return np.where(
            version == 4, ETHERTYPE_IPV4, np.where(version == 6, ETHERTYPE_IPV6, ABSENT)
        )

    def _ipv4(self, is4: BoolArray, at: Int64Array, first: Int64Array) -> Network:
        """RFC 791 section 3.1."""
        header = (first & 0x0F) << 2
        is4 = is4 & (header >= 20) & (at + header <= self.lengths)
        at = np.where(is4, at, ABSENT)
        total = self.u16(np.where(is4, at + 2, ABSENT))
        is4 &= total >= header
        fragment = self.u16(np.where(is4, at + 6, ABSENT))
        ends = at + total
        return Network(
            np.where(is4, 4, ABSENT),
            np.where(is4, self.u8(np.where(is4, at + 9, ABSENT)), ABSENT),
            np.where(is4, at + header, ABSENT),
            np.where(is4, np.minimum(ends, self.lengths), ABSENT),
            is4 & (ends <= self.lengths),
            np.where(is4, (fragment & 0x1FFF) << 3, ABSENT),
            is4 & (fragment & 0x2000 != 0),
            np.zeros(self._count, np.bool_),
        )

    def _ipv6(self, is6: BoolArray, at: Int64Array) -> Network:
        """RFC 8200 sections 3 and 4."""
        is6 = is6 & (at + 40 <= self.lengths)
        at = np.where(is6, at, ABSENT)
        length = self.u16(np.where(is6, at + 4, ABSENT))
        protocol = self.u8(np.where(is6, at + 6, ABSENT))
        ends = at + 40 + length
        end = np.where(is6, np.minimum(ends, self.lengths), ABSENT)
        place = np.where(is6, at + 40, ABSENT)
        fragment_offset = np.where(is6, 0, ABSENT)
        more = np.zeros(self._count, np.bool_)
        extended = np.zeros(self._count, np.bool_)
        for _ in range(MOST_EXTENSIONS):
            plain = np.isin(protocol, EXTENSIONS)
            is_fragment = protocol == FRAGMENT
            # What follows the header of a later fragment is no header.
            open_ = (plain | is_fragment) & (place >= 0) & (fragment_offset == 0)
            if not open_.any():
                break
            extended |= open_
            following = self.u8(np.where(open_, place, ABSENT))
            size = self.u8(np.where(open_ & plain, place + 1, ABSENT))
            word = self.u16(np.where(open_ & is_fragment, place + 2, ABSENT))
            step = np.where(plain, (size + 1) << 3, 8)
            valid = open_ & (place + step <= end) & ((plain & (size >= 0)) | (word >= 0))
            fragment_offset = np.where(valid & is_fragment, word & 0xFFF8, fragment_offset)
            more |= valid & is_fragment & (word & 1 == 1)
            protocol = np.where(open_, np.where(valid, following, ABSENT), protocol)
            place = np.where(open_, np.where(valid, place + step, ABSENT), place)
        else:
            lost = np.isin(protocol, (*EXTENSIONS, FRAGMENT)) & (fragment_offset == 0)
            protocol = np.where(lost, ABSENT, protocol)
            place = np.where(lost, ABSENT, place)
        return Network(
            np.where(is6, 6, ABSENT),
            np.where(is6, protocol, ABSENT),
            place,
            end,
            is6 & (ends <= self.lengths),
            fragment_offset,
            more,
            extended,
        )
