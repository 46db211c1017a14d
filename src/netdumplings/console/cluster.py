"""``nd-up --cluster``: several hubs on a backbone of several servers, all on this host."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any, Final, Self

import click

from .errors import Failure

#: What is told of a cluster once, in bytes.
_REPORT: Final = 64 * 1024
#: Servers of a cluster of which one may be killed, at least.
_ENOUGH: Final = 3
#: Options that a cluster has no use for, by their names in the program.
_NOT_HERE: Final = {
    "backbone": "--backbone",
    "tokens": "--token-file",
    "tls_cert": "--tls-cert",
    "tls_key": "--tls-key",
}


class Cluster:
    """Servers and hubs, in processes of their own; as a context manager they end at its end.

    However this process ends, they do; see `cluster_keeper`.

    Args:
        size: how many servers, and how many hubs.
        options: those of the hub, as `hub_options.make_hub` takes them.
        user: whom to become, if this is root.

    Attributes:
        line: can be read from when the cluster is no more.
        in_ports: the hubs' ports for kitchens.
        out_ports: the hubs' ports for eaters.
        ports: every port that anything of it listens on.
    """

    def __init__(self, size: int, options: Mapping[str, Any], user: str | None) -> None:
        for name, option in _NOT_HERE.items():
            if options[name] is not None:
                raise click.UsageError(
                    f"--cluster is for trying it out on this host, without {option}"
                )
        if not hasattr(os, "fork"):
            raise Failure("--cluster takes fork(2), which this system has not")
        self._size = size
        self._options = options
        self._user = user
        self._told: dict[str, Any] = {}
        self.in_ports: list[int] = []
        self.out_ports: list[int] = []
        self.ports: list[int] = []

    def __enter__(self) -> Self:
        """Start it, and wait until it is there.

        Raises:
            Failure: something of it does not start.
        """
        _look_for_server()
        # Forked chefs keep no socket, so none of them keeps the cluster alive.
        self.line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._owner = os.getpid()
        self._keeper = os.fork()
        if not self._keeper:
            self.line.close()
            from .cluster_keeper import Keeper

            Keeper(self._size, self._options, self._user, theirs).run()
        theirs.close()
        try:
            self._told = json.loads(self.line.recv(_REPORT) or b"{}")
            if "hubs" not in self._told:
                raise Failure(self._told.get("problem", "the cluster has ended"))
        except BaseException:
            self.__exit__(None, None, None)
            raise
        hubs, servers = self._told["hubs"], self._told["servers"]
        self.in_ports = [hub["in_port"] for hub in hubs]
        self.out_ports = [hub["out_port"] for hub in hubs]
        self.ports = [*self.in_ports, *self.out_ports]
        self.ports += [port for server in servers for port in server["ports"]]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # The process of the chefs leaves here, too; it is the other one that begun all this.
        if os.getpid() != self._owner:
            return
        with suppress(OSError):
            self.line.send(b"end")
        os.waitpid(self._keeper, 0)
        self.line.close()

    def as_text(self, host: str, page: str) -> str:
        """Say what runs where, and what to do with it.

        Args:
            host: where the hubs are reached.
            page: the address of their page, with the port as ``{}``.
        """
        lines = [
            f"{self._size} servers and {self._size} hubs, in {self._told['directory']}:",
            *(_row(server, server["url"]) for server in self._told["servers"]),
        ]
        for hub in self._told["hubs"]:
            ports = f"kitchens on port {hub['in_port']}, eaters on port {hub['out_port']}"
            lines.append(_row(hub, f"{ports}, {page.format(hub['out_port'])}"))
        lines.append(f"more eaters may join: nd-print --hub {addresses(host, self.out_ports)}")
        if self._size >= _ENOUGH:
            lines.append("kill any one server and any one hub, and watch: kill -9 PROCESS")
        elif self._size > 1:
            lines.append("kill any one hub, and watch: kill -9 PROCESS")
        return "\n".join(lines)


def addresses(host: str, ports: list[int]) -> str:
    """Write the addresses of several hubs as one text."""
    return ",".join(f"{host}:{port}" for port in ports)


def _row(process: Mapping[str, Any], more: str) -> str:
    return f"  {process['name']:<8} process {process['pid']:<7} {more}"


def _look_for_server() -> None:
    from netdumplings.backbone.servers import OLDEST, find_nats_server, version_of

    program = find_nats_server()
    what_to_do = "pip install 'netdumplings[cluster]'"
    if program is None:
        raise Failure(f"--cluster takes the program nats-server: {what_to_do}")
    version = version_of(program)
    if version < OLDEST:
        found = ".".join(map(str, version)) or "of no version that it would tell"
        oldest = ".".join(map(str, OLDEST))
        raise Failure(f"{program} is {found}; it is to be {oldest} or later: {what_to_do}")
