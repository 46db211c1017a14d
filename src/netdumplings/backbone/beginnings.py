"""Where in the stream an eater begins that asks for the past."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from ..wire import Matcher
from .consuming import Consumer, Place, read_message
from .link import EngineError, Link
from .messages import FIRST, MAX_SESSION, SESSION, Stored, numbers
from .past import ASKED, ASKED_BYTES
from .stream import look, position_of
from .subjects import EVERYTHING, Pair

if TYPE_CHECKING:
    from nats.aio.msg import Msg

#: How many messages are asked for at a time where they come without what is in them.
ASKED_HEADERS: Final = 1000
#: How many messages back it is looked for the last dumplings, at first and at most.
STEP_BACK: Final = 64
MOST_BACK: Final = 1_000_000
#: Digits of the largest number of a dumpling.
MAX_DIGITS: Final = 16
#: The header by which a message without what is in it tells how long that is (NATS, "Headers
#: Only"); and how many bytes a dumpling has at least.
SIZE: Final = "Nats-Msg-Size"
SMALLEST: Final = 80


async def position_since(link: Link, stream: str, time: float) -> int:
    """Find the position before the first message that came at a time or later.

    Args:
        link: to the servers.
        stream: the stream's name.
        time: seconds since the epoch.

    Raises:
        EngineError: there is no getting at it now.
    """
    info = await look(link, stream)
    try:
        begin = datetime.fromtimestamp(max(0.0, time), UTC)
    except (OverflowError, ValueError, OSError):  # in a future that no clock comes to
        return info.state.last_seq
    question = {"start_time": begin.isoformat(), "next_by_subj": f"{stream}.>"}
    found = await position_of(link, stream, question)
    return info.state.last_seq if found is None else found - 1


async def lost_before(
    link: Link, stream: str, first: int, position: int, had: Mapping[str, int]
) -> int:
    """Estimate how many dumplings an eater has missed that are not in the stream any more.

    The numbers with which the sessions begin in what is left say it; of sessions that are not
    there any more nobody knows.

    Args:
        link: to the servers.
        stream: the stream's name.
        first: the position of the oldest message that is left.
        position: up to where the eater has come.
        had: up to which number it has come with each session.

    Returns:
        how many of any kitchen and chef; as many as there were messages, at least.

    Raises:
        EngineError: there is no getting at it now.
    """
    begins: dict[str, int] = {}

    def take(message: Msg, place: Place) -> None:  # noqa: ARG001
        headers = message.headers or {}
        number = headers.get(FIRST, "")
        if number.isascii() and number.isdigit() and len(number) <= MAX_DIGITS:
            begins.setdefault(headers.get(SESSION, "")[:MAX_SESSION], int(number))

    consumer = Consumer(link, stream, take, headers_only=True)
    try:
        await consumer.open([EVERYTHING], after=first - 1)
        await consumer.pull_there_is(ASKED_HEADERS, ASKED_BYTES)
        if not await consumer.given():
            raise EngineError("the server has stopped giving what is in the stream")
    finally:
        await consumer.close()
    missed = sum(
        max(0, number - 1 - had[session]) for session, number in begins.items() if session in had
    )
    return max(missed, first - 1 - position)


class Beginning(NamedTuple):
    """Where the last so many dumplings begin.

    Attributes:
        position: the position before the first message of them.
        leave_out: how many of the wanted dumplings in that message are older.
        had: what else of it is to be left out, as it has come before: of its session, the number
            of the last.
    """

    position: int
    leave_out: int
    had: dict[str, int]


async def position_of_last(
    link: Link,
    stream: str,
    pairs: Collection[Pair],
    count: int,
    matcher: Matcher | None,
) -> Beginning:
    """Find where the last so many dumplings begin that an eater wants.

    Args:
        link: to the servers.
        stream: the stream's name.
        pairs: what it wants.
        count: how many.
        matcher: what of that it wants; None for all.

    Raises:
        EngineError: there is no getting at it now.
    """
    info = await look(link, stream)
    end = info.state.last_seq
    back = STEP_BACK
    while count > 0:
        begin = max(info.first, end - back + 1)
        counted = await _counted(link, stream, pairs, begin, end, matcher)
        left = count
        for one in reversed(counted):
            left -= one.dumplings
            if left <= 0:
                return Beginning(one.position - 1, -left, {one.session: one.known})
        if begin <= info.first or back >= MOST_BACK:
            return Beginning(begin - 1, 0, {})
        back *= 4
    return Beginning(end, 0, {})


class _Counted(NamedTuple):
    """What is wanted of a message, and has not come in one before it."""

    position: int
    session: str
    known: int
    dumplings: int


async def _counted(
    link: Link,
    stream: str,
    pairs: Collection[Pair],
    begin: int,
    end: int,
    matcher: Matcher | None,
) -> list[_Counted]:
    """Count what is wanted in each message of a stretch of the stream."""
    counted: list[_Counted] = []
    seen: dict[str, int] = {}
    reached = begin - 1

    def take(message: Msg, place: Place) -> None:
        nonlocal reached
        reached = place.position
        if place.position > end or message.subject.count(".") != 2:
            return
        if matcher is None:
            found = read_headers(message.headers or {}, place)
        else:
            stored = read_message(message, place)
            found = stored if isinstance(stored, Stored) else None
        if found is None:
            return
        known = seen.get(found.session, 0)
        seen[found.session] = max(known, found.last)
        new = found.after(known)
        if new is not None:
            number = new.dumplings if matcher is None else sum(map(matcher, new.metadata))
            counted.append(_Counted(place.position, found.session, known, number))

    consumer = Consumer(link, stream, take, headers_only=matcher is None)
    try:
        await consumer.open(pairs, after=begin - 1)
        before = None
        while reached < end and not (consumer.dry and reached == before):
            before = reached
            asked = ASKED_HEADERS if matcher is None else ASKED
            await consumer.pull_there_is(asked, ASKED_BYTES)
            if not await consumer.given():
                raise EngineError("the server has stopped giving what is in the stream")
    finally:
        await consumer.close()
    return counted


def read_headers(headers: Mapping[str, str], place: Place) -> Stored | None:
    """Read of a message what there is to know without what is in it; None if it is none of a hub's.

    Args:
        headers: its headers, among them how long it is.
        place: where it is.
    """
    try:
        session, first, count = numbers(headers)
        size = int(headers.get(SIZE, "")[:MAX_DIGITS])
    except ValueError:
        return None
    if count * SMALLEST > size:
        return None
    return Stored(place.position, place.time, session, None, first, b"", count, [])
