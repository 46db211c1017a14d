"""Bytes of a capture file in, batches of packets out; no file anywhere."""

from __future__ import annotations

from typing import Final

from ..exceptions import NotACapture, TruncatedCapture
from ..packets import PacketBatch
from .pcap import MAGICS as PCAP_MAGICS
from .pcap import PcapParser
from .pcapng import MAGIC as PCAPNG_MAGIC
from .pcapng import PcapngParser
from .records import RecordParser

_MAGIC_LENGTH: Final = 4

#: What else people have at hand, by how it begins.
_LOOKS_LIKE: Final = {
    b"snoo": "it is a snoop capture; convert it with editcap",
    b"RTSS": "it is a NetMon capture; convert it with editcap",
    b"GMBU": "it is a NetMon capture; convert it with editcap",
    b"\x28\xb5\x2f\xfd": "it is compressed with zstd; decompress it first",
    b"\xfd7zX": "it is compressed with xz; decompress it first",
    b"BZh9": "it is compressed with bzip2; decompress it first",
    b"\x04\x22\x4d\x18": "it is compressed with lz4; decompress it first",
    b"\x1f\x8b\x08\x00": "it is compressed with gzip twice; decompress it first",
    b"PK\x03\x04": "it is a zip archive; unpack it first",
}


class CaptureReader:
    """Takes the packets out of a capture file, pcap or pcapng, given piece by piece.

    What comes out does not depend on where the pieces were cut, except that a batch ends with
    its piece. Batches are over the pieces themselves: no packet is copied. It holds back no more
    than one record, 16 MiB at most.

    Args:
        source: the file's name, for errors.

    Attributes:
        packets: how many packets came out so far.
        problem: what is wrong with the file, once that is known; `feed` and `end` then raise it.
    """

    def __init__(self, source: str) -> None:
        self.source = source
        self.packets = 0
        self.problem: NotACapture | TruncatedCapture | None = None
        self._parser: RecordParser | None = None
        self._pieces: list[bytes] = []
        self._held = 0
        self._needed = _MAGIC_LENGTH
        self._offset = 0

    @property
    def recognised(self) -> bool:
        """Whether the file's own header was read and understood."""
        return self._parser is not None and self._parser.started

    @property
    def size(self) -> int:
        """How many bytes were fed in."""
        return self._offset + self._held

    def feed(self, data: bytes) -> list[PacketBatch]:
        """Take the packets that some more bytes complete.

        Args:
            data: what comes next in the file.

        Returns:
            the packets, in the order of the file; no batch is empty.

        Raises:
            NotACapture: the file is neither pcap nor pcapng, or its header is nonsense.
            TruncatedCapture: it goes wrong here. What came before in the same bytes is returned
                first, and this raised at the next call; `problem` knows it at once.
        """
        if self.problem:
            raise self.problem
        if data:
            self._pieces.append(data)
            self._held += len(data)
        if self._held < self._needed:
            return []
        buffer = b"".join(self._pieces)
        if self._parser is None:
            self._parser = self._choose_parser(buffer[:_MAGIC_LENGTH])
        parsed = self._parser.parse(buffer)
        self._offset += parsed.consumed
        rest = buffer[parsed.consumed :]
        self._pieces, self._held, self._needed = [rest], len(rest), parsed.needed
        self.packets += sum(map(len, parsed.batches))
        if parsed.problem:
            self._pieces = []
            self.problem = self._wrong(parsed.problem)
            if not parsed.batches:
                raise self.problem
        return parsed.batches

    def give_back(self, most: int) -> int:
        """Forget the bytes of a record that is not complete, for whoever can feed them again.

        Whole pieces need not be copied then, to put the two together.

        Args:
            most: how many bytes that may be.

        Returns:
            how many they are; 0 if nothing is forgotten.
        """
        held = self._held
        if held > most or self.problem:
            return 0
        self._pieces, self._held = [], 0
        return held

    def end(self) -> None:
        """There is no more.

        Raises:
            NotACapture: the file is too short to be one, or as `feed`.
            TruncatedCapture: it ends in the middle of a record, or as `feed`.
        """
        if self.problem:
            raise self.problem
        if not self.recognised:
            problem = f"it ends after {self._held} bytes" if self._held else "it is empty"
            self.problem = NotACapture(self.source, problem)
            raise self.problem
        if self._held:
            missing = self._needed - self._held
            self.problem = self._wrong(f"{missing} bytes or more are missing of the record")
            raise self.problem

    def _choose_parser(self, magic: bytes) -> RecordParser:
        if magic in PCAP_MAGICS:
            return PcapParser()
        if magic == PCAPNG_MAGIC:
            return PcapngParser()
        looks = _LOOKS_LIKE.get(
            magic, f"it begins with 0x{magic.hex()}, as neither pcap nor pcapng does"
        )
        self._pieces = []
        self.problem = NotACapture(self.source, looks)
        raise self.problem

    def _wrong(self, problem: str) -> NotACapture | TruncatedCapture:
        if not self.recognised:
            return NotACapture(self.source, problem)
        return TruncatedCapture(self.source, problem, offset=self._offset, packets=self.packets)
