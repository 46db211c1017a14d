"""A consumer of the stream: what is asked of JetStream so that messages come, in order.

It is a pull consumer that JetStream forgets by itself, without acknowledgements: where it stops,
another goes on. Each message tells its place in the stream and among those of this consumer; where
one is missing there, the consumer is made anew.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import secrets
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from .link import API, EngineError, Link
from .messages import COUNT, MARK, Own, Stored, read
from .subjects import Pair, filters

if TYPE_CHECKING:
    from nats.aio.msg import Msg

logger = logging.getLogger("netdumplings.hub")

#: Seconds after which JetStream forgets a consumer that nobody asks.
FORGOTTEN_AFTER: Final = 30
#: Bytes of a message besides its headers and what is in it, as JetStream counts: its subjects.
ENVELOPE: Final = 16 * 1024
#: Seconds without a sign of life until what was asked for is given up.
SILENCE: Final = 3.0
#: Nanoseconds in a second: JetStream's unit.
SECOND: Final = 1_000_000_000
#: The parts of the subject by which a message would be acknowledged, if it had to be: what comes
#: before its count of deliveries may be longer than here (NATS, ADR-15).
_DELIVERED: Final = 6


class Place(NamedTuple):
    """Where a message is.

    Attributes:
        position: its sequence number in the stream.
        number: its number among the messages of its consumer, from 1.
        time: when it came into the stream, seconds since the epoch.
    """

    position: int
    number: int
    time: float


class Damaged(NamedTuple):
    """A message that no hub has written.

    Attributes:
        position: its sequence number.
        dumplings: how many dumplings it says it has; 1 if it says nothing.
        reason: what is wrong with it.
    """

    position: int
    dumplings: int
    reason: str


def place_of(message: Msg) -> Place | None:
    """Read where a message of the stream is; None if it is none."""
    # $JS.ACK.[DOMAIN.ACCOUNT.]STREAM.CONSUMER.DELIVERIES.POSITION.NUMBER.TIME.PENDING[.TOKEN]
    parts = message.reply.split(".")
    if parts[:2] != ["$JS", "ACK"] or len(parts) < 9:
        return None
    at = 5 if len(parts) == 9 else 7
    try:
        position, number, time = (int(part) for part in parts[at : at + 3])
    except ValueError:
        return None
    return Place(position, number, time / SECOND)


def read_message(message: Msg, place: Place, own: Own | None = None) -> Stored | Damaged | None:
    """Read a message of the stream, whoever has written it; `messages.read` says of what.

    Returns:
        what is in it; None if it is a mark.
    """
    headers = message.headers or {}
    if MARK in headers and not message.data and message.subject.count(".") == 1:
        return None
    try:
        return read(
            message.subject,
            headers,
            message.data,
            position=place.position,
            time=place.time,
            own=own,
        )
    except (ValueError, RecursionError) as error:
        said = headers.get(COUNT, "")
        count = int(said) if said.isascii() and said.isdigit() and len(said) <= 6 else 1
        return Damaged(place.position, count, str(error))


class Consumer:
    """A consumer of ours.

    Args:
        link: to the servers.
        stream: the stream's name.
        take: is called with each message and where it is, in order, from the first on.
        headers_only: whether the messages come without what is in them.

    Attributes:
        broken: whether no more will come: it is to be made anew.
        waiting: how many messages it was asked for that have not come.
        dry: whether a request has ended before all that was asked for came.
        stirred: set by everything that comes.
        heard: when something came, by the event loop's clock.
    """

    def __init__(
        self,
        link: Link,
        stream: str,
        take: Callable[[Msg, Place], None],
        *,
        headers_only: bool = False,
    ) -> None:
        self._link = link
        self._stream = stream
        self._take = take
        self._headers_only = headers_only
        self.broken = False
        self.stirred = asyncio.Event()
        self.dry = False
        self.waiting = 0
        self.heard = asyncio.get_running_loop().time()
        self._name = secrets.token_hex(12)
        self._number = 0
        self._inbox = ""
        self._requests = itertools.count(1)

    async def open(self, pairs: Collection[Pair], *, after: int) -> None:
        """Have JetStream make it.

        Args:
            pairs: what is wanted; notices are wanted always.
            after: the sequence number before that of the first message wanted.

        Raises:
            EngineError: it cannot be made.
        """
        config: dict[str, Any] = {
            "name": self._name,
            "deliver_policy": "by_start_sequence",
            "opt_start_seq": after + 1,
            "ack_policy": "none",
            "replay_policy": "instant",
            "inactive_threshold": FORGOTTEN_AFTER * SECOND,
            "num_replicas": 1,
            "mem_storage": True,
            "headers_only": self._headers_only,
            "filter_subjects": filters(self._stream, pairs),
        }
        self._inbox = self._link.new_inbox()
        await self._link.listen(f"{self._inbox}.*", self._took)
        question = {"stream_name": self._stream, "config": config, "action": "create"}
        await self._link.api(f"CONSUMER.CREATE.{self._stream}.{self._name}", question)

    async def pull(self, count: int, max_bytes: int, *, expires: float, heartbeat: float) -> None:
        """Ask for messages, as they come.

        Args:
            count: how many at most.
            max_bytes: of them, at most.
            expires: seconds that the request holds.
            heartbeat: seconds between signs of life while there are none.

        Raises:
            EngineError: it cannot be asked.
        """
        await self._request(
            count,
            max_bytes=max_bytes,
            expires=int(expires * SECOND),
            idle_heartbeat=int(heartbeat * SECOND),
        )

    async def pull_there_is(self, count: int, max_bytes: int) -> None:
        """Ask for what there is; `dry` is True when that has come and there was less than asked.

        Raises:
            EngineError: it cannot be asked.
        """
        self.dry = False
        await self._request(count, max_bytes=max_bytes, no_wait=True)

    async def given(self) -> bool:
        """Wait until what there is of what was asked for has come; False if it does not come."""
        while self.waiting > 0 and not self.dry and not self.broken:
            self.stirred.clear()
            try:
                async with asyncio.timeout(SILENCE):
                    await self.stirred.wait()
            except TimeoutError:
                return False
        return not self.broken

    async def close(self) -> None:
        """Take nothing more, and have JetStream forget it."""
        if not self._inbox:
            return
        await self._link.unlisten(f"{self._inbox}.*")
        self._inbox = ""
        try:
            # Nobody needs the answer.
            await self._link.publish(f"{API}CONSUMER.DELETE.{self._stream}.{self._name}", b"")
        except EngineError:
            return

    async def _request(self, count: int, **options: Any) -> None:
        subject = f"{API}CONSUMER.MSG.NEXT.{self._stream}.{self._name}"
        # A message that is larger would never come.
        options["max_bytes"] = max(options["max_bytes"], self._link.max_payload + ENVELOPE)
        question = msgspec.json.encode({"batch": count, **options})
        self.waiting += count
        await self._link.publish(subject, question, reply=f"{self._inbox}.{next(self._requests)}")

    async def _took(self, message: Msg) -> None:
        self.heard = asyncio.get_running_loop().time()
        self.stirred.set()
        place = place_of(message)
        if place is None:
            self._status(message)
        elif self.broken or place.number != self._number + 1:
            self.broken = True
        else:
            self._number = place.number
            self.waiting -= 1
            self._take(message, place)

    def _status(self, message: Msg) -> None:
        """Deal with what is no message of the stream (NATS, ADR-37)."""
        headers = message.headers or {}
        status = headers.get("Status", "")
        if status == "100":  # a sign of life
            return
        left = headers.get("Nats-Pending-Messages", "")
        if status in ("404", "408") or (status == "409" and left):
            # The request has ended; so many of what was asked for have not come.
            ended = int(left) if left.isascii() and left.isdigit() else self.waiting
            self.waiting = max(0, self.waiting - ended)
            self.dry = True
        else:
            self.broken = True
