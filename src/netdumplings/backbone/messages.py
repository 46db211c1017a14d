"""What is in the stream, and how it is written.

A message holds dumplings of one kitchen and one chef that follow one another in the numbers of one
session, each on a line; or it is empty, and a notice that a kitchen has dropped some. The headers
say which. Nothing in them is trusted: whoever can write to the stream may have written it.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby, islice
from typing import Final, NamedTuple

from .. import defaults
from ..wire import Limits, Metadata, Refusal
from ..wire.dumplings import metadata_of_many, read_dumplings
from ..wire.messages import MAX_SEQ
from .subjects import name_of, notice_subject, subject_of

#: The public name of the session whose numbers they are, as in an eater's cursor.
SESSION: Final = "Netdumplings-Session"
#: The number of the first dumpling, or of the first that is missing.
FIRST: Final = "Netdumplings-First"
#: How many there are, or are missing.
COUNT: Final = "Netdumplings-Count"
#: Of a mark, which has nothing else: see `marks`.
MARK: Final = "Netdumplings-Mark"
#: By which the stream knows a message that it has already (NATS, "Message Deduplication").
MESSAGE_ID: Final = "Nats-Msg-Id"

#: What another hub may have taken from its kitchens: each has limits of its own.
TAKEN: Final = Limits(message=defaults.MAX_MESSAGE, depth=defaults.MOST_JSON_DEPTH)
#: Bytes of dumplings that a hub remembers it has sent.
MAX_OWN: Final = 8 * 1024 * 1024
#: Characters of a session's public name.
MAX_SESSION: Final = 64
#: What stands for a stream in an eater's cursor, beside the sessions, begins otherwise.
_SESSION: Final = re.compile(rf"[0-9A-Za-z_-]{{1,{MAX_SESSION}}}")


class Parcel(NamedTuple):
    """A message as it is to be stored.

    Attributes:
        subject: its subject.
        session: the public name of the session.
        first: the number of the first dumpling, or of the first that is missing.
        dumplings: how many there are, or are missing.
        body: the dumplings, a line each; empty if they are missing.
    """

    subject: str
    session: str
    first: int
    dumplings: int
    body: bytes

    @property
    def last(self) -> int:
        """The number of the last."""
        return self.first + self.dumplings - 1

    @property
    def headers(self) -> dict[str, str]:
        """Its headers."""
        missing = "" if self.body else "!"
        return {
            MESSAGE_ID: f"{self.session}:{missing}{self.first}-{self.last}",
            SESSION: self.session,
            FIRST: str(self.first),
            COUNT: str(self.dumplings),
        }


class Kind(NamedTuple):
    """Dumplings that follow one another and are of one kitchen and one chef.

    Attributes:
        kitchen: the kitchen's name; None if they have none.
        chef: the chef's.
        dumplings: how many they are.
    """

    kitchen: str | None
    chef: str
    dumplings: int


class Stored(NamedTuple):
    """Dumplings that are in the stream, or a notice of some that are not.

    Attributes:
        position: the sequence number of their message.
        time: when it came into the stream, seconds since the epoch.
        session: the public name of their session.
        kitchen: the name of their kitchen; None if they have none.
        first: the number of the first.
        body: the dumplings, a line each; empty if they are missing.
        dumplings: how many there are, or are missing.
        seen: what each says of itself, as far as somebody has looked.
    """

    position: int
    time: float
    session: str
    kitchen: str | None
    first: int
    body: bytes
    dumplings: int
    seen: list[Metadata] | None

    @property
    def last(self) -> int:
        """The number of the last."""
        return self.first + self.dumplings - 1

    @property
    def metadata(self) -> list[Metadata]:
        """What each dumpling says of itself; none if they are missing."""
        if self.seen is not None:
            return self.seen
        return metadata_of_many(self.body) if self.body else []

    def after(self, number: int) -> Stored | None:
        """Give what has a higher number; None if nothing has."""
        known = number - self.first + 1
        if known <= 0:
            return self
        if known >= self.dumplings:
            return None
        return self._replace(
            first=self.first + known,
            body=b"\n".join(self.body.split(b"\n")[known:]) if self.body else b"",
            dumplings=self.dumplings - known,
            seen=self.seen[known:] if self.seen is not None else None,
        )


class Own:
    """Messages that this hub has sent to the stream, and that have not come back from there yet.

    What is in them was looked through when a kitchen sent it, which takes as long as all else.
    """

    def __init__(self) -> None:
        self._bodies: OrderedDict[tuple[str, str, int], bytes] = OrderedDict()
        self._size = 0

    def keep(self, parcel: Parcel) -> None:
        """Remember one that is to be sent; of too many, the oldest are forgotten."""
        key = parcel.subject, parcel.session, parcel.first
        self._size += len(parcel.body) - len(self._bodies.pop(key, b""))
        self._bodies[key] = parcel.body
        while self._size > MAX_OWN:
            self._size -= len(self._bodies.popitem(last=False)[1])

    def is_one(self, subject: str, session: str, first: int, body: bytes) -> bool:
        """Tell whether a message that has come is one of them; it is forgotten then."""
        key = subject, session, first
        if self._bodies.get(key) != body:
            return False
        self._size -= len(self._bodies.pop(key))
        return True


def kinds_of(metadata: Sequence[Metadata]) -> list[Kind]:
    """Say of which kitchens and chefs dumplings are, in their order."""
    # Nearly always of one; a loop sees that in half the time that to make tuples takes.
    if _all_of(metadata, metadata[0].kitchen, metadata[0].chef):
        return [Kind(metadata[0].kitchen, metadata[0].chef, len(metadata))]
    pairs = groupby((one.kitchen, one.chef) for one in metadata)
    return [Kind(*pair, sum(1 for _ in same)) for pair, same in pairs]


def _all_of(metadata: Sequence[Metadata], kitchen: str | None, chef: str) -> bool:
    for one in metadata:  # noqa: SIM110
        if one.chef != chef or one.kitchen != kitchen:
            return False
    return True


def parcels(
    stream: str,
    session: str,
    first: int,
    body: bytes,
    kinds: Sequence[Kind],
    max_bytes: int,
) -> Iterator[Parcel]:
    """Cut dumplings into messages: wherever kitchen or chef change, and where one gets too long.

    Where they are cut depends on nothing but the dumplings, so that what is sent again is cut the
    same.

    Args:
        stream: the stream's name.
        session: the public name of their session.
        first: the number of the first.
        body: the dumplings, a line each.
        kinds: of which kitchens and chefs they are.
        max_bytes: of the dumplings in a message, unless one alone has more.
    """
    if len(body) <= max_bytes and len(kinds) == 1:
        kitchen, chef, count = kinds[0]
        yield Parcel(subject_of(stream, kitchen, chef), session, first, count, body)
        return
    lines = iter(body.split(b"\n"))
    for kitchen, chef, count in kinds:
        subject = subject_of(stream, kitchen, chef)
        taken: list[bytes] = []
        size = 0
        for line in islice(lines, count):
            if taken and size + len(line) > max_bytes:
                yield Parcel(subject, session, first, len(taken), b"\n".join(taken))
                first += len(taken)
                taken, size = [], 0
            taken.append(line)
            size += len(line) + 1
        yield Parcel(subject, session, first, len(taken), b"\n".join(taken))
        first += len(taken)


def notice(stream: str, session: str, kitchen: str, first: int, count: int) -> Parcel:
    """Write that dumplings are missing.

    Args:
        stream: the stream's name.
        session: the public name of their session.
        kitchen: the name of their kitchen.
        first: the number of the first of them.
        count: how many they are.
    """
    return Parcel(notice_subject(stream, kitchen), session, first, count, b"")


def read(
    subject: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    position: int,
    time: float,
    own: Own | None = None,
) -> Stored:
    """Read a message of the stream.

    Args:
        subject: its subject.
        headers: its headers.
        body: what is in it.
        position: its sequence number.
        time: when it came into the stream, seconds since the epoch.
        own: what this hub has sent, if that may be among it.

    Raises:
        ValueError: no hub has written it.
    """
    session, first, count = numbers(headers)
    names = [name_of(token) for token in subject.split(".")[1:]]
    if len(names) == 1:
        if body:
            raise ValueError("a notice that has something in it")
        return Stored(position, time, session, names[0], first, b"", count, [])
    if len(names) != 2:
        raise ValueError(f"the subject {subject!r} has not three parts")
    if own is not None and own.is_one(subject, session, first, body):
        return Stored(position, time, session, names[0], first, body, count, None)
    if not body.isascii():
        body.decode()
    metadata = read_dumplings(body, TAKEN)
    if isinstance(metadata, Refusal):
        raise ValueError(metadata.reason)
    if len(metadata) != count:
        raise ValueError(f"{len(metadata)} dumplings where there should be {count}")
    kitchen, chef = names
    if chef is None or not _all_of(metadata, kitchen, chef):
        raise ValueError(f"dumplings that do not belong to the subject {subject!r}")
    return Stored(position, time, session, names[0], first, body, count, metadata)


def numbers(headers: Mapping[str, str]) -> tuple[str, int, int]:
    """Read from headers the public name of the session, the first number, and how many follow.

    Raises:
        ValueError: no hub has written them.
    """
    session = headers.get(SESSION, "")
    if not _SESSION.fullmatch(session):
        raise ValueError("its session has no name, or one that is none")
    first, count = (_number(headers, name) for name in (FIRST, COUNT))
    if first + count > MAX_SEQ:
        raise ValueError("its numbers are too large")
    return session, first, count


def _number(headers: Mapping[str, str], name: str) -> int:
    text = headers.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) <= 16 and int(text) > 0):
        raise ValueError(f"the header {name} is no number above 0")
    return int(text)
