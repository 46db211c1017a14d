"""Capture files as the system has them: a regular file, a pipe, standard input."""

from __future__ import annotations

import os
import select
import stat
from typing import Final

from ..exceptions import CaptureError
from ..opened import open_file

STANDARD_INPUT: Final = "-"

#: Bytes read at a time. A regular file always comes in pieces of just this size, so that the
#: same file always makes the same batches. What a batch costs whatever its size is then spread over
#: some thousands of packets, which matters the more, the more chefs there are: with all of the menu
#: 2 MiB was a third slower.
PIECE: Final = 6 * 1024 * 1024


class InputStream:
    """A capture file, opened for reading.

    Args:
        path: where it is; ``-`` for standard input.

    Attributes:
        name: what to call it in messages.
        size: its length in bytes; None if it is not a regular file.
        position: how many bytes were read.

    Raises:
        CaptureError: it cannot be opened.
    """

    def __init__(self, path: str) -> None:
        self.name = "standard input" if path == STANDARD_INPUT else path
        self._owned = path != STANDARD_INPUT
        self._descriptor = -1
        try:
            self._descriptor = open_file(path) if self._owned else 0
            status = os.fstat(self._descriptor)
        except (OSError, ValueError) as error:
            self.close()
            raise self._cannot("open", error) from None
        self._regular = stat.S_ISREG(status.st_mode)
        if stat.S_ISDIR(status.st_mode):
            self.close()
            raise CaptureError(f"cannot read {self.name}: it is a directory")
        if not self._owned and os.isatty(self._descriptor):
            raise CaptureError("cannot read standard input: it is a terminal; pipe a capture in")
        self.size = status.st_size if self._regular else None
        self.position = 0

    @property
    def regular(self) -> bool:
        """Whether it is a regular file, whose bytes may be read again."""
        return self._regular

    @property
    def repeatable(self) -> bool:
        """Whether it can be read a second time, from its beginning."""
        return self._regular and self._owned

    def read(self, timeout: float) -> bytes | None:
        """Read some more.

        Args:
            timeout: how long to wait for it, seconds.

        Returns:
            what comes next, ``b""`` at the end, None if nothing came in that time.

        Raises:
            CaptureError: the system failed to read.
        """
        try:
            if not self._regular and not self._ready(timeout):
                return None
            data = os.read(self._descriptor, PIECE)
            while self._regular and data and len(data) < PIECE:
                more = os.read(self._descriptor, PIECE - len(data))
                if not more:
                    break
                data += more
        except BlockingIOError:
            return None
        except OSError as error:
            raise self._cannot("read", error) from None
        self.position += len(data)
        return data

    def step_back(self, size: int) -> None:
        """Have so many bytes of a regular file come again.

        Raises:
            CaptureError: the system failed to go there.
        """
        try:
            os.lseek(self._descriptor, -size, os.SEEK_CUR)
        except OSError as error:
            raise self._cannot("read", error) from None
        self.position -= size

    def close(self) -> None:
        """Close it, unless it is standard input; harmless when done before."""
        if self._owned and self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = -1

    def _ready(self, timeout: float) -> bool:
        if os.name == "nt":
            return True  # Windows cannot wait for a pipe: reading from it just takes its time
        readable, _, _ = select.select([self._descriptor], [], [], timeout)
        return bool(readable)

    def _cannot(self, what: str, error: Exception) -> CaptureError:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        return CaptureError(f"cannot {what} {self.name}: {reason}")
