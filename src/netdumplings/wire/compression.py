"""Whole messages compressed, for eaters at the end of slow links.

Each message is compressed by itself, so that one compressed batch serves every eater that asked
for its encoding, whenever it came. (WebSocket's own extension, RFC 7692, keeps a state for every
connection.) ``./dev bench compression`` holds the encodings against each other.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Sequence
from typing import Any, Final, Literal

Encoding = Literal["zstd", "deflate"]
#: What a hub can do, the better first. ``deflate`` is the zlib format (RFC 1950), which web pages
#: can read; so it is named in HTTP (RFC 9110, section 8.4.1.2). ``zstd`` is RFC 8878.
ENCODINGS: Final[tuple[Encoding, ...]] = ("zstd", "deflate")

#: Levels at which more effort hardly makes anything smaller, but takes several times as long.
_ZSTD_LEVEL: Final = 1
_DEFLATE_LEVEL: Final = 1
#: The logarithm to base 2 of the bytes that a reader keeps for a message to refer back to: what
#: every reader should support, and no writer should exceed (RFC 8878, section 3.1.1.1.2). A message
#: of a few bytes could otherwise ask for 128 MiB.
_ZSTD_WINDOW_LOG: Final = 23


def choose(offered: Sequence[str]) -> Encoding | None:
    """Choose an encoding: the first one offered that is known; None for none."""
    return next((known for name in offered for known in ENCODINGS if known == name), None)


def compress(message: bytes, encoding: Encoding) -> bytes:
    """Compress a message."""
    if encoding == "zstd":
        compressed: bytes = _zstd().compress(message, level=_ZSTD_LEVEL)
        return compressed
    return zlib.compress(message, _DEFLATE_LEVEL)


def decompress(data: bytes, encoding: Encoding, max_size: int) -> bytes:
    """Undo `compress`.

    Args:
        data: a compressed message.
        encoding: how it was compressed.
        max_size: bytes it may become, so that a small message cannot fill the memory.

    Raises:
        ValueError: it is damaged, or becomes too large.
    """
    if encoding == "zstd":
        zstd = _zstd()
        options = {zstd.DecompressionParameter.window_log_max: _ZSTD_WINDOW_LOG}
        decompressor, damaged = zstd.ZstdDecompressor(options=options), zstd.ZstdError
    else:
        decompressor, damaged = zlib.decompressobj(), zlib.error
    try:
        message: bytes = decompressor.decompress(data, max_size + 1)
    except damaged as error:
        raise ValueError(f"a damaged {encoding} message: {error}") from None
    if len(message) > max_size:
        raise ValueError(f"a {encoding} message that becomes more than {max_size} bytes")
    if not decompressor.eof:
        raise ValueError(f"a {encoding} message that is cut off")
    return message


def _zstd() -> Any:
    """Load the library when it is first needed: most peers never do."""
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    return zstd
