"""A message as a server puts it on the wire: RFC 6455, section 5.2.

A server's frames are not masked (section 5.1), so header and message together are the same bytes
for every client that is sent them.
"""

from __future__ import annotations

import struct
from typing import Final

_FINAL_TEXT: Final = 0x81  # FIN, opcode 1
_FINAL_BINARY: Final = 0x82  # FIN, opcode 2
#: A pong with nothing in it: FIN, opcode 10.
PONG_FRAME: Final = b"\x8a\x00"


def text_frame_header(length: int) -> bytes:
    """Give what goes before a text message of so many bytes to make it a frame.

    Args:
        length: bytes of UTF-8 text.
    """
    return _header(_FINAL_TEXT, length)


def binary_frame_header(length: int) -> bytes:
    """Give what goes before a binary message of so many bytes to make it a frame."""
    return _header(_FINAL_BINARY, length)


def _header(first: int, length: int) -> bytes:
    if length < 126:
        return struct.pack("!BB", first, length)
    if length < 0x1_0000:
        return struct.pack("!BBH", first, 126, length)
    return struct.pack("!BBQ", first, 127, length)
