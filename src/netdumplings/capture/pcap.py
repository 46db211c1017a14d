"""The pcap capture file, as pcap-savefile(5) describes it."""

from __future__ import annotations

from struct import Struct
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from ..packets import PacketBatch
from .linktypes import link_type_in_file, longest_packet
from .records import Parsed, gather

FILE_HEADER: Final = 24


class _Variant(NamedTuple):
    order: str
    fraction_ns: int
    record_header: int


#: By the first four bytes of the file. The 'modified' format of Alexey Kuznetzov, which some old
#: Linux distributions wrote, has 8 more bytes in each record's header.
_VARIANTS: Final = {
    bytes.fromhex("a1b2c3d4"): _Variant(">", 1000, 16),
    bytes.fromhex("d4c3b2a1"): _Variant("<", 1000, 16),
    bytes.fromhex("a1b23c4d"): _Variant(">", 1, 16),
    bytes.fromhex("4d3cb2a1"): _Variant("<", 1, 16),
    bytes.fromhex("a1b2cd34"): _Variant(">", 1000, 24),
    bytes.fromhex("34cdb2a1"): _Variant("<", 1000, 24),
}
MAGICS: Final = frozenset(_VARIANTS)

#: The upper half of the link type field tells the length of a frame check sequence; of its bits,
#: these have no meaning yet, and libpcap refuses a file that sets them.
_RESERVED_LINK_TYPE_BITS: Final = 0x03FF_0000


class PcapParser:
    """Takes the packets out of a pcap file; a `RecordParser`."""

    def __init__(self) -> None:
        self.started = False

    def parse(self, buffer: bytes) -> Parsed:
        """Take the packets from bytes that begin where the last call left off."""
        if self.started:
            return self._records(buffer, 0)
        if len(buffer) < FILE_HEADER:
            return Parsed([], 0, FILE_HEADER)
        problem = self._file_header(buffer)
        if problem:
            return Parsed([], 0, 0, problem)
        self.started = True
        return self._records(buffer, FILE_HEADER)

    def _file_header(self, buffer: bytes) -> str | None:
        self._variant = _VARIANTS[buffer[:4]]
        header = Struct(self._variant.order + "HHiIII")
        major, minor, _zone, _accuracy, _snaplen, network = header.unpack_from(buffer, 4)
        if (major, minor) != (2, 4):
            return f"the unknown pcap version {major}.{minor}"
        if network & _RESERVED_LINK_TYPE_BITS:
            return f"the unknown link type 0x{network:08x}"
        self._link_type = link_type_in_file(network & 0xFFFF)
        self._longest = longest_packet(self._link_type)
        self._captured = Struct(self._variant.order + "8xI").unpack_from
        return None

    def _records(self, buffer: bytes, position: int) -> Parsed:
        """Find where the records are, one by one, and read their headers, all at once."""
        header = self._variant.record_header
        captured_at = self._captured
        last_header = len(buffer) - header
        starts: list[int] = []
        add_start = starts.append
        # Nothing is checked here, where it would be once a packet: lengths that lie only lead to
        # starts that are dropped below.
        while position <= last_header:
            add_start(position)
            position += header + captured_at(buffer, position)[0]
        if not starts:
            return Parsed([], position, header)
        at = np.array(starts, np.int64)
        fields = gather(buffer, at, self._variant.order + "u4", 4)
        impossible = np.flatnonzero(fields[2] > self._longest)
        count, needed, problem = len(starts), header, None
        if len(impossible):
            count = int(impossible[0])
            problem = f"the impossible packet length {fields[2][count]}"
        elif position > len(buffer):
            count -= 1
            needed = position - starts[count]
        if count < len(starts):
            position = starts[count]
        batches = [self._batch(buffer, at[:count], fields[:, :count])] if count else []
        return Parsed(batches, position, needed, problem)

    def _batch(
        self, buffer: bytes, at: npt.NDArray[np.int64], fields: npt.NDArray[np.int64]
    ) -> PacketBatch:
        seconds, fraction, captured, wire = fields
        return PacketBatch(
            self._link_type,
            buffer,
            at + self._variant.record_header,
            captured,
            wire,
            seconds * 1_000_000_000 + fraction * self._variant.fraction_ns,
        )
