"""Two hosts on one cable: network namespaces and a veth pair, made for a test and removed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from itertools import count
from types import TracebackType
from typing import Any, Self

from .commands import clean_environment

_numbers = count()


def why_not() -> str | None:
    """Why namespaces cannot be had here, or None."""
    if sys.platform != "linux":
        return "network namespaces are Linux's"
    if os.geteuid() != 0:
        return "network namespaces need root"
    if shutil.which("ip") is None:
        return "network namespaces need iproute2"
    name = f"nd-try-{os.getpid()}"
    tried = subprocess.run(
        ["ip", "netns", "add", name], capture_output=True, text=True, check=False
    )
    if tried.returncode:
        return f"network namespaces cannot be made: {tried.stderr.strip()}"
    subprocess.run(["ip", "netns", "del", name], check=True)
    return None


_SEND_UDP = """
import socket, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
    udp.sendto(sys.argv[2].encode(), (sys.argv[1], 5005))
"""


class Cable:
    """Two namespaces, `left` and `right`, joined by a veth pair named eth0 on either side.

    Attributes:
        left: the name of the namespace that has 10.77.0.1.
        right: the name of the namespace that has 10.77.0.2.
    """

    LEFT_IP, RIGHT_IP = "10.77.0.1", "10.77.0.2"

    def __init__(self) -> None:
        unique = f"{os.getpid()}-{next(_numbers)}"
        self.left, self.right = f"nd-l-{unique}", f"nd-r-{unique}"

    def __enter__(self) -> Self:
        for name in (self.left, self.right):
            ip("netns", "add", name)
        try:
            ip("link", "add", "eth0", "netns", self.left, "type", "veth",
               "peer", "name", "eth0", "netns", self.right)  # fmt: skip
            for name, address in ((self.left, self.LEFT_IP), (self.right, self.RIGHT_IP)):
                ip("-n", name, "addr", "add", f"{address}/24", "dev", "eth0")
                ip("-n", name, "link", "set", "eth0", "up")
                ip("-n", name, "link", "set", "lo", "up")
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
        for name in (self.left, self.right):
            subprocess.run(["ip", "netns", "del", name], check=True)

    def send_udp(self, text: str) -> None:
        """Have a packet with a text come in at the left, at port 5005."""
        run_inside(self.right, sys.executable, "-c", _SEND_UDP, self.LEFT_IP, text)


def ip(*arguments: str) -> None:
    """Run ip(8)."""
    try:
        subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True)
    except subprocess.CalledProcessError as error:
        error.add_note(error.stderr)
        raise


def inside(namespace: str, *command: str) -> list[str]:
    """The command line that runs a command in a namespace."""
    return ["ip", "netns", "exec", namespace, *command]


def run_inside(namespace: str, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command that ends by itself in a namespace."""
    return subprocess.run(
        inside(namespace, *command), check=True, capture_output=True, text=True, timeout=30
    )


def start_inside(namespace: str, command: Sequence[str], **settings: Any) -> subprocess.Popen[str]:
    """Start a command in a namespace, its output as text lines in a pipe."""
    return subprocess.Popen(
        inside(namespace, *command),
        stdout=subprocess.PIPE,
        text=True,
        env=clean_environment(),
        **settings,
    )
