"""The process that starts the servers and hubs of ``nd-up --cluster``, and sees them end.

It is forked before anything else is done, in a group of processes of its own, so that Ctrl-C is
for the kitchen, which ends first. It ends them all when it is told to, and when nobody is there
any more to tell it: however the command ends, nothing stays behind. The servers end when it does,
killed or not, and so do the hubs.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import logging
import os
import select
import shutil
import signal
import socket
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn

import click

from netdumplings.backbone import BackboneSettings
from netdumplings.backbone.servers import NatsServer, find_nats_server, free_ports
from netdumplings.exceptions import CannotListen, NetDumplingsError

from . import logs
from .errors import Failure
from .hub_options import make_hub
from .privileges import as_whom, give_up_root

logger = logging.getLogger("netdumplings.cluster")

#: Seconds for servers to come up, and for hubs to end.
READY_WITHIN: Final = 30.0
END_WITHIN: Final = 8.0
#: Bytes that the stream may take, if nobody says so: its servers share one disk.
MAX_BYTES: Final = 256 * 1024 * 1024
#: Bytes of what a process says once of itself.
_REPORT: Final = 64 * 1024


@dataclass
class _Hub:
    """A hub's process.

    Attributes:
        name: what it is called.
        pid: its number.
        line: it reports there, and ends when that is closed.
        status: how it has ended, as of `subprocess.Popen.returncode`.
    """

    name: str
    pid: int
    line: socket.socket
    status: int | None = None

    def ended(self) -> bool:
        """Look whether it has."""
        if self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self.status = os.waitstatus_to_exitcode(status) if pid else None
        return self.status is not None

    def signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if not self.ended():
            os.kill(self.pid, number)


class Keeper:
    """Keeps a cluster, in a process that is there for nothing else.

    Args:
        size: how many servers, and how many hubs.
        options: those of the first hub, as `make_hub` takes them.
        user: whom to become, if this is root.
        line: to whom it reports, in one message, and who tells it to end, in another, or is gone.
    """

    def __init__(
        self, size: int, options: Mapping[str, Any], user: str | None, line: socket.socket
    ) -> None:
        self._size = size
        self._options = options
        self._user = user
        self._line = line
        self._directory: Path | None = None
        self._servers: list[NatsServer] = []
        self._hubs: list[_Hub] = []

    def run(self) -> NoReturn:
        """Keep it, to the end of this process."""
        status = 1
        try:
            self._leave_the_terminal()
            self._line.send(json.dumps(self._begin()).encode())
            self._watch()
            status = 0
        except (NetDumplingsError, click.ClickException, OSError) as error:
            problem = error.message if isinstance(error, click.ClickException) else str(error)
            with suppress(OSError):
                self._line.send(json.dumps({"problem": problem}).encode())
        except SystemExit:
            status = 0
        except BaseException:
            logger.exception("the cluster ends")
        finally:
            self._end()
            os._exit(status)

    def _leave_the_terminal(self) -> None:
        logs.name_process("cluster")
        os.setpgid(0, 0)
        for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTTOU):
            signal.signal(number, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, _stop)

    def _begin(self) -> dict[str, Any]:
        """Start all of it; returns what there is."""
        program = find_nats_server()
        assert program is not None
        who = as_whom(self._user)
        self._directory = Path(tempfile.mkdtemp(prefix="nd-up-"))
        numbers = None
        if who is not None:
            numbers = (who.uid, who.gid)
            os.chown(self._directory, *numbers)
        ports = free_ports(self._size)
        routes = [f"127.0.0.1:{each.routes}" for each in ports]
        for number, each in enumerate(ports, 1):
            name = f"nats-{number}"
            self._servers.append(
                NatsServer(
                    program,
                    self._directory / name,
                    each,
                    name=name,
                    routes=routes if self._size > 1 else (),
                    user=numbers,
                )
            )
        for server in self._servers:
            server.start()
        give_up_root(self._user)
        # While the servers come up.
        importlib.import_module("netdumplings.hub.hub")
        self._wait_for_servers()
        hubs = list(self._start_hubs())
        return {
            "directory": str(self._directory),
            "servers": [
                {"name": server.name, "pid": server.pid, "url": server.url, "ports": server.ports}
                for server in self._servers
            ],
            "hubs": hubs,
        }

    def _wait_for_servers(self) -> None:
        deadline = time.monotonic() + READY_WITHIN
        for server in self._servers:
            while not server.is_ready():
                if time.monotonic() > deadline:
                    raise Failure(f"{server.name} does not come up: {server.last_words}")
                time.sleep(0.02)

    def _start_hubs(self) -> Iterator[dict[str, Any]]:
        for number in range(self._size):
            self._hubs.append(self._fork_hub(number))
        for hub in self._hubs:
            told = json.loads(hub.line.recv(_REPORT) or b"{}")
            if "in_port" not in told:
                raise Failure(f"{hub.name}: {told.get('problem', 'it has ended')}")
            yield {"name": hub.name, "pid": hub.pid, **told}

    def _fork_hub(self, number: int) -> _Hub:
        name = f"{self._options['name'] or 'hub'}-{number + 1}"
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        pid = os.fork()
        if not pid:
            # Whoever holds one of these keeps others from seeing that we have ended.
            for line in (self._line, ours, *(hub.line for hub in self._hubs)):
                line.close()
            _be_hub(name, self._hub_options(name, number), number, theirs)
        theirs.close()
        return _Hub(name, pid, ours)

    def _hub_options(self, name: str, number: int) -> dict[str, Any]:
        ports = {name: self._options[name] for name in ("in_port", "out_port")}
        if all(ports.values()):
            # The first is where one looks for it, the others are in the ports behind.
            ports = {name: port + 2 * number for name, port in ports.items()}
        backbone = BackboneSettings(
            servers=[server.url for server in self._servers], max_bytes=MAX_BYTES
        )
        return {**self._options, **ports, "name": name, "backbone": backbone}

    def _watch(self) -> None:
        """Say which of them ends, until there is no need for any."""
        waking, woken = os.pipe()
        for end in (waking, woken):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(woken)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        line = self._line.fileno()
        said: set[str] = set()
        while True:
            for name, pid, status in self._ended():
                if name not in said:
                    said.add(name)
                    logger.warning("%s (process %d) %s", name, pid, _how(status))
            ready, _, _ = select.select([line, waking], [], [])
            if line in ready:
                return
            with suppress(BlockingIOError):
                os.read(waking, 4096)

    def _ended(self) -> Iterator[tuple[str, int, int]]:
        for server in self._servers:
            if not server.running and server.process is not None:
                yield server.name, server.pid, server.process.returncode
        for hub in self._hubs:
            if hub.ended() and hub.status is not None:
                yield hub.name, hub.pid, hub.status

    def _end(self) -> None:
        for hub in self._hubs:
            hub.signal(signal.SIGTERM)
        deadline = time.monotonic() + END_WITHIN
        for hub in self._hubs:
            while not hub.ended():
                if time.monotonic() > deadline:
                    hub.signal(signal.SIGKILL)
                time.sleep(0.01)
        for server in self._servers:
            # What it has stored is not needed any more.
            server.signal(signal.SIGKILL)
            if server.process is not None:
                server.process.wait()
        if self._directory is not None:
            shutil.rmtree(self._directory, ignore_errors=True)


def _be_hub(name: str, options: dict[str, Any], number: int, line: socket.socket) -> NoReturn:
    """Be a hub, to the end of this process."""
    status = 1
    try:
        logs.name_process(name)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        asyncio.run(_serve(options, number, line))
        status = 0
    except (NetDumplingsError, click.ClickException, ValueError) as error:
        problem = error.message if isinstance(error, click.ClickException) else str(error)
        with suppress(OSError):
            line.send(json.dumps({"problem": problem}).encode())
    except BaseException:
        logger.exception("the hub ends")
    finally:
        logging.shutdown()
        os._exit(status)


async def _serve(options: dict[str, Any], number: int, line: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stopping.set)
    hub = make_hub(**options)
    try:
        await hub.__aenter__()
    except CannotListen:
        if number == 0:
            raise
        hub = make_hub(**{**options, "in_port": 0, "out_port": 0})
        await hub.__aenter__()
    try:
        line.send(json.dumps({"in_port": hub.in_port, "out_port": hub.out_port}).encode())
        loop.add_reader(line, stopping.set)
        await stopping.wait()
        loop.remove_reader(line)
    finally:
        await hub.__aexit__(None, None, None)


def _how(status: int) -> str:
    if status < 0:
        return f"was ended by {signal.Signals(-status).name}"
    return f"has ended with status {status}"


def _stop(_number: int, _frame: Any) -> NoReturn:
    raise SystemExit(0)
