"""An eater's side of a conversation in ``netdumplings.v2``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from .compression import ENCODINGS, Encoding, decompress
from .limits import LIMITS, MAX_CURSOR
from .messages import (
    BatchToEater,
    EaterHelloMessage,
    Gap,
    UnknownType,
    WelcomeToEater,
    read_from_eater,
    read_to_eater,
    write,
)
from .subscriptions import EVERYTHING, Subscription

#: Bytes that a message may have, uncompressed; what a hub joins in one turn is far less.
MAX_TO_EATER: Final = 2 * LIMITS.from_kitchen


class Batch(msgspec.Struct, frozen=True):
    """Dumplings came.

    Attributes:
        lines: the JSON of each.
        history: whether they are of the time before the eater connected.
    """

    lines: list[str]
    history: bool


class EaterSide:
    """What an eater says, and what it is told, over any number of connections.

    Args:
        announcement: a JSON object, as `eater_hello` writes it.
        subscription: what it wants.
        last: how many dumplings of the past it wants to begin with, at most.
        since: from when on it wants dumplings of the past, seconds since the epoch.
        resume: how far it has come already; None if this is its first time.
        encodings: how its batches may be compressed, the best first.

    Attributes:
        cursor: how far it has come: for each stream, the number of the last dumpling that it was
            offered. A new connection goes on from there.
        welcomed: whether the cursor says anything: it does once a hub has said where it begins.

    Raises:
        ValueError: a hub would refuse its hello.
    """

    def __init__(
        self,
        announcement: str,
        subscription: Subscription = EVERYTHING,
        *,
        last: int | None = None,
        since: float | None = None,
        resume: Mapping[str, int] | None = None,
        encodings: Sequence[str] = (),
    ) -> None:
        self.cursor: dict[str, int] = dict(resume or {})
        self.welcomed = resume is not None
        self._hello = EaterHelloMessage(
            msgspec.Raw(announcement.encode()),
            chefs=_list(subscription.chefs),
            kitchens=_list(subscription.kitchens),
            drivers=_list(subscription.drivers),
            last=last,
            since=since,
            compression=list(encodings) or None,
        )
        self._encoding: Encoding | None = None
        # (For the cursor that it comes back with there is room besides.)
        if len(write(self._hello)) > LIMITS.hello:
            raise ValueError(f"no hub takes this: the hello is over {LIMITS.hello} bytes long")
        try:
            read_from_eater(self.hello().encode())
        except msgspec.DecodeError as error:
            raise ValueError(f"no hub takes this: {error}") from None

    def hello(self) -> str:
        """Write the first message of a connection, the next one if there was one before."""
        hello = self._hello
        if self.welcomed:
            # What was asked for of the past has come, or is in what is missed now.
            hello = msgspec.structs.replace(hello, last=None, since=None, resume=self.cursor)
        return write(hello).decode()

    def receive(self, message: str | bytes) -> Batch | Gap | WelcomeToEater | None:
        """Take a message from the hub.

        Args:
            message: a text message as str, a binary one as bytes.

        Returns:
            what it brings; None for nothing of interest to a user.

        Raises:
            ValueError: it is not what a hub would send.
        """
        text = self._text(message)
        first, newline, rest = text.partition("\n")
        try:
            told = read_to_eater(first)
        except UnknownType:
            return None
        except (msgspec.DecodeError, RecursionError) as error:
            raise ValueError(f"not a message of netdumplings.v2: {error}") from None
        if isinstance(told, BatchToEater) and not newline:
            raise ValueError("a batch without dumplings")
        self._move(told.cursor)
        if isinstance(told, WelcomeToEater):
            self.welcomed = True
            self._encoding = next((known for known in ENCODINGS if known == told.compression), None)
            return told
        if isinstance(told, BatchToEater):
            return Batch(rest.split("\n"), told.history)
        return told if isinstance(told, Gap) else None

    def _text(self, message: str | bytes) -> str:
        if isinstance(message, str):
            return message
        if self._encoding is None:
            raise ValueError("a compressed message that was not asked for")
        return decompress(message, self._encoding, MAX_TO_EATER).decode()

    def _move(self, cursor: dict[str, int]) -> None:
        for stream, seq in cursor.items():
            # Taken out and put in again, it is the youngest; the oldest go when there are too many.
            self.cursor[stream] = max(seq, self.cursor.pop(stream, 0))
        while len(self.cursor) > MAX_CURSOR:
            del self.cursor[next(iter(self.cursor))]


def _list(items: Sequence[Any] | None) -> list[Any] | None:
    return None if items is None else list(items)
