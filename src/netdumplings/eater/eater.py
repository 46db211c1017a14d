"""`DumplingEater`: receives dumplings from a hub."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Iterable,
)
from contextlib import aclosing
from types import TracebackType
from typing import Any, Final, Self

from .. import defaults
from ..dumpling import Dumpling, DumplingDriver
from ..exceptions import InvalidDumpling
from ..transport import HubAccess, HubAddress, HubAddresses, HubConnection, Token
from ..wire import eater_hello
from .batches import Cursor, DumplingBatch
from .gaps import Gap
from .listening import ConnectHandler, ConnectionLostHandler, Listener
from .talk import Talk
from .wishes import Since, wishes

logger = logging.getLogger("netdumplings.eater")

DumplingHandler = Callable[[Dumpling], Awaitable[Any]]
PathLike = str | os.PathLike[str]
GapHandler = Callable[[Gap], Awaitable[Any]]

#: A hub sends many dumplings at once; after so many, whatever else runs in the loop has its turn.
DUMPLINGS_A_TURN: Final = 100


class DumplingEater:
    """Receives dumplings from a hub.

    Give it ``async`` handlers, or override those of this class, and let it run::

        async def show(dumpling):
            print(dumpling.chef_name, dumpling.payload)

        DumplingEater(on_dumpling=show).run()

    Or, where an event loop runs already, loop over the dumplings (`on_dumpling` is not called
    then, the loop's body does its work)::

        async with DumplingEater(hub="localhost:11348") as eater:
            async for dumpling in eater:
                ...

    Whoever keeps what is eaten will rather loop over `batches`, and go on from a `cursor`.

    A hub that is absent or goes away is waited for, and the log of ``netdumplings.eater`` says so
    once each way. When it is back, the eater goes on where it was: what the hub still has in its
    history comes, each dumpling once, and `on_gap` tells of the rest. An exception that a handler
    raises ends `run`, which raises it.

    The filters hold names or shell patterns (``*``, ``?``, ``[...]``), of which one must match,
    upper and lower case distinguished; the hub sends nothing else. A hub that does not know
    ``netdumplings.v2`` sends everything; then the filters are applied here, and there are no gaps
    and no past.

    Args:
        name: what it calls itself, at most 256 characters; shown in the hub's status.
        hub: the hub's out port, as ``HOST:PORT``, or ``wss://HOST:PORT`` if it speaks TLS. Several,
            as text with commas between them or as a list, are tried in turn, in that order; after a
            loss, from the one behind it.
        chef_filter: the chefs whose dumplings it wants; None: all chefs.
        kitchen_filter: the kitchens whose dumplings it wants, None among them for the hub's own;
            None: all.
        driver_filter: the `DumplingDriver` values it wants; None: both.
        last: begin with so many dumplings of the past, of those it wants, if the hub has them.
        since: begin with those of the past from then on: a point in time (seconds since the
            epoch, or a ``datetime``, which is local time if it has no time zone), or a
            ``timedelta``, so long ago.
        resume: go on from this `cursor` of an eater that was there before, in another process, say;
            ``last`` and ``since`` have no meaning then. What the hub still has in its history
            comes, and `on_gap` tells of the rest. None begins anew.
        compression: have the hub compress what it sends, for slow links: True, or a list of
            ``zstd`` and ``deflate``, the better one first.
        on_connect: called as `on_connect` would be.
        on_dumpling: called as `on_dumpling` would be.
        on_connection_lost: called as `on_connection_lost` would be.
        on_gap: called as `on_gap` would be.
        reconnect: False makes do with one connection.
        token: what the hub lets it in by, if it wants one; None for that of the environment
            variable ``NETDUMPLINGS_TOKEN``, if there is one.
        tls_ca: a file with the hub's certificate, or with that of an authority, in PEM: no other
            hub is trusted. (With several hubs, with the certificates of all of them.) None trusts
            the authorities that the system does.
        tls_cert: a file with a certificate to show the hub, if it wants one of everybody.
        tls_key: a file with its key; None if that is in the same file.
        insecure: send the token without TLS, too, to another host than this one; and take hubs
            without TLS beside others with it.

    Attributes:
        missed: how many dumplings all gaps so far amount to.

    Raises:
        InvalidAddress: ``hub`` is no ``HOST:PORT``, or has more than 16 of them.
        TlsError: a certificate or key is of no use, or some hubs are without TLS, others with it.
        TokenError: the token is none, or would be sent where others can read it.
        ValueError: the name is too long; there is no such driver or compression; ``last``,
            ``since`` or ``resume`` is nothing a hub would take.
        TypeError: a filter is one name instead of a list of them.
    """

    def __init__(
        self,
        name: str = defaults.EATER_NAME,
        hub: str | Iterable[str] = defaults.EATER_HUB,
        *,
        chef_filter: Collection[str] | None = None,
        kitchen_filter: Collection[str | None] | None = None,
        driver_filter: Collection[DumplingDriver] | None = None,
        last: int | None = None,
        since: Since | None = None,
        resume: Cursor | None = None,
        compression: bool | Collection[str] = False,
        on_connect: ConnectHandler | None = None,
        on_dumpling: DumplingHandler | None = None,
        on_connection_lost: ConnectionLostHandler | None = None,
        on_gap: GapHandler | None = None,
        reconnect: bool = True,
        token: Token | str | None = None,
        tls_ca: PathLike | None = None,
        tls_cert: PathLike | None = None,
        tls_key: PathLike | None = None,
        insecure: bool = False,
    ) -> None:
        self.name = name
        self._hubs = HubAddresses.parse(hub)
        self.hub = hub if isinstance(hub, str) else str(self._hubs)
        self.chef_filter = chef_filter
        self.kitchen_filter = kitchen_filter
        self.driver_filter = driver_filter
        self.reconnect = reconnect
        self.missed = 0
        self._access = HubAccess(
            self._hubs,
            token=token,
            tls_ca=tls_ca,
            tls_cert=tls_cert,
            tls_key=tls_key,
            insecure=insecure,
        )
        self._announcement = eater_hello(name)
        self._cursor: Cursor | None = None
        self._wishes = wishes(
            chefs=chef_filter,
            kitchens=kitchen_filter,
            drivers=driver_filter,
            last=last,
            since=since,
            resume=resume,
            compression=compression,
        )
        self._on_connect = on_connect or self.on_connect
        self._on_dumpling = on_dumpling or self.on_dumpling
        self._on_connection_lost = on_connection_lost or self.on_connection_lost
        self._on_gap = on_gap or self.on_gap
        self._listen()  # what no hub would take is raised here
        self._entered = False
        self._dumplings_iterator: AsyncGenerator[Dumpling] | None = None
        self._batches_iterator: AsyncGenerator[DumplingBatch] | None = None
        self._running: tuple[asyncio.AbstractEventLoop, asyncio.Event] | None = None
        self._stopped = False
        self._puzzled = False  # by what the hub says, and has said so
        self._lock = threading.Lock()

    async def on_connect(self, hub_uri: str, websocket: HubConnection) -> None:
        """Handle having connected to the hub; the hub has been told this eater's name.

        Args:
            hub_uri: the address of the hub that it is, ``ws://host:port`` or ``wss://host:port``.
            websocket: the connection, of the ``websockets`` library.
        """

    async def on_dumpling(self, dumpling: Dumpling) -> None:
        """Handle a dumpling."""
        logger.debug("%r", dumpling)

    async def on_connection_lost(self, exc: Exception) -> None:
        """Handle the loss of the hub, before connecting again.

        Args:
            exc: the ``websockets`` library's ``ConnectionClosed``, which has the close code.
        """

    async def on_gap(self, gap: Gap) -> None:
        """Handle dumplings missed: after those that came before them, ahead of those that follow.

        Unless you define another, it logs a WARNING. It is called in the ``async for`` form too.
        """
        logger.warning("%s", gap)

    def run(self, dumpling_count: int | None = None) -> None:
        """Eat, and block until enough is eaten.

        Each run begins anew: it knows nothing of what a former one has eaten.

        With ``reconnect=False`` it also returns once the connection is lost and
        `on_connection_lost` has been called.

        Args:
            dumpling_count: return after so many dumplings (of those that it wants); None: go on
                for ever.

        Raises:
            HubUnavailable: there is no hub, and ``reconnect`` is False.
            ValueError: ``dumpling_count`` is negative.
            RuntimeError: an event loop runs in this thread already.
            Exception: whatever a handler raised.
        """
        if dumpling_count is not None and dumpling_count < 0:
            raise ValueError(f"dumpling_count is how many dumplings to eat, not {dumpling_count}")
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            asyncio.run(self._run(dumpling_count))
            return
        raise RuntimeError(
            "an event loop is running already; here, use: "
            "async with DumplingEater(...) as eater: async for dumpling in eater: ..."
        )

    def stop(self) -> None:
        """Make a `run` under way return; any thread, and any handler, may call it."""
        with self._lock:
            self._stopped = True
            if self._running:
                loop, stopping = self._running
                loop.call_soon_threadsafe(stopping.set)

    @property
    def cursor(self) -> Cursor | None:
        """How far it has come, for a later eater to go on from with ``resume``; a copy.

        It covers what was eaten of whole messages of the hub, which may hold many dumplings; so an
        eater that goes on from it may be given the latest few again. `batches` has the cursor that
        goes with each. None if nobody knows: no hub of ``netdumplings.v2`` was there yet.
        """
        return None if self._cursor is None else dict(self._cursor)

    def batches(self) -> AsyncIterator[DumplingBatch]:
        """Iterate over what the hub's messages bring, instead of over single dumplings.

        This is for whoever keeps what is eaten. The cursor in each batch says where to go on
        when it has been kept, and if both are kept together, in one transaction, then nothing is
        there twice and nothing is missing that a hub still had, whenever the process ends::

            async with DumplingEater(resume=cursor_of_the_last_batch_kept) as eater:
                async for batch in eater.batches():
                    keep(batch.texts, batch.gap, batch.cursor)

        Batches without dumplings come too, for their cursors. The texts are checked to be
        dumplings, but not read. `on_gap` is called as ever, before its batch comes.

        Raises:
            RuntimeError: it is not within ``async with``, or this eater is eating already.
        """
        if not self._entered or self._dumplings_iterator or self._batches_iterator:
            raise RuntimeError(_HOW_TO_ITERATE)
        self._batches_iterator = self._batches()
        return self._batches_iterator

    async def __aenter__(self) -> Self:
        if self._entered:
            raise RuntimeError("this eater is eating already")
        self._entered = True
        return self

    def __aiter__(self) -> AsyncIterator[Dumpling]:
        if not self._entered or self._batches_iterator:
            raise RuntimeError(_HOW_TO_ITERATE)
        if self._dumplings_iterator is None:
            self._dumplings_iterator = self._dumplings()
        return self._dumplings_iterator

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        iterators = self._dumplings_iterator, self._batches_iterator
        self._entered, self._dumplings_iterator, self._batches_iterator = False, None, None
        for iterator in iterators:
            if iterator is not None:
                await iterator.aclose()

    async def _run(self, dumpling_count: int | None) -> None:
        """Eat until enough is eaten or `stop` is called, whichever comes first."""
        stopping = asyncio.Event()
        with self._lock:
            self._stopped = False
            self._running = (asyncio.get_running_loop(), stopping)
        eating = asyncio.create_task(self._eat(dumpling_count))
        stopped = asyncio.create_task(stopping.wait())
        try:
            await asyncio.wait({eating, stopped}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            with self._lock:
                self._running = None
            stopped.cancel()
            if not eating.done():
                eating.cancel()
                await asyncio.wait({eating})
        if not eating.cancelled():
            eating.result()

    async def _eat(self, dumpling_count: int | None) -> None:
        eaten = 0
        async with aclosing(self._dumplings()) as dumplings:
            # Many dumplings may be at hand, and no turn of the loop between them: so the flag.
            while not self._stopped and (dumpling_count is None or eaten < dumpling_count):
                try:
                    dumpling = await anext(dumplings)
                except StopAsyncIteration:
                    return
                await self._on_dumpling(dumpling)
                eaten += 1

    async def _dumplings(self) -> AsyncGenerator[Dumpling]:
        """Yield the dumplings of all messages, calling the other handlers."""
        turn = 0
        async with aclosing(self._listen().messages()) as messages:
            async for talk, message, first, hub in messages:
                self._puzzled = self._puzzled and not first
                for news in talk.read(message):
                    if isinstance(news, Dumpling):
                        self._puzzled = False
                        yield news
                    else:
                        await self._deal_with(news, hub)
                    turn += 1
                    if turn % DUMPLINGS_A_TURN == 0:
                        await asyncio.sleep(0)
                self._note_cursor(talk)

    async def _batches(self) -> AsyncGenerator[DumplingBatch]:
        """Yield a batch for each message that brings something, calling the other handlers."""
        async with aclosing(self._listen().messages()) as messages:
            async for talk, message, first, hub in messages:
                self._puzzled = self._puzzled and not first
                texts: list[str] = []
                gap: Gap | None = None
                for news in talk.read_texts(message):
                    if isinstance(news, str):
                        self._puzzled = False
                        texts.append(news)
                        continue
                    await self._deal_with(news, hub)
                    if isinstance(news, Gap):
                        gap = news
                before = self._cursor
                self._note_cursor(talk)
                if texts or gap or self._cursor != before:
                    yield DumplingBatch(texts, gap, self.cursor)
                # Many messages may be at hand, and no turn of the loop between them.
                await asyncio.sleep(0)

    async def _deal_with(self, news: Gap | InvalidDumpling, hub: HubAddress) -> None:
        if isinstance(news, Gap):
            self.missed += news.missed
            await self._on_gap(news)
        elif not self._puzzled:
            self._puzzled = True
            logger.warning("skipped what the hub at %s sent: %s", hub, news)

    def _note_cursor(self, talk: Talk) -> None:
        """Note how far we have come, a message having been dealt with."""
        cursor = talk.cursor
        if cursor is not None:
            self._cursor = cursor

    def _listen(self) -> Listener:
        """Begin to listen, from where it is to begin."""
        self._cursor = self._wishes.resume
        return Listener(
            self._hubs,
            self._access,
            self._announcement,
            self._wishes,
            self._on_connect,
            self._on_connection_lost,
            reconnect=self.reconnect,
        )


_HOW_TO_ITERATE: Final = (
    "use: async with DumplingEater(...) as eater: async for ... in eater (or in eater.batches())"
)
