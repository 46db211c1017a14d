"""Packets as they come from a capture: many at a time, over one buffer, not yet dissected."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, overload

import numpy as np
import numpy.typing as npt

from .columns import ABSENT, Headers, Which

if TYPE_CHECKING:
    from .applications import Bound
    from .dissection import Packet
    from .flows import Flows
    from .icmp import IcmpMessages
    from .segments import Segments

# Whatever needs scapy is imported where it is used: who only captures has no need of it.

Int64Array = npt.NDArray[np.int64]


class PacketBatch:
    """Packets of one interface, in the order they came, over one buffer.

    Nothing is copied, and nothing is dissected until somebody looks into a packet: indexing with a
    number and iterating give scapy packets that dissect themselves on first need; slicing and
    `where` give narrower batches over the same buffer. A batch never changes.

    Args:
        link_type: what the packets begin with, a ``LINKTYPE_`` value of the registry at tcpdump.org
            (1: Ethernet, 101: raw IP, 113 and 276: Linux cooked, ...).
        buffer: the bytes of all packets, and perhaps others between them.
        offsets: where in the buffer each packet starts, bytes.
        captured_lengths: how many bytes of each packet there are.
        wire_lengths: how long each packet was on the wire, bytes.
        times_ns: when each was captured, nanoseconds since the epoch.
        interface: the name of the interface they came through, where it is known.

    Attributes: as the arguments; the four columns are int64 arrays as long as the batch. Those
        of the headers follow as properties, computed on first use; a header that is cut off or
        makes no sense is absent, and its columns are -1 there. Columns are of the outermost IP
        header, directly behind the link layer and its VLAN tags: what is in a tunnel, or behind
        802.2 LLC, has none.
    """

    __slots__ = (
        "_applications",
        "_closed_shapes",
        "_flows",
        "_headers",
        "_icmp",
        "_part_of",
        "_segments",
        "_shapes",
        "buffer",
        "captured_lengths",
        "interface",
        "link_type",
        "offsets",
        "times_ns",
        "wire_lengths",
    )

    def __init__(
        self,
        link_type: int,
        buffer: bytes,
        offsets: Int64Array,
        captured_lengths: Int64Array,
        wire_lengths: Int64Array,
        times_ns: Int64Array,
        interface: str | None = None,
    ) -> None:
        self.link_type = link_type
        self.buffer = buffer
        self.offsets = offsets
        self.captured_lengths = captured_lengths
        self.wire_lengths = wire_lengths
        self.times_ns = times_ns
        self.interface = interface
        self._headers: Headers | None = None
        self._shapes: Int64Array | None = None
        self._applications: list[Bound] | None = None
        self._closed_shapes: Int64Array | None = None
        self._segments: Segments | None = None
        self._icmp: IcmpMessages | None = None
        self._flows: Flows | None = None
        #: The batch that this is a part of, and which: what is known of that is known of this.
        self._part_of: tuple[PacketBatch, Which] | None = None

    @classmethod
    def from_records(
        cls,
        link_type: int,
        records: Iterable[tuple[int, int, bytes]],
        interface: str | None = None,
    ) -> PacketBatch:
        """Make a batch of separate packets.

        Args:
            link_type: as of the class.
            records: for each packet its time in nanoseconds since the epoch, its length on the
                wire in bytes, and its bytes.
            interface: as of the class.
        """
        times_ns, wire_lengths, packets = [], [], []
        for time_ns, wire_length, data in records:
            times_ns.append(time_ns)
            wire_lengths.append(wire_length)
            packets.append(data)
        captured_lengths = np.array([len(data) for data in packets], np.int64)
        offsets = np.zeros(len(packets), np.int64)
        np.cumsum(captured_lengths[:-1], out=offsets[1:])
        return cls(
            link_type,
            b"".join(packets),
            offsets,
            captured_lengths,
            np.array(wire_lengths, np.int64),
            np.array(times_ns, np.int64),
            interface,
        )

    @property
    def times(self) -> npt.NDArray[np.float64]:
        """When each packet was captured, seconds since the epoch."""
        return self.times_ns / 1e9

    @property
    def headers(self) -> Headers:
        """What the columns below are taken from."""
        if self._headers is None:
            part_of = None
            if self._part_of is not None and self._part_of[0]._headers is not None:
                part_of = self._part_of[0]._headers, self._part_of[1]
            self._headers = Headers(
                self.link_type, self.buffer, self.offsets, self.captured_lengths, part_of
            )
        return self._headers

    @property
    def shapes(self) -> Int64Array:
        """Which layers each packet has, as of ``shapes.py``; 0 where only scapy can tell."""
        if self._shapes is None:
            from .shapes import shapes_of

            known = self._known("_shapes")
            self._shapes = shapes_of(self.headers) if known is None else known[0][known[1]]
        return self._shapes

    @property
    def applications(self) -> list[Bound]:
        """The packets by what scapy binds to their ports; see ``applications.py``."""
        if self._applications is None:
            from .applications import bound_applications

            self._applications = bound_applications(self)
        return self._applications

    @property
    def segments(self) -> Segments:
        """What the columns of TCP's sequence are taken from."""
        if self._segments is None:
            from .segments import Segments, segments_of

            known = self._known("_segments")
            self._segments = (
                segments_of(self.headers)
                if known is None
                else Segments(*(column[known[1]] for column in known[0]))
            )
        return self._segments

    @property
    def icmp(self) -> IcmpMessages:
        """What the columns of ICMP are taken from."""
        if self._icmp is None:
            from .icmp import icmp_messages

            self._icmp = icmp_messages(self.headers)
        return self._icmp

    @property
    def flows(self) -> Flows:
        """Which flow each packet belongs to; see ``flows.py``."""
        if self._flows is None:
            from .flows import flows_of

            known = self._known("_flows")
            self._flows = flows_of(self) if known is None else known[0].part(known[1])
        return self._flows

    @property
    def ethertypes(self) -> Int64Array:
        """The EtherType behind all VLAN tags, or what the link type has in its place."""
        return self.headers.link.ethertype

    @property
    def vlans(self) -> Int64Array:
        """The VLAN identifier of the outermost tag (IEEE 802.1Q)."""
        return self.headers.link.vlan

    @property
    def network_offsets(self) -> Int64Array:
        """Where the network layer begins, bytes from the packet's start."""
        return self.headers.link.network_offset

    @property
    def ip_versions(self) -> Int64Array:
        """4 or 6."""
        return self.headers.network.version

    @property
    def ip_protocols(self) -> Int64Array:
        """What IP carries, behind all extension headers of IPv6; 6 is TCP, 17 UDP."""
        return self.headers.network.protocol

    @property
    def fragments(self) -> npt.NDArray[np.bool_]:
        """Whether each is a fragment of a datagram, the first or a later one."""
        network = self.headers.network
        return network.more_fragments | (network.fragment_offset > 0)

    @property
    def fragment_offsets(self) -> Int64Array:
        """Where in its datagram a fragment belongs, bytes; 0 for what is not fragmented."""
        return self.headers.network.fragment_offset

    @property
    def ipv4_sources(self) -> Int64Array:
        """Source addresses of IPv4, as numbers."""
        return self.headers.ipv4_addresses[0]

    @property
    def ipv4_destinations(self) -> Int64Array:
        """Destination addresses of IPv4, as numbers."""
        return self.headers.ipv4_addresses[1]

    @property
    def ipv6_sources(self) -> npt.NDArray[np.uint8]:
        """Source addresses of IPv6, 16 bytes a row; zeros for what is not IPv6."""
        return self.headers.ipv6_addresses[0]

    @property
    def ipv6_destinations(self) -> npt.NDArray[np.uint8]:
        """Destination addresses of IPv6, 16 bytes a row; zeros for what is not IPv6."""
        return self.headers.ipv6_addresses[1]

    @property
    def src_ports(self) -> Int64Array:
        """Source ports of TCP and UDP."""
        return self.headers.transport.src_port

    @property
    def dst_ports(self) -> Int64Array:
        """Destination ports of TCP and UDP."""
        return self.headers.transport.dst_port

    @property
    def tcp_flags(self) -> Int64Array:
        """TCP's flags, FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32, ... (RFC 9293 section 3.1)."""
        return self.headers.transport.tcp_flags

    @property
    def tcp_seqs(self) -> Int64Array:
        """TCP's sequence numbers, as they are in the header."""
        return self.segments.seq

    @property
    def tcp_acks(self) -> Int64Array:
        """TCP's acknowledgement numbers, as they are in the header, whether ACK is set or not."""
        return self.segments.ack

    @property
    def tcp_windows(self) -> Int64Array:
        """TCP's windows, as they are in the header, not scaled."""
        return self.segments.window

    @property
    def tcp_lengths(self) -> Int64Array:
        """How many bytes of payload TCP's segments carried, captured or not."""
        return self.segments.length

    @property
    def icmp_types(self) -> Int64Array:
        """Types of ICMP and ICMPv6."""
        return self.icmp.type

    @property
    def icmp_codes(self) -> Int64Array:
        """Codes of ICMP and ICMPv6."""
        return self.icmp.code

    @property
    def payload_offsets(self) -> Int64Array:
        """Where the payload of TCP or UDP begins, bytes from the packet's start."""
        return self.headers.transport.payload_offset

    @property
    def payload_lengths(self) -> Int64Array:
        """How many bytes of the payload of TCP or UDP were captured."""
        transport = self.headers.transport
        length = transport.payload_end - transport.payload_offset
        return np.where(transport.payload_offset >= 0, np.maximum(length, 0), ABSENT)

    def payload(self, index: int) -> bytes:
        """The captured payload of TCP or UDP of one packet; empty where there is none."""
        transport = self.headers.transport
        start = int(self.offsets[index])
        begin, end = int(transport.payload_offset[index]), int(transport.payload_end[index])
        return self.buffer[start + begin : start + end] if 0 <= begin < end else b""

    def data(self, index: int) -> bytes:
        """The captured bytes of one packet."""
        start = int(self.offsets[index])
        return self.buffer[start : start + int(self.captured_lengths[index])]

    def where(self, mask: npt.NDArray[np.bool_]) -> PacketBatch:
        """The packets for which a mask, an array of bool as long as the batch, is true."""
        return self._select(mask)

    def __len__(self) -> int:
        return len(self.offsets)

    def __iter__(self) -> Iterator[Packet]:
        from .lazy import lazy_packets

        buffer = self.buffer
        starts = self.offsets.tolist()
        ends = (self.offsets + self.captured_lengths).tolist()
        return lazy_packets(
            self.link_type,
            self._shapes_of_packets.tolist(),
            (buffer[start:end] for start, end in zip(starts, ends, strict=True)),
            self.times.tolist(),
            self.wire_lengths.tolist(),
            self.interface,
        )

    @overload
    def __getitem__(self, index: int) -> Packet: ...
    @overload
    def __getitem__(self, index: slice) -> PacketBatch: ...
    def __getitem__(self, index: int | slice) -> Packet | PacketBatch:
        if isinstance(index, slice):
            return self._select(index)
        from .lazy import lazy_packets

        index = range(len(self))[index]
        one = slice(index, index + 1)
        return next(
            lazy_packets(
                self.link_type,
                self._shapes_of_packets[one].tolist(),
                [self.data(index)],
                self.times[one].tolist(),
                self.wire_lengths[one].tolist(),
                self.interface,
            )
        )

    def __repr__(self) -> str:
        return (
            f"<PacketBatch of {len(self)} packets, link type {self.link_type}, "
            f"interface {self.interface!r}>"
        )

    @property
    def _shapes_of_packets(self) -> Int64Array:
        """The shapes, those of packets with a closed application told apart."""
        if self._closed_shapes is None:
            from .applications import is_closed
            from .shapes import closed

            shapes = self.shapes.copy()
            for bound in self.applications:
                if is_closed(bound.layer):
                    shapes[bound.indices] = closed(shapes[bound.indices])
            self._closed_shapes = shapes
        return self._closed_shapes

    def _known(self, name: str) -> tuple[Any, Which] | None:
        """What is known already of the batch that this is a part of, and which part it is."""
        if self._part_of is None:
            return None
        whole, which = self._part_of
        value = getattr(whole, name)
        return None if value is None else (value, which)

    def _select(self, which: slice | npt.NDArray[np.bool_]) -> PacketBatch:
        chosen: Which
        if isinstance(which, slice):
            chosen = which
        else:
            chosen = np.flatnonzero(which) if which.dtype == np.bool_ else which.astype(np.intp)
        part = PacketBatch(
            self.link_type,
            self.buffer,
            self.offsets[chosen],
            self.captured_lengths[chosen],
            self.wire_lengths[chosen],
            self.times_ns[chosen],
            self.interface,
        )
        part._part_of = self, chosen
        return part
