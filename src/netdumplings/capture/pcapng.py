"""The pcapng capture file (draft-ietf-opsawg-pcapng): blocks of many kinds, some with a packet.

Section numbers are that document's.
"""

from __future__ import annotations

from itertools import pairwise
from struct import Struct
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from ..packets import PacketBatch
from .pcapng_interface import ByteOrder, Interface, read_interface
from .records import Parsed, gather

MAGIC: Final = bytes.fromhex("0a0d0d0a")

_SECTION: Final = 0x0A0D0D0A  # 4.1; the same in either byte order
_INTERFACE: Final = 1  # 4.2
_OLD_PACKET: Final = 2  # appendix A
_SIMPLE_PACKET: Final = 3  # 4.4
_PACKET: Final = 6  # 4.3

#: The shortest that each of these can be, bytes. Blocks of any other type are skipped.
_SHORTEST: Final = {
    _SECTION: 28,
    _INTERFACE: 20,
    _OLD_PACKET: 32,
    _SIMPLE_PACKET: 16,
    _PACKET: 32,
}
_HAVE_PACKETS: Final = frozenset({_OLD_PACKET, _SIMPLE_PACKET, _PACKET})
#: A type, and the length twice.
_SHORTEST_OF_ALL: Final = 12
#: Stands for no block kind; 0 is one that a file may have, though it is reserved.
_NO_KIND: Final = -1
#: As libpcap has it.
_LONGEST: Final = 16 * 1024 * 1024
_MAX_INTERFACES: Final = 65_536

_BYTE_ORDERS: Final[dict[bytes, ByteOrder]] = {
    bytes.fromhex("1a2b3c4d"): ">",
    bytes.fromhex("4d3c2b1a"): "<",
}


class _Run(NamedTuple):
    """Packet blocks of one type, found one after the other.

    Attributes:
        kind: their type.
        starts: where in the buffer they are.
        end: where to go on.
        needed: if not 0: bytes that must be there from `end` on before it does.
        problem: what is wrong at `end`, if something is.
    """

    kind: int
    starts: list[int]
    end: int
    needed: int = 0
    problem: str | None = None


class _Packets(NamedTuple):
    """What blocks say about their packets, an array each.

    Attributes:
        offsets: where in the buffer the bytes of the packet are.
        room: how many bytes its block has for it.
        interfaces: number of the interface in the section.
        timestamps: in units of the interface; None if the blocks tell no time.
        captured: bytes of the packet in the block.
        wire: its length on the wire, bytes.
    """

    offsets: npt.NDArray[np.int64]
    room: npt.NDArray[np.int64]
    interfaces: npt.NDArray[np.int64]
    timestamps: npt.NDArray[np.uint64] | None
    captured: npt.NDArray[np.int64]
    wire: npt.NDArray[np.int64]


class PcapngParser:
    """Takes the packets out of a pcapng file; a `RecordParser`.

    Packets of one interface, in consecutive blocks of one type, make a batch. A simple packet
    block tells no time: its packet gets the time of the one before it, so that the clock of a
    replay does not jump back to 1970.
    """

    def __init__(self) -> None:
        self.started = False
        self._order: ByteOrder = "<"
        self._interfaces: list[Interface] = []
        self._last_time_ns = 0

    def parse(self, buffer: bytes) -> Parsed:
        """Take the packets from bytes that begin where the last call left off."""
        batches: list[PacketBatch] = []
        position = 0
        while True:
            run = self._walk(buffer, position)
            if run.starts:
                packets = self._read(buffer, run)
                good, problem = self._check(packets)
                batches += self._batches(buffer, packets, good)
                if problem:
                    return Parsed(batches, run.starts[good], 0, problem)
            position = run.end
            if run.needed or run.problem:
                return Parsed(batches, position, run.needed, run.problem)

    def _walk(self, buffer: bytes, position: int) -> _Run:
        """Find packet blocks, until the next would be read otherwise or is not there yet.

        Blocks that say how to read what follows are heeded on the way, but not while there are
        packets before them still to be read.
        """
        last_head = len(buffer) - _SHORTEST_OF_ALL
        run_kind = _NO_KIND
        starts: list[int] = []
        head, word = self._structs()
        while position <= last_head:
            kind, length = head.unpack_from(buffer, position)
            if kind != run_kind and kind in _SHORTEST:
                if starts:
                    return _Run(run_kind, starts, position)
                run_kind = kind
                if kind == _SECTION:
                    order = _BYTE_ORDERS.get(buffer[position + 8 : position + 12])
                    if order is None:
                        return _Run(kind, [], position, problem="a section without a byte order")
                    self._order = order
                    head, word = self._structs()
                    kind, length = head.unpack_from(buffer, position)
            if length < _SHORTEST.get(kind, _SHORTEST_OF_ALL) or length & 3 or length > _LONGEST:
                problem = f"the impossible block length {length}"
                return _Run(run_kind, starts, position, problem=problem)
            end = position + length
            if end > len(buffer):
                return _Run(run_kind, starts, position, needed=length)
            if word.unpack_from(buffer, end - 4)[0] != length:
                problem = "a block with two different lengths"
                return _Run(run_kind, starts, position, problem=problem)
            if kind in _HAVE_PACKETS:
                starts.append(position)
            elif kind == run_kind:
                run_kind = _NO_KIND
                if trouble := self._heed(kind, buffer[position:end]):
                    return _Run(kind, [], position, problem=trouble)
            position = end
        return _Run(run_kind, starts, position, needed=_SHORTEST_OF_ALL)

    def _structs(self) -> tuple[Struct, Struct]:
        return Struct(self._order + "II"), Struct(self._order + "I")

    def _heed(self, kind: int, block: bytes) -> str | None:
        """Take in what a block says about those after it; return what is wrong with it."""
        if kind == _SECTION:
            version = Struct(self._order + "HH").unpack_from(block, 12)
            # Some programs write 1.2, which is the same as 1.0.
            if version not in ((1, 0), (1, 2)):
                return "the unknown pcapng version {}.{}".format(*version)
            self._interfaces = []
            self.started = True
            return None
        if len(self._interfaces) == _MAX_INTERFACES:
            return f"more than {_MAX_INTERFACES} interfaces in a section"
        try:
            self._interfaces.append(read_interface(block, self._order))
        except ValueError as error:
            return str(error)
        return None

    def _read(self, buffer: bytes, run: _Run) -> _Packets:
        """Read what the blocks of a run say about their packets, all at once."""
        starts = np.array(run.starts, np.int64)
        word = self._order + "u4"
        if run.kind == _SIMPLE_PACKET:
            _, length, wire = gather(buffer, starts, word, 3)
            snaplen = (self._interfaces[0].snaplen if self._interfaces else 0) or _LONGEST
            captured = np.minimum(wire, snaplen)
            interfaces = np.zeros_like(wire)
            return _Packets(starts + 12, length - 16, interfaces, None, captured, wire)
        _, length, interfaces, high, low, captured, wire = gather(buffer, starts, word, 7)
        if run.kind == _OLD_PACKET:
            # Its interface is 16 bits, and shares the word with a count of drops.
            (interfaces,) = gather(buffer, starts + 8, self._order + "u2", 1)
        timestamps = high.astype(np.uint64) << np.uint64(32) | low.astype(np.uint64)
        return _Packets(starts + 28, length - 32, interfaces, timestamps, captured, wire)

    def _check(self, packets: _Packets) -> tuple[int, str | None]:
        """Count the packets before the first impossible one; say what is wrong with that."""
        unknown = packets.interfaces >= len(self._interfaces)
        bad = unknown | (packets.captured > packets.room)
        if not bad.any():
            return len(bad), None
        first = int(np.argmax(bad))
        if unknown[first]:
            return (
                first,
                f"a packet of interface {packets.interfaces[first]} that was not described",
            )
        captured, room = packets.captured[first], packets.room[first]
        return first, f"a packet of {captured} bytes in a block with room for {room}"

    def _batches(self, buffer: bytes, packets: _Packets, count: int) -> list[PacketBatch]:
        """Make batches of the first packets, one for each stretch of one interface."""
        if not count:
            return []
        interfaces = packets.interfaces[:count]
        changes = (np.flatnonzero(np.diff(interfaces)) + 1).tolist()
        batches = []
        for first, last in pairwise([0, *changes, count]):
            here = slice(first, last)
            interface = self._interfaces[interfaces[first]]
            if packets.timestamps is None:
                times_ns = np.full(last - first, self._last_time_ns, np.int64)
            else:
                times_ns = interface.times_ns(packets.timestamps[here])
                self._last_time_ns = int(times_ns[-1])
            batches.append(
                PacketBatch(
                    interface.link_type,
                    buffer,
                    packets.offsets[here],
                    packets.captured[here],
                    packets.wire[here],
                    times_ns,
                    interface.name,
                )
            )
        return batches
