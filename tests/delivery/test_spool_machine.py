"""Whatever is done to a spool, in whatever order: the books balance, and nothing comes twice."""

from __future__ import annotations

import resource
import shutil
import signal
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from netdumplings.delivery.spool import Spool
from netdumplings.delivery.spool_jobs import Job
from support.examples import examples
from support.spools import spool_at

Name = tuple[str, int]


class SpoolMachine(RuleBasedStateMachine):
    """A kitchen that crashes and comes back, its disk, and the hub.

    The hub knows of each session what it has, as the protocol demands; and every message bears its
    own session and number, so that a number which means two messages is found out.
    """

    def __init__(self) -> None:
        super().__init__()
        self.directory = Path(tempfile.mkdtemp(prefix="spool-"))
        self.hub: dict[str, int] = {}
        self.arrived: list[Name] = []
        self.in_flight: list[Name] = []
        self.refused: set[Name] = set()
        self.acknowledged: dict[str, int] = {}
        self.put_in: set[Name] = set()
        self.processes = 0
        self.job: Job | None = None
        self.spool = self.start()

    def start(self) -> Spool:
        self.processes += 1
        self.own = f"{self.processes:032x}"
        self.number = 0
        self.job = None
        self.in_flight = []
        spool = spool_at(self.directory / "kitchen.spool", self.own, max_bytes=6_000, memory=1_500)
        self.made_at_start = spool.statistics().made
        self.shaken_hands_with = ""
        return spool

    def teardown(self) -> None:
        self.disk_has_room()
        self.spool.close()
        shutil.rmtree(self.directory)

    # -- the kitchen

    @rule(count=st.integers(1, 20), size=st.integers(40, 300))
    def put(self, count: int, size: int) -> None:
        for _ in range(count):
            self.number += 1
            self.put_in.add((self.own, self.number))
            self.spool.put(f"{self.own} {self.number} ".encode().ljust(size, b"x"))

    # -- the disk

    @precondition(lambda self: self.job is None)
    @rule()
    def begin_job(self) -> None:
        self.job = self.spool.job()

    @precondition(lambda self: self.job is not None)
    @rule()
    def end_job(self) -> None:
        assert self.job is not None
        self.spool.finish(self.spool.run(self.job))
        self.job = None

    @rule()
    def disk_is_full(self) -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))

    @rule()
    def disk_has_room(self) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)

    @precondition(lambda self: self.job is None)
    @rule()
    def crash(self) -> None:
        """As far as the disk can tell: what is in memory is gone."""
        safe = self.spool.statistics().held_on_disk
        self.spool.close()
        self.spool = self.start()
        assert self.spool.statistics().held >= safe

    # -- the hub

    @rule(count=st.integers(1, 10), size=st.integers(1, 2_000))
    def take(self, count: int, size: int) -> None:
        self.shake_hands()
        session = self.spool.session
        burst = self.spool.take(count, size)
        for seq, message in enumerate(burst.messages, burst.first):
            assert message.split()[:2] == [session.encode(), b"%d" % seq]
            self.in_flight.append((session, seq))

    def shake_hands(self) -> None:
        """The hello and the welcome, when there is a session that the hub was not greeted with."""
        while self.spool.session != self.shaken_hands_with:
            session = self.spool.session
            assert not self.in_flight
            first = self.spool.first
            self.shaken_hands_with = session
            self.told(session, min(self.hub.get(session, 0), self.latest(session)))
            assert self.spool.session != session or self.spool.first >= first

    def told(self, session: str, upto: int) -> None:
        """The hub acknowledges everything up to there."""
        self.acknowledged[session] = max(self.acknowledged.get(session, 0), upto)
        self.spool.acknowledge(upto)

    def latest(self, session: str) -> int:
        return max((seq for name, seq in self.arrived if name == session), default=0)

    @precondition(lambda self: self.in_flight)
    @rule(data=st.data())
    def arrive(self, data: Any) -> None:
        """The hub gets some of what is in flight."""
        count = data.draw(st.integers(1, len(self.in_flight)))
        for session, seq in self.in_flight[:count]:
            if seq > self.hub.get(session, 0):
                self.hub[session] = seq
                self.arrived.append((session, seq))

    @precondition(lambda self: self.in_flight)
    @rule()
    def acknowledge(self) -> None:
        session, last = self.in_flight[-1]
        have = self.hub.get(session, 0)
        self.told(session, min(have, last))
        self.in_flight = [pair for pair in self.in_flight if pair[1] > have]

    @rule()
    def lose_connection(self) -> None:
        self.spool.rewind()
        self.in_flight = []
        self.shaken_hands_with = ""

    @precondition(lambda self: self.in_flight)
    @rule()
    def refuse(self) -> None:
        assert self.spool.drop_in_flight() == len(self.in_flight)
        self.refused.update(self.in_flight)
        self.in_flight = []
        self.shaken_hands_with = ""

    @precondition(lambda self: self.job is None)
    @rule()
    def deliver_everything(self) -> None:
        self.disk_has_room()
        for _ in range(10_000):
            self.take(100, 100_000)
            if not self.in_flight:
                if not self.spool.statistics().held:
                    break
                job = self.spool.job()
                assert job is not None
                self.spool.finish(self.spool.run(job))
                continue
            for session, seq in self.in_flight:
                if seq > self.hub.get(session, 0):
                    self.hub[session] = seq
                    self.arrived.append((session, seq))
            self.acknowledge()
        done = self.spool.statistics()
        assert done.held == 0
        assert self.spool.session == self.own
        if not self.made_at_start:  # or nobody knows what it was
            arrived = {name for name in self.arrived if name[0] == self.own} - self.refused
            assert done.acknowledged == len(arrived)

    # -- what must hold

    @invariant()
    def the_books_balance(self) -> None:
        now = self.spool.statistics()
        assert now.ledger.violations() == []
        assert now.made == self.made_at_start + self.number
        assert 0 <= now.held_on_disk <= now.held
        assert now.held >= len(self.in_flight)

    @invariant()
    def nothing_arrives_twice_or_unasked(self) -> None:
        assert len(set(self.arrived)) == len(self.arrived)
        assert set(self.arrived) <= self.put_in

    @invariant()
    def what_it_says_is_acknowledged_is(self) -> None:
        said = self.spool.acknowledged
        assert 0 <= said < self.spool.first
        assert said <= self.acknowledged.get(self.spool.session, 0)

    @invariant()
    def limits_hold(self) -> None:
        files = list(self.directory.glob("*.spool"))
        assert sum(file.stat().st_size for file in files) < 1_000_000


TestSpoolMachine = SpoolMachine.TestCase
TestSpoolMachine.settings = examples(1, stateful_step_count=60)
