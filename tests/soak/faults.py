"""The faults, each done to a running system any number of times, and what must be true after it."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from typing import NamedTuple

from support.network import Cable, inside, ip
from support.reachable import make_reachable

from .books import Books, balance
from .lives import World, wait_until


class Outcome(NamedTuple):
    """What became of everything.

    Attributes:
        lives: the account of each life of the kitchen, in their order.
        missed: how many dumplings the eater was told that it missed.
    """

    lives: list[Books]
    missed: int

    @property
    def made(self) -> int:
        return sum(books.made for books in self.lives)

    @property
    def eaten(self) -> int:
        return sum(books.eaten for books in self.lives)

    @property
    def twice(self) -> int:
        return sum(books.twice for books in self.lives)

    @property
    def missing(self) -> int:
        return sum(books.missing for books in self.lives)

    def __str__(self) -> str:
        return (
            f"{self.made} made in {len(self.lives)} lives of the kitchen: {self.eaten} eaten, "
            f"{self.twice} twice; {self.missing} missing, {self.missed} stated as missed"
        )


def restart_hub(directory: Path, times: int) -> Outcome:
    """Stop the hub as an operator does, and start it again."""
    with World(directory) as world:
        world.start_witness()
        world.start_kitchen()
        for _ in range(times):
            world.wait_until_all_is_well()
            assert world.hub.end(signal.SIGTERM) == 0, world.hub.err
            world.hub.__exit__(None, None, None)
            world.start_hub()
        world.wait_until_all_is_well()
        return _outcome(world, world.end_kitchen())


def kill_hub(directory: Path, times: int) -> Outcome:
    """Kill the hub, and start it again."""
    with World(directory) as world:
        world.start_witness()
        world.start_kitchen()
        for _ in range(times):
            world.wait_until_all_is_well()
            world.hub.end(signal.SIGKILL)
            world.hub.__exit__(None, None, None)
            world.start_hub()
        world.wait_until_all_is_well()
        return _outcome(world, world.end_kitchen())


def kill_kitchen(directory: Path, times: int) -> Outcome:
    """Kill a kitchen that has a spool, and start it again; the hub is away at times."""
    with World(directory) as world:
        world.start_witness()
        spool = ("--spool", str(make_reachable(directory) / "spool"))
        for turn in range(times):
            world.start_kitchen(*spool)
            world.wait_until_all_is_well(new_life=True)
            if turn % 2:
                # What it makes while there is no hub is nowhere but in its spool.
                world.hub.end(signal.SIGTERM)
                world.hub.__exit__(None, None, None)
                time.sleep(0.5)
            world.kitchen.end(signal.SIGKILL)
            world.kitchen.__exit__(None, None, None)
            if turn % 2:
                world.start_hub()
        world.start_kitchen(*spool)
        world.wait_until_all_is_well(new_life=True)
        return _outcome(world, world.end_kitchen())


def cut_link(directory: Path, times: int) -> Outcome:
    """Cut the cable between the hub and the others, or make it a black hole, and mend it again.

    The black hole is silent: packets go to a network card that nobody has. Both last for longer
    than the kitchen and the eater wait for an answer, so they give the connection up; the hub does
    not know of that when they come back.
    """
    with Cable() as cable:
        left, right = inside(cable.left), inside(cable.right)
        with World(directory, prefix=left, hub_prefix=right, host=cable.RIGHT_IP) as world:
            world.start_witness()
            world.start_kitchen()
            for turn in range(times):
                world.wait_until_all_is_well()
                if turn % 2:
                    ip("-n", cable.right, "link", "set", "eth0", "down")
                    _wait_until_given_up(world)
                    ip("-n", cable.right, "link", "set", "eth0", "up")
                else:
                    nobody = ("lladdr", "02:00:00:00:00:99", "dev", "eth0", "nud", "permanent")
                    ip("-n", cable.right, "neigh", "replace", cable.LEFT_IP, *nobody)
                    _wait_until_given_up(world)
                    ip("-n", cable.right, "neigh", "del", cable.LEFT_IP, "dev", "eth0")
            world.wait_until_all_is_well()
            return _outcome(world, world.end_kitchen())


def _wait_until_given_up(world: World) -> None:
    """Wait until the kitchen has noticed that the hub is out of reach."""
    before = world.kitchen.err.count("lost the hub")
    wait_until(lambda: world.kitchen.err.count("lost the hub") > before, "it goes on as before")


def _outcome(world: World, made: int) -> Outcome:
    """Let the eater have what is on its way, and balance the books of all lives."""
    world.wait_until_quiet()
    runs, gaps = world.end_witness()
    lives = list(runs)
    accounts = [balance(runs[life], made if life == lives[-1] else None) for life in lives]
    return Outcome(accounts, sum(gap["missed"] for gap in gaps))
