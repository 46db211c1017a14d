"""Whatever hubs, kitchens and servers do, and in whatever order: each dumpling is read once.

A kitchen, the hubs it goes to, and what those store are the real ones, as far as they need no
socket. The engine does what JetStream is said to do: it removes repeats, for a while; it stores
a group as a whole, or message by message; and what it says of that may be lost.
"""

from __future__ import annotations

from collections import deque
from types import SimpleNamespace
from typing import Any, cast

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from netdumplings.backbone.link import Link
from netdumplings.backbone.marks import Marks
from netdumplings.backbone.messages import Own, Parcel, Stored, kinds_of, read
from netdumplings.backbone.publishing import Publisher, _Waiting, take_stored
from netdumplings.backbone.reading import Reader
from netdumplings.backbone.subjects import Pair
from netdumplings.delivery import Outbox
from netdumplings.hub.onward import ToBackbone
from netdumplings.hub.sessions import Session, Sessions
from netdumplings.wire import Metadata, metadata_of
from support.examples import examples
from support.hub_peers import dumpling

SECRET = "the session of a kitchen"
HUBS = st.integers(0, 1)
#: Bytes of an outbox that holds six dumplings or so.
ROOM = 700
LINK = cast(Link, SimpleNamespace(max_payload=1024 * 1024))


def nothing(*_: Any) -> None:
    """Whom it would concern is not here."""


class Engine:
    """Keeps messages, and knows for a while which it has."""

    def __init__(self) -> None:
        self.stream: list[Parcel] = []
        self.ids: set[str] = set()

    def store(self, group: list[Parcel], *, how_many: int) -> None:
        """Store a group as one, unless something of it is there; or only so many messages of it."""
        if how_many >= len(group) and self.ids.isdisjoint(self._id(one) for one in group):
            self.stream += group
        else:
            self.stream += [one for one in group[:how_many] if self._id(one) not in self.ids]
        self.ids.update(self._id(one) for one in group[:how_many])

    def _id(self, parcel: Parcel) -> str:
        return parcel.headers["Nats-Msg-Id"]


class Hub:
    """A hub, from the kitchen's connection to what waits to be stored."""

    def __init__(self) -> None:
        self.sessions = Sessions()
        self.queue: deque[_Waiting] = deque()
        self.onward = ToBackbone(self)
        self.publisher = Publisher(LINK, "s", 10**9, nothing, nothing, Own())
        self.told = 0

    def put(self, session: str, first: int, body: bytes, metadata: list[Metadata]) -> None:
        self.queue.append(_Waiting(first, body, kinds_of(metadata), len(metadata), ""))

    def miss(self, session: str, kitchen: str, first: int, count: int) -> None:
        self.queue.append(_Waiting(first, b"", (), count, kitchen))

    def forget(self, session: str, number: int) -> None:
        take_stored(self.queue, 0, number)


class Numbers(RuleBasedStateMachine):
    """A kitchen that loses connections and drops dumplings, and hubs that are killed."""

    def __init__(self) -> None:
        super().__init__()
        self.engine = Engine()
        self.hubs = [Hub(), Hub()]
        self.outbox = Outbox(ROOM, SECRET)
        self.chefs: list[str] = []
        self.at: Hub | None = None
        self.session: Session

    @rule(chefs=st.lists(st.sampled_from("ab"), min_size=1, max_size=10))
    def make(self, chefs: list[str]) -> None:
        for chef in chefs:
            self.chefs.append(chef)
            self.outbox.put(dumpling(len(self.chefs), chef=chef).encode())

    @rule(number=HUBS)
    def connect(self, number: int) -> None:
        self.disconnect()
        hub = self.at = self.hubs[number]
        first, acknowledged = self.outbox.first, self.outbox.acknowledged
        self.session, new = hub.sessions.open(SECRET, first, "k")
        hub.onward.opened(self.session, first, acknowledged, new=new)
        hub.told = hub.onward.settled(self.session)
        if hub.told != first - 1:
            self.outbox.acknowledge(hub.told)

    @rule()
    def disconnect(self) -> None:
        self.at = None
        self.outbox.rewind()

    @precondition(lambda self: self.at is not None)
    @rule(most=st.integers(1, 6))
    def send(self, most: int) -> None:
        assert self.at
        burst = self.outbox.take(most, ROOM)
        if not burst.messages:
            return
        lines = list(burst.messages)
        taken = self.session.take(burst.first, b"\n".join(lines), [*map(metadata_of, lines)])
        if taken.lost:
            before = self.session.last if taken.run is None else taken.run.first - 1
            self.at.onward.miss(self.session, taken.lost, before)
        if taken.run is not None:
            self.at.onward.take(self.session, taken.run)

    @rule(
        number=HUBS,
        how_many=st.sampled_from([100, 100, 0, 1, 2]),
        answered=st.sampled_from([True, True, False]),
    )
    def store(self, number: int, how_many: int, *, answered: bool) -> None:
        hub = self.hubs[number]
        if not hub.queue:
            return
        items, group, _ = hub.publisher._group("", hub.queue)
        session = next(iter(hub.sessions)).stream
        group = [one._replace(session=session) for one in group]
        self.engine.store(group, how_many=how_many)
        if how_many < len(group) or not answered:
            return  # it will be tried again
        for _ in range(items):
            hub.queue.popleft()
        known = hub.sessions.known(session)
        assert known
        known.stored = max(known.stored, group[-1].last)
        if self.at is hub and known.stored > hub.told:
            hub.told = known.stored
            self.outbox.acknowledge(hub.told)

    @rule(number=HUBS, stores=st.booleans())
    def visit(self, number: int, *, stores: bool) -> None:
        """Do at once what seldom happens one by one."""
        self.connect(number)
        self.make(["a", "b", "b"])
        self.send(6)
        if stores:
            self.store(number, 100, answered=True)

    @rule()
    def forget(self) -> None:
        self.engine.ids.clear()

    @rule(number=HUBS)
    def kill(self, number: int) -> None:
        self.check()
        if self.at is self.hubs[number]:
            self.disconnect()
        self.hubs[number] = Hub()

    def teardown(self) -> None:
        self.check()

    def check(self) -> None:
        """See that each dumpling is read once, in order, if it was acknowledged; or is told of."""
        dropped = self.outbox.statistics().dropped
        assert all(hub.sessions.ledger.lost <= dropped for hub in self.hubs)
        for wanted in ("ab", "a", "b"):
            given: list[int] = []
            missing: set[int] = set()
            for stored in self.read(wanted):
                numbers = range(stored.first, stored.last + 1)
                if stored.body:
                    lines = stored.body.split(b"\n")
                    assert [dumpling(n, chef=self.chefs[n - 1]).encode() for n in numbers] == lines
                    given += numbers
                else:
                    missing.update(numbers)
            assert given == sorted(set(given))
            assert missing.isdisjoint(given)
            assert len(missing) <= dropped
            known = {*given, *missing}
            for number in range(1, self.outbox.acknowledged + 1):
                assert number in known or self.chefs[number - 1] not in wanted

    def read(self, wanted: str) -> list[Stored]:
        """What a hub reads whose eaters want these chefs."""
        taken: list[Stored] = []
        reader = Reader(LINK, "s", taken.append, Own(), Marks(LINK, "s"))
        subjects = {Pair("k", chef) for chef in wanted}
        for position, parcel in enumerate(self.engine.stream, 1):
            parts = parcel.subject.split(".")
            if len(parts) == 2 or Pair(*parts[1:]) in subjects:
                reader._pass_on(
                    read(
                        parcel.subject, parcel.headers, parcel.body,
                        position=position, time=1.0,
                    )
                )  # fmt: skip
        assert not reader.ledger.violations()
        return taken


TestNumbers = Numbers.TestCase
TestNumbers.settings = examples(4, stateful_step_count=50)
