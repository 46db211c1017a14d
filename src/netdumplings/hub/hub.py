"""`DumplingHub`: the hub, as programs use it."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Collection, Iterator
from types import TracebackType
from typing import Any, Self

from .. import defaults
from ..backbone import BackboneSettings, parse_servers
from ..transport.tokens import Role
from ..wire import MAX_NAME, Limits
from .access import Access, PathLike
from .backbone_login import with_login
from .service import Service, Settings
from .site import read_page


class DumplingHub:
    """Takes dumplings from any number of kitchens, and gives every one to every eater.

    Use `run` in a program of its own, ``async with`` (or `serve`) in one that has an event loop::

        async with DumplingHub(in_port=0, out_port=0) as hub:
            print("kitchens connect to", hub.in_port, "and eaters to", hub.out_port)
            ...

    Nothing that a peer sends ends it: who breaks the protocol is closed with a code and a
    reason, and one line in the log of ``netdumplings.hub``.

    Args:
        address: a name or IP address of this host. A name that has several addresses
            (``localhost`` has an IPv4 and an IPv6 one) is listened to on all of them.
        in_port: for kitchens; 0 takes one that is free.
        out_port: for eaters; 0 takes one that is free.
        status_freq: seconds between two status dumplings.
        hello_timeout: seconds that a peer has for its WebSocket handshake, and then again for its
            first message.
        max_hello: bytes of a first message.
        max_message: bytes of a dumpling; more than 1 MiB no eater of ours would take.
        max_depth: how deep the lists and objects in a dumpling's payload may be nested; at most
            512, beyond which many JSON readers fail.
        eater_buffer: bytes the hub holds for an eater that does not read; beyond, its dumplings
            are dropped and counted until half of them are gone.
        eater_messages: how many dumplings it holds for one; likewise.
        eater_grace: seconds that an eater may be slow before it is sent away.
        write_deadline: seconds after which a peer is cut that takes nothing of what waits for it.
        history_bytes: how much memory the latest dumplings may take, which the hub keeps for
            eaters that come late or come back; 0 keeps none.
        max_connections: how many kitchens it takes, and again how many eaters; whoever is too many
            is refused.
        max_per_address: how many of those may come from one IPv4 address, or one IPv6 network.
        tokens: the file of ``nd-token``, of whose tokens every peer must then show one. What is
            changed in it holds within seconds.
        tls_cert: a file with the hub's certificate (and those of the authorities between it and
            one that is known), in PEM: peers must then speak TLS, with ``wss://`` addresses.
        tls_key: a file with its key; None if that is in the same file.
        tls_client_ca: a file with the authorities of the peers, which then need certificates, too.
        allow_hosts: names and addresses of the hub that it cannot know by itself. It answers only
            those who call it by one of its own (which ``address`` is).
        allow_origins: origins of web pages that may be eaters, as in ``https://example.org``,
            beside those of this host.
        allow_kitchen_origins: origins of web pages that may be kitchens; else none is.
        insecure: listen where others reach it, without tokens and TLS; and log in to a backbone
            by a password without TLS.
        backbone: the backbone that makes several hubs one: its servers, ``nats://HOST:PORT`` or
            ``tls://HOST:PORT`` with commas between them, or all that can be set. It takes
            ``netdumplings[nats]``.
        name: what the hub is called among the others; None for ``HOSTNAME:PORT``, with the port
            for kitchens (without, if that is 0).

    Raises:
        BackboneError: a file of the backbone's login is of no use, or the client of NATS is not
            installed.
        TlsError: a certificate or key is of no use.
        TokenError: the file of tokens is of no use.
        ValueError: an argument that makes no sense.
    """

    def __init__(
        self,
        address: str = defaults.HUB_ADDRESS,
        in_port: int = defaults.HUB_IN_PORT,
        out_port: int = defaults.HUB_OUT_PORT,
        status_freq: float = defaults.STATUS_FREQ,
        *,
        hello_timeout: float = defaults.FIRST_MESSAGE_TIMEOUT,
        max_hello: int = defaults.FIRST_MESSAGE,
        max_message: int = defaults.MAX_MESSAGE,
        max_depth: int = defaults.JSON_DEPTH,
        eater_buffer: int = defaults.EATER_BUFFER,
        eater_messages: int = defaults.EATER_MESSAGES,
        eater_grace: float = defaults.EATER_GRACE,
        write_deadline: float = defaults.WRITE_DEADLINE,
        history_bytes: int = defaults.HISTORY_BYTES,
        max_connections: int = defaults.MAX_CONNECTIONS,
        max_per_address: int = defaults.MAX_PER_ADDRESS,
        tokens: PathLike | None = None,
        tls_cert: PathLike | None = None,
        tls_key: PathLike | None = None,
        tls_client_ca: PathLike | None = None,
        allow_hosts: Collection[str] = (),
        allow_origins: Collection[str] = (),
        allow_kitchen_origins: Collection[str] = (),
        insecure: bool = False,
        backbone: BackboneSettings | str | None = None,
        name: str | None = None,
    ) -> None:
        if not status_freq > 0:
            raise ValueError(f"status_freq is a number of seconds above 0, not {status_freq}")
        if name is not None and not 0 < len(name) <= MAX_NAME:
            raise ValueError(f"a hub's name has 1 to {MAX_NAME} characters, not {len(name)}")
        if isinstance(backbone, str):
            backbone = BackboneSettings(servers=parse_servers(backbone))
        self.address = address
        self.status_freq = status_freq
        self._ports = (in_port, out_port)
        self._settings = Settings(
            status_freq=status_freq,
            hello_timeout=hello_timeout,
            limits=Limits(hello=max_hello, message=max_message, depth=max_depth),
            eater_buffer=eater_buffer,
            eater_messages=eater_messages,
            eater_grace=eater_grace,
            write_deadline=write_deadline,
            history_bytes=history_bytes,
            max_connections=max_connections,
            max_per_address=max_per_address,
            name=name or (f"{socket.gethostname()}:{in_port}" if in_port else socket.gethostname()),
            # Like all that is secret, its files are read before root is given up.
            backbone=with_login(backbone, insecure=insecure) if backbone else None,
        )
        self._access = Access(
            tokens=tokens,
            tls_cert=tls_cert,
            tls_key=tls_key,
            tls_client_ca=tls_client_ca,
            allow_hosts=allow_hosts,
            allow_origins=allow_origins,
            allow_kitchen_origins=allow_kitchen_origins,
            insecure=insecure,
        )
        # Before root is given up, who alone may be able to read it.
        self._page = read_page()
        self._service: Service | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event
        self._stop_wanted = False

    @property
    def in_port(self) -> int:
        """The port for kitchens: the real one while serving, the one asked for otherwise."""
        return self._service.in_port if self._service else self._ports[0]

    @property
    def out_port(self) -> int:
        """The port for eaters: the real one while serving, the one asked for otherwise."""
        return self._service.out_port if self._service else self._ports[1]

    @property
    def name(self) -> str:
        """What the hub is called among the others of its backbone."""
        return self._settings.name

    def run(self) -> None:
        """Serve until SIGINT or SIGTERM; then stop as `serve` does, and return.

        A second signal ends it at once, without waiting for any peer. SIGHUP does as `reload` if
        there are files to read again, and ends it otherwise.

        Raises:
            CannotListen: a port cannot be had; neither is open then.
            Unprotected: others would reach it, and it has no tokens or no TLS; see ``insecure``.
        """
        asyncio.run(self._run())

    async def serve(self) -> None:
        """Serve until `stop` is called or the task is cancelled.

        Then nobody is accepted any more, what has come in is written to the eaters, and every
        connection is closed with code 1001. Peers that do not answer delay that by some seconds.

        Raises:
            CannotListen: a port cannot be had; neither is open then.
            Unprotected: as for `run`.
        """
        async with self:
            await self._stopping.wait()

    def reload(self) -> None:
        """Read the files with tokens, certificate and key again.

        A new certificate is for new connections; those whose tokens are gone are sent away. Files
        that are of no use leave things as they were; the log says so.
        """
        self._access.reload()

    @property
    def speaks_tls(self) -> bool:
        """Whether its addresses begin with ``wss://``."""
        return self._access.tls is not None

    def own_access(self, name: str, *roles: Role) -> dict[str, Any]:
        """Give what a kitchen or an eater in this process needs to get into this hub.

        Args:
            name: what to call its token, which this hub alone knows, and only while it is there.
            *roles: what it is for.

        Returns:
            arguments for a `DumplingKitchen` or a `DumplingEater`.
        """
        tokens = self._access.tokens
        return {
            "token": tokens.issue(name, roles) if tokens else "",
            "tls_ca": self._access.tls.cert if self._access.tls else None,
            "insecure": True,
        }

    def stop(self) -> None:
        """Make `serve` or `run` end, also one that is yet to begin; any thread may call it."""
        self._stop_wanted = True
        if self._loop is not None:
            # The loop may be closed by now: then there is nothing to stop.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._stopping.set)

    async def __aenter__(self) -> Self:
        if self._service is not None:
            raise RuntimeError("this hub is serving already")
        service = Service(self._settings, self._access, self._page)
        self._stopping = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        if self._stop_wanted:
            self._stopping.set()
        await service.start(self.address, *self._ports)
        self._service = service
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._service is not None
        try:
            await self._service.stop()
        finally:
            self._service = None
            self._loop = None
            self._stop_wanted = False

    async def _run(self) -> None:
        with self._signals():
            await self.serve()

    def _hang_up(self) -> None:
        if self._access.can_reload:
            self._access.reload()
        else:
            self._signal()

    def _signal(self) -> None:
        if self._stop_wanted and self._service is not None:
            self._service.abort()
        self.stop()

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        caught = []
        handlers = {signal.SIGINT: self._signal, signal.SIGTERM: self._signal}
        hangup = getattr(signal, "SIGHUP", None)  # Windows has none
        # nohup(1) ignores it, so that a hub outlives its terminal.
        ignored = hangup is not None and signal.getsignal(hangup) is signal.SIG_IGN
        if hangup is not None and (self._access.can_reload or not ignored):
            handlers[hangup] = self._hang_up
        try:
            # Windows has no such handlers, and only the main thread may have any: there, an
            # interrupt cancels the task, and a thread calls `stop`.
            with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
                for number, handler in handlers.items():
                    loop.add_signal_handler(number, handler)
                    caught.append(number)
            yield
        finally:
            for number in caught:
                loop.remove_signal_handler(number)
