"""The messages of the WebSocket subprotocol ``netdumplings.v2``, written and read.

The first line of each is a JSON object with a ``type``. A batch goes on with dumplings, each on a
line of its own, the lines parted by newlines. The reference in the documentation says what each
message is for; test vectors lie beside the tests.
"""

from __future__ import annotations

import functools
import hashlib
import operator
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal

import msgspec

from .codec import MAX_TOKEN
from .dumplings import MAX_NAME
from .limits import LIMITS, MAX_ASKED, MAX_CURSOR
from .packet_messages import PacketsEndMessage, PacketsMessage, PacketsUnwanted, PacketsWanted
from .subscriptions import is_pattern

#: The name of the subprotocol in the WebSocket handshake (RFC 6455, section 1.9).
SUBPROTOCOL: Final = "netdumplings.v2"
#: The largest number of a dumpling: what every JSON reader holds exactly (RFC 8259, section 6).
MAX_SEQ: Final = 2**53 - 1
#: How many names or patterns each part of a subscription may list.
MAX_PATTERNS: Final = 64
#: Characters of all patterns of a subscription that are more than names: to prepare a pattern takes
#: the hub up to 6 us a character, and nobody else has a turn meanwhile.
MAX_PATTERN_TEXT: Final = 4096
#: How many dumplings of the past may be asked for.
MAX_LAST: Final = 10_000_000

_Seq = Annotated[int, msgspec.Meta(ge=0, le=MAX_SEQ)]
_First = Annotated[int, msgspec.Meta(ge=1, le=MAX_SEQ)]
_Pattern = Annotated[str, msgspec.Meta(max_length=MAX_NAME)]
_Patterns = Annotated[list[_Pattern], msgspec.Meta(max_length=MAX_PATTERNS)]
_KitchenPatterns = Annotated[list[_Pattern | None], msgspec.Meta(max_length=MAX_PATTERNS)]
_Token = Annotated[str, msgspec.Meta(max_length=MAX_TOKEN)]
_Chefs = Annotated[list[_Pattern], msgspec.Meta(max_length=MAX_ASKED)]
_Stream = Annotated[str, msgspec.Meta(max_length=64)]
_Cursor = Annotated[dict[_Stream, _Seq], msgspec.Meta(max_length=MAX_CURSOR)]
# What a hub tells is merged into a cursor, and must be of the same kind: else the eater's next
# hello would be refused.
_Moves = dict[_Stream, _Seq]

#: Why an eater missed something: it was too slow; a kitchen had dropped it; the hub's history no
#: longer had it; another hub had it, which has gone, or which the kitchen was at meanwhile.
GapReason = Literal["slow", "kitchen", "history", "hub"]


class _Message(msgspec.Struct, omit_defaults=True):
    pass


class KitchenHelloMessage(_Message, tag="hello"):
    """Kitchen to hub: who it is, and where it goes on."""

    # Whoever knows it can go on in the kitchen's place, so it must not be guessed.
    session: Annotated[str, msgspec.Meta(min_length=16, max_length=128)]
    first: _First
    announcement: msgspec.Raw
    acknowledged: _Seq | None = None
    token: _Token | None = None
    asks: _Chefs | None = None


class BatchMessage(_Message, tag="batch"):
    """Kitchen to hub: the first line of a batch."""

    first: _First


class CountsMessage(_Message, tag="counts"):
    """Kitchen to hub: what it has counted so far."""

    counts: msgspec.Raw


class WelcomeToKitchen(_Message, tag="welcome"):
    """Hub to kitchen: the number of the last dumpling that the hub has of the session.

    It also says which of the chefs are wanted that the kitchen asked about.
    """

    acknowledged: _Seq
    wanted: _Chefs | None = None


class Wanted(_Message, tag="wanted"):
    """Hub to kitchen: of the chefs it asked about, these are wanted from now on, no others."""

    chefs: _Chefs


class Ack(_Message, tag="ack"):
    """Hub to kitchen: the hub has everything up to this number."""

    acknowledged: _Seq


class EaterHelloMessage(_Message, tag="hello"):
    """Eater to hub: who it is, and what it wants.

    Attributes:
        packets: whether it wants to be told if it may ask for packets.
    """

    announcement: msgspec.Raw
    chefs: _Patterns | None = None
    kitchens: _KitchenPatterns | None = None
    drivers: _Patterns | None = None
    last: Annotated[int, msgspec.Meta(ge=0, le=MAX_LAST)] | None = None
    since: float | None = None
    resume: _Cursor | None = None
    compression: _Patterns | None = None
    token: _Token | None = None
    packets: bool = False


class WelcomeToEater(_Message, tag="welcome"):
    """Hub to eater: from where on it is fed, and how its batches will be compressed.

    Attributes:
        packets: whether it may ask for packets (by HTTP) that kitchens keep, if it wants to know.
    """

    cursor: _Moves
    compression: str | None = None
    packets: bool = False


class BatchToEater(_Message, tag="batch"):
    """Hub to eater: the first line of a batch."""

    cursor: _Moves
    history: bool = False


class CursorMoved(_Message, tag="cursor"):
    """Hub to eater: there was nothing for it, up to here."""

    cursor: _Moves


class Gap(_Message, tag="gap"):
    """Hub to eater: here something is missing.

    Attributes:
        missed: how many dumplings. For an eater that was slow, of those it had subscribed to;
            otherwise of any, for nobody knows what they were.
        reason: why; a `GapReason`, or one that only a later version knows.
        kitchen: the name of the kitchen whose they were, if they were one kitchen's.
        cursor: up to where they are missing.
    """

    missed: Annotated[int, msgspec.Meta(ge=0)]
    reason: Annotated[str, msgspec.Meta(max_length=MAX_NAME)]
    kitchen: str | None = None
    cursor: _Moves = {}  # msgspec copies it


FromKitchen = (
    KitchenHelloMessage | BatchMessage | CountsMessage | PacketsMessage | PacketsEndMessage
)
ToKitchen = WelcomeToKitchen | Ack | Wanted | PacketsWanted | PacketsUnwanted
ToEater = WelcomeToEater | BatchToEater | CursorMoved | Gap

_encoder: Final = msgspec.json.Encoder()


class _Typed(msgspec.Struct):
    type: str


_typed: Final = msgspec.json.Decoder(_Typed)


class UnknownType(Exception):
    """A message is well formed, but of a type that is not known: of a later version, say.

    Attributes:
        kind: the type.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        super().__init__(f"a message of the unknown type {kind!r:.80}")


def stream_of(session: str) -> str:
    """The public name of a session: what eaters may know, and cannot go on in its place with."""
    return hashlib.sha256(session.encode()).hexdigest()[:16]


def write(message: msgspec.Struct, lines: Sequence[bytes] = ()) -> bytes:
    """Write a message.

    Args:
        message: its first line.
        lines: dumplings, in UTF-8 and without newlines, if it is a batch.

    Returns:
        the message's text, in UTF-8.
    """
    return b"\n".join((_encoder.encode(message), *lines))


def read_from_kitchen(line: bytes) -> FromKitchen:
    """Read the first line of a message of a kitchen's.

    Raises:
        UnknownType: it is a message of a type not known here.
        msgspec.DecodeError: it is none (of which `msgspec.ValidationError` is one).
    """
    message: FromKitchen = _from_kitchen(line)
    if isinstance(message, KitchenHelloMessage) and (message.acknowledged or 0) >= message.first:
        raise msgspec.ValidationError("Expected `acknowledged` to be below `first`")
    return message


def read_from_eater(line: bytes) -> EaterHelloMessage:
    """Read the hello of an eater. Raises as `read_from_kitchen`."""
    message: EaterHelloMessage = _from_eater(line)
    lists = message.chefs, message.kitchens, message.drivers
    listed = [entry for entries in lists for entry in entries or () if entry is not None]
    if sum(len(entry) for entry in listed if is_pattern(entry)) > MAX_PATTERN_TEXT:
        raise msgspec.ValidationError(f"Expected patterns of at most {MAX_PATTERN_TEXT} characters")
    return message


def read_to_kitchen(message: str | bytes) -> ToKitchen:
    """Read a message from a hub to a kitchen. Raises as `read_from_kitchen`."""
    read: ToKitchen = _to_kitchen(message)
    return read


def read_to_eater(line: str | bytes) -> ToEater:
    """Read the first line of a message from a hub to an eater. Raises as `read_from_kitchen`."""
    message: ToEater = _to_eater(line)
    return message


def kitchen_hello_message(
    session: str,
    first: int,
    announcement: str,
    acknowledged: int | None = None,
    asks: Sequence[str] = (),
) -> bytes:
    """Write the hello of a kitchen.

    Args:
        session: what its dumplings are numbered in.
        first: the lowest number that may still be sent, from 1.
        announcement: JSON, as `kitchen_hello` writes it.
        acknowledged: the highest number that any hub has acknowledged, below ``first``; 0 for
            none, None to say nothing of it.
        asks: chefs of which the hub is to say whether anybody wants them; where they are too many,
            or there is no room beside what is announced, it is not asked.
    """
    raw = msgspec.Raw(announcement.encode())
    hello = KitchenHelloMessage(session, first, raw, acknowledged)
    if 0 < len(asks) <= MAX_ASKED:
        asking = write(msgspec.structs.replace(hello, asks=list(asks)))
        if len(asking) <= LIMITS.hello:
            return asking
    return write(hello)


def counts_message(counts: Mapping[str, Any]) -> bytes:
    """Write what a kitchen has counted."""
    return write(CountsMessage(msgspec.Raw(_encoder.encode(counts))))


class _Reader:
    """Reads messages that may be of several types.

    Args:
        *kinds: the types.
    """

    def __init__(self, *kinds: type[msgspec.Struct]) -> None:
        self._decode = msgspec.json.Decoder(functools.reduce(operator.or_, kinds)).decode
        self._known = frozenset(str(kind.__struct_config__.tag) for kind in kinds)

    def __call__(self, line: str | bytes) -> Any:
        try:
            return self._decode(line)
        except msgspec.ValidationError as error:
            kind = self._kind(line)
            if kind is None or kind in self._known:
                raise
            raise UnknownType(kind) from error

    def _kind(self, line: str | bytes) -> str | None:
        try:
            return _typed.decode(line).type
        except msgspec.DecodeError:
            return None


_from_kitchen: Final = _Reader(
    KitchenHelloMessage, BatchMessage, CountsMessage, PacketsMessage, PacketsEndMessage
)
_from_eater: Final = _Reader(EaterHelloMessage)
_to_kitchen: Final = _Reader(WelcomeToKitchen, Ack, Wanted, PacketsWanted, PacketsUnwanted)
_to_eater: Final = _Reader(WelcomeToEater, BatchToEater, CursorMoved, Gap)
