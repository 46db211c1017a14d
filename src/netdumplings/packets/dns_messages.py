"""DNS messages as a whole (RFC 1035 section 4), read straight from their bytes.

`dns.question` tells what scapy would tell. Here it is the standards that count, and what makes no
sense by them ends the message: what could be read until there is told. Nothing in a message makes
any of this raise, and what it takes is bounded: so many records, each with a name of 255 bytes.
"""

from __future__ import annotations

from struct import Struct
from typing import Final, NamedTuple

from .dns_data import data_text
from .dns_names import BrokenName, Names
from .dns_numbers import FLAGS, class_name, opcode_name, rcode_name, type_name

_HEADER: Final = Struct(">6H")
_QUESTION: Final = Struct(">HH")
_RECORD: Final = Struct(">HHIH")
#: RFC 2181 section 8: such a time to live is to be taken for 0.
_NEGATIVE: Final = 0x8000_0000
#: Records that are read of one message, questions included.
MOST_RECORDS: Final = 128
#: RFC 6762 sections 5.4 and 10.2: in multicast DNS the first bit of a class is a flag of its own.
_MULTICAST_BIT: Final = 0x8000
_OPT: Final = 41
_DNSSEC_OK: Final = 0x8000


class DnsQuestion(NamedTuple):
    """What is asked: a name, and the names of a type and a class."""

    name: str
    type: str
    rclass: str


class DnsRecord(NamedTuple):
    """A resource record.

    Attributes:
        name: whose it is.
        type: the name of its type.
        rclass: the name of its class.
        ttl: for how long it holds, seconds.
        data: what it says, as text; see `dns_data`.
        raw: the same as bytes; names in it may be pointers into the message.
    """

    name: str
    type: str
    rclass: str
    ttl: int
    data: str
    raw: bytes


class DnsMessage(NamedTuple):
    """A message, as far as it could be read.

    Attributes:
        id: its identifier.
        is_response: whether it is one.
        opcode: the name of what it is about; ``QUERY`` mostly.
        flags: the names of those that are set, of AA, TC, RD, RA, AD, CD and DO.
        rcode: the name of its response code, with the bits that EDNS adds (RFC 6891).
        questions: what is asked.
        answers: the records that answer.
        authorities: those of the name servers in charge.
        additionals: those that are sent along, but for that of EDNS.
        is_whole: whether these are all there are, and make sense.
    """

    id: int
    is_response: bool
    opcode: str
    flags: tuple[str, ...]
    rcode: str
    questions: list[DnsQuestion]
    answers: list[DnsRecord]
    authorities: list[DnsRecord]
    additionals: list[DnsRecord]
    is_whole: bool


def read_message(data: bytes, *, multicast: bool = False) -> DnsMessage | None:
    """Read a DNS message.

    Args:
        data: what a datagram carries, or a message over TCP without its length; what follows the
            message is let be.
        multicast: whether it is multicast DNS.

    Returns:
        the message; None where there are not even the twelve bytes of a header.
    """
    if len(data) < _HEADER.size:
        return None
    number, bits, *counts = _HEADER.unpack_from(data)
    reading = _Reading(data, 0xFFFF ^ _MULTICAST_BIT if multicast else 0xFFFF)
    questions: list[DnsQuestion] = []
    answers: list[DnsRecord] = []
    authorities: list[DnsRecord] = []
    additionals: list[DnsRecord] = []
    whole = sum(counts) <= MOST_RECORDS
    try:
        reading.questions(counts[0], questions)
        reading.records(counts[1], answers)
        reading.records(counts[2], authorities)
        reading.records(counts[3], additionals)
    except BrokenName:
        whole = False
    # RFC 6891 section 6.1.3: the record of EDNS has more bits where its TTL would be.
    edns = reading.edns
    flags = _FLAGS_OF[bits & _FLAG_BITS]
    return DnsMessage(
        number,
        bits >= 0x8000,
        opcode_name(bits >> 11 & 0xF),
        (*flags, "DO") if edns & _DNSSEC_OK else flags,
        rcode_name(edns >> 20 & 0xFF0 | bits & 0xF),
        questions,
        answers,
        authorities,
        additionals,
        whole,
    )


class _Reading:
    """A message that is being read: how far, and how many records may follow."""

    __slots__ = ("_class_bits", "_data", "_left", "_names", "at", "edns")

    def __init__(self, data: bytes, class_bits: int) -> None:
        self.at = _HEADER.size
        self.edns = 0
        self._data = data
        self._class_bits = class_bits
        self._names = Names(data)
        self._left = MOST_RECORDS

    def questions(self, count: int, found: list[DnsQuestion]) -> None:
        for _ in range(self._granted(count)):
            name, at = self._names.at(self.at)
            if at + _QUESTION.size > len(self._data):
                raise BrokenName
            kind, rclass = _QUESTION.unpack_from(self._data, at)
            self.at = at + _QUESTION.size
            rclass &= self._class_bits
            found.append(DnsQuestion(name, type_name(kind), class_name(rclass)))

    def records(self, count: int, found: list[DnsRecord]) -> None:
        data, names, class_bits = self._data, self._names, self._class_bits
        for _ in range(self._granted(count)):
            name, at = names.at(self.at)
            start = at + _RECORD.size
            if start > len(data):
                raise BrokenName
            kind, rclass, ttl, size = _RECORD.unpack_from(data, at)
            end = start + size
            if end > len(data):
                raise BrokenName
            self.at = end
            if kind == _OPT:
                self.edns = ttl
                continue
            rclass = class_name(rclass & class_bits)
            text = data_text(data, kind, start, end, names)
            ttl = 0 if ttl >= _NEGATIVE else ttl
            found.append(DnsRecord(name, type_name(kind), rclass, ttl, text, data[start:end]))

    def _granted(self, count: int) -> int:
        granted = min(count, self._left)
        self._left -= granted
        return granted


_FLAG_BITS: Final = sum(bit for bit, _ in FLAGS)
_FLAGS_OF: Final = {
    bits & _FLAG_BITS: tuple(name for bit, name in FLAGS if bits & bit) for bits in range(0x800)
}
