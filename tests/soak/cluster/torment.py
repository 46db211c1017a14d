"""Faults without end, in random order and at random times, some of them at the same time."""

from __future__ import annotations

import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from support import network
from support.nats_cluster import NatsCluster, separate_cluster
from support.switch import Switch

from ..lives import memory
from .fleet import EATERS, STREAM, Fleet
from .outcome import Outcome, outcome_of

#: Seconds between two faults, at most; and between two times that all of them are over, and
#: everybody must have something new.
BETWEEN = 2.0
CALM_EVERY = 40.0

Undo = Callable[[], None]


class Fault(NamedTuple):
    """Something that can be done.

    Attributes:
        name: what it is called.
        to: what it is done to: of the same there is only so much at a time.
        most: how long it lasts at most, seconds.
        do: does it, and returns what undoes it; None if it cannot be done now.
    """

    name: str
    to: str
    most: float
    do: Callable[[], Undo | None]


class Torment:
    """Does faults to a fleet.

    Args:
        fleet: what to torment.
        chance: which faults, and when.
        switch: what connects the servers, if each is in a namespace of its own.

    Attributes:
        done: how often each fault was done.
    """

    def __init__(self, fleet: Fleet, chance: random.Random, switch: Switch | None) -> None:
        self._fleet = fleet
        self._chance = chance
        self._switch = switch
        self._active: list[tuple[float, Fault, Undo]] = []
        faults = [
            Fault("server killed", "server", 8.0, self._kill_server),
            Fault("leader killed", "server", 8.0, self._kill_leader),
            Fault("server hangs", "server", 12.0, self._hang_server),
            Fault("hub killed", "hub", 4.0, self._kill_hub),
            Fault("hub stopped", "hub", 4.0, self._stop_hub),
            Fault("hub hangs", "hub", 8.0, self._hang_hub),
            Fault("kitchen killed", "kitchen", 2.0, self._kill_kitchen),
            Fault("eater killed", "eater", 4.0, self._kill_eater),
        ]
        if switch is not None:
            faults += [
                Fault("server cut off from others", "server", 20.0, self._cut_off),
                Fault("server cut off from all", "server", 20.0, self._cut_off_from_here),
            ]
        self._faults = faults
        self.done = Counter({fault.name: 0 for fault in faults})

    def go_on(self, seconds: float) -> None:
        """Do faults for so long."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._rage(min(left, CALM_EVERY))
            self._calm()
            eaten = sum(one.told.get("eaten", 0) for one in self._fleet.eaters.values())
            left = max(0.0, end - time.monotonic())
            faults = sum(self.done.values())
            size = max(memory(hub.process.pid) for hub in self._fleet.hubs.values()) // 2**20
            print(
                f"{left:6.0f} s left: {faults} faults, {eaten} dumplings eaten; "
                f"the largest hub has {size} MiB",
                flush=True,
            )

    def _rage(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(self._chance.uniform(0, BETWEEN))
            self._undo(time.monotonic())
            fault = self._chance.choice(self._faults)
            # Of three servers one may be missing, and then another one when that has come back.
            if any(other.to == fault.to for _, other, _ in self._active):
                continue
            undo = fault.do()
            if undo is not None:
                self.done[fault.name] += 1
                lasts = self._chance.uniform(0, fault.most)
                self._active.append((time.monotonic() + lasts, fault, undo))

    def _calm(self) -> None:
        self._undo(float("inf"))
        self._fleet.wait_until_well()

    def _undo(self, now: float) -> None:
        for one in [one for one in self._active if one[0] <= now]:
            self._active.remove(one)
            one[2]()

    def _kill_server(self, number: int | None = None) -> Undo:
        cluster = self._fleet.cluster
        cluster.wait_until_current(STREAM)
        killed = self._chance.randrange(3) if number is None else number
        cluster.kill(killed)
        return lambda: cluster.restart(killed)

    def _kill_leader(self) -> Undo:
        return self._kill_server(self._fleet.cluster.leader(STREAM))

    def _hang_server(self) -> Undo:
        cluster = self._fleet.cluster
        cluster.wait_until_current(STREAM)
        server = self._chance.choice(cluster.servers)
        server.pause()
        return server.resume

    def _cut_off(self, *, from_here: bool = False) -> Undo:
        switch = self._switch
        assert switch is not None
        self._fleet.cluster.wait_until_current(STREAM)
        number = self._chance.randrange(3)
        switch.partition(number, from_here=from_here)
        return lambda: switch.heal(number)

    def _cut_off_from_here(self) -> Undo:
        return self._cut_off(from_here=True)

    def _kill_hub(self) -> Undo:
        number = self._chance.randrange(3)
        self._fleet.kill_hub(number)
        return lambda: self._fleet.start_hub(number)

    def _stop_hub(self) -> Undo:
        number = self._chance.randrange(3)
        self._fleet.stop_hub(number)
        return lambda: self._fleet.start_hub(number)

    def _hang_hub(self) -> Undo:
        hub = self._fleet.hubs[self._chance.randrange(3)]
        hub.process.send_signal(signal.SIGSTOP)
        return lambda: hub.process.send_signal(signal.SIGCONT)

    def _kill_kitchen(self) -> Undo:
        name = self._chance.choice(sorted(self._fleet.kitchens))
        self._fleet.kill_kitchen(name)
        return lambda: self._fleet.start_kitchen(name)

    def _kill_eater(self) -> Undo:
        wanting = self._chance.choice(EATERS)
        self._fleet.kill_eater(wanting)
        return lambda: self._fleet.start_eater(wanting)


@contextmanager
def _servers(directory: Path) -> Iterator[tuple[NatsCluster, Switch | None]]:
    why_not = network.why_not()
    if why_not:
        print(f"no server is cut off: {why_not}")
        with NatsCluster(directory) as cluster:
            yield cluster, None
    else:
        with separate_cluster(directory) as both:
            yield both


def torment_cluster(directory: Path, seconds: float, seed: int) -> tuple[Outcome, Counter[str]]:
    """Torment three servers, three hubs and their peers for so long.

    Returns:
        what became of the dumplings, and how often each fault was done.
    """
    with (
        _servers(directory / "nats") as (cluster, switch),
        Fleet(directory, cluster, spools=True) as fleet,
    ):
        fleet.wait_until_well()
        torment = Torment(fleet, random.Random(seed), switch)
        torment.go_on(seconds)
        fleet.finish()
        return outcome_of(fleet), torment.done
