"""The servers that `backbone` measures: nats-servers with JetStream, and hubs that share them."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from _hub_servers import PATIENCE, Server, memory, placed, worked
from _jetstream import STREAM_BYTES

from netdumplings.backbone.servers import NatsServer, find_nats_server, free_ports


class Group:
    """Processes that are measured together.

    As a context manager, they have ended at the end.
    """

    def __init__(self) -> None:
        self._stack = contextlib.ExitStack()

    @property
    def pids(self) -> list[int]:
        """Their processes."""
        raise NotImplementedError

    @property
    def worked(self) -> float:
        """How many seconds of processor time they have taken."""
        return sum(self.each_worked)

    @property
    def each_worked(self) -> list[float]:
        """How many seconds of processor time each has taken."""
        return [worked(pid) or 0.0 for pid in self.pids]

    @property
    def peak(self) -> int:
        """The most memory that each has had so far, in bytes, summed."""
        return sum(memory(pid) or 0 for pid in self.pids)

    @property
    def resident(self) -> int:
        """The memory that they have now, in bytes, summed."""
        return sum(memory(pid, "VmRSS") or 0 for pid in self.pids)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.close()


class Engine(Group):
    """One nats-server with JetStream, or a cluster of them.

    Args:
        servers: how many.
        where: the cores for them; None for any.

    Attributes:
        urls: their addresses.
        ports: where they listen.
    """

    def __init__(self, servers: int, where: set[int] | None) -> None:
        super().__init__()
        program = find_nats_server()
        assert program is not None
        directory = Path(self._stack.enter_context(tempfile.TemporaryDirectory()))
        ports = free_ports(servers)
        routes = [f"127.0.0.1:{one.routes}" for one in ports] if servers > 1 else []
        self._servers = [
            NatsServer(program, directory / f"n{index}", one, name=f"n{index}", routes=routes)
            for index, one in enumerate(ports)
        ]
        self.urls = [server.url for server in self._servers]
        self.ports = [one.clients for one in ports]
        try:
            with placed(where):
                for server in self._servers:
                    server.start()
                    self._stack.callback(server.end)
            wait_until(lambda: all(server.is_ready() for server in self._servers), "nats-server")
        except BaseException:
            self.__exit__(None, None, None)
            raise

    @property
    def pids(self) -> list[int]:
        return [server.process.pid for server in self._servers if server.process]


class Hubs(Group):
    """Hubs of ours.

    Args:
        hubs: how many.
        engine: what they share; None if that is nothing.
        where: the cores for them; None for any.
        options: what else each is told.

    Attributes:
        in_ports: where they listen for kitchens.
        out_ports: where for eaters.
    """

    def __init__(
        self,
        hubs: int,
        engine: Engine | None,
        where: set[int] | None,
        options: Sequence[str] = (),
    ) -> None:
        super().__init__()
        try:
            self._hubs = [
                self._stack.enter_context(Server("v2", where, [*options, *_options(engine)]))
                for _ in range(hubs)
            ]
        except BaseException:
            self.__exit__(None, None, None)
            raise
        self.in_ports = [hub.in_port for hub in self._hubs]
        self.out_ports = [hub.out_port for hub in self._hubs]

    @property
    def pids(self) -> list[int]:
        return [hub.pid for hub in self._hubs]

    def end(self) -> str:
        """End them; return what they have logged."""
        return "".join(hub.end() for hub in self._hubs)


def _options(engine: Engine | None) -> list[str]:
    """Tell a hub of its backbone."""
    if engine is None:
        return []
    return [
        *("--backbone", ",".join(engine.urls)),
        *("--backbone-replicas", str(len(engine.urls))),
        *("--backbone-max-bytes", str(STREAM_BYTES)),
    ]


def wait_until(is_so: Callable[[], bool], what: str) -> None:
    """Wait for what is bound to come."""
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} does not come up")
        time.sleep(0.02)
