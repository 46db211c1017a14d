"""How groups lie in a file: as they are, or each compressed by itself.

Each compressed group says how long it is, so that the last one is found without reading the others.
It does so where every other reader of the format skips it: in gzip in a field of the member's
header (RFC 1952, section 2.3.1.1), in zstd in a skippable frame ahead of it (RFC 8878, section
3.1.2).
"""

from __future__ import annotations

import struct
import sys
import zlib
from abc import ABC, abstractmethod
from typing import Any, Final, Literal

#: Bytes that a group may have, packed or not.
MAX_GROUP: Final = 256 * 1024 * 1024

Compression = Literal["gzip", "zstd"]

_GZIP_LEVEL: Final = 6
_ZSTD_LEVEL: Final = 3
_RAW_DEFLATE: Final = -15
_GZIP: Final = 31


class Packing(ABC):
    """Packs groups.

    Attributes:
        header_size: bytes at the beginning of a packed group that say how long it is.
        magic: how all of them begin.
    """

    header_size: int
    magic: bytes

    @abstractmethod
    def pack(self, group: bytes) -> bytes:
        """Pack a group."""

    @abstractmethod
    def length(self, header: bytes) -> int | None:
        """Read how long a packed group is, with its header; None if that is no header."""

    @abstractmethod
    def unpack(self, packed: bytes) -> bytes:
        """Unpack a group.

        Raises:
            ValueError: it is damaged.
        """


class Gzip(Packing):
    """A member a group."""

    # ID1, ID2, CM 8, FLG with FEXTRA, MTIME, XFL, OS unknown; XLEN; SI1, SI2, LEN; the length.
    _header: Final = struct.Struct("<4sIBBH2sHI")
    _end: Final = struct.Struct("<II")
    header_size = _header.size
    magic = b"\x1f\x8b\x08\x04"

    def pack(self, group: bytes) -> bytes:
        """See `Packing`."""
        deflate = zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, _RAW_DEFLATE)
        body = deflate.compress(group) + deflate.flush()
        end = self._end.pack(zlib.crc32(group), len(group) & 0xFFFFFFFF)
        length = self.header_size + len(body) + len(end)
        return self._head(length) + body + end

    def length(self, header: bytes) -> int | None:
        """See `Packing`."""
        length = int(self._header.unpack(header)[-1])
        return length if header == self._head(length) and length > self.header_size else None

    def unpack(self, packed: bytes) -> bytes:
        """See `Packing`."""
        member = zlib.decompressobj(_GZIP)
        try:
            group = member.decompress(packed, MAX_GROUP)
        except zlib.error as error:
            raise ValueError(str(error)) from None
        return _whole(group, ended=member.eof)

    def _head(self, length: int) -> bytes:
        return self._header.pack(self.magic, 0, 0, 255, 8, b"ND", 4, length)


class Zstd(Packing):
    """A frame a group, each after a skippable one."""

    # Magic number, size of what follows; "ND", the length.
    _header: Final = struct.Struct("<4sI2sI")
    header_size = _header.size
    magic = (0x184D2A5D).to_bytes(4, "little")

    def pack(self, group: bytes) -> bytes:
        """See `Packing`."""
        zstd = zstd_module()
        options = {
            zstd.CompressionParameter.compression_level: _ZSTD_LEVEL,
            zstd.CompressionParameter.checksum_flag: 1,
        }
        body = zstd.compress(group, options=options)
        return self._head(self.header_size + len(body)) + bytes(body)

    def length(self, header: bytes) -> int | None:
        """See `Packing`."""
        length = int(self._header.unpack(header)[-1])
        return length if header == self._head(length) and length > self.header_size else None

    def unpack(self, packed: bytes) -> bytes:
        """See `Packing`."""
        zstd = zstd_module()
        frame = zstd.ZstdDecompressor()
        try:
            group = frame.decompress(packed[self.header_size :], MAX_GROUP)
        except zstd.ZstdError as error:
            raise ValueError(str(error)) from None
        return _whole(group, ended=frame.eof)

    def _head(self, length: int) -> bytes:
        return self._header.pack(self.magic, 6, b"ND", length)


def _whole(group: bytes, *, ended: bool) -> bytes:
    """Return a group that was unpacked to its end."""
    if not ended:
        raise ValueError("it has no end, or is too large")
    return group


def packing(compression: Compression | None) -> Packing | None:
    """What packs groups; None for as they are."""
    if compression is None:
        return None
    return Gzip() if compression == "gzip" else Zstd()


def zstd_module() -> Any:
    """Load the library when it is first needed."""
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    return zstd
