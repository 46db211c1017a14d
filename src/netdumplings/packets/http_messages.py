"""HTTP/1 messages of a connection: where each begins and ends, and which answers which.

Bodies are not read. Of most it is known how long they are: they are passed over, whether they were
captured or not. Of such as come in chunks only the sizes are read.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator
from enum import Enum, auto
from typing import Final, NamedTuple

from .http_heads import LONGEST, Head, head_size, is_like_http, read_head
from .reassembly import HALF, Stretch, ahead

#: Requests that wait for their answers at a time; more of them nobody sends.
MOST_WAITING: Final = 64
#: A body, or a loss, that is longer leads nowhere: sequence numbers go round.
_LONGEST_BODY: Final = HALF // 2
#: RFC 9112 section 7.1; what may follow the size is not looked at.
_CHUNK: Final = re.compile(rb"([0-9A-Fa-f]{1,8})[^0-9A-Fa-f\n][^\n]*\n|([0-9A-Fa-f]{1,8})\n")
_LONGEST_LINE: Final = 4096
_BLANK: Final = b"\r\n"


class Body(Enum):
    """A body whose length is not known before it has ended.

    ``REST`` is everything up to the end of the connection, or no HTTP any more.
    """

    CHUNKS = auto()
    REST = auto()


class _Place(Enum):
    HEAD = auto()
    CHUNK = auto()
    TRAILER = auto()
    OVER = auto()


class Found(NamedTuple):
    """A head, and the sequence numbers of its first byte and of that behind it."""

    head: Head
    start: int
    end: int


class Messages:
    """The messages of one direction.

    Attributes:
        over: whether no more of them can be told, until somebody finds where one begins.
    """

    def __init__(self) -> None:
        self._place = _Place.HEAD

    @property
    def over(self) -> bool:
        """See the class."""
        return self._place is _Place.OVER

    def end(self) -> None:
        """Read no more."""
        self._place = _Place.OVER

    def lose(self, stretch: Stretch, until: int) -> bool:
        """What comes before a sequence number will not come any more.

        Args:
            stretch: what there is of the stream.
            until: where the next message begins, perhaps.

        Returns:
            whether anything is missing.
        """
        if not 0 < ahead(until, stretch.end) <= _LONGEST_BODY:
            return False
        stretch.drop(ahead(until, stretch.start))
        self._place = _Place.HEAD
        return True

    def heads(self, stretch: Stretch, body_of: Callable[[Found], int | Body]) -> Iterator[Found]:
        """The heads that are complete, one after the other.

        Args:
            stretch: the stream from where the last call left it; what was read is dropped.
            body_of: what kind of body follows a head: its length, or which kind.
        """
        while stretch.data and not self.over:
            if self._place is _Place.HEAD:
                found = self._head(stretch)
                if found is None:
                    return
                body = body_of(found)
                self._pass(stretch, body)
                yield found
            elif not self._chunk(stretch):
                return

    def _head(self, stretch: Stretch) -> Found | None:
        data = stretch.data
        # RFC 9112 section 2.2: empty lines may come before.
        blank = len(data) - len(data.lstrip(_BLANK))
        if blank:
            stretch.drop(blank)
        size = head_size(data)
        if size is None:
            if len(data) >= LONGEST or (data and not is_like_http(data)):
                self.end()
            return None
        head = read_head(bytes(data[:size]))
        if head is None:
            self.end()
            return None
        start = stretch.start
        stretch.drop(size)
        return Found(head, start, stretch.start)

    def _pass(self, stretch: Stretch, body: int | Body) -> None:
        if body is Body.CHUNKS:
            self._place = _Place.CHUNK
        elif isinstance(body, int) and body <= _LONGEST_BODY:
            stretch.drop(body)
        else:
            self.end()

    def _chunk(self, stretch: Stretch) -> bool:
        """Read a line of what stands between chunks, if there is one."""
        end = stretch.data.find(b"\n", 0, _LONGEST_LINE)
        if end < 0:
            if len(stretch.data) >= _LONGEST_LINE:
                self.end()
            return False
        line = bytes(stretch.data[: end + 1])
        if self._place is _Place.TRAILER:
            stretch.drop(len(line))
            if not line.strip():
                self._place = _Place.HEAD
            return True
        match = _CHUNK.fullmatch(line)
        size = int(match[1] or match[2], 16) if match else _LONGEST_BODY
        if size >= _LONGEST_BODY:
            self.end()
        elif size:
            stretch.drop(len(line) + size + len(_BLANK))
        else:
            stretch.drop(len(line))
            self._place = _Place.TRAILER
        return True


class Request(NamedTuple):
    """A request that was read.

    Attributes:
        head: what it says.
        time_ns: when its head was complete, in nanoseconds since the epoch.
        end: the sequence number behind its head.
        answer: the sequence number at which its answer begins, unless others are to come before:
            all that is before it its sender had already.
    """

    head: Head
    time_ns: int
    end: int
    answer: int


class Exchange(NamedTuple):
    """A request and its response; either may be missing.

    Attributes:
        request: the request.
        response: the head of the response.
        time_ns: when that was complete, in nanoseconds since the epoch; 0 without a response.
    """

    request: Request | None
    response: Head | None
    time_ns: int


class Exchanges:
    """Requests and responses of one connection, paired in the order in which they come.

    Attributes:
        client: the direction that requests go, once it is known: True or False, as in its streams.
        waiting: requests without a response, so far.
    """

    def __init__(self) -> None:
        self.client: bool | None = None
        self.waiting: deque[Request] = deque()
        self._sides = {False: Messages(), True: Messages()}
        #: For each direction, what the latest segment that was of use acknowledged.
        self._acks: dict[bool, int] = {}
        self._unsure = True

    def is_over(self, direction: bool) -> bool:
        """Whether nothing more is read of a direction, until `begin` is called."""
        return self._sides[direction].over

    def begin(self, direction: bool) -> None:
        """A message begins where the stretch of a direction does."""
        self._sides[direction] = Messages()
        self._unsure = True

    def begins_at(self, direction: bool, sequence: int) -> bool:
        """Whether the latest request waits for what begins at this number of the other direction.

        If that was taken for a part of a body, it is none.
        """
        waits = self.waiting[-1].answer if self.waiting else None
        return direction != self.client and waits == sequence

    def acknowledge(self, direction: bool, stretch: Stretch, ack: int) -> None:
        """The other side has got what comes before a number: if we have not, it is lost to us.

        Args:
            direction: that of what was received.
            stretch: what there is of it.
            ack: the number.
        """
        self._unsure |= self._sides[direction].lose(stretch, ack)

    def resume(self, direction: bool, stretch: Stretch, sequence: int, ack: int) -> None:
        """A segment comes that looks like a beginning, and leaves a gap, perhaps.

        If its sender has been answered since the last one, what is missing had arrived, and was
        lost to us.

        Args:
            direction: that of the segment.
            stretch: what there is of its stream.
            sequence: the number of its first byte.
            ack: which number it waits for.
        """
        latest = self._acks.get(direction)
        if latest is not None and ahead(ack, latest) > 0:
            self._unsure |= self._sides[direction].lose(stretch, sequence)

    def read(self, direction: bool, stretch: Stretch, ack: int, time_ns: int) -> Iterator[Exchange]:
        """What is complete with a segment that was added to a stretch.

        Args:
            direction: that of the segment.
            stretch: what there is of its stream.
            ack: which number it waits for.
            time_ns: when it was captured.
        """
        self._acks[direction] = ack
        answered: list[Exchange] = []

        def body_of(found: Found) -> int | Body:
            is_request = found.head.status == 0
            if self.client is None:
                self.client = direction == is_request
            if (self.client == direction) != is_request:
                return Body.REST  # a request of a server makes no sense here
            if is_request:
                self.waiting.append(Request(found.head, time_ns, found.end, ack))
                if len(self.waiting) > MOST_WAITING:
                    answered.append(Exchange(self.waiting.popleft(), None, 0))
                return _body_of_request(found.head)
            return self._respond(found, ack, time_ns, answered)

        for _ in self._sides[direction].heads(stretch, body_of):
            yield from answered
            answered.clear()

    def left(self) -> Iterator[Exchange]:
        """The connection is over: what was never answered."""
        while self.waiting:
            yield Exchange(self.waiting.popleft(), None, 0)

    def _respond(
        self, found: Found, ack: int, time_ns: int, answered: list[Exchange]
    ) -> int | Body:
        head = found.head
        if head.status // 100 == 1 and head.status != 101:
            return 0  # RFC 9110 section 15.2: the answer is yet to come
        if self._unsure and any(request.answer == found.start for request in self.waiting):
            # Answers to those before it must have been lost.
            while self.waiting[0].answer != found.start:
                answered.append(Exchange(self.waiting.popleft(), None, 0))
        self._unsure = False
        request = None
        if self.waiting and ahead(ack, self.waiting[0].end) >= 0:
            request = self.waiting.popleft()  # (Otherwise it had not even been received.)
        answered.append(Exchange(request, head, time_ns))
        method = request.head.method if request else b""
        if head.status == 101 or (method == b"CONNECT" and head.status // 100 == 2):
            for side in self._sides.values():
                side.end()
            return Body.REST
        return 0 if method == b"HEAD" else _body_of_response(head)


def _body_of_request(head: Head) -> int | Body:
    """RFC 9112 section 6.3."""
    return Body.CHUNKS if head.chunked else head.length or 0


def _body_of_response(head: Head) -> int | Body:
    """Likewise, of what is no answer to HEAD or CONNECT."""
    if head.status in (204, 304):
        return 0
    if head.chunked:
        return Body.CHUNKS
    return Body.REST if head.length is None else head.length
