"""DNS messages (RFC 1035) read straight from their bytes, as far as scapy reads them the same.

scapy takes a millisecond for a DNS response. What chefs ask first (is it DNS, and which name does
it ask for) is told here in microseconds. Where a message is so odd that only scapy itself can tell
what scapy would make of it, the answer is "unsure". Nothing in a message makes any of this raise,
and each name is read in bounded time: so many bytes, so many pointers, and no more.
"""

from __future__ import annotations

from enum import Enum
from typing import Final, Literal

#: RFC 1035 section 4.1.1: identifier, flags, and four counts.
_HEADER: Final = 12
#: RFC 1035 section 4.2.2: over TCP a message follows its length.
_PREFIX: Final = 2
#: What scapy takes as such a length at least.
_SHORTEST: Final = 14
#: What follows the name in a question (section 4.1.2), its type first; in a record (4.1.3).
_QUESTION: Final = 4
_TYPE: Final = 2
_RECORD: Final = 10
#: Records of one kind in a message, of which scapy reads no more (`conf.max_list_count`).
MOST_RECORDS: Final = 100
#: Pointers that scapy follows in one name.
MOST_POINTERS: Final = 20
#: RFC 1035 section 2.3.4 allows a name 255 bytes as it is sent. Written with dots behind its
#: labels, which take the place of their lengths, that is one less: the root has no dot.
LONGEST_NAME: Final = 254

#: RFC 1035 section 4.1.4: the first two bits tell a label's length from a pointer.
_LONGEST_LABEL: Final = 63
_POINTER: Final = 0xC0


class Doubt(Enum):
    """That only scapy can tell; see `UNSURE`."""

    UNSURE = "unsure"


UNSURE: Final = Doubt.UNSURE


def question(payload: bytes, over_tcp: bool) -> bytes | Literal[Doubt.UNSURE] | None:
    """The name that a DNS message asks for: that of its first question.

    Args:
        payload: what TCP or UDP carries, from and to a port of DNS.
        over_tcp: whether it is TCP.

    Returns:
        the name with its final dot, as scapy gives it, cut to `LONGEST_NAME`; None where scapy
        finds no DNS, or no question in it; `UNSURE` where only scapy can tell.
    """
    message = _message(payload, over_tcp)
    if message is None:
        return None
    counts = _counts(message)
    if not counts[0] or len(message) == _HEADER:
        return None
    if max(counts) > MOST_RECORDS and _records_end(message, counts) is None:
        return UNSURE
    end = _behind_name(message, _HEADER)
    if end + _TYPE > len(message):
        return None  # cut off: scapy leaves it as raw bytes
    return first_name(message) if end + _QUESTION <= len(message) else UNSURE


def first_name(message: bytes) -> bytes:
    """The name behind the header of a message, as scapy reads it, cut to `LONGEST_NAME`.

    scapy makes the best of any name: one that runs in a circle, or off the end, or through too many
    pointers, ends there.
    """
    name = b""
    at, length = _HEADER, len(message)
    seen: list[int] = []
    while at < length and len(name) < LONGEST_NAME:
        octet = message[at]
        at += 1
        if not octet:
            break
        if octet <= _LONGEST_LABEL:
            name += message[at : at + octet] + b"."
            at += octet
            continue
        if at >= length:
            break
        at = (octet & ~_POINTER) << 8 | message[at]  # scapy takes all of these for pointers
        if at in seen or len(seen) == MOST_POINTERS:
            break
        seen.append(at)
    return name[:LONGEST_NAME] or b"."


def is_plain(payload: bytes, over_tcp: bool) -> bool:
    """Whether scapy is sure to find in a payload a DNS message, and nothing behind it.

    scapy gives up a message that is too short or has too many records. A record that it cannot
    read it takes as the last one, all bytes that are left included. So wherever the counts of the
    header and the lengths of the records lead to the end of the payload, or past it, there is one
    DNS layer, whatever the records hold.

    Args:
        payload: what TCP or UDP carries, from and to a port of DNS.
        over_tcp: whether it is TCP.

    Returns:
        False where it is not sure: scapy must be asked.
    """
    message = _message(payload, over_tcp)
    if message is None:
        return False
    end = _records_end(message, _counts(message))
    return end is not None and end >= len(message)


def _records_end(message: bytes, counts: tuple[int, ...]) -> int | None:
    """Where the records of a message end, by its counts and their lengths: past its end, perhaps.

    None where there may be more records of a kind than scapy reads: it gives up such a message as a
    whole, unless there is one before them that it cannot read.
    """
    at, length = _HEADER, len(message)
    for kind, count in enumerate(counts):
        for number in range(count):
            if at >= length:
                return at
            if number == MOST_RECORDS:
                return None
            at = _behind_name(message, at) + (_RECORD if kind else _QUESTION)
            if kind and at <= length:
                at += message[at - 2] << 8 | message[at - 1]
    return at


def _message(payload: bytes, over_tcp: bool) -> bytes | None:
    """The message, where scapy begins to read one."""
    if over_tcp:
        length = int.from_bytes(payload[:_PREFIX], "big")
        # The prefix does not count itself, but scapy holds it to the payload with it.
        if not _SHORTEST <= length <= len(payload):
            return None
        # Whatever the prefix says, scapy reads on to the end of the segment.
        payload = payload[_PREFIX:]
    return payload if len(payload) >= _HEADER else None


def _counts(message: bytes) -> tuple[int, int, int, int]:
    """How many questions, answers, authorities and additional records it claims to have."""
    return (
        message[4] << 8 | message[5],
        message[6] << 8 | message[7],
        message[8] << 8 | message[9],
        message[10] << 8 | message[11],
    )


def _behind_name(message: bytes, at: int) -> int:
    """Where a name ends, without following its pointer; at or past the end if it does not."""
    length = len(message)
    while at < length:
        octet = message[at]
        if not octet:
            return at + 1
        if octet > _LONGEST_LABEL:  # scapy takes all of these for pointers
            return at + 2
        at += octet + 1
    return at
