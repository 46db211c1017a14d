"""Servers of NATS, hubs, kitchens and eaters, each a process of its own."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import IO, Any, NamedTuple, Self

from netdumplings.backbone.servers import free_ports
from support.commands import Command, clean_environment, ignore_no_signal
from support.nats_cluster import NatsCluster

HERE = Path(__file__).resolve().parent
#: Seconds to wait for what is bound to come: a leader that is lost takes a while to be missed.
PATIENCE = 90.0
STREAM = "dumplings"


class Peer:
    """A kitchen or an eater.

    Args:
        script: which script of this package it is.
        arguments: its arguments.
        errors: where its standard error goes.

    Attributes:
        told: the last line that it wrote.
    """

    def __init__(self, script: str, *arguments: str, errors: Path) -> None:
        ignore_no_signal()
        self.told: dict[str, Any] = {}
        with errors.open("ab") as stream:
            self._process = subprocess.Popen(
                [sys.executable, str(HERE / script), *arguments],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=stream,
                env=clean_environment(),
            )  # fmt: skip
        assert self._process.stdout
        self._reader = threading.Thread(target=self._read, args=(self._process.stdout,))
        self._reader.start()
        self._errors = errors

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    def end(self) -> dict[str, Any]:
        """Have it end by itself; return what it wrote last."""
        self._process.send_signal(signal.SIGTERM)
        try:
            status = self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it does not end: {self.told} {self.errors}") from None
        self._reader.join()
        assert status == 0, self.errors
        return self.told

    def kill(self) -> dict[str, Any]:
        """End it by SIGKILL; return what it wrote last."""
        self._process.kill()
        self._process.wait()
        self._reader.join()
        return self.told

    @property
    def errors(self) -> str:
        """What it wrote on standard error lately."""
        return self._errors.read_text(errors="replace")[-3000:]

    def _read(self, output: IO[bytes]) -> None:
        with output:
            for line in output:
                self.told = json.loads(line)


class Wanting(NamedTuple):
    """An eater as it is to be.

    Attributes:
        name: its name.
        chefs: those whose dumplings it wants; none for all.
        kitchens: likewise.
        legacy: whether it knows nothing of numbers.
    """

    name: str
    chefs: tuple[str, ...] = ()
    kitchens: tuple[str, ...] = ()
    legacy: bool = False

    def wants(self, kitchen: str, chef: str) -> bool:
        """Whether it wants what a chef of a kitchen makes."""
        return chef in (self.chefs or (chef,)) and kitchen in (self.kitchens or (kitchen,))


#: Two legacy eaters, and of the others one that wants certain chefs, and one a kitchen.
EATERS = (
    Wanting("all"),
    Wanting("all too"),
    Wanting("few chefs", chefs=("Chef0", "Chef2")),
    Wanting("one kitchen", kitchens=("k1",), chefs=("Chef0", "Chef1")),
    Wanting("plain", legacy=True),
    Wanting("plain too", legacy=True),
)


class Fleet:
    """Three hubs, four kitchens and six eaters on a cluster; as a context manager all of it runs.

    Args:
        directory: where it may write.
        cluster: the servers.
        rate: how many dumplings a second the kitchens make together.
        restless: seconds after which a kitchen or an eater goes to another hub, about.
        spools: whether kitchens have one.

    Attributes:
        hubs: those that run.
        kitchens: likewise, by their names.
        eaters: likewise.
        lives: what each life of a kitchen told last that has ended.
    """

    def __init__(
        self,
        directory: Path,
        cluster: NatsCluster,
        *,
        rate: float = 2000,
        restless: float = 3.0,
        spools: bool = False,
    ) -> None:
        self.cluster = cluster
        self._directory = directory
        self._rate = rate
        self._restless = restless
        self._spools = spools
        # A port for kitchens and one for eaters each; none that a connection may get by chance.
        self._ports = [(ports.clients, ports.routes) for ports in free_ports(3)]
        self.hubs: dict[int, Command] = {}
        self.kitchens: dict[str, Peer] = {}
        self.eaters: dict[str, Peer] = {}
        self.lives: list[dict[str, Any]] = []

    def start_hub(self, number: int) -> None:
        """Start one of the hubs, where it was before."""
        in_port, out_port = self._ports[number]
        self.hubs[number] = Command(
            "hub", "-i", str(in_port), "-o", str(out_port), "-f", "0.5", "--hub-name", f"h{number}",
            "--backbone", self.cluster.backbone, "--backbone-stream", STREAM,
            "--backbone-max-bytes", "256M",
        )  # fmt: skip

    def kill_hub(self, number: int) -> None:
        """End one of the hubs by SIGKILL."""
        hub = self.hubs.pop(number)
        hub.end(signal.SIGKILL)
        self._bury(number, hub)

    def stop_hub(self, number: int) -> None:
        """Stop one of the hubs, as an operator does."""
        self.hubs[number].wait_for_err("hub is up")
        hub = self.hubs.pop(number)
        assert hub.end(signal.SIGTERM) == 0, hub.err[-3000:]
        self._bury(number, hub)

    def start_kitchen(self, name: str) -> None:
        """Start a kitchen."""
        spool = ("--spool", str(self._directory / f"{name}.spool")) if self._spools else ()
        self.kitchens[name] = Peer(
            "making.py", name, self._addresses(0, len(self.kitchens)), *spool,
            "--rate", str(self._rate / 4), "--restless", str(self._restless),
            errors=self._directory / f"{name}.log",
        )  # fmt: skip

    def kill_kitchen(self, name: str) -> None:
        """End a kitchen by SIGKILL."""
        self.lives.append(self.kitchens.pop(name).kill())

    def start_eater(self, wanting: Wanting) -> None:
        """Start an eater, where it was before."""
        chefs = ("--chefs", *wanting.chefs) if wanting.chefs else ()
        kitchens = ("--kitchens", *wanting.kitchens) if wanting.kitchens else ()
        legacy = ("--legacy",) if wanting.legacy else ()
        self.eaters[wanting.name] = Peer(
            "eating.py", wanting.name, self._addresses(1, len(self.eaters)), *legacy,
            "--state", str(self.books_of(wanting)), "--restless", str(self._restless),
            *chefs, *kitchens, errors=self._directory / f"{wanting.name}.log",
        )  # fmt: skip

    def kill_eater(self, wanting: Wanting) -> None:
        """End an eater by SIGKILL."""
        self.eaters.pop(wanting.name).kill()

    def books_of(self, wanting: Wanting) -> Path:
        """Where an eater has its books."""
        return self._directory / f"{wanting.name}.json"

    def status(self, number: int) -> dict[str, Any]:
        """Ask a hub how it is."""
        url = f"http://127.0.0.1:{self._ports[number][1]}/api/status"
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(url, timeout=PATIENCE) as answer:
            status: dict[str, Any] = json.load(answer)
        return status

    def is_well(self, before: dict[str, int]) -> bool:
        """Whether everybody has had something new since then."""
        now = self.progress()
        return all(count > before.get(name, 0) for name, count in now.items())

    def progress(self) -> dict[str, int]:
        """How many dumplings each kitchen was told are stored, and each eater has eaten."""
        stored = {name: one.told.get("acknowledged", 0) for name, one in self.kitchens.items()}
        return stored | {name: one.told.get("eaten", 0) for name, one in self.eaters.items()}

    def wait_until_well(self) -> None:
        """Wait until everybody has something new."""
        before = self.progress()
        wait_until(
            lambda: self.is_well(before), lambda: f"{before} became {self.progress()}\n{self.logs}"
        )

    def finish(self) -> None:
        """Have the kitchens deliver everything; wait until all is eaten, and end the eaters."""
        for kitchen in self.kitchens.values():
            self.lives.append(kitchen.end())
        self.kitchens.clear()
        seen: list[tuple[float, dict[str, int]]] = []

        def quiet() -> bool:
            seen.append((time.monotonic(), self.progress()))
            latest = [told for when, told in seen if when > seen[-1][0] - 1.0]
            return seen[-1][0] - seen[0][0] > 1.0 and all(one == latest[0] for one in latest)

        wait_until(quiet, lambda: f"dumplings come from nowhere: {seen[-1]}")
        for eater in self.eaters.values():
            eater.end()
        self.eaters.clear()

    @property
    def logs(self) -> str:
        """What the hubs have logged lately."""
        return "\n".join(f"hub {n}: {hub.err[-2000:]}" for n, hub in self.hubs.items())

    def _bury(self, number: int, hub: Command) -> None:
        """Keep what a hub that has ended has logged."""
        with (self._directory / f"hub-{number}.log").open("a") as log:
            log.write(hub.err)
        hub.__exit__(None, None, None)

    def _addresses(self, kind: int, first: int) -> str:
        ports = [ports[kind] for ports in self._ports]
        first %= len(ports)
        return ",".join(f"127.0.0.1:{port}" for port in ports[first:] + ports[:first])

    def __enter__(self) -> Self:
        try:
            for number in range(len(self._ports)):
                self.start_hub(number)
            for hub in self.hubs.values():
                hub.wait_for_err("hub is up")
            for wanting in EATERS:
                self.start_eater(wanting)
            for number in range(4):
                self.start_kitchen(f"k{number}")
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for peer in [*self.kitchens.values(), *self.eaters.values()]:
            peer.kill()
        for number, hub in self.hubs.items():
            self._bury(number, hub)


def wait_until(is_so: Callable[[], bool], complaint: Callable[[], str]) -> None:
    """Wait for what is bound to come."""
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < deadline, complaint()
        time.sleep(0.05)
