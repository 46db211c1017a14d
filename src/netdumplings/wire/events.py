"""What a message from a peer means to the hub."""

from __future__ import annotations

import msgspec

from .codec import Hello
from .compression import Encoding
from .dumplings import Metadata
from .packet_messages import PacketsEndMessage, PacketsReceived
from .refusals import Refusal
from .subscriptions import EVERYTHING, Subscription


class KitchenHello(Hello, frozen=True):
    """A kitchen is here, or goes on with another session.

    Attributes:
        session: what its dumplings are numbered in; None for a kitchen that does not number them.
        first: the lowest number that it may still send.
        acknowledged: the highest number of the session that any hub has acknowledged to it, or
            less if it has forgotten; below ``first``. What lies between the two, it has dropped.
            None if it does not say.
        asks: the chefs of which it wants to be told whether anybody wants them; empty for none.
    """

    session: str | None = None
    first: int = 1
    acknowledged: int | None = None
    asks: tuple[str, ...] = ()


class EaterHello(Hello, frozen=True):
    """An eater is here.

    Attributes:
        subscription: what it wants.
        last: how many dumplings of the past it wants to begin with, at most.
        since: the time from which on it wants dumplings of the past, seconds since the epoch.
        resume: the cursor that it had come to on a former connection: for each stream, the number
            of the last dumpling that it was offered.
        encoding: how its batches are to be compressed; None for not at all.
        packets: whether it wants to be told if it may ask for packets.
    """

    subscription: Subscription = EVERYTHING
    last: int | None = None
    since: float | None = None
    resume: dict[str, int] | None = None
    encoding: Encoding | None = None
    packets: bool = False


class DumplingsReceived(msgspec.Struct, frozen=True, gc=False):
    """A kitchen sent dumplings.

    Attributes:
        first: the number of the first; the others follow without a hole. None from a kitchen that
            does not number them.
        body: the JSON of each in UTF-8, on one line; the lines are parted by newlines.
        metadata: what each says of itself.
    """

    first: int | None
    body: bytes
    metadata: list[Metadata]

    @property
    def lines(self) -> list[bytes]:
        """The lines of the body."""
        return self.body.split(b"\n")


class CountsReceived(msgspec.Struct, frozen=True):
    """A kitchen told what it has counted.

    Attributes:
        counts: a JSON object in UTF-8.
    """

    counts: bytes


Event = (
    KitchenHello
    | EaterHello
    | DumplingsReceived
    | CountsReceived
    | PacketsReceived
    | PacketsEndMessage
    | Refusal
)
