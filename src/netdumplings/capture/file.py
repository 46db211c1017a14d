"""One capture file from beginning to end: the bytes, the gzip around them, the packets in them."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from typing import Final

from .. import opened
from ..exceptions import CaptureError, TruncatedCapture
from ..inflate import MAGIC as GZIP_MAGIC
from ..inflate import Inflater
from ..packets import PacketBatch
from .reader import CaptureReader
from .streams import PIECE, STANDARD_INPUT, InputStream

#: Packets of a batch: so that a chef which takes long for each is not taken to be stuck.
MOST_PACKETS: Final = 2**14


class CaptureFile:
    """A capture file that is being read.

    Args:
        path: where it is; ``-`` for standard input.

    Attributes:
        name: what to call it in messages.
        size: its length in bytes; None where it has none (a pipe).
        ended: True once there is no more to be had from it.

    Raises:
        CaptureError: it cannot be opened.
    """

    def __init__(self, path: str) -> None:
        self._stream = InputStream(path)
        self.name = self._stream.name
        self.size = self._stream.size
        self.ended = False
        self._reader = CaptureReader(self.name)
        self._inflater: Inflater | None = None
        self._beginning: bytes | None = b""
        self._pieces: Iterator[bytes] = iter(())
        self._full = False

    @property
    def read_bytes(self) -> int:
        """How many bytes were read, as they lie on the disk."""
        return self._stream.position

    @property
    def recognised(self) -> bool:
        """Whether enough was read to know that it is a capture."""
        return self._reader.recognised

    def read(self, timeout: float) -> list[PacketBatch]:
        """Take some packets.

        Args:
            timeout: how long to wait for bytes from a pipe, seconds.

        Returns:
            the next packets; none if no bytes came in that time, or not enough, or no more.

        Raises:
            NotACapture: it is no capture.
            TruncatedCapture: it ends too soon or goes wrong; what came before was returned.
            CaptureError: the system failed to read it.
                After any of these it has ended.
        """
        try:
            return self._read(timeout)
        except CaptureError:
            self.ended = True
            raise

    def close(self) -> None:
        """Close it; harmless when done before."""
        self.ended = True
        self._stream.close()

    def _read(self, timeout: float) -> list[PacketBatch]:
        if self._reader.problem:
            raise self._reader.problem
        try:
            piece = next(self._pieces, b"")
            if not piece:
                self._step_back()
                data = self._stream.read(timeout)
                if data is None:
                    return []
                if not data:
                    return self._end()
                self._full = len(data) == PIECE
                self._pieces = self._plain(data)
                piece = next(self._pieces, b"")
        except ValueError as error:
            raise TruncatedCapture(
                self.name, str(error), offset=self._reader.size, packets=self._reader.packets
            ) from None
        return [part for batch in self._reader.feed(piece) for part in _parts(batch)]

    def _step_back(self) -> None:
        """Go back to the beginning of the record that the last piece has only a part of.

        To read that part again, from the system's memory, takes less than to copy the whole of the
        next piece behind it.
        """
        # (The last piece of a file is not full: what it has a part of is not there.)
        if self._full and self._stream.regular and self._inflater is None:
            held = self._reader.give_back(PIECE // 2)
            if held:
                self._stream.step_back(held)

    def _plain(self, data: bytes) -> Iterator[bytes]:
        """The bytes of the capture itself, without the gzip that may be around them."""
        if self._beginning is not None:
            data = self._beginning + data
            if len(data) < len(GZIP_MAGIC):
                self._beginning = data
                return iter(())
            self._beginning = None
            if data.startswith(GZIP_MAGIC):
                self._inflater = Inflater()
        return iter((data,)) if self._inflater is None else self._inflater.feed(data)

    def _end(self) -> list[PacketBatch]:
        if self._inflater:
            self._inflater.end()
        batches = self._reader.feed(self._beginning or b"")
        self._reader.end()
        self.ended = True
        return batches


def _parts(batch: PacketBatch) -> list[PacketBatch]:
    """A batch, in parts that are not too large."""
    if len(batch) <= MOST_PACKETS:
        return [batch]
    return [batch[at : at + MOST_PACKETS] for at in range(0, len(batch), MOST_PACKETS)]


def check_capture(path: str, *, again: bool = False) -> int | None:
    """Make sure that a path can be read, and is a capture, before anything depends on it.

    Args:
        path: where it is; ``-`` for standard input. A pipe is not read from: what is read from it
            would be missing later.
        again: whether it must be possible to read it a second time.

    Returns:
        its length in bytes; None where it has none.

    Raises:
        CaptureError: it cannot be read.
        NotACapture: it is no capture.
    """
    if path != STANDARD_INPUT and _is_special(path):
        if again:
            raise CaptureError(f"{path} is not a regular file, and cannot be read in a loop")
        return None
    file = CaptureFile(path)
    try:
        if again and path == STANDARD_INPUT:
            raise CaptureError("standard input cannot be read in a loop")
        while file.size is not None and path != STANDARD_INPUT:
            if file.recognised or file.ended:
                break
            file.read(0)
        return file.size
    except TruncatedCapture:
        return file.size  # the packets before that are still worth reading
    finally:
        file.close()


def _is_special(path: str) -> bool:
    """Whether a path leads to something that must not be opened twice."""
    try:
        mode = opened.status(path).st_mode
    except (OSError, ValueError):
        return False  # opening it will say what is wrong
    if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
        return False
    return opened.is_held(path) or os.access(path, os.R_OK)
