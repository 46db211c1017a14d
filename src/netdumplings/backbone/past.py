"""What is in the stream already, for an eater that asks for it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from ..wire import Limits, Matcher
from .consuming import Consumer, Damaged, Place, read_message
from .link import EngineError, Link
from .messages import FIRST, MAX_SESSION, SESSION, Stored, numbers
from .stream import look
from .subjects import EVERYTHING, Pair, filters

if TYPE_CHECKING:
    from nats.aio.msg import Msg

logger = logging.getLogger("netdumplings.hub")

#: How many messages are asked for at a time, and bytes of them.
ASKED: Final = 64
ASKED_BYTES: Final = 4 * 1024 * 1024
#: The same where they come without what is in them.
ASKED_HEADERS: Final = 1000
#: Seconds without a sign of life until the consumer is made anew, or a request repeated.
SILENCE: Final = 3.0
#: How many messages back it is looked for the last dumplings, at first and at most.
STEP_BACK: Final = 64
MOST_BACK: Final = 1_000_000
#: What JetStream says where there is no message.
NO_MESSAGE: Final = 10037
#: Digits of the largest number of a dumpling.
MAX_DIGITS: Final = 16
#: The header by which a message without what is in it tells how long that is (NATS, "Headers
#: Only"); and how many bytes a dumpling has at least.
SIZE: Final = "Nats-Msg-Size"
SMALLEST: Final = 80


class _Message(msgspec.Struct):
    seq: int


class _Found(msgspec.Struct):
    message: _Message


_found: Final = msgspec.json.Decoder(_Found)


class Past:
    """Goes through what is in the stream, of what an eater wants, in order.

    Args:
        link: to the servers.
        stream: the stream's name.
        limits: what a dumpling may be.
        pairs: what is wanted.
        had: of each session named in it, what has a lower number, or that one, is left out.
        after: begin after this position.

    Attributes:
        position: up to where it has come.
        had: up to which number it has come with each session.
    """

    def __init__(
        self,
        link: Link,
        stream: str,
        limits: Limits,
        pairs: Collection[Pair],
        had: Mapping[str, int],
        *,
        after: int,
    ) -> None:
        self._link = link
        self._stream = stream
        self._limits = limits
        self._pairs = pairs
        self.position = after
        self.had = dict(had)
        self._consumer: Consumer | None = None
        self._got: list[Stored] = []

    async def next(self) -> list[Stored]:
        """Go on; nothing is given when there is nothing at the moment.

        Raises:
            EngineError: there is no getting at it now; try again later.
        """
        if self._consumer is None:
            consumer = Consumer(self._link, self._stream, self._took)
            self._consumer = consumer
            try:
                await consumer.open(self._pairs, after=self.position)
            except BaseException:
                await self.close()
                raise
        consumer = self._consumer
        await consumer.pull_there_is(ASKED, ASKED_BYTES)
        if not await _given(consumer):
            await self.close()
        got, self._got = self._got, []
        return got

    async def reached(self) -> int:
        """Say up to where everything wanted that is in the stream has been given.

        Nothing given does not mean that nothing is there: what was asked may be a server that is
        behind the others.

        Raises:
            EngineError: as `next` does.
        """
        info = await look(self._link, self._stream)
        for subject in filters(self._stream, self._pairs):
            last = await _last_of(self._link, self._stream, subject)
            if last is not None and last > self.position:
                return self.position
        return max(self.position, info.state.last_seq)

    async def close(self) -> None:
        """Let go of the consumer; `next` makes another."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            await consumer.close()

    def _took(self, message: Msg, place: Place) -> None:
        stored = read_message(message, place, self._limits)
        self.position = place.position
        if isinstance(stored, Damaged):
            return
        new = stored.after(self.had.get(stored.session, 0))
        if new is not None:
            self.had[stored.session] = new.last
            self._got.append(new)


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
    found = await _get(link, stream, question)
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
        if not await _given(consumer):
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
    limits: Limits,
    pairs: Collection[Pair],
    count: int,
    matcher: Matcher | None,
) -> Beginning:
    """Find where the last so many dumplings begin that an eater wants.

    Args:
        link: to the servers.
        stream: the stream's name.
        limits: what a dumpling may be.
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
        counted = await _counted(link, stream, limits, pairs, begin, end, matcher)
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
    limits: Limits,
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
            stored = read_message(message, place, limits)
            found = None if isinstance(stored, Damaged) else stored
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
            if not await _given(consumer):
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
    return Stored(place.position, place.time, session, None, first, b"", [], count)


async def _given(consumer: Consumer) -> bool:
    """Wait until what was asked for has come; False if it does not come."""
    while consumer.waiting > 0 and not consumer.dry and not consumer.broken:
        consumer.stirred.clear()
        try:
            async with asyncio.timeout(SILENCE):
                await consumer.stirred.wait()
        except TimeoutError:
            return False
    return not consumer.broken


async def _last_of(link: Link, stream: str, subject: str) -> int | None:
    """Ask for the position of the last message of a subject; None if there is none."""
    return await _get(link, stream, {"last_by_subj": subject})


async def _get(link: Link, stream: str, question: dict[str, str]) -> int | None:
    """Ask for the position of a message; the leader of the stream answers.

    Raises:
        EngineError: there is no answer.
    """
    try:
        answer = await link.api(f"STREAM.MSG.GET.{stream}", question)
    except EngineError as error:
        if error.code == NO_MESSAGE:
            return None
        raise
    try:
        return _found.decode(answer).message.seq
    except msgspec.DecodeError as error:
        raise EngineError(f"an answer that is none: {error}") from None
