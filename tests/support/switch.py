"""Hosts on one switch: network namespaces and a bridge, made for a test and removed."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Self

from .network import ip


class Switch:
    """Network namespaces on one bridge, which this process is on, too.

    Needs `network.why_not` to be None. As a context manager the network is there, and removed at
    the end.

    Args:
        size: how many namespaces.

    Attributes:
        namespaces: their names, as ``ip netns`` has them; commands run in them, too.
        hosts: the address of each.
        here: the address of this process's own namespace.
    """

    _numbers = count()

    def __init__(self, size: int = 3) -> None:
        unique = f"{os.getpid()}-{next(self._numbers)}"
        self.namespaces = [f"nd-s{number}-{unique}" for number in range(size)]
        self.hosts: list[str] = []
        self.here = ""
        self._bridge = ""

    def partition(self, number: int, *, from_here: bool = False) -> None:
        """Cut one off from the others, silently: nothing is refused, all is lost.

        Args:
            number: which.
            from_here: cut it off from this process's namespace, and all that runs there, too.
        """
        if from_here:
            ip("link", "set", self._port(number), "down")
        for one, other in self._between(number):
            ip("-n", self.namespaces[one], "route", "replace", "blackhole", self.hosts[other])

    def heal(self, number: int) -> None:
        """Undo `partition`."""
        ip("link", "set", self._port(number), "up")
        for one, other in self._between(number):
            subprocess.run(
                ["ip", "-n", self.namespaces[one], "route", "del", "blackhole", self.hosts[other]],
                check=False,
                capture_output=True,
            )

    def __enter__(self) -> Self:
        try:
            self._make()
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
        # A namespace goes when the last process in it has, and its interface only then.
        ports = map(self._port, range(len(self.namespaces)))
        removing = [["ip", "link", "del", port] for port in ports]
        removing += [["ip", "netns", "del", name] for name in self.namespaces]
        removing.append(["ip", "link", "del", self._bridge])
        for command in removing:
            subprocess.run(command, check=False, capture_output=True)

    def _make(self) -> None:
        # Who has the bridge of a number has its addresses.
        for number in range(os.getpid() % 250, 500):
            bridge = f"nd-b{number % 250}"
            if any(Path("/sys/class/net").glob(f"{bridge}-*")):
                continue  # of one whose end was cut short
            try:
                ip("link", "add", "name", bridge, "type", "bridge")
            except subprocess.CalledProcessError:
                continue
            self._bridge = bridge
            break
        assert self._bridge, "no bridge can be made"
        network = f"10.78.{self._bridge.removeprefix('nd-b')}"
        self.here = f"{network}.254"
        ip("addr", "add", f"{self.here}/24", "dev", self._bridge)
        ip("link", "set", self._bridge, "up")
        for number, name in enumerate(self.namespaces):
            self.hosts.append(f"{network}.{number + 1}")
            ip("netns", "add", name)
            ip("link", "add", self._port(number), "master", self._bridge, "type", "veth",
               "peer", "name", "eth0", "netns", name)  # fmt: skip
            ip("-n", name, "addr", "add", f"{self.hosts[-1]}/24", "dev", "eth0")
            ip("-n", name, "link", "set", "eth0", "up")
            ip("-n", name, "link", "set", "lo", "up")
            ip("link", "set", self._port(number), "up")

    def _port(self, number: int) -> str:
        return f"{self._bridge}-{number}"

    def _between(self, number: int) -> Iterator[tuple[int, int]]:
        for other in range(len(self.namespaces)):
            if other != number:
                yield number, other
                yield other, number
