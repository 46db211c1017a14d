"""Real nats-servers with JetStream in a cluster, that tests kill, start again and cut off.

A cluster is up in a third of a second. Who loses its leader by SIGKILL waits 4 to 9 seconds for
another one; a test that has no need of that kills `NatsCluster.follower`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import nats

from netdumplings.backbone.servers import ServerPorts, free_ports

from .commands import PATIENCE
from .nats import NatsServer, wait_until
from .switch import Switch

#: Ports of servers that are alone at their address.
_USUAL = ServerPorts(4222, 6222, 8222)


class NatsCluster:
    """Some nats-servers with JetStream that are one cluster; as a context manager it runs.

    Args:
        directory: for all that they write.
        size: how many there are.
        switch: what connects their namespaces, if each is to be in one of its own.
        **settings: of each, as `NatsServer` takes them.

    Attributes:
        servers: those that run and those that do not.
    """

    def __init__(
        self, directory: Path, size: int = 3, switch: Switch | None = None, **settings: Any
    ) -> None:
        if switch is None:
            hosts, ports = ["127.0.0.1"] * size, free_ports(size)
            prefixes: list[tuple[str, ...]] = [()] * size
        else:
            hosts, ports = switch.hosts, [_USUAL] * size
            prefixes = [("ip", "netns", "exec", name) for name in switch.namespaces]
        routes = [f"{host}:{at.routes}" for host, at in zip(hosts, ports, strict=True)]
        self.servers = [
            NatsServer(
                directory / f"nats-{number}",
                name=f"nats-{number}",
                host=host,
                ports=at,
                routes=routes,
                prefix=prefix,
                **settings,
            )
            for number, (host, at, prefix) in enumerate(zip(hosts, ports, prefixes, strict=True))
        ]

    @property
    def urls(self) -> list[str]:
        """The addresses of all servers, for clients."""
        return [server.url for server in self.servers]

    @property
    def backbone(self) -> str:
        """The same, as ``--backbone`` takes them."""
        return ",".join(self.urls)

    def start(self) -> None:
        """Start those that do not run, and wait until JetStream has a leader all know."""
        for server in self.servers:
            if not server.running:
                server.start(wait=False)
        self.wait()

    def wait(self) -> None:
        """Wait until those that run are ready, and of one mind about who is JetStream's leader."""
        running = [server for server in self.servers if server.running]

        def is_so() -> bool:
            leaders = {_leader(server, None) for server in running}
            is_one_of_them = leaders <= {server.program.name for server in running}
            ready = all(server.program.is_ready() for server in running)
            return len(leaders) == 1 and is_one_of_them and ready

        for server in running:
            server.wait()
        wait_until(is_so, lambda: "the servers do not agree about a leader")

    def kill(self, number: int) -> None:
        """End one by SIGKILL."""
        self.servers[number].kill()

    def restart(self, number: int, wait: bool = True) -> None:
        """Kill one if it runs, and start it again."""
        self.servers[number].restart(wait)

    def leader(self, stream: str | None = None, *, other_than: int | None = None) -> int:
        """Wait for the leader of a stream, or of JetStream itself; return which server it is.

        Args:
            stream: the stream's name.
            other_than: one that does not count: it was killed or cut off just now, and what the
                others say of it may be old.
        """
        found: list[int] = []

        def is_known() -> bool:
            told = [_leader(server, stream) for server in self.servers if server.running]
            told = [name for name in told if name is not None]
            for number, server in enumerate(self.servers):
                # Who is cut off may take itself for the leader still.
                if number == other_than or not server.running:
                    continue
                if 2 * told.count(server.program.name) > len(told):
                    found.append(number)
            return bool(found)

        wait_until(is_known, lambda: f"no leader of {stream or 'JetStream'}")
        return found[0]

    async def move_leader(self, stream: str, number: int) -> None:
        """Have a certain server lead a stream."""
        connection = await nats.connect(self.urls)
        question = {"placement": {"preferred": self.servers[number].program.name}}
        subject = f"$JS.API.STREAM.LEADER.STEPDOWN.{stream}"
        try:
            await connection.request(subject, json.dumps(question).encode(), timeout=PATIENCE)
        finally:
            await connection.close()
        wait_until(lambda: self.leader(stream) == number, lambda: f"{number} does not lead")

    def wait_until_current(self, stream: str) -> None:
        """Wait until all servers have what a stream has now: another one may be killed then."""
        wanted = _last(self.servers[self.leader(stream)], stream)
        wait_until(
            lambda: all(_last(server, stream) >= wanted for server in self.servers),
            lambda: f"not all servers have all of {stream}",
        )

    def follower(self, stream: str | None = None) -> int:
        """Return which server runs and leads neither the stream nor JetStream itself."""
        leaders = {self.leader(), self.leader(stream)}
        followers = [n for n, server in enumerate(self.servers) if server.running]
        return next(n for n in followers if n not in leaders)

    def __enter__(self) -> Self:
        try:
            self.start()
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
        for server in self.servers:
            if server.running:
                server.kill()


@contextmanager
def separate_cluster(
    directory: Path, size: int = 3, **settings: Any
) -> Iterator[tuple[NatsCluster, Switch]]:
    """Run a cluster of servers in namespaces of their own, each with its network cable."""
    with ExitStack() as stack:
        switch = stack.enter_context(Switch(size))
        cluster = NatsCluster(directory, size, switch, **settings)
        yield stack.enter_context(cluster), switch


def _leader(server: NatsServer, stream: str | None) -> str | None:
    """Whom a server takes for the leader; empty if it knows of none, None if it has no part."""
    if stream is None:
        cluster = server.monitoring("jsz").get("meta_cluster", {})
        return str(cluster.get("leader", ""))
    details = _details(server, stream)
    return None if details is None else str(details.get("cluster", {}).get("leader", ""))


def _last(server: NatsServer, stream: str) -> int:
    """The number of the last message that a server has of a stream; 0 if it has no part in it."""
    details = _details(server, stream)
    return 0 if details is None else int(details["state"]["last_seq"])


def _details(server: NatsServer, stream: str) -> dict[str, Any] | None:
    """What a server says of a stream; None if it has no part in it."""
    for account in server.monitoring("jsz?accounts=true&streams=true")["account_details"]:
        for one in account.get("stream_detail", ()):
            if one["name"] == stream:
                return dict(one)
    return None
