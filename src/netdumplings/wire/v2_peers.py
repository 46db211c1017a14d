"""The hub's side of a conversation in ``netdumplings.v2``, as a state machine.

The states are those of `peers`. In TALK a kitchen sends batches, tells its counts, and may say
hello again; an eater has nothing more to say. What has a type that is not known is ignored, so that
a later version may say more; but the first message must be a hello.
"""

from __future__ import annotations

import msgspec

from .codec import decode_eater_hello, decode_kitchen_hello
from .compression import choose
from .dumplings import read_dumplings
from .events import CountsReceived, DumplingsReceived, EaterHello, Event, KitchenHello
from .limits import CURSOR_ENTRY, Limits
from .messages import (
    MAX_SEQ,
    BatchMessage,
    CountsMessage,
    KitchenHelloMessage,
    UnknownType,
    read_from_eater,
    read_from_kitchen,
)
from .packet_messages import PacketsEndMessage, PacketsMessage, PacketsReceived
from .peers import Peer, State
from .refusals import Cause, CloseCode, Refusal, refuse, too_big, too_deep
from .subscriptions import subscription


class V2KitchenPeer(Peer):
    """A kitchen that numbers its dumplings and sends them in batches."""

    kind = "kitchen"
    raw = True

    def _read(self, message: bytes) -> Event | None:
        first, newline, body = message.partition(b"\n")
        try:
            if not first.isascii():
                first.decode()
            first_line = read_from_kitchen(first)
            # Strings in the payloads of dumplings are not looked into by the JSON reader. (Packets
            # are no text.)
            if not isinstance(first_line, PacketsMessage) and not body.isascii():
                body.decode()
        except UnknownType as unknown:
            return None if self.state is State.TALK else _not_hello(unknown)
        except (UnicodeDecodeError, msgspec.DecodeError, RecursionError) as error:
            cause: Cause = "no hello" if self.state is State.HELLO else "protocol"
            return _malformed(error, self.kind, cause)
        if isinstance(first_line, KitchenHelloMessage):
            if len(message) > self._limits.hello:
                return too_big("a first message", self._limits.hello)
            return _kitchen_hello(first_line, self._limits)
        if self.state is State.HELLO:
            return _not_hello("a message of another type")
        if isinstance(first_line, BatchMessage):
            return _batch(first_line, body if newline else None, self._limits)
        if isinstance(first_line, PacketsMessage):
            return PacketsReceived(first_line.ask, body)
        if isinstance(first_line, PacketsEndMessage):
            return first_line
        return _counts(first_line, self._limits)


class V2EaterPeer(Peer):
    """An eater that takes batches, and may have subscribed to something."""

    kind = "eater"
    raw = True

    def _read(self, message: bytes) -> Event | None:
        if self.state is State.TALK:
            return None
        try:
            hello = read_from_eater(message)
        except UnknownType as unknown:
            return _not_hello(unknown)
        except (UnicodeDecodeError, msgspec.DecodeError, RecursionError) as error:
            return _malformed(error, self.kind, "no hello")
        room = self._limits.hello + CURSOR_ENTRY * len(hello.resume or ())
        if len(message) > room:
            return too_big("a first message", room)
        who = decode_eater_hello(bytes(hello.announcement), limits=self._limits)
        if isinstance(who, Refusal):
            return who
        return EaterHello(
            who.name,
            who.announcement,
            subscription(chefs=hello.chefs, kitchens=hello.kitchens, drivers=hello.drivers),
            last=hello.last,
            since=hello.since,
            resume=hello.resume,
            encoding=choose(hello.compression or ()),
            packets=hello.packets,
            token=hello.token,
        )


def _kitchen_hello(message: KitchenHelloMessage, limits: Limits) -> Event:
    who = decode_kitchen_hello(bytes(message.announcement), limits=limits)
    if isinstance(who, Refusal):
        return who
    return KitchenHello(
        who.name,
        who.announcement,
        session=message.session,
        first=message.first,
        acknowledged=message.acknowledged,
        asks=tuple(dict.fromkeys(message.asks or ())),
        token=message.token,
    )


def _batch(message: BatchMessage, body: bytes | None, limits: Limits) -> Event:
    if body is None:
        return refuse(CloseCode.POLICY_VIOLATION, "protocol", "a batch without dumplings")
    metadata = read_dumplings(body, limits)
    if isinstance(metadata, Refusal):
        return metadata
    if message.first + len(metadata) > MAX_SEQ:
        reason = "the numbers of the batch are too large"
        return refuse(CloseCode.POLICY_VIOLATION, "protocol", reason)
    return DumplingsReceived(message.first, body, metadata)


def _counts(message: CountsMessage, limits: Limits) -> Event:
    counts = bytes(message.counts)
    # Eaters are shown it, so the same holds as for an announcement.
    announced = b'{"kitchen_name":"","counts":%b}' % counts
    checked = decode_kitchen_hello(announced, "message of counts", limits=limits)
    if isinstance(checked, Refusal):
        return checked
    if not counts.startswith(b"{"):
        return refuse(CloseCode.POLICY_VIOLATION, "protocol", "the counts are not a JSON object")
    return CountsReceived(counts)


def _not_hello(what: object) -> Refusal:
    reason = f"the first message is no hello but {what}"
    return refuse(CloseCode.POLICY_VIOLATION, "no hello", reason)


def _malformed(error: Exception, kind: str, cause: Cause) -> Refusal:
    if isinstance(error, msgspec.ValidationError):
        return refuse(CloseCode.POLICY_VIOLATION, cause, f"not what a {kind} says in v2: {error}")
    if isinstance(error, RecursionError):
        return too_deep("the message")
    if isinstance(error, UnicodeDecodeError):
        reason = f"a message that is not UTF-8: {error.reason}"
        return refuse(CloseCode.INVALID_DATA, "not UTF-8", reason)
    reason = f"a message whose first line is not JSON: {error}"
    return refuse(CloseCode.INVALID_DATA, "not JSON", reason)
