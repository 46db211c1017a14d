"""Dumplings as the bytes that go to an eater: WebSocket frames, ready to be written."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from ..wire import (
    BatchToEater,
    CursorMoved,
    Encoding,
    Gap,
    WelcomeToEater,
    binary_frame_header,
    compress,
    text_frame_header,
    write,
)

# Most dumplings of a chef are of a few lengths.
_header: Final = functools.lru_cache(maxsize=4096)(text_frame_header)


class Format(Protocol):
    """How an eater is spoken to."""

    def batch(self, parts: Sequence[bytes], cursor: Mapping[str, int], *, history: bool) -> bytes:
        """Write dumplings, of which there is at least one; each part has one or more lines."""

    def welcome(self, cursor: Mapping[str, int]) -> bytes:
        """Write that the eater is fed from here on; nothing if it has no ear for that."""

    def gap(self, gap: Gap) -> bytes:
        """Write that something is missing; likewise."""

    def cursor_moved(self, cursor: Mapping[str, int]) -> bytes:
        """Write that there was nothing for the eater up to here; likewise."""


class Plain:
    """The plain protocol: a message for each dumpling, and nothing else."""

    def batch(self, parts: Sequence[bytes], cursor: Mapping[str, int], *, history: bool) -> bytes:  # noqa: ARG002, D102
        lines = b"\n".join(parts).split(b"\n")
        return b"".join([piece for line in lines for piece in (_header(len(line)), line)])

    def welcome(self, cursor: Mapping[str, int]) -> bytes:  # noqa: ARG002, D102
        return b""

    def gap(self, gap: Gap) -> bytes:  # noqa: ARG002, D102
        return b""

    def cursor_moved(self, cursor: Mapping[str, int]) -> bytes:  # noqa: ARG002, D102
        return b""


class V2:
    """The subprotocol ``netdumplings.v2``.

    Args:
        encoding: how batches are compressed; None for not at all.
        packets: whether the eater is told that it may ask for packets.

    Two are equal that write batches alike, so that their eaters share them.
    """

    def __init__(self, encoding: Encoding | None, *, packets: bool = False) -> None:
        self._encoding = encoding
        self._packets = packets

    def __eq__(self, other: object) -> bool:
        return isinstance(other, V2) and other._encoding == self._encoding

    def __hash__(self) -> int:
        return hash(self._encoding)

    def batch(self, parts: Sequence[bytes], cursor: Mapping[str, int], *, history: bool) -> bytes:  # noqa: D102
        first = write(BatchToEater(dict(cursor), history))
        if self._encoding is not None:
            message = compress(b"\n".join((first, *parts)), self._encoding)
            return binary_frame_header(len(message)) + message
        header = text_frame_header(len(first) + sum(map(len, parts)) + len(parts))
        # Joined once: what is copied here is most of what a hub does.
        return b"\n".join((header + first, *parts))

    def welcome(self, cursor: Mapping[str, int]) -> bytes:  # noqa: D102
        return text_frame(write(WelcomeToEater(dict(cursor), self._encoding, self._packets)))

    def gap(self, gap: Gap) -> bytes:  # noqa: D102
        return text_frame(write(gap))

    def cursor_moved(self, cursor: Mapping[str, int]) -> bytes:  # noqa: D102
        return text_frame(write(CursorMoved(dict(cursor))))


def text_frame(message: bytes) -> bytes:
    """Give a message as the frame that a server sends it in."""
    return text_frame_header(len(message)) + message


PLAIN: Final = Plain()


def v2(encoding: Encoding | None, *, packets: bool = False) -> V2:
    """Return the format of this encoding; see `V2`."""
    return V2(encoding, packets=packets)
