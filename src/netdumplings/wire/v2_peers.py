"""The hub's side of a conversation in ``netdumplings.v2``, as a state machine.

The states are those of `peers`. In TALK a kitchen sends batches, tells its counts, and may say
hello again; an eater has nothing more to say. What has a type that is not known is ignored, so that
a later version may say more; but the first message must be a hello.
"""

from __future__ import annotations

import msgspec

from .codec import (
    CloseCode,
    Refusal,
    decode_eater_hello,
    decode_kitchen_hello,
    read_dumplings,
    refuse,
)
from .compression import choose
from .events import CountsReceived, DumplingsReceived, EaterHello, Event, KitchenHello
from .messages import (
    MAX_SEQ,
    BatchMessage,
    CountsMessage,
    KitchenHelloMessage,
    UnknownType,
    read_from_eater,
    read_from_kitchen,
)
from .peers import Peer, State
from .subscriptions import subscription


class V2KitchenPeer(Peer):
    """A kitchen that numbers its dumplings and sends them in batches."""

    kind = "kitchen"
    raw = True

    def _read(self, message: bytes) -> Event | None:
        first, newline, body = message.partition(b"\n")
        try:
            # Strings in the payloads of dumplings are not looked into by the JSON reader.
            message.decode()
            first_line = read_from_kitchen(first)
        except UnknownType as unknown:
            return None if self.state is State.TALK else _not_hello(unknown)
        except (UnicodeDecodeError, msgspec.DecodeError, RecursionError) as error:
            return _malformed(error, self.kind)
        if isinstance(first_line, KitchenHelloMessage):
            return _kitchen_hello(first_line)
        if self.state is State.HELLO:
            return _not_hello("a message of another type")
        if isinstance(first_line, BatchMessage):
            return _batch(first_line, body if newline else None)
        return _counts(first_line)


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
            return _malformed(error, self.kind)
        who = decode_eater_hello(bytes(hello.announcement))
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
        )


def _kitchen_hello(message: KitchenHelloMessage) -> Event:
    who = decode_kitchen_hello(bytes(message.announcement))
    if isinstance(who, Refusal):
        return who
    return KitchenHello(who.name, who.announcement, message.session, message.first)


def _batch(message: BatchMessage, body: bytes | None) -> Event:
    if body is None:
        return refuse(CloseCode.POLICY_VIOLATION, "a batch without dumplings")
    metadata = read_dumplings(body)
    if isinstance(metadata, Refusal):
        return metadata
    if message.first + len(metadata) > MAX_SEQ:
        return refuse(CloseCode.POLICY_VIOLATION, "the numbers of the batch are too large")
    return DumplingsReceived(message.first, body, metadata)


def _counts(message: CountsMessage) -> Event:
    counts = bytes(message.counts)
    # Eaters are shown it, so the same holds as for an announcement.
    announced = b'{"kitchen_name":"","counts":%b}' % counts
    checked = decode_kitchen_hello(announced, "message of counts")
    if isinstance(checked, Refusal):
        return checked
    if not counts.startswith(b"{"):
        return refuse(CloseCode.POLICY_VIOLATION, "the counts are not a JSON object")
    return CountsReceived(counts)


def _not_hello(what: object) -> Refusal:
    return refuse(CloseCode.POLICY_VIOLATION, f"the first message is no hello but {what}")


def _malformed(error: Exception, kind: str) -> Refusal:
    if isinstance(error, msgspec.ValidationError):
        return refuse(CloseCode.POLICY_VIOLATION, f"not what a {kind} says in v2: {error}")
    if isinstance(error, RecursionError):
        return refuse(CloseCode.POLICY_VIOLATION, "a message that is nested too deeply")
    if isinstance(error, UnicodeDecodeError):
        return refuse(CloseCode.INVALID_DATA, f"a message that is not UTF-8: {error.reason}")
    return refuse(CloseCode.INVALID_DATA, f"a message whose first line is not JSON: {error}")
