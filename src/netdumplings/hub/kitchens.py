"""The hub's port for kitchens: dumplings come in, acknowledgements go out."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from ..transport.admission import Admission
from ..transport.server import PeerConnection
from ..wire import (
    SUBPROTOCOL,
    Ack,
    CloseCode,
    CountsReceived,
    DumplingsReceived,
    Event,
    Hello,
    KitchenHello,
    KitchenPeer,
    Limits,
    PacketsEndMessage,
    PacketsReceived,
    Refusal,
    V2KitchenPeer,
    WelcomeToKitchen,
    write,
)
from .demand import Demand
from .formats import text_frame
from .guests import Kitchen
from .onward import Onward
from .outlet import Outlet
from .packet_asks import PacketAsks
from .port import label_of, send_away, serve
from .sessions import Session, Sessions
from .totals import Totals

logger = logging.getLogger("netdumplings.hub")

REPLACED: Final = Refusal(
    CloseCode.REPLACED, "another connection goes on with this session", "replaced"
)


class Kitchens:
    """The kitchens that are connected.

    Args:
        onward: takes their dumplings.
        sessions: what they have sent.
        hello_timeout: seconds that one has for its first message.
        limits: how much is taken from one.
        demand: says which of their chefs are wanted.
        admission: who is let in; None for everybody.

    Attributes:
        news: set when one of them tells what should not wait for the next status.
        totals: what they have counted, summed by their names.
        asks: what they were asked for by others.
    """

    def __init__(
        self,
        onward: Onward,
        sessions: Sessions,
        *,
        hello_timeout: float,
        limits: Limits,
        demand: Demand,
        admission: Admission | None = None,
    ) -> None:
        self._demand = demand
        self._admission = admission
        self._onward = onward
        self._sessions = sessions
        self._hello_timeout = hello_timeout
        self._limits = limits
        self._conversations: dict[PeerConnection, _Conversation] = {}
        self._by_stream: dict[str, _Conversation] = {}
        # And whether they are told though it is nothing new.
        self._to_acknowledge: dict[_Conversation, bool] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._room = asyncio.Event()
        self._room.set()
        self.news = asyncio.Event()
        self.totals = Totals()
        self.asks = PacketAsks()

    def named(self, name: str) -> list[_Conversation]:
        """Those of a name, to be asked for something."""
        talks = (talk for talk in self._conversations.values() if not talk.finished)
        return [talk for talk in talks if talk.kitchen and talk.kitchen.name == name]

    @property
    def here(self) -> list[Kitchen]:
        """Those who have said hello."""
        return [talk.kitchen for talk in self._conversations.values() if talk.kitchen]

    async def serve(self, connection: PeerConnection) -> None:
        """Talk with a kitchen until it goes or has to."""
        talk = _Conversation(connection, self._limits)
        self._conversations[connection] = talk

        def leave() -> str:
            del self._conversations[connection]
            self._to_acknowledge.pop(talk, None)
            self._demand.leave(talk)
            self._leave_session(talk)
            self.asks.lose(talk)
            if talk.kitchen:
                self.totals.leave(talk.kitchen)
                gone = "%s has gone; it sent %d dumplings"
                connection.log_news(logger, gone, talk.label, talk.dumplings)
            return talk.label

        async def check(hello: Hello) -> Refusal | None:
            admission = self._admission
            return await admission.at_hello(connection, hello) if admission else None

        await serve(
            connection,
            talk.peer,
            lambda event: self._handle(talk, event),
            leave,
            hello_timeout=self._hello_timeout,
            check=check,
            ready=lambda: self._ready(connection),
        )

    def stored(self, stream: str, last: int) -> None:
        """Note that the backbone has a session up to a number, and tell its kitchen."""
        session = self._sessions.known(stream)
        if session is not None:
            session.stored = max(session.stored, last)
        talk = self._by_stream.get(stream)
        if talk is not None and not talk.dismissed:
            self._acknowledge_soon(talk)

    def pause(self) -> None:
        """Take no more from any kitchen, until `go_on`: it would have to be held here."""
        self._room.clear()

    def go_on(self) -> None:
        """Take what kitchens send again."""
        self._room.set()

    async def _ready(self, connection: PeerConnection) -> None:
        """Wait until there is room, or nobody is there any more."""
        if self._room.is_set():
            return
        waiting = {
            asyncio.ensure_future(self._room.wait()),
            asyncio.ensure_future(connection.wait_closed()),
        }
        connection.hold()
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            connection.release()
            for task in waiting:
                task.cancel()

    def reassure(self) -> None:
        """Let those know from whom nothing is taken that the hub is there: they get no answers."""
        for connection in self._conversations:
            if connection.held:
                connection.reassure()

    def send_overdue_away(self) -> None:
        """Close the connections of those whose tokens are good no more."""
        for connection, talk in self._conversations.items() if self._admission else ():
            assert self._admission is not None
            refusal = self._admission.overdue(connection)
            if refusal and talk.kitchen:
                connection.permit = None
                self._send_away(talk, refusal)

    def finish(self) -> None:
        """Take no more numbered dumplings, and acknowledge those that were taken.

        Nothing may follow the close frame that is to come, so what is not acknowledged before it
        will not be; and what is not acknowledged will be sent to another hub, and must not be
        routed here.
        """
        for talk in self._conversations.values():
            talk.finished = talk.acknowledges
        self._acknowledge()

    def _handle(self, talk: _Conversation, event: Event) -> None:
        if talk.finished:
            return
        if isinstance(event, DumplingsReceived):
            self._dumplings(talk, event)
        elif isinstance(event, KitchenHello):
            self._hello(talk, event)
        elif isinstance(event, PacketsReceived | PacketsEndMessage):
            self.asks.take(talk, event)
        elif (
            isinstance(event, CountsReceived)
            and talk.kitchen
            and talk.kitchen.told_counts(event.counts)
        ):
            self.news.set()

    def _hello(self, talk: _Conversation, hello: KitchenHello) -> None:
        self._leave_session(talk)
        if hello.session is None:
            session = self._sessions.plain(hello.name)
        else:
            session = self._open(talk, hello.session, hello)
        connection = talk.connection
        if talk.kitchen is None:
            talk.label = label_of(talk.peer, connection, hello)
            connection.log_news(logger, "%s is here", talk.label)
        else:
            # It is the same kitchen, which has come to the end of what a former run had left.
            self.totals.leave(talk.kitchen)
            session.told = talk.kitchen.session.told
        talk.session = session
        talk.kitchen = Kitchen(
            hello.name, hello.announcement, connection.host, connection.port, session
        )
        self.totals.enter(talk.kitchen)
        if talk.acknowledges:
            talk.told = self._onward.settled(session)
            wanted = self._demand.ask(talk, hello.name, hello.asks, talk.send)
            talk.send(write(WelcomeToKitchen(talk.told, wanted)))

    def _open(self, talk: _Conversation, secret: str, hello: KitchenHello) -> Session:
        """Begin a session, or go on with it; who went on with it until now has lost it."""
        session, is_new = self._sessions.open(secret, hello.first, hello.name)
        other = self._by_stream.get(session.stream)
        if other is not None:
            self._replace(other)
        self._by_stream[session.stream] = talk
        self._onward.opened(session, hello.first, hello.acknowledged, new=is_new)
        return session

    def _dumplings(self, talk: _Conversation, event: DumplingsReceived) -> None:
        session = talk.session
        assert session is not None
        talk.dumplings += len(event.metadata)
        taken = session.take(event.first, event.body, event.metadata)
        if taken.lost:
            before = session.last if taken.run is None else taken.run.first - 1
            self._onward.miss(session, taken.lost, before)
        if taken.run is not None:
            self._onward.take(session, taken.run)
        if talk.acknowledges:
            # Who sends what the hub has may wait for an answer to it.
            self._acknowledge_soon(talk, again=taken.run is None)

    def _acknowledge_soon(self, talk: _Conversation, *, again: bool = False) -> None:
        if not self._to_acknowledge:
            talk.connection.loop.call_soon(self._acknowledge)
        self._to_acknowledge[talk] = again or self._to_acknowledge.get(talk, False)

    def _acknowledge(self) -> None:
        """Tell kitchens what they need not keep any longer."""
        self._onward.settle()
        for talk, again in self._to_acknowledge.items():
            assert talk.session is not None
            settled = self._onward.settled(talk.session)
            if again or settled > talk.told:
                talk.told = settled
                talk.send(write(Ack(settled)))
        self._to_acknowledge.clear()

    def _leave_session(self, talk: _Conversation) -> None:
        session, talk.session = talk.session, None
        if session is not None and self._by_stream.get(session.stream) is talk:
            del self._by_stream[session.stream]
            self._sessions.close(session)

    def _replace(self, talk: _Conversation) -> None:
        """Send a connection away in whose place another has come: the kitchen lost it."""
        if talk.kitchen is not None:
            self.totals.leave(talk.kitchen)
        self._send_away(talk, REPLACED)

    def _send_away(self, talk: _Conversation, refusal: Refusal) -> None:
        """Listen to a kitchen no more, and say why."""
        talk.finished = talk.dismissed = True
        self._to_acknowledge.pop(talk, None)
        self._demand.leave(talk)
        closing = asyncio.create_task(send_away(talk.connection, refusal, talk.label))
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)


class _Conversation:
    """A kitchen's connection.

    Attributes:
        acknowledges: whether the kitchen numbers its dumplings and is told which have come.
        finished: whether it is listened to no more.
        dismissed: whether it is sent away, and told nothing more either.
        told: the highest number that it was told in an acknowledgement.
    """

    def __init__(self, connection: PeerConnection, limits: Limits) -> None:
        self.connection = connection
        self.acknowledges = connection.subprotocol == SUBPROTOCOL
        self.peer = V2KitchenPeer(limits) if self.acknowledges else KitchenPeer(limits)
        self.label = label_of(self.peer, connection)
        self.kitchen: Kitchen | None = None
        self.session: Session | None = None
        self.dumplings = 0
        self.finished = self.dismissed = False
        self.told = 0
        self._outlet = Outlet(connection)

    def send(self, message: bytes) -> None:
        """Send it a message."""
        if self._outlet.open:
            self._outlet.write(text_frame(message))
