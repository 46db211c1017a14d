"""A text message as a server puts it on the wire: RFC 6455, section 5.2."""

from __future__ import annotations

import struct
from typing import Final

_FINAL_TEXT: Final = 0x81  # FIN, opcode 1


def text_frame_header(length: int) -> bytes:
    """Give what goes before a text message of so many bytes to make it a frame.

    A server's frames are not masked (section 5.1), so header and text together are the same
    bytes for every client that is sent them.

    Args:
        length: bytes of UTF-8 text.
    """
    if length < 126:
        return struct.pack("!BB", _FINAL_TEXT, length)
    if length < 0x1_0000:
        return struct.pack("!BBH", _FINAL_TEXT, 126, length)
    return struct.pack("!BBQ", _FINAL_TEXT, 127, length)
