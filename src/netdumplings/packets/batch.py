"""Packets as they come from a capture: many at a time, over one buffer, not yet dissected."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import overload

import numpy as np
import numpy.typing as npt

from .dissect import Packet, dissect

Int64Array = npt.NDArray[np.int64]


class PacketBatch:
    """Packets of one interface, in the order they came, over one buffer.

    Nothing is copied and nothing is dissected until a packet is taken out of it: indexing with a
    number and iterating give scapy packets, slicing and `where` give narrower batches over the
    same buffer. A batch never changes.

    Args:
        link_type: what the packets begin with, a LINKTYPE_ value of the registry at tcpdump.org
            (1: Ethernet, 101: raw IP, 113 and 276: Linux cooked, ...).
        buffer: the bytes of all packets, and perhaps others between them.
        offsets: where in the buffer each packet starts, bytes.
        captured_lengths: how many bytes of each packet there are.
        wire_lengths: how long each packet was on the wire, bytes.
        times_ns: when each was captured, nanoseconds since the epoch.
        interface: the name of the interface they came through, where it is known.

    Attributes: as the arguments; the four columns are int64 arrays as long as the batch.
    """

    __slots__ = (
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
        for index in range(len(self)):
            yield self._packet(index)

    @overload
    def __getitem__(self, index: int) -> Packet: ...
    @overload
    def __getitem__(self, index: slice) -> PacketBatch: ...
    def __getitem__(self, index: int | slice) -> Packet | PacketBatch:
        if isinstance(index, slice):
            return self._select(index)
        return self._packet(range(len(self))[index])

    def __repr__(self) -> str:
        return (
            f"<PacketBatch of {len(self)} packets, link type {self.link_type}, "
            f"interface {self.interface!r}>"
        )

    def _select(self, which: slice | npt.NDArray[np.bool_]) -> PacketBatch:
        return PacketBatch(
            self.link_type,
            self.buffer,
            self.offsets[which],
            self.captured_lengths[which],
            self.wire_lengths[which],
            self.times_ns[which],
            self.interface,
        )

    def _packet(self, index: int) -> Packet:
        return dissect(
            self.link_type,
            self.data(index),
            time=int(self.times_ns[index]) / 1e9,
            wire_length=int(self.wire_lengths[index]),
            interface=self.interface,
        )
