"""What a kitchen says to a hub on one connection: in ``netdumplings.v2``, or in plain dumplings."""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Final

import msgspec

from ..transport import ConnectionClosed, HubAddress, HubConnection
from ..wire import (
    Ack,
    BatchMessage,
    CloseCode,
    PacketsUnwanted,
    PacketsWanted,
    UnknownType,
    Wanted,
    WelcomeToKitchen,
    kitchen_hello_message,
    read_to_kitchen,
    write,
)
from .asking import Asker, NotAsking
from .packets import PacketAnswers
from .stock import Stock

logger = logging.getLogger(__name__)

#: Dumplings in a batch at most, and how many bytes of them.
BURST_MESSAGES: Final = 4096
BURST_BYTES: Final = 256 * 1024
#: The same where every dumpling is a message, and nothing is sent until they are acknowledged.
PLAIN_BURST_MESSAGES: Final = 512
#: Bytes on their way to a hub that has not acknowledged them.
WINDOW: Final = 4 * 1024 * 1024
#: Seconds between two times that the counts are told.
COUNT_EVERY: Final = 1.0
#: Seconds for a hub to answer a hello.
WELCOME_TIMEOUT: Final = 10.0


class Talk(ABC):
    """A conversation with a hub.

    Args:
        connection: to the hub.
        stock: the dumplings.
        hello: writes the kitchen's announcement.
    """

    def __init__(self, connection: HubConnection, stock: Stock, hello: Callable[[], str]) -> None:
        self._connection = connection
        self._stock = stock
        self._hello = hello
        self._loop = asyncio.get_running_loop()
        self._ending = False
        self._closed = asyncio.ensure_future(connection.wait_closed())
        self._closed.add_done_callback(lambda _: stock.news.set())

    async def run(self) -> None:
        """Send what there is, until `end` is called.

        Raises:
            ConnectionClosed: the connection was lost.
        """
        try:
            await self._run()
        finally:
            self._closed.cancel()

    def end(self) -> None:
        """Have `run` return soon."""
        self._ending = True
        self._stock.news.set()

    @abstractmethod
    async def _run(self) -> None: ...

    async def _news(self, patience: float | None = None) -> None:
        """Wait until there may be something to do, for so many seconds."""
        if self._closed.done():
            # Sending says with which error the connection ended.
            await self._connection.ping()
        try:
            async with asyncio.timeout(patience):
                await self._stock.news.wait()
        except TimeoutError:
            pass


class PlainTalk(Talk):
    """A conversation with a hub that takes one dumpling a message and never answers.

    A burst is acknowledged by the answer to the ping sent after it (RFC 6455 section 5.5.3): by
    then the hub has received what came before.
    """

    async def _run(self) -> None:
        connection, stock = self._connection, self._stock
        await connection.send(self._hello())
        while not self._ending:
            stock.news.clear()
            burst = stock.take(PLAIN_BURST_MESSAGES, BURST_BYTES)
            if not burst.messages:
                await self._news()
                continue
            for message in burst.messages:
                await connection.send(message, text=True)
            await (await connection.ping())
            stock.acknowledge(burst.last)


class V2Talk(Talk):
    """A conversation in ``netdumplings.v2``.

    Args:
        connection, stock, hello: as of `Talk`.
        counts: writes the message that tells the kitchen's counts.
        refused: why the hub refused what is next, on a connection before; None if it did not. The
            batch that is next after its welcome is what it meant, and is dropped.
        packets: answers the hub when it asks for packets; None if there are none to be had.
        asker: as of `HubLink`.
    """

    def __init__(
        self,
        connection: HubConnection,
        stock: Stock,
        hello: Callable[[], str],
        *,
        counts: Callable[[], bytes],
        refused: str | None = None,
        packets: PacketAnswers | None = None,
        asker: Asker | None = None,
    ) -> None:
        super().__init__(connection, stock, hello)
        self._packets = packets
        self._asker: Asker = asker or NotAsking()
        self._counts = counts
        self._told = b""
        self._refused = refused
        self._session: str | None = None
        self._first = 1
        self._welcome: asyncio.Future[None] | None = None
        self._count_at = 0.0
        self._greet_again = False

    def greet_again(self) -> None:
        """Say hello again when the hub has acknowledged what it was sent."""
        self._greet_again = True
        self._stock.news.set()

    def tell_counts_soon(self) -> None:
        """Tell the hub the counts without waiting for their time."""
        self._count_at = 0.0
        self._stock.news.set()

    async def _run(self) -> None:
        reading = asyncio.create_task(self._read())
        if self._packets:
            self._packets.begin(self._stock.news.set)
        try:
            await self._send()
        finally:
            if self._packets:
                self._packets.end()
            reading.cancel()
            await asyncio.wait({reading})

    async def _send(self) -> None:
        connection, stock = self._connection, self._stock
        self._count_at = self._loop.time() + COUNT_EVERY
        while True:
            stock.news.clear()
            again = self._greet_again and not stock.in_flight_bytes
            if again or stock.session != self._session:
                await self._greet()
            if self._ending:
                await self._tell_counts()
                return
            if self._loop.time() >= self._count_at:
                self._count_at = self._loop.time() + COUNT_EVERY
                await self._tell_counts()
            packets = self._packets and self._packets.next()
            if packets:
                await connection.send(packets, text=False)
            room = 0 if self._greet_again else WINDOW - stock.in_flight_bytes
            if room > 0:
                burst = stock.take(BURST_MESSAGES, min(BURST_BYTES, room))
                if burst.messages:
                    batch = write(BatchMessage(burst.first), burst.messages)
                    await connection.send(batch, text=True)
                    continue
            if packets:
                continue
            await self._news(self._count_at - self._loop.time())

    async def _greet(self) -> None:
        """Say hello for the session that is next, and wait for the welcome."""
        self._greet_again = False
        self._session, self._first, acknowledged = self._stock.position
        self._welcome = self._loop.create_future()
        hello = kitchen_hello_message(
            self._session, self._first, self._hello(), acknowledged, self._asker.asks()
        )
        await self._connection.send(hello, text=True)
        await asyncio.wait(
            {self._welcome, self._closed},
            timeout=WELCOME_TIMEOUT,
            return_when=asyncio.FIRST_COMPLETED,
        )
        if not self._welcome.done() and not self._closed.done():
            await self._give_up(f"no welcome within {WELCOME_TIMEOUT:g} seconds")
        if not self._welcome.done():
            await self._connection.ping()  # says with which error the connection ended
        self._welcome = None
        if self._refused is not None:
            self._drop_refused(self._refused)
            self._refused = None

    def _drop_refused(self, reason: str) -> None:
        # Sent again it would be refused again: a hub of another mind than ours.
        self._stock.take(BURST_MESSAGES, BURST_BYTES)
        say_refused(self._connection.hub, reason, self._stock.drop_in_flight())

    async def _tell_counts(self) -> None:
        counts = self._counts()
        if counts != self._told:
            self._told = counts
            await self._connection.send(counts, text=True)

    async def _read(self) -> None:
        """Take what the hub says, until the connection ends."""
        try:
            while True:
                problem = self._handle(await self._connection.recv(decode=False))
                if problem is not None:
                    await self._give_up(problem)
        except ConnectionClosed:
            return

    def _handle(self, message: bytes) -> str | None:
        """Take one message of the hub's; what is wrong with it, if anything is."""
        line = message.split(b"\n", 1)[0]
        try:
            told: Any = read_to_kitchen(line)
        except UnknownType:
            return None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            return f"no message of netdumplings.v2: {ascii(str(error))[1:-1]}"
        try:
            if isinstance(told, WelcomeToKitchen):
                self._welcomed(told.acknowledged)
                self._asker.told(told.wanted)
            elif isinstance(told, Wanted) and self._welcome is None:
                self._asker.told(told.chefs)
            elif isinstance(told, Ack) and self._welcome is None:
                # (What comes before the welcome is about the session before.)
                self._stock.acknowledge(told.acknowledged)
            elif isinstance(told, PacketsWanted | PacketsUnwanted) and self._packets:
                self._packets.take(told)
        except ValueError as error:
            return str(error)
        return None

    def _welcomed(self, acknowledged: int) -> None:
        # One less than we said is also what a hub says that knows nothing of the session.
        if acknowledged != self._first - 1:
            self._stock.acknowledge(acknowledged)
        if self._welcome is not None and not self._welcome.done():
            self._welcome.set_result(None)

    async def _give_up(self, problem: str) -> None:
        hub = self._connection.hub
        logger.error("the hub at %s makes no sense (%s): the connection is closed", hub, problem)
        await self._connection.close(CloseCode.PROTOCOL_ERROR, problem[:120])


def say_refused(hub: HubAddress, reason: str, dropped: int) -> None:
    """Log that a hub refused dumplings.

    Args:
        hub: which.
        reason: what the hub said.
        dropped: how many.
    """
    said = "the hub at %s refuses what it was sent (%r): %d dumplings are dropped"
    logger.error(said, hub, reason, dropped)
