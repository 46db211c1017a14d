"""gzip (RFC 1952) taken off piece by piece, never more at once than asked for."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Final

MAGIC: Final = b"\x1f\x8b"

#: What a step is given and what it gives at most, bytes. A gzip bomb grows a thousandfold: it is
#: the limit on what comes out that keeps it harmless. What goes in is kept small because
#: everything after the end of a member is copied, and a file may have very many of them.
_STEP_IN: Final = 64 * 1024
_STEP_OUT: Final = 1024 * 1024

_GZIP_WINDOW: Final = 31


class Inflater:
    """Decompresses a gzip stream of any number of members; zeros after the last are padding."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(_GZIP_WINDOW)
        self._between = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Decompress some more.

        Args:
            data: what comes next in the stream.

        Yields:
            what it decompresses to, 1 MiB at a time at most.

        Raises:
            ValueError: it is not gzip here.
        """
        for start in range(0, len(data), _STEP_IN):
            yield from self._step(data[start : start + _STEP_IN])

    def end(self) -> None:
        """There is no more.

        Raises:
            ValueError: it ends in the middle of a member.
        """
        if not self._between:
            raise ValueError("the gzip data end too soon")

    def _step(self, data: bytes) -> Iterator[bytes]:
        while data:
            if self._between:
                data = data.lstrip(b"\0")
                if not data:
                    return
                self._member = zlib.decompressobj(_GZIP_WINDOW)
                self._between = False
            try:
                inflated = self._member.decompress(data, _STEP_OUT)
            except zlib.error as error:
                raise ValueError(f"corrupt gzip data ({error})") from None
            if inflated:
                yield inflated
            if self._member.eof:
                self._between = True
                data = self._member.unused_data
            else:
                data = self._member.unconsumed_tail
