"""PNG files with a palette: a picture of text on plain grounds is half as large so."""

from __future__ import annotations

import struct
import zlib
from typing import Final

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]

_COLOURS: Final = 256
#: How far apart two colours of the palette are at least, as a sum over red, green and blue: edges
#: of letters have thousands of shades, and each of them is close to another.
_APART: Final = 10


def png(pixels: Pixels) -> bytes:
    """Write a picture with 256 colours at most: those that it has most of.

    Args:
        pixels: rows of red, green and blue.
    """
    height, width, _ = pixels.shape
    flat = pixels.reshape(-1, 3).astype(np.uint32)
    codes, inverse, counts = np.unique(
        flat[:, 0] << 16 | flat[:, 1] << 8 | flat[:, 2], return_inverse=True, return_counts=True
    )
    colours = np.stack([codes >> 16, codes >> 8 & 255, codes & 255], 1).astype(np.int16)
    palette = _palette(colours[np.argsort(-counts, kind="stable")])
    nearest = np.array([np.abs(palette - colour).sum(1).argmin() for colour in colours], np.uint8)
    rows = np.zeros(
        (height, width + 1), np.uint8
    )  # each begins with how it is filtered: not at all
    rows[:, 1:] = nearest[inverse].reshape(height, width)
    # PNG specification, third edition, section 11.2.
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", header),
            _chunk(b"PLTE", palette.astype(np.uint8).tobytes()),
            _chunk(b"IDAT", zlib.compress(rows.tobytes(), 9)),
            _chunk(b"IEND", b""),
        )
    )


def _palette(colours: npt.NDArray[np.int16]) -> npt.NDArray[np.int16]:
    """Choose colours, the most frequent of which come first."""
    chosen = colours[:1]
    for colour in colours[1:]:
        if len(chosen) == _COLOURS:
            break
        if np.abs(chosen - colour).sum(1).min() >= _APART:
            chosen = np.vstack([chosen, colour])
    return chosen


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
