"""What a kitchen and the process of an isolated chef say to each other, as bytes.

To the chef's process: a header, then what it tells the lengths of. It comes from the kitchen, so it
is what it should be. From it: a kind, a number and a length, then so many bytes; that process is
not trusted, and whatever is longer or of another kind than there is ends it.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Callable
from typing import Any, Final, Literal, NamedTuple

import msgspec

from ..defaults import MAX_MESSAGE
from ..packets import PacketBatch
from ..packets.transfer import pack_into, packed_size, unpack
from ..wire import check_dumpling

#: What is asked of a chef: to handle packets, or an interval, or to give its state, or to close.
BATCH: Final = 1
POKE: Final = 2
_STATE_WANTED: Final = 3
_CLOSE: Final = 4
#: kind, whether to take times from packets, time, packets, link type, lengths of name and packets.
_REQUEST: Final = struct.Struct("<B?dqqqq")

#: The request for a chef's state, all of it.
STATE_WANTED: Final = _REQUEST.pack(_STATE_WANTED, False, 0.0, 0, 0, 0, 0)

#: What comes back: it is there; it cannot be made; a dumpling; all is done that was asked; it has
#: given up; a part of its state, with 1 for its number if there is more; it has none to give.
READY: Final = 1
BROKEN: Final = 2
DUMPLING: Final = 3
DONE: Final = 4
GIVEN_UP: Final = 5
STATE: Final = 6
NO_STATE: Final = 7
#: Bytes of a chef's state at most, pickled.
MOST_STATE: Final = 64 * 1024 * 1024
#: kind, for a dumpling the number of its packet in the batch, length.
_ANSWER: Final = struct.Struct("<BII")
#: Bytes of an answer at most: of a dumpling, and something for its frame.
MAX_ANSWER: Final = MAX_MESSAGE + 1024


class Request(NamedTuple):
    """What is asked of an isolated chef.

    Attributes:
        packets: the packets to handle; None for an interval, or to close.
        time: the time of either, seconds since the epoch.
        replay: whether the dumplings bear the packets' times.
        state: whether it is only asked for its state.
        closing: whether its closing handler is to be called.
    """

    packets: PacketBatch | None
    time: float
    replay: bool
    state: bool = False
    closing: bool = False


class Answer(NamedTuple):
    """What comes back.

    Attributes:
        kind: `READY` and so on.
        packet: for a dumpling, the number of its packet in the batch.
        body: what goes with it.
    """

    kind: int
    packet: int
    body: bytes


class Ready(msgspec.Struct, frozen=True):
    """An isolated chef is there.

    Attributes:
        filter: its ``packet_filter``.
        takes_batches: whether it takes batches.
    """

    filter: str | None
    takes_batches: bool


class Broken(msgspec.Struct, frozen=True):
    """An isolated chef cannot be made: as of `BrokenChef`."""

    problem: str
    traceback: str


class Done(msgspec.Struct, frozen=True):
    """What an isolated chef has done so far.

    Attributes:
        seconds: how long it took.
        errors: how many errors it made.
    """

    seconds: float
    errors: int


class Unintelligible(Exception):
    """The other side says what it must not."""


def pack_request(request: Request) -> bytes:
    """Write a request."""
    packets = request.packets
    if packets is None:
        kind = _CLOSE if request.closing else POKE
        return _REQUEST.pack(kind, request.replay, request.time, 0, 0, 0, 0)
    name = (packets.interface or "").encode(errors="surrogateescape")
    size = packed_size(packets)
    packed = bytearray(size)
    pack_into(packets, memoryview(packed))
    header = _REQUEST.pack(
        BATCH, request.replay, request.time, len(packets), packets.link_type, len(name), size
    )
    return b"".join((header, name, packed))


def read_request(read: Callable[[int], bytearray]) -> Request:
    """Read a request.

    Args:
        read: reads exactly so many bytes.
    """
    kind, replay, time, count, link_type, name_length, size = _REQUEST.unpack(read(_REQUEST.size))
    if kind in (POKE, _CLOSE):
        return Request(None, time, replay, closing=kind == _CLOSE)
    if kind == _STATE_WANTED:
        return Request(None, time, replay, state=True)
    name = read(name_length).decode(errors="surrogateescape") if name_length else None
    batch = unpack(memoryview(read(size)), count, link_type, name)
    return Request(batch, time, replay)


def pack_answer(kind: int, body: bytes = b"", packet: int = 0) -> bytes:
    """Write an answer."""
    return _ANSWER.pack(kind, packet, len(body)) + body


class Answers:
    """Takes the bytes of answers as they come, and gives the answers."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def take(self, data: bytes) -> None:
        """Take some bytes."""
        self._buffer += data

    def next(self) -> Answer | None:
        """The next answer; None until all of it is there.

        Raises:
            Unintelligible: it is none.
        """
        if len(self._buffer) < _ANSWER.size:
            return None
        kind, packet, length = _ANSWER.unpack_from(self._buffer)
        if not READY <= kind <= NO_STATE or length > MAX_ANSWER:
            raise Unintelligible(f"an answer of kind {kind} and {length} bytes")
        end = _ANSWER.size + length
        if len(self._buffer) < end:
            return None
        body = bytes(self._buffer[_ANSWER.size : end])
        del self._buffer[:end]
        return Answer(kind, packet, body)


class _Metadata(msgspec.Struct):
    creation_time: float
    driver: Literal["packet", "interval"]


class _Dumpling(msgspec.Struct):
    metadata: _Metadata
    payload: msgspec.Raw


_dumplings: Final = msgspec.json.Decoder(_Dumpling)


def dumpling_of(body: bytes, chef: str, kitchen: str) -> str:
    """Read a dumpling from a process that is not trusted, and write it as of its own chef.

    Args:
        body: what came.
        chef: the name of the chef that the process runs.
        kitchen: the name of the kitchen.

    Raises:
        Unintelligible: it is none that a hub would take.
    """
    try:
        dumpling = _dumplings.decode(body)
        if not math.isfinite(dumpling.metadata.creation_time):
            raise Unintelligible("a dumpling of no time")
        metadata = _json(
            {
                "chef": chef,
                "creation_time": dumpling.metadata.creation_time,
                "driver": dumpling.metadata.driver,
                "kitchen": kitchen,
            }
        )
        text = f'{{"metadata":{metadata},"payload":{bytes(dumpling.payload).decode()}}}'
        refusal = check_dumpling(text.encode())
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise Unintelligible(f"no dumpling: {error}") from None
    if refusal is not None:
        raise Unintelligible(f"a dumpling that no hub takes: {refusal.reason}")
    return text


def decode(body: bytes, kind: type[Any]) -> Any:
    """Read the body of an answer.

    Raises:
        Unintelligible: it is none.
    """
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise Unintelligible(f"no {kind.__name__}: {error}") from None


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
