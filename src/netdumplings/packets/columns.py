"""The headers of many packets at once, as columns: one value a packet.

Each group of columns is computed on first use, with a handful of numpy operations for the whole
batch. A header that is cut off, or that claims what cannot be, is absent: its columns hold `ABSENT`
there. Nothing in a packet's bytes makes any of this raise.

Link types: Ethernet and Linux cooked v1 and v2 (LINKTYPE_LINUX_SLL and _SLL2), each with tags of
802.1Q and 802.1ad, raw IP, and BSD loopback (NULL, LOOP). Of any other all columns are absent, as
they are of what is no EtherType's: 802.3 frames with a length (IEEE 802.3 clause 3.2.6).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from .formats import (
    AF_INET,
    AF_INET6,
    ETHERNET,
    ETHERTYPE_IPV4,
    ETHERTYPE_IPV6,
    EXTENSION,
    EXTENSIONS,
    FRAGMENT,
    HOP_BY_HOP,
    IPV4,
    IPV4_HEADER,
    IPV6,
    IPV6_HEADER,
    LINUX_SLL,
    LINUX_SLL2,
    LOOP,
    NULL,
    RAW,
    RAW_DLT,
    ROUTING,
    SEGMENT_ROUTING,
    SERVICE_TAG,
    SMALLEST_ETHERTYPE,
    TAG,
    TAG_HEADER,
    TCP,
    TCP_HEADER,
    U8,
    U16,
    U32,
    UDP,
    UDP_HEADER,
)
from .tcp_options import readable

Int64Array = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.intp]
Which = slice | Rows

#: What a column holds where its header is not there.
ABSENT: Final = -1

#: For each protocol, whether it is a header of IPv6 that others follow; the last is for none.
_IS_EXTENSION: Final = np.isin(np.arange(2**8 + 1), (*EXTENSIONS, FRAGMENT))

#: VLAN tags followed; a packet with more is hostile.
MOST_TAGS: Final = 8
#: IPv6 extension headers followed; a packet with more is hostile.
MOST_EXTENSIONS: Final = 8


class Link(NamedTuple):
    """The link layer: what follows it, where, and the outermost VLAN.

    ``ethertype`` is that behind all ``tags``, and ``only_8021q`` is True where none of them is of
    802.1ad. ``network_offset`` counts from the start of the packet.
    """

    ethertype: Int64Array
    network_offset: Int64Array
    vlan: Int64Array
    tags: Int64Array
    only_8021q: BoolArray


class Network(NamedTuple):
    """The IP header, and where what it carries begins and ends, from the packet's start.

    ``end`` is where the header says that the datagram ends, or where the captured bytes do if that
    is sooner, or if the header says nothing of use: cards that cut TCP into segments themselves
    leave IPv4's length at 0. ``fragment_offset`` is in bytes; ``more_fragments`` is the flag of
    that name. ``extensions`` tells whether there were extension headers (IPv6) or options (IPv4).
    """

    version: Int64Array
    protocol: Int64Array
    payload_offset: Int64Array
    end: Int64Array
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
        part_of: columns that these are a part of, and which part; what is there known already is
            taken from there.
    """

    def __init__(
        self,
        link_type: int,
        buffer: bytes,
        offsets: Int64Array,
        lengths: Int64Array,
        part_of: tuple[Headers, Which] | None = None,
    ) -> None:
        self.link_type = link_type
        self._part_of = part_of
        self.lengths = lengths
        self._buffer = buffer
        self._start = offsets
        self._count = len(offsets)
        #: Headers that were read, by their layout, and of which packets.
        self._kept: dict[np.dtype[Any], tuple[Rows, npt.NDArray[Any]]] = {}

    @cached_property
    def link(self) -> Link:
        """The link layer."""
        if (known := self._known("link")) is not None:
            return Link(*known)
        if self.link_type == ETHERNET:
            return self._tagged(12, 14)
        if self.link_type == LINUX_SLL:
            return self._tagged(14, 16)
        if self.link_type == LINUX_SLL2:
            return self._tagged(0, 20)
        if self.link_type in (RAW, RAW_DLT, IPV4, IPV6):
            return self._untagged(self._by_version(), 0)
        if self.link_type in (NULL, LOOP):
            return self._untagged(self._by_family(), 4)
        return self._untagged(self._absent(), 0)

    @cached_property
    def network(self) -> Network:
        """The IP header, of either version."""
        if (known := self._known("network")) is not None:
            return Network(*known)
        version, protocol, payload_offset, end, fragment_offset = self._columns(5)
        more_fragments, extensions = (np.zeros(self._count, np.bool_) for _ in range(2))
        network = Network(
            version, protocol, payload_offset, end, fragment_offset, more_fragments, extensions
        )
        kind = self.link.ethertype
        self._ipv4(np.flatnonzero(kind == ETHERTYPE_IPV4), network)
        self._ipv6(np.flatnonzero(kind == ETHERTYPE_IPV6), network)
        return network

    @cached_property
    def transport(self) -> Transport:
        """The TCP and UDP headers; those of fragments but the first are absent."""
        if (known := self._known("transport")) is not None:
            return Transport(*known)
        network = self.network
        transport = Transport(*self._columns(5))
        first = network.fragment_offset == 0
        self._tcp(np.flatnonzero(first & (network.protocol == TCP)), transport)
        self._udp(np.flatnonzero(first & (network.protocol == UDP)), transport)
        return transport

    @cached_property
    def ipv4_addresses(self) -> tuple[Int64Array, Int64Array]:
        """IPv4 source and destination as numbers."""
        if (known := self._known("ipv4_addresses")) is not None:
            return known[0], known[1]
        sources, destinations = self._absent(), self._absent()
        rows, header = self.kept(IPV4_HEADER, self.network.version == 4, self.link.network_offset)
        sources[rows], destinations[rows] = header["source"], header["destination"]
        return sources, destinations

    @cached_property
    def ipv6_addresses(self) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
        """IPv6 source and destination, 16 bytes a row; zeros where absent."""
        if (known := self._known("ipv6_addresses")) is not None:
            return known[0], known[1]
        sources, destinations = (np.zeros((self._count, 16), np.uint8) for _ in range(2))
        rows, header = self.kept(IPV6_HEADER, self.network.version == 6, self.link.network_offset)
        sources[rows], destinations[rows] = header["source"], header["destination"]
        return sources, destinations

    def read(
        self, header: np.dtype[Any], rows: Rows, offsets: Int64Array | int
    ) -> npt.NDArray[Any]:
        """Read a header of some packets.

        Args:
            header: its fields.
            rows: which packets: such as have all of it.
            offsets: where in each of them it begins.
        """
        if not len(rows):
            return np.empty(0, header)
        # One element for each byte of the buffer, each as large as the header, so that they
        # overlap. Only the chosen ones are ever copied, and without a look at their fields.
        places = len(self._buffer) - header.itemsize + 1
        everywhere = np.ndarray((places,), f"V{header.itemsize}", self._buffer, strides=(1,))
        found: npt.NDArray[Any] = everywhere[self._start[rows] + offsets].view(header)
        return found

    def kept(
        self, header: np.dtype[Any], having: BoolArray, offsets: Int64Array
    ) -> tuple[Rows, npt.NDArray[Any]]:
        """The headers of all packets that have one that is sound, and which packets these are.

        Args:
            header: its fields.
            having: of all packets, which have it.
            offsets: where in each it begins.
        """
        if header not in self._kept:
            rows = np.flatnonzero(having)
            self._kept[header] = rows, self.read(header, rows, offsets[rows])
        return self._kept[header]

    def _known(self, name: str) -> list[Any] | None:
        """Columns that those know already which these are a part of."""
        if self._part_of is None:
            return None
        whole, which = self._part_of
        columns = vars(whole).get(name)
        if columns is None:
            return None
        if isinstance(which, slice):
            return [column[which] for column in columns]
        return [column.take(which, axis=0) for column in columns]

    def _absent(self) -> Int64Array:
        return np.full(self._count, ABSENT, np.int64)

    def _columns(self, count: int) -> Iterator[Int64Array]:
        return (self._absent() for _ in range(count))

    def _having(self, size: int) -> Rows:
        """The packets of which at least so many bytes were captured."""
        return np.flatnonzero(self.lengths >= size)

    def _tagged(self, position: int, size: int) -> Link:
        """A header of some size with an EtherType at a position, and the tags that follow it."""
        kind, at, vlan = self._absent(), self._absent(), self._absent()
        tags = np.zeros(self._count, np.int64)
        only_8021q = np.ones(self._count, np.bool_)
        rows = self._having(size)
        kind[rows] = self.read(U16, rows, position)["value"]
        at[rows] = size
        for depth in range(MOST_TAGS):
            tagged = kind == TAG
            # In Linux's cooked headers only 802.1Q is known to be a tag.
            if depth or self.link_type == ETHERNET:
                tagged |= kind == SERVICE_TAG
            rows = np.flatnonzero(tagged)
            if not len(rows):
                break
            only_8021q[rows] &= kind[rows] == TAG
            there = at[rows] + TAG_HEADER.itemsize <= self.lengths[rows]
            cut, rows = rows[~there], rows[there]
            kind[cut] = at[cut] = ABSENT
            tag = self.read(TAG_HEADER, rows, at[rows])
            if not depth:
                vlan[rows] = tag["control"] & 0x0FFF
            kind[rows] = tag["ethertype"]
            at[rows] += TAG_HEADER.itemsize
            tags[rows] += 1
        unnamed = kind < SMALLEST_ETHERTYPE
        if unnamed.any():
            kind[unnamed] = at[unnamed] = ABSENT
        return Link(kind, at, vlan, tags, only_8021q)

    def _untagged(self, ethertype: Int64Array, size: int) -> Link:
        at = np.where(ethertype >= 0, size, ABSENT)
        none = np.zeros(self._count, np.int64)
        return Link(ethertype, at, self._absent(), none, none == 0)

    def _by_version(self) -> Int64Array:
        """What IP's own version, the first four bits, is as an EtherType."""
        kind = self._absent()
        rows = self._having(1)
        version = self.read(U8, rows, 0)["value"] >> 4
        if self.link_type != IPV6:
            kind[rows[version == 4]] = ETHERTYPE_IPV4
        if self.link_type != IPV4:
            kind[rows[version == 6]] = ETHERTYPE_IPV6
        return kind

    def _by_family(self) -> Int64Array:
        """What BSD loopback's address family is as an EtherType."""
        kind = self._absent()
        rows = self._having(4)
        family = self.read(U32, rows, 0)["value"].astype(np.int64)
        if self.link_type == NULL:  # in the byte order of the host, whichever that was
            first = family >> 24
            family = np.where(first > 0, first, np.where(np.isin(family, AF_INET6), family, 0))
        kind[rows[(family == 0) | (family == AF_INET)]] = ETHERTYPE_IPV4
        kind[rows[np.isin(family, AF_INET6)]] = ETHERTYPE_IPV6
        return kind

    def _ipv4(self, rows: Rows, network: Network) -> None:
        """RFC 791 section 3.1."""
        at, captured = self.link.network_offset[rows], self.lengths[rows]
        there = at + IPV4_HEADER.itemsize <= captured
        if not there.all():
            rows, at, captured = rows[there], at[there], captured[there]
        header = self.read(IPV4_HEADER, rows, at)
        first = header["version_and_size"]
        size = ((first & 0x0F) << 2).astype(np.int64)
        valid = (first >> 4 == 4) & (size >= 20) & (at + size <= captured)
        if not valid.all():
            rows, at, captured = rows[valid], at[valid], captured[valid]
            header, size = header[valid], size[valid]
        self._kept[IPV4_HEADER] = rows, header
        length = header["length"].astype(np.int64)
        ends = np.minimum(at + length, captured)
        network.version[rows] = 4
        network.protocol[rows] = header["protocol"]
        network.payload_offset[rows] = at + size
        network.end[rows] = np.where(length < size, captured, ends)
        fragment = header["fragment"].astype(np.int64)
        network.fragment_offset[rows] = (fragment & 0x1FFF) << 3
        network.more_fragments[rows] = fragment & 0x2000 != 0
        network.extensions[rows] = size > 20

    def _ipv6(self, rows: Rows, network: Network) -> None:
        """RFC 8200 sections 3 and 4."""
        at = self.link.network_offset[rows]
        there = at + IPV6_HEADER.itemsize <= self.lengths[rows]
        rows, at = rows[there], at[there]
        if not len(rows):
            return
        header = self.read(IPV6_HEADER, rows, at)
        valid = header["version_and_flow"] >> 28 == 6
        rows, at, header = rows[valid], at[valid], header[valid]
        at += IPV6_HEADER.itemsize
        length, following = header["length"].astype(np.int64), header["next"].astype(np.int64)
        end = np.minimum(at + length, self.lengths[rows])
        room = end - at
        # Jumbograms (RFC 2675), which have another length elsewhere, no link here can carry; and of
        # a packet with less of a routing header than its type scapy makes no IPv6 at all.
        jumbo = (length == 0) & (following == HOP_BY_HOP)
        unsound = jumbo | ((following == ROUTING) & (room > 0) & (room < 3))
        if unsound.any():
            sound = ~unsound
            rows, at, end, following = rows[sound], at[sound], end[sound], following[sound]
            header = header[sound]
        self._kept[IPV6_HEADER] = rows, header
        network.version[rows] = 6
        network.protocol[rows] = following
        network.payload_offset[rows] = at
        network.end[rows] = end
        network.fragment_offset[rows] = 0
        self._skip_extensions(rows, network)

    def _skip_extensions(self, rows: Rows, network: Network) -> None:
        """RFC 8200 section 4."""
        for _ in range(MOST_EXTENSIONS):
            # What follows the header of a fragment but the first is no header.
            protocol = network.protocol[rows]
            more = _IS_EXTENSION[protocol]
            rows = rows[more & (network.fragment_offset[rows] == 0)]
            if not len(rows):
                return
            network.extensions[rows] = True
            at, end = network.payload_offset[rows], network.end[rows]
            there = at + EXTENSION.itemsize <= end
            lost, rows, at, end = rows[~there], rows[there], at[there], end[there]
            network.protocol[lost] = network.payload_offset[lost] = ABSENT
            extension = self.read(EXTENSION, rows, at)
            is_fragment = network.protocol[rows] == FRAGMENT
            size = np.where(is_fragment, 8, (extension["size"].astype(np.int64) + 1) << 3)
            following = extension["next"].astype(np.int64)
            there = at + size <= end
            is_routing = network.protocol[rows] == ROUTING
            if is_routing.any():
                there &= ~is_routing | _is_sound_routing(extension)
            network.protocol[rows] = np.where(there, following, ABSENT)
            network.payload_offset[rows] = np.where(there, at + size, ABSENT)
            word = extension["fragment"][is_fragment]
            network.fragment_offset[rows[is_fragment]] = word & 0xFFF8
            network.more_fragments[rows[is_fragment]] = word & 1 == 1
            rows = rows[there]
        lost = rows[_IS_EXTENSION[network.protocol[rows]]]
        lost = lost[network.fragment_offset[lost] == 0]
        network.protocol[lost] = network.payload_offset[lost] = ABSENT

    def _tcp(self, rows: Rows, transport: Transport) -> None:
        """RFC 9293 section 3.1."""
        at, end = self.network.payload_offset[rows], self.network.end[rows]
        there = at + TCP_HEADER.itemsize <= end
        if not there.all():
            rows, at, end = rows[there], at[there], end[there]
        header = self.read(TCP_HEADER, rows, at)
        size = np.maximum((header["size"] >> 4 << 2).astype(np.int64), TCP_HEADER.itemsize)
        payload = np.minimum(at + size, end)
        options = at + TCP_HEADER.itemsize
        valid = readable(self, rows, options, payload - options)
        if not valid.all():
            rows, end, header, payload = rows[valid], end[valid], header[valid], payload[valid]
        self._kept[TCP_HEADER] = rows, header
        transport.src_port[rows] = header["source"]
        transport.dst_port[rows] = header["destination"]
        transport.tcp_flags[rows] = header["flags"]
        transport.payload_offset[rows] = payload
        transport.payload_end[rows] = end

    def _udp(self, rows: Rows, transport: Transport) -> None:
        """RFC 768."""
        at, end = self.network.payload_offset[rows], self.network.end[rows]
        there = at + UDP_HEADER.itemsize <= end
        if not there.all():
            rows, at, end = rows[there], at[there], end[there]
        header = self.read(UDP_HEADER, rows, at)
        transport.src_port[rows] = header["source"]
        transport.dst_port[rows] = header["destination"]
        transport.payload_offset[rows] = at + UDP_HEADER.itemsize
        length = header["length"].astype(np.int64)
        transport.payload_end[rows] = np.where(length < 8, end, np.minimum(at + length, end))


def _is_sound_routing(extension: npt.NDArray[Any]) -> BoolArray:
    """Whether routing headers, of so many words of 8 bytes, hold as many addresses as they say."""
    size = extension["size"].astype(np.int64)
    # RFC 8754 section 2; and RFC 8200 section 4.4, whose headers have nothing but addresses.
    fits = 2 * (extension["last"].astype(np.int64) + 1) <= size
    sound: BoolArray = np.where(extension["fragment"] >> 8 == SEGMENT_ROUTING, fits, size % 2 == 0)
    return sound
