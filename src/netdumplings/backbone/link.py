"""A hub's connection to the servers of its backbone."""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
import socket
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import msgspec

from ..exceptions import BackboneError
from .settings import MISSING, BackboneSettings

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.aio.msg import Msg
    from nats.aio.subscription import Subscription

logger = logging.getLogger("netdumplings.hub")

#: Seconds for a server to take a connection, and between two tries of the same one.
CONNECT_TIMEOUT: Final = 2
RETRY_EVERY: Final = 0.5
#: Seconds between pings; a server that leaves two unanswered is given up.
PING_EVERY: Final = 5
#: Seconds for an answer.
ANSWER_WITHIN: Final = 3.0
#: So many answers in a row that do not come, and another server is tried: this one may be cut off
#: from the others.
SILENCES: Final = 2
#: How many reasons are logged of one absence.
MOST_REASONS: Final = 10
#: How often it is looked whether the client has given up, seconds.
GLANCE: Final = 1.0
#: Bytes of messages that have come and are yet to be dealt with, of one subscription.
MAX_UNREAD: Final = 256 * 1024 * 1024

#: The first part of the subjects of JetStream's interface (NATS, "JetStream wire API Reference").
API: Final = "$JS.API."


class EngineError(Exception):
    """The engine refuses something, or does not answer.

    Attributes:
        code: the engine's own number for it (``err_code``); 0 if there is none.
        reason: in words.
    """

    def __init__(self, reason: str, code: int = 0) -> None:
        self.code = code
        self.reason = reason
        super().__init__(reason)


class _Trouble(msgspec.Struct):
    description: str = ""
    err_code: int = 0
    code: int = 0


class _Answer(msgspec.Struct):
    error: _Trouble | None = None


_answers: Final = msgspec.json.Decoder(_Answer)


class Link:
    """Keeps a connection to one of the servers, and to another when that is lost.

    Args:
        settings: which, and how to get in.
        name: what the hub calls itself there.
        prepare: is awaited on each new connection, before anybody is told of it. An `EngineError`
            or a `BackboneError` it raises is the trouble until it has succeeded.
        on_up: is called when there is a connection, and it is prepared.
        on_down: is called when there is none any more.

    Attributes:
        up: whether there is a connection that is prepared.
        trouble: why there is none, in words; empty if there is, or nothing was tried yet.
        server: the server it is connected to, or was last.
        max_payload: bytes that a message may have.
    """

    def __init__(
        self,
        settings: BackboneSettings,
        name: str,
        prepare: Callable[[], Awaitable[None]],
        on_up: Callable[[], None],
        on_down: Callable[[], None],
    ) -> None:
        self._settings = settings
        self._name = name
        self._prepare = prepare
        self._on_up = on_up
        self._on_down = on_down
        self.up = False
        self.trouble = "not connected yet"
        self.server = ""
        self.max_payload = 1024 * 1024
        self._client: Client
        self._inbox = ""
        self._numbers = itertools.count(1)
        self._answers: dict[str, asyncio.Future[Msg]] = {}
        self._listeners: dict[str, Callable[[Msg], Awaitable[None]]] = {}
        self._subscriptions: dict[str, Subscription] = {}
        self._silences = 0
        self._stirred = asyncio.Event()
        self._rises = asyncio.Event()
        self._logged: set[str] = set()
        self._ending = False
        # What a server said last, and when.
        self._said = (0.0, "")

    async def run(self) -> None:
        """Connect, and stay connected, until cancelled.

        Raises:
            BackboneError: the client is not installed, or the settings are of no use.
        """
        client_class, options = self._load()
        try:
            await self._stay_connected(client_class, options)
        finally:
            self._ending = True
            self._fall("the hub is stopping")

    async def _stay_connected(self, client_class: type[Client], options: dict[str, Any]) -> None:
        while True:
            # A client that a server has told of an error closes for good.
            client: Client = client_class()
            self._client = client
            try:
                await self._connect(client, options)
                await self._keep_prepared(client)
            except asyncio.CancelledError:
                self._ending = True
                raise
            except EngineError as error:
                self._complain(error.reason)
            except Exception:
                logger.exception("a fault of the hub's own while it talks to its backbone")
            finally:
                self._fall("the connection to it is closed" if self.up else "")
                with suppress(Exception):
                    await client.close()
            await asyncio.sleep(RETRY_EVERY)

    async def rises(self) -> None:
        """Wait until there is a connection that is prepared."""
        while not self.up:
            await self._rises.wait()

    async def publish(
        self,
        subject: str,
        body: bytes,
        *,
        headers: Mapping[str, str] | None = None,
        reply: str = "",
    ) -> None:
        """Send a message, and do not wait for an answer.

        Raises:
            EngineError: it cannot be sent.
        """
        from nats.errors import Error

        try:
            await self._client.publish(
                subject, body, reply, headers=dict(headers) if headers is not None else None
            )
        except (Error, OSError) as error:
            raise EngineError(said(error)) from error

    async def ask(
        self, subject: str, body: bytes = b"", *, headers: Mapping[str, str] | None = None
    ) -> bytes:
        """Send a message, and wait for its answer, which is JSON.

        Args:
            subject: where to.
            body: the message.
            headers: its headers.

        Raises:
            EngineError: there is no answer, or it says that something is wrong.
        """
        number = f"{self._inbox}.{next(self._numbers)}"
        began = time.monotonic()
        future = self._answers[number] = asyncio.get_running_loop().create_future()
        try:
            await self.publish(subject, body, headers=headers, reply=number)
            async with asyncio.timeout(ANSWER_WITHIN):
                message = await future
        except TimeoutError:
            when, heard = self._said
            # A server that forbids something says so to no question in particular.
            why = f" ({heard})" if when >= began else ""
            if "permissions violation" not in why.lower():
                self._note_silence()
            raise EngineError(f"no answer within {ANSWER_WITHIN:g} seconds{why}") from None
        finally:
            del self._answers[number]
        self._silences = 0
        if message.headers and message.headers.get("Status") == "503":
            raise EngineError("no server takes that: JetStream is off, or has no leader")
        try:
            answer = _answers.decode(message.data)
        except msgspec.DecodeError as error:
            raise EngineError(f"an answer that is none: {error}") from None
        if answer.error is not None:
            raise EngineError(answer.error.description or "refused", answer.error.err_code)
        data: bytes = message.data
        return data

    async def api(self, what: str, question: Any = None) -> bytes:
        """Ask JetStream.

        Args:
            what: the last part of the subject.
            question: what JSON can hold; None for nothing.

        Raises:
            EngineError: as `ask` does.
        """
        body = b"" if question is None else msgspec.json.encode(question)
        return await self.ask(f"{API}{what}", body)

    async def listen(self, subject: str, take: Callable[[Msg], Awaitable[None]]) -> None:
        """Have messages of a subject taken, in order, over any number of connections.

        Raises:
            EngineError: it cannot be done now.
        """
        self._listeners[subject] = take
        await self._subscribe(subject)

    async def unlisten(self, subject: str) -> None:
        """Have messages of a subject taken no more."""
        self._listeners.pop(subject, None)
        subscription = self._subscriptions.pop(subject, None)
        if subscription is not None:
            with suppress(Exception):
                await subscription.unsubscribe()

    def new_inbox(self) -> str:
        """Give a subject of our own."""
        inbox: str = self._client.new_inbox()
        return inbox

    def prepare_again(self) -> None:
        """Have the connection prepared anew: something that was there is not any more."""
        self._fall("")
        self._stirred.set()

    def _load(self) -> tuple[type[Client], dict[str, Any]]:
        try:
            from .entrance import SafeClient, entrance
        except ImportError as error:
            raise BackboneError(MISSING) from error
        return SafeClient, entrance(self._settings)

    async def _connect(self, client: Client, options: dict[str, Any]) -> None:
        """Connect to whichever server is there.

        Raises:
            EngineError: what is there is no server of NATS.
        """
        try:
            await self._open(client, options)
        except Exception as error:
            # (Who is away, or says no, is tried again by the client itself.)
            raise EngineError(f"what answers is no server of NATS: {said(error)}") from error
        self._inbox = client.new_inbox()
        self._subscriptions.clear()
        self._listeners = {
            subject: take for subject, take in self._listeners.items() if take != self._answered
        }
        self._listeners[f"{self._inbox}.*"] = self._answered
        for subject in self._listeners:
            await self._subscribe(subject)
        self._stirred.set()

    async def _open(self, client: Client, options: dict[str, Any]) -> None:
        await client.connect(
            name=self._name,
            error_cb=self._note,
            disconnected_cb=self._lost,
            reconnected_cb=self._made,
            connect_timeout=CONNECT_TIMEOUT,
            reconnect_time_wait=RETRY_EVERY,  # type: ignore[arg-type]  # it only sleeps so long
            max_reconnect_attempts=-1,
            ping_interval=PING_EVERY,
            # What was not sent before a connection was lost is sent again by who knows.
            pending_size=0,
            **options,
        )

    async def _subscribe(self, subject: str) -> None:
        from nats.errors import Error

        try:
            self._subscriptions[subject] = await self._client.subscribe(
                subject,
                cb=self._listeners[subject],
                pending_msgs_limit=-1,
                pending_bytes_limit=MAX_UNREAD,
            )
        except (Error, OSError) as error:
            raise EngineError(said(error)) from error

    async def _keep_prepared(self, client: Client) -> None:
        """Prepare each connection that the client makes, until it makes no more."""
        while not client.is_closed:
            with suppress(TimeoutError):
                async with asyncio.timeout(GLANCE):
                    await self._stirred.wait()
            if not self._stirred.is_set():
                continue
            self._stirred.clear()
            if not client.is_connected:
                continue
            self.server = self._where()
            self.max_payload = client.max_payload
            try:
                await self._prepare()
            except (EngineError, BackboneError) as error:
                self._complain(str(error))
                await asyncio.sleep(RETRY_EVERY)
                self._stirred.set()
                continue
            if not self._stirred.is_set() and client.is_connected:
                self._rise()

    def _rise(self) -> None:
        if not self.up:
            logger.info("the backbone is there: %s", self.server)
        self.up = True
        self.trouble = ""
        self._logged.clear()
        self._silences = 0
        self._rises.set()
        self._on_up()

    def _fall(self, why: str) -> None:
        if self.up:
            self.up = False
            self._rises.clear()
            self._on_down()
        if why:
            self.trouble = why

    def _complain(self, why: str) -> None:
        """Log why there is no connection, once for each reason."""
        self._fall(why)
        # Of several servers, each may have a reason of its own.
        if why not in self._logged and len(self._logged) < MOST_REASONS:
            logger.warning("the backbone does not store: %s; will keep trying", why)
            self._logged.add(why)

    async def _made(self) -> None:
        self._stirred.set()

    async def _lost(self) -> None:
        if not self._ending:
            self._complain("the connection to it is lost" if self.up else self.trouble)
        for future in self._answers.values():
            if not future.done():
                future.set_exception(EngineError("the connection was lost before the answer"))

    async def _note(self, error: Exception) -> None:
        from nats.errors import Error

        if not isinstance(error, Error | OSError):
            # It comes from what takes messages.
            logger.error("a fault of the hub's own with what its backbone gave", exc_info=error)
        self._said = (time.monotonic(), said(error))
        if not self.up and not self._ending:
            self._complain(said(error))

    async def _answered(self, message: Msg) -> None:
        future = self._answers.get(message.subject)
        if future is not None and not future.done():
            future.set_result(message)

    def _note_silence(self) -> None:
        self._silences += 1
        if self._silences >= SILENCES and self._client.is_connected:
            self._silences = 0
            self._fall("the server does not answer; another is tried")
            # It makes a task of its own.
            self._forcing = asyncio.ensure_future(self._client.force_reconnect())

    def _where(self) -> str:
        url = self._client.connected_url
        return url.netloc.rpartition("@")[2] if url is not None else ""


def said(error: BaseException) -> str:
    """Say what an error of the client's says, in one line and escaped."""
    if isinstance(error, TimeoutError):
        return "no answer"
    if isinstance(error, socket.gaierror):
        return error.strerror or "a name that is not known"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed ({(error.reason or 'no reason given').lower().replace('_', ' ')})"
    if isinstance(error, OSError) and error.errno:
        # asyncio puts addresses into its own text, and a number.
        return os.strerror(error.errno).lower()
    text = str(error).removeprefix("nats: ").strip("'") or type(error).__name__
    if "authorization" in text.lower():
        return (
            "a server does not let the hub in (see --backbone-user, --backbone-password-file, "
            "--backbone-credentials)"
        )
    return ascii(text)[1:-1][:200]
