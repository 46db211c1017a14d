"""The connection of one peer, whatever it sends.

The WebSocket library parses all that has come in at once, answers each ping at once, and keeps what
a peer does not read. What that can be made to cost is limited here.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode
from websockets.protocol import Event, State

from ..wire import Cause, CloseCode, Refusal, refuse
from ..wire.frames import PONG_FRAME
from .closing import CLOSE_TIMEOUT
from .refusals import RefusalLog
from .room import Room
from .tokens_file import Entry

logger = logging.getLogger(__name__)

#: Bytes of a WebSocket handshake; browsers stay far below.
MAX_HANDSHAKE: Final = 16 * 1024
#: Bytes read in one go. A peer that must send more than a hello may fill asyncio's own buffer.
READ_SIZE: Final = 256 * 1024
#: Everybody else gets a turn after so many frames; they are counted every so many bytes. (A frame
#: may be six bytes long.)
FRAMES_A_TURN: Final = 500
_SLICE: Final = 4 * 1024
#: A peer whose frames are long has its bytes taken in larger slices, up to so many: to look often
#: takes as long as to read a batch. (What it can then send of six bytes is within what it may.)
_MAX_SLICE: Final = 64 * 1024
_FEW_FRAMES: Final = 8
#: Frames of one message.
MAX_FRAGMENTS: Final = 1024
#: Pings and pongs within so many seconds that are too many, if they are more than the messages.
MAX_CONTROLS: Final = 1000
_CONTROLS_WITHIN: Final = 10.0
#: Pings and messages to be taken from a peer that does not read what it is answered.
MAX_UNREAD: Final = 1000
#: Seconds in which an answer must have been taken; a very long one, at so many bytes a second.
ANSWER_WITHIN: Final = 30.0
SLOWEST: Final = 128 * 1024
#: The close code for a peer that does not answer pings, as the library has it.
_NO_ANSWER: Final = 1011
_TOO_MANY_WAIT: Final = "too many connections wait to say hello"


class PeerConnection(ServerConnection):
    """A connection that keeps within its limits, and is in a room with all others of its port.

    Args:
        room: where it is a member, from its first moment to its last.
        refusals: where to log why its handshake failed, if it does.
        max_hello: bytes of its first message.
        read_size: bytes to read in one go.
        write_deadline: seconds in which the peer must take something of what waits for it, where
            that is more than the write limit.
        open_timeout: seconds that it has for its handshake, or to say what it asks for.
        *args: as the library gives them.
        **kwargs: likewise.

    Attributes:
        full: whether the peer has more unsent bytes waiting for it than the write limit.
        on_writable: is called when it was full and is not any more.
        refusal: why it was sent away, if it was by the connection itself.
        permit: the token that it was let in by; None if it has shown none yet, or need not.
        held: whether nothing is read of it for now; it is not given up then because its answers
            do not come.
    """

    def __init__(
        self,
        room: Room[PeerConnection],
        refusals: RefusalLog,
        max_hello: int,
        read_size: int,
        write_deadline: float,
        open_timeout: float,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.full = False
        self.on_writable: Callable[[], None] = _nothing
        self.refusal: Refusal | None = None
        self.permit: Entry | None = None
        self.held = False
        self._held_until = 0.0
        self._room = room
        self._refusals = refusals
        self._max_hello = max_hello
        self._read_size = read_size
        self._write_deadline = write_deadline
        self._open_timeout = open_timeout
        self._opening: asyncio.Timeout
        self._write_timer: asyncio.TimerHandle | None = None
        self._asks = self._answered = False
        self._heard = False
        self._unheard_bytes = 0
        self._rest = b""
        self._slice = _SLICE
        self._frames = self._fragments = 0
        self._controls = self._messages = self._unread = 0
        self._controls_since = self.loop.time()
        self._deadline: asyncio.TimerHandle | None = None

    @property
    def host(self) -> str:
        """The peer's address, without its port; ``?`` if it was gone before we could ask."""
        return str(self.remote_address[0]) if self.remote_address else "?"

    @property
    def port(self) -> int:
        """The peer's port; 0 if it was gone before we could ask."""
        return int(self.remote_address[1]) if self.remote_address else 0

    @property
    def where(self) -> str:
        """The peer's ``host:port``."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def called_at(self) -> str:
        """The address of this host that the peer has connected to; empty if it was gone by then."""
        return str(self.local_address[0]) if self.local_address else ""

    def tls_failed(self, reason: str) -> None:
        """Note that there is no TLS with the peer; the connection is closed then."""
        if self.refusal is None:
            self.refusal = refuse(CloseCode.PROTOCOL_ERROR, "TLS", reason)

    def ask(self) -> None:
        """Note that the peer asks for something that is no WebSocket."""
        self._asks = True
        self._make_room(self._room.ask(self, self.host), "too many ask for a page")

    def wait_for(self, seconds: float) -> None:
        """Note that its answer may take so long to make."""
        self._opening.reschedule(self.loop.time() + seconds)

    def answer(self, size: int) -> None:
        """Note that it is given what it asked for, or told that there is nothing.

        Args:
            size: bytes of the answer, which count until the peer has gone.
        """
        self._answered = True
        within = max(ANSWER_WITHIN, size / SLOWEST)
        self._opening.reschedule(self.loop.time() + within)
        if slowest := self._room.keep(self, size):
            slowest.unload()

    def unload(self) -> None:
        """Send the peer away because its port keeps too much of messages and answers."""
        if self._asks:
            reason = "an answer that it does not read, among too many such"
            self.refuse(Refusal(CloseCode.TOO_BIG, reason, "does not read"), at_once=True)
        else:
            reason = "a message that does not end, among too many such"
            self.refuse(Refusal(CloseCode.TOO_BIG, reason, "too big"))

    def admit(self) -> Refusal | None:
        """Note that the peer has said hello.

        Returns:
            why it must be sent away all the same: there are too many.
        """
        cause = self._room.admit(self, self.host)
        return None if cause is None else self._too_many(cause)

    def refuse(self, refusal: Refusal, *, at_once: bool = False) -> None:
        """Send the peer away; the first reason stands.

        Args:
            refusal: why.
            at_once: do not wait until it has read that.
        """
        if self.refusal is None:
            self.refusal = refusal
            if self.state is State.OPEN and not self.transport.is_closing():
                self.protocol.fail(refusal.code, refusal.reason)
                self.send_data()
        if at_once or self.state is State.CONNECTING:
            self.transport.abort()
        else:
            self._end_soon()

    def log_refusal(
        self, by: logging.Logger, cause: Cause, message: str, *arguments: object
    ) -> None:
        """Count that the peer was refused, and log it as a WARNING, unless its host is well known.

        Args:
            by: whose logger it is.
            cause: what to count it by.
            message: as for `logging.Logger.warning`.
            *arguments: likewise.
        """
        self._refusals.log(by, self.host, cause, message, *arguments)

    def log_news(self, by: logging.Logger, message: str, *arguments: object) -> None:
        """Log that the peer has come or gone, as INFO, unless its host does that all the time."""
        self._refusals.news(by, self.host, message, *arguments)

    async def keepalive(self) -> None:
        """Ping the peer now and then, and close the connection when it does not answer.

        The library has this called. Its own would close the connection, too, when we do not read
        the answer.
        """
        assert self.ping_interval is not None
        assert self.ping_timeout is not None
        while True:
            await asyncio.sleep(self.ping_interval)
            if self.held:
                continue
            with suppress(ConnectionClosed):
                answer = asyncio.ensure_future(await self.ping())
                answered, _ = await asyncio.wait({answer}, timeout=self.ping_timeout)
                if not answered and not self._was_held(self.ping_timeout):
                    async with self.send_context():
                        self.protocol.fail(_NO_ANSWER, "keepalive ping timeout")

    def hold(self) -> None:
        """Note that nothing is read of the peer for now."""
        self.held = True

    def release(self) -> None:
        """Note that it is read again."""
        self.held = False
        self._held_until = self.loop.time()

    def reassure(self) -> None:
        """Let the peer know that somebody is there, though nothing is read of it.

        That is a pong that it has not asked for (RFC 6455, section 5.5.3).
        """
        if self.state is State.OPEN and not self.transport.is_closing():
            self.transport.write(PONG_FRAME)

    def pause_writing(self) -> None:
        """Note that the peer reads too slowly; asyncio calls this."""
        self.full = True
        self._watch_writing()
        super().pause_writing()

    def resume_writing(self) -> None:
        """Note that the peer has caught up; asyncio calls this."""
        self.full = False
        self._unread = 0
        self._watch_writing()
        super().resume_writing()
        self.on_writable()

    async def handshake(self, *args: Any, **kwargs: Any) -> None:
        """Shake hands, or answer; the library calls this, and has a timeout that cannot change."""
        async with asyncio.timeout(self._open_timeout) as self._opening:
            await super().handshake(*args, **kwargs)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Enter the room; asyncio calls this when a client has connected."""
        if hasattr(transport, "max_size"):  # of asyncio's own transports on POSIX
            transport.max_size = self._read_size
        super().connection_made(transport)
        self._make_room(self._room.enter(self, self.host), _TOO_MANY_WAIT)

    def connection_lost(self, exc: Exception | None) -> None:
        """Log a handshake that failed; asyncio calls this when the socket is closed."""
        self._room.leave(self)
        self._rest = b""
        self.full = False
        self._watch_writing()
        if self._deadline:
            self._deadline.cancel()
        super().connection_lost(exc)
        shook_hands = self.response is not None and self.response.status_code == 101
        if not shook_hands and (self.refusal or not self._answered):
            cause = self.refusal.cause if self.refusal else "no WebSocket"
            self.log_refusal(logger, cause, "refused %s: %s", self.where, self._handshake_failure())
        self._untie()

    def check_room(self) -> Refusal | None:
        """Tell why the handshake may not go on: there are too many peers; None if it may."""
        cause = self._room.no_room(self.host)
        if cause is not None:
            self.refusal = self._too_many(cause)
        return self.refusal

    def data_received(self, data: bytes) -> None:
        """Take what has come in; asyncio calls this."""
        if self._rest:
            # Somebody has resumed reading who does not know of the rest.
            self._rest += data
            self.transport.pause_reading()
        else:
            self._take(data)

    def eof_received(self) -> None:
        """End; asyncio calls this when the peer will send nothing more."""
        super().eof_received()
        # asyncio would wait for ever until the peer has read what is written.
        self._end_soon()

    def process_event(self, event: Event) -> None:
        """Take a handshake or a frame; the library calls this."""
        first = self.request is None
        super().process_event(event)
        if isinstance(event, Frame):
            self._frames += 1
            self._watch(event)
        elif first:
            self._make_room(self._room.greet(self, self.host), _TOO_MANY_WAIT)

    def _was_held(self, within: float) -> bool:
        return self.held or self.loop.time() - self._held_until <= within

    def _take(self, data: bytes) -> None:
        self._frames = 0
        start = 0
        while start < len(data):
            end = start + self._slice
            size = min(end, len(data)) - start
            frames = self._frames
            super().data_received(data[start:end])
            frames = self._frames - frames
            self._slice = min(2 * self._slice, _MAX_SLICE) if frames <= _FEW_FRAMES else _SLICE
            self._count_unfinished(size, frames > 0)
            if not self._heard:
                self._check_greeting(size)
            if self._frames >= FRAMES_A_TURN and end < len(data):
                self._rest = data[end:]
                self.transport.pause_reading()
                self.loop.call_soon(self._take_rest)
                break
            start = end
        if self.protocol.close_expected():
            self._end_soon()

    def _take_rest(self) -> None:
        rest, self._rest = self._rest, b""
        if self.transport.is_closing():
            return
        if not self.recv_messages.paused:
            self.transport.resume_reading()
        self._take(rest)

    def _count_unfinished(self, size: int, some_frame_ended: bool) -> None:
        """Limit what is kept of messages without an end, with an eye on all other peers."""
        if self._asks:
            return
        if self.protocol.close_expected() or (some_frame_ended and not self._fragments):
            self._room.finish(self)
        elif slowest := self._room.keep(self, size):
            slowest.unload()

    def _check_greeting(self, size: int) -> None:
        """Limit what is kept of a peer that has yet to finish its first message."""
        self._unheard_bytes += size
        if self.request is None:
            if self._unheard_bytes > MAX_HANDSHAKE and self.protocol.state is State.CONNECTING:
                reason = f"not a WebSocket peer (no handshake within {MAX_HANDSHAKE} bytes)"
                self.refuse(Refusal(CloseCode.TOO_BIG, reason, "no WebSocket"))
        elif self._unheard_bytes > MAX_HANDSHAKE + self._max_hello:
            reason = f"a first message over {self._max_hello} bytes long"
            self.refuse(Refusal(CloseCode.TOO_BIG, reason, "too big"))

    def _watch(self, frame: Frame) -> None:
        if frame.opcode in (Opcode.PING, Opcode.PONG):
            self._watch_controls()
        elif frame.opcode is Opcode.CLOSE:
            return
        elif frame.fin:
            self._heard = True
            self._fragments = 0
            self._messages += 1
        else:
            self._fragments += 1
            if self._fragments > MAX_FRAGMENTS:
                reason = f"a message of over {MAX_FRAGMENTS} frames"
                self.refuse(Refusal(CloseCode.TOO_BIG, reason, "too big"))
        if self.full:
            self._unread += 1
            if self._unread > MAX_UNREAD:
                reason = "it does not read what it is answered"
                refusal = Refusal(CloseCode.POLICY_VIOLATION, reason, "does not read")
                self.refuse(refusal, at_once=True)

    def _watch_writing(self) -> None:
        """Give the peer some seconds, where it must read something.

        Pings do not find out about one that does not: they wait behind what it does not read.
        """
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None
        if self.full:
            size = self.transport.get_write_buffer_size()
            self._write_timer = self.loop.call_later(
                self._write_deadline, self._check_writing, size
            )

    def _check_writing(self, size: int) -> None:
        if self.transport.get_write_buffer_size() < size:
            # It reads, if slowly. Whether too slowly, is for those to say who write to it.
            self._watch_writing()
            return
        reason = f"it has read nothing for {self._write_deadline:g} seconds"
        refusal = Refusal(CloseCode.POLICY_VIOLATION, reason, "does not read")
        self.refuse(refusal, at_once=True)

    def _watch_controls(self) -> None:
        self._controls += 1
        if self._controls < MAX_CONTROLS:
            return
        now = self.loop.time()
        if now - self._controls_since < _CONTROLS_WITHIN and self._messages < self._controls:
            reason = f"over {MAX_CONTROLS} pings within {_CONTROLS_WITHIN:g} seconds"
            self.refuse(Refusal(CloseCode.POLICY_VIOLATION, reason, "too many pings"))
        self._controls_since = now
        self._controls = self._messages = 0

    def _make_room(self, leaver: PeerConnection | None, reason: str) -> None:
        if leaver is not None:
            leaver.refuse(Refusal(CloseCode.TOO_MANY, reason, "too many"), at_once=True)

    def _too_many(self, cause: Cause) -> Refusal:
        room = self._room
        if cause == "too many":
            what = f"{room.max_connections} peers on this port, its limit (--max-connections)"
        else:
            what = f"{room.max_per_address} peers of one address, its limit (--max-per-address)"
        return Refusal(CloseCode.TOO_MANY, f"the hub has {what}", cause)

    def _end_soon(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(CLOSE_TIMEOUT, self.transport.abort)

    def _untie(self) -> None:
        """Take the library's object apart, so that it is gone once nobody needs it.

        It refers to itself in several ways. After a flood of connections, it would take the garbage
        collector long enough to find them all for peers to notice.
        """
        self.protocol.handshake_exc = None
        if self.protocol.parser_exc is not None:
            # Its frames have everything else.
            self.protocol.parser_exc.with_traceback(None)
        self.protocol.parser.close()
        vars(self.protocol).pop("select_subprotocol", None)
        # asyncio's own transport has one of its own methods in an attribute.
        getattr(self.transport, "__dict__", {}).pop("_read_ready_cb", None)

    def _handshake_failure(self) -> str:
        if self.refusal is not None:
            return self.refusal.reason
        if self.response is not None:
            return f"not a WebSocket peer (answered HTTP {self.response.status_code})"
        return "not a WebSocket peer"


def _nothing() -> None:
    """Take note of nothing."""
