"""What kitchens have sent, on its way into the stream: in order, each dumpling once.

Of each session there is one group of messages under way, and the next is not sent before the stream
has that one. So whatever is lost, and by whichever hubs, the numbers of a session that are in the
stream have no hole: a dumpling comes after all that were before it, or not at all. On that rests
that whoever reads can tell by its number alone whether a dumpling has come before.

Several messages of a group are stored as one, all or none (NATS, "Atomic Batch Publish", ADR-50).
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import secrets
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from ..delivery import BackboneLedger, delays
from ..wire import Metadata
from .link import EngineError, Link
from .messages import Kind, Own, Parcel, kinds_of, notice, parcels
from .stream import read_acknowledgement
from .subjects import name_of

logger = logging.getLogger("netdumplings.hub")

#: Bytes of a message and of a group, about; and how many messages a group may have, where JetStream
#: has a limit of a thousand.
MESSAGE_BYTES: Final = 512 * 1024
GROUP_BYTES: Final = 512 * 1024
GROUP_MESSAGES: Final = 500
#: How many messages are rather stored one after the other, in a stream that one server has: for a
#: group, however small, that server takes as long as for thirty of them. Where several have it, to
#: wait for them is what takes the time.
ONE_BY_ONE: Final = 16
#: How many groups are under way at once, of all sessions. If there were more, the last would wait
#: for an answer for longer than it takes to give a server up.
AT_ONCE: Final = 32
#: The longest wait before something is tried again, seconds.
LONGEST_WAIT: Final = 2.0
#: Seconds between two times that the log tells of dumplings that no message holds.
TELL_EVERY: Final = 60.0
#: Bytes of a message that are not dumplings, at most.
MESSAGE_ROOM: Final = 1024
#: Bytes that a waiting batch takes besides its own.
OVERHEAD: Final = 256
#: What JetStream says of a group of which it has a message already, and of a message that it has
#: been sent before and is yet to store.
HAS_ONE: Final = 10201
IN_PROCESS: Final = 10158

BATCH: Final = "Nats-Batch-Id"
BATCH_PLACE: Final = "Nats-Batch-Sequence"
BATCH_END: Final = "Nats-Batch-Commit"
EXPECTED_STREAM: Final = "Nats-Expected-Stream"


class _Waiting:
    """Dumplings that are to be stored, or are missing; `body` is then empty."""

    __slots__ = ("body", "count", "first", "kinds", "kitchen")

    def __init__(
        self, first: int, body: bytes, kinds: Sequence[Kind], count: int, kitchen: str
    ) -> None:
        self.first = first
        self.body = body
        self.kinds = kinds
        self.count = count
        self.kitchen = kitchen

    @property
    def last(self) -> int:
        """The number of the last."""
        return self.first + self.count - 1

    @property
    def size(self) -> int:
        """Bytes that it takes, about."""
        return len(self.body) + OVERHEAD


class Publisher:
    """Gives the stream what kitchens have sent.

    Args:
        link: to the servers.
        stream: the stream's name.
        max_bytes: of what waits, beyond which there is no room.
        on_stored: is called with a session and the number up to which the stream has it.
        on_room: is called when there is no room any more, with False, and when there is, with True.
        own: remembers what is sent.

    Attributes:
        max_message: bytes that the stream takes of a message; 0 for as many as the servers do.
        trouble: why something is not stored; empty if all is.
        waiting_bytes: bytes of what waits.
        has_room: whether there is room.
        replicas: how many servers have the stream.
    """

    def __init__(
        self,
        link: Link,
        stream: str,
        max_bytes: int,
        on_stored: Callable[[str, int], None],
        on_room: Callable[[bool], None],
        own: Own,
    ) -> None:
        self._link = link
        self._stream = stream
        self._max_bytes = max_bytes
        self._on_stored = on_stored
        self._on_room = on_room
        self._own = own
        self.trouble = ""
        self.waiting_bytes = 0
        self.has_room = True
        self.replicas = 1
        self.max_message = 0
        self._queues: dict[str, deque[_Waiting]] = {}
        # How many of those that wait are under way, of each session.
        self._under_way: dict[str, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._taken = self._stored = self._waiting = self._left = self._refused = 0
        self._untold = 0
        self._tell_at = 0.0
        self._batches = map("{}-{}".format, itertools.repeat(secrets.token_hex(8)),
                            itertools.count(1))  # fmt: skip

    @property
    def ledger(self) -> BackboneLedger:
        """What became of all that was taken: a snapshot."""
        return BackboneLedger(self._taken, self._stored, self._waiting, self._left, self._refused)

    @property
    def idle(self) -> bool:
        """Whether nothing waits."""
        return not self._queues

    def put(self, session: str, first: int, body: bytes, metadata: Sequence[Metadata]) -> None:
        """Take dumplings of a session, whose numbers follow on what was taken of it before.

        Args:
            session: its public name.
            first: the number of the first.
            body: the dumplings, a line each.
            metadata: what each says of itself.
        """
        count = len(metadata)
        self._taken += count
        self._waiting += count
        # The metadata would take more memory than the dumplings, and time to go through later.
        self._enqueue(session, _Waiting(first, body, kinds_of(metadata), count, ""))

    def miss(self, session: str, kitchen: str, first: int, count: int) -> None:
        """Note that dumplings of a session will never come, where they would have.

        Args:
            session: its public name.
            kitchen: the name of its kitchen.
            first: the number of the first of them.
            count: how many they are.
        """
        self._enqueue(session, _Waiting(first, b"", (), count, kitchen))

    def forget(self, session: str, number: int) -> None:
        """Note that another hub has stored a session up to a number: that need not wait here."""
        queue = self._queues.get(session)
        if queue is not None:
            for item in take_stored(queue, self._under_way.get(session, 0), number):
                self._settle(item)

    async def drained(self, patience: float) -> None:
        """Wait until nothing waits, for so many seconds."""
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=patience)

    async def stop(self, patience: float) -> None:
        """Store what waits, for so many seconds, and leave the rest."""
        await self.drained(patience)
        tasks = set(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        self._left += self._waiting
        self._waiting = self.waiting_bytes = 0
        self._queues.clear()
        self._under_way.clear()

    def _enqueue(self, session: str, item: _Waiting) -> None:
        self.waiting_bytes += item.size
        if self.has_room and self.waiting_bytes > self._max_bytes:
            self.has_room = False
            self._on_room(False)
        queue = self._queues.get(session)
        if queue is not None:
            queue.append(item)
            return
        queue = self._queues[session] = deque([item])
        task = asyncio.create_task(self._empty(session, queue))
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (fault := task.exception()) is not None:
            logger.error("a fault of the hub's own while it stores", exc_info=fault)

    async def _empty(self, session: str, queue: deque[_Waiting]) -> None:
        """Store what waits of a session, one group after the other."""
        while queue:
            await self._link.rises()
            items, group, refused = self._group(session, queue)
            self._under_way[session] = items
            await self._store_surely(group)
            self._under_way[session] = 0
            self._stored -= refused
            self._refused += refused
            for _ in range(items):
                self._settle(queue.popleft())
            self._on_stored(session, group[-1].last)
        del self._queues[session], self._under_way[session]

    def _settle(self, item: _Waiting) -> None:
        """Note that the stream has what has waited."""
        self.waiting_bytes -= item.size
        if item.body:
            self._stored += item.count
            self._waiting -= item.count
        if not self.has_room and self.waiting_bytes <= self._max_bytes // 2:
            self.has_room = True
            self._on_room(True)

    def _group(self, session: str, queue: deque[_Waiting]) -> tuple[int, list[Parcel], int]:
        """Make the messages that are next.

        Returns:
            of how many of those waiting they are; the messages; and how many dumplings are left
            out because no message holds them.
        """
        takes = min(self._link.max_payload, self.max_message or self._link.max_payload)
        most = takes - MESSAGE_ROOM
        max_bytes = min(MESSAGE_BYTES, most)
        group: list[Parcel] = []
        size = items = refused = 0
        for item in queue:
            if item.body:
                more = list(
                    parcels(self._stream, session, item.first, item.body, item.kinds, max_bytes)
                )
            else:
                more = [notice(self._stream, session, item.kitchen, item.first, item.count)]
            if group and len(group) + len(more) > GROUP_MESSAGES:
                break
            for place, parcel in enumerate(more):
                # Only a dumpling alone in its message is that large.
                if len(parcel.body) > most:
                    kitchen = name_of(parcel.subject.split(".")[1]) or ""
                    more[place] = notice(
                        self._stream, session, kitchen, parcel.first, parcel.dumplings
                    )
                    refused += parcel.dumplings
            group += more
            size += len(item.body)
            items += 1
            if size >= GROUP_BYTES:
                break
        if refused:
            self._tell_refused(refused, most)
        return items, _joined(group, max_bytes), refused

    async def _store_surely(self, group: Sequence[Parcel]) -> None:
        """Store messages; try again until the stream has them."""
        waits = delays(longest=LONGEST_WAIT)
        while True:
            await self._link.rises()
            try:
                async with self._turns:
                    # (More than a group may have are those of one batch of a kitchen.)
                    for begin in range(0, len(group), GROUP_MESSAGES):
                        await self._store(group[begin : begin + GROUP_MESSAGES])
            except EngineError as error:
                self._complain(error)
                await asyncio.sleep(next(waits))
            else:
                self._recover()
                return

    async def _store(self, group: Sequence[Parcel]) -> None:
        for parcel in group:
            self._own.keep(parcel)
        few = 1 if self.replicas > 1 else ONE_BY_ONE
        if len(group) > few and await self._store_as_one(group):
            return
        # This hub has sent some before, or another has, in other groups. Such are the first ones.
        tried = len(group) <= few
        for place, parcel in enumerate(group):
            is_new = await self._store_one(parcel)
            left = group[place + 1 :]
            if is_new and not tried and len(left) > few:
                tried = True
                if await self._store_as_one(left):
                    return

    async def _store_one(self, parcel: Parcel) -> bool:
        """Store a message.

        Returns:
            whether the stream did not have it.
        """
        headers = {EXPECTED_STREAM: self._stream, **parcel.headers}
        answer = await self._link.ask(parcel.subject, parcel.body, headers=headers)
        return not read_acknowledgement(answer).duplicate

    async def _store_as_one(self, group: Sequence[Parcel]) -> bool:
        """Store messages, all or none.

        Returns:
            False if the stream has one of them already.
        """
        batch = next(self._batches)
        for place, parcel in enumerate(group, 1):
            headers = {BATCH: batch, BATCH_PLACE: str(place), **parcel.headers}
            if place < len(group):
                await self._link.publish(parcel.subject, parcel.body, headers=headers)
            else:
                headers[BATCH_END] = "1"
                try:
                    await self._link.ask(parcel.subject, parcel.body, headers=headers)
                except EngineError as error:
                    if error.code != HAS_ONE:
                        raise
                    return False
        return True

    def _tell_refused(self, refused: int, most: int) -> None:
        """Log that dumplings are lost, the first time at once, and then not too often."""
        self._untold += refused
        now = asyncio.get_running_loop().time()
        if now < self._tell_at:
            return
        logger.error(
            "%d dumplings are lost: each is over the %d bytes that fit a message of the backbone "
            "(max_payload of its servers, or max_msg_size of the stream)",
            self._untold,
            most,
        )
        self._untold, self._tell_at = 0, now + TELL_EVERY

    def _complain(self, error: EngineError) -> None:
        if error.code == IN_PROCESS:
            return
        if error.reason != self.trouble:
            logger.warning("the backbone does not store: %s; will keep trying", error.reason)
        self.trouble = error.reason

    def _recover(self) -> None:
        if self.trouble:
            logger.info("the backbone stores again")
            self.trouble = ""


def take_stored(queue: deque[_Waiting], under_way: int, number: int) -> list[_Waiting]:
    """Take out of a queue what is stored already.

    Args:
        queue: what waits, of a session.
        under_way: how many of that are under way, and stay.
        number: up to which number all of the session is stored.
    """
    stored = []
    while len(queue) > under_way and queue[under_way].last <= number:
        stored.append(queue[under_way])
        del queue[under_way]
    return stored


def _joined(group: Sequence[Parcel], max_bytes: int) -> list[Parcel]:
    """Join messages that follow one another and are of one subject, as far as one holds them."""
    joined: list[list[Parcel]] = []
    size = 0
    for parcel in group:
        last = joined[-1][-1] if joined else None
        if last is not None and _follows(last, parcel) and size + len(parcel.body) < max_bytes:
            joined[-1].append(parcel)
            size += len(parcel.body) + 1
        else:
            joined.append([parcel])
            size = len(parcel.body)
    return [_join(parts) for parts in joined]


def _follows(last: Parcel, parcel: Parcel) -> bool:
    """Tell whether dumplings may be in one message with those before them."""
    both = bool(last.body and parcel.body)
    return both and last.subject == parcel.subject and last.last + 1 == parcel.first


def _join(parts: Sequence[Parcel]) -> Parcel:
    first = parts[0]
    if len(parts) == 1:
        return first
    count = sum(part.dumplings for part in parts)
    body = b"\n".join([part.body for part in parts])
    return Parcel(first.subject, first.session, first.first, count, body)
