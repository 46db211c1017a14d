"""DNS messages over TCP (RFC 1035 section 4.2.2, RFC 7766), put together from its segments.

A message may come in several segments, and a segment may have several messages. What is kept of
messages that are not complete is bounded, for each stream and for all of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from .dns_messages import DnsMessage, read_message
from .reassembly import Stretch, Stretches, ahead
from .streams import FIN, RST, SYN, Stream

#: A message follows its length, of two bytes; one that is shorter than a header is none.
_PREFIX: Final = 2
_HEADER: Final = 12
#: Bytes of one stream that wait for the rest of a message: the longest there can be.
LONGEST: Final = _PREFIX + 0xFFFF
#: Bytes of all of them; and streams.
UNFINISHED: Final = 8 * 2**20
STREAMS: Final = 8_192
#: After so long without a segment of it, a stream is forgotten.
IDLE_NS: Final = 60 * 10**9
#: After so long, what is missing in a stream is taken for lost, if it can be read on behind that.
LOST_NS: Final = 10**9


class DnsStreams:
    """Finds the messages in TCP's segments.

    Where the beginning of a connection was not seen, or something of it was lost, messages are
    found again where one begins with a segment.
    """

    def __init__(self) -> None:
        self._stretches: Stretches[Stream] = Stretches(
            limit=LONGEST, total=UNFINISHED, most=STREAMS, idle_ns=IDLE_NS
        )

    @property
    def forgotten(self) -> int:
        """How many streams were given up, as there were too many at a time."""
        return self._stretches.forgotten

    def take(
        self, stream: Stream, sequence: int, flags: int, payload: bytes, missing: int, time_ns: int
    ) -> Iterator[DnsMessage]:
        """Take in a segment.

        Args:
            stream: which one it is of.
            sequence: its number.
            flags: those of TCP.
            payload: what was captured of what it carries.
            missing: how many bytes more it carried.
            time_ns: when it came, nanoseconds since the epoch.

        Yields:
            the messages that are complete with it; and one that never will be, as far as it goes.
        """
        if flags & SYN:
            sequence += 1  # RFC 9293 section 3.4: it takes a number itself
            self._stretches.expect(stream, sequence)
        if payload:
            stretch = self._stretch(stream, sequence, payload, time_ns)
            if stretch is not None and ahead(sequence, stretch.origin) < 0:
                # Before that from which on this is read: it was on its way for longer.
                late = Stretch(sequence, LONGEST)
                if _begun(payload) and late.add(sequence, payload):
                    yield from _complete(late)
            elif stretch is not None:
                if stretch.add(sequence, payload):
                    stretch.enough = time_ns
                    yield from _complete(stretch)
                self._stretches.touch(stream, time_ns)
        if missing > 0 or flags & (FIN | RST):
            stretch = self._stretches.get(stream)
            if stretch is not None and (rest := _begun(bytes(stretch.data))):
                yield rest
            self._stretches.close(stream)

    def make_way(self, time_ns: int) -> None:
        """Forget what is too old, and what is too much."""
        self._stretches.make_way(time_ns)

    def _stretch(
        self, stream: Stream, sequence: int, payload: bytes, time_ns: int
    ) -> Stretch | None:
        """Where a segment belongs, if anywhere."""
        stretch = self._stretches.get(stream)
        if stretch is None:
            known = self._stretches.start_of(stream)
            if known is not None:
                stretch = self._open(stream, known[0], time_ns)
        if stretch is not None:
            if -LONGEST < ahead(sequence, stretch.start) <= len(stretch.data):
                return stretch  # it goes on, or it is sent once more
            # While a message is under way, what is missing may still come.
            if stretch.data and time_ns - stretch.enough < LOST_NS:
                return stretch
        return self._open(stream, sequence, time_ns) if _begun(payload) else stretch

    def _open(self, stream: Stream, start: int, time_ns: int) -> Stretch:
        stretch = self._stretches.open(stream, start)
        stretch.enough = time_ns  # when it last grew
        return stretch


def _complete(stretch: Stretch) -> Iterator[DnsMessage]:
    """Take the messages from a stretch that are there as a whole."""
    while len(stretch.data) >= _PREFIX:
        end = _PREFIX + int.from_bytes(stretch.data[:_PREFIX], "big")
        if len(stretch.data) < end:
            return
        message = read_message(bytes(stretch.data[_PREFIX:end]))
        stretch.drop(end)
        if message is not None:
            yield message


def _begun(data: bytes) -> DnsMessage | None:
    """The message that bytes begin with, whole or with as much as its question."""
    end = _PREFIX + int.from_bytes(data[:_PREFIX], "big")
    message = read_message(data[_PREFIX:end])
    if message is None or not (message.is_whole or (end > len(data) and message.questions)):
        return None
    return message
