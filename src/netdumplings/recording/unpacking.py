"""Takes the compression off a recording, whoever has compressed it, never much at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO, Final

from ..inflate import MAGIC as GZIP_MAGIC
from ..inflate import Inflater
from .packing import zstd_module

#: How a frame of zstd begins, and a skippable one, but for the first byte (RFC 8878, section 3.1).
_ZSTD_MAGICS: Final = (b"\xb5\x2f\xfd", b"\x2a\x4d\x18")
#: The logarithm to base 2 of the bytes that a frame may want to refer back to: what `zstd` itself
#: takes without being asked twice.
_ZSTD_WINDOW_LOG: Final = 27
_LONGEST_MAGIC: Final = 4
_PIECE: Final = 64 * 1024
_STEP_OUT: Final = 1024 * 1024


def unpacked(file: BinaryIO) -> Iterator[bytes]:
    """Yield what is in a file, decompressed if it is in gzip or zstd.

    Raises:
        ValueError: it is damaged here; what came before was yielded.
        OSError: it cannot be read.
    """
    # What comes through a pipe is taken as it comes.
    pieces = iter(lambda: file.read1(_PIECE), b"")  # type: ignore[attr-defined]
    first = next(pieces, b"")
    while len(first) < _LONGEST_MAGIC and (more := next(pieces, b"")):
        first += more
    feeder: Inflater | _Unzstd | None = None
    if first.startswith(GZIP_MAGIC):
        feeder = Inflater()
    elif first[1:4] in _ZSTD_MAGICS:
        feeder = _Unzstd()
    if feeder is None:
        yield first
        yield from pieces
        return
    yield from feeder.feed(first)
    for piece in pieces:
        yield from feeder.feed(piece)
    feeder.end()


class _Unzstd:
    """Decompresses a zstd stream of any number of frames; as `Inflater` does for gzip."""

    def __init__(self) -> None:
        self._zstd = zstd_module()
        self._frame = self._new()
        self._between = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Decompress some more.

        Raises:
            ValueError: it is not zstd here.
        """
        while data or not self._frame.needs_input:
            if self._between:
                self._frame = self._new()
                self._between = False
            try:
                piece = self._frame.decompress(data, _STEP_OUT)
            except self._zstd.ZstdError as error:
                raise ValueError(f"corrupt zstd data ({error})") from None
            if piece:
                yield piece
            if self._frame.eof:
                self._between = True
                data = self._frame.unused_data
                if not data:
                    return
            else:
                data = b""

    def end(self) -> None:
        """There is no more.

        Raises:
            ValueError: it ends in the middle of a frame.
        """
        if not self._between:
            raise ValueError("the zstd data end too soon")

    def _new(self) -> Any:
        limit = self._zstd.DecompressionParameter.window_log_max
        return self._zstd.ZstdDecompressor(options={limit: _ZSTD_WINDOW_LOG})
