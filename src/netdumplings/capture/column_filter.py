"""The commonest words of the filter language, told from columns for a whole batch at once.

libpcap looks at one packet after the other, some 0.15 us each. What asks for protocols and ports,
as ``udp port 53`` does, is known from the columns that chefs look at anyway. Where they do not tell
what libpcap would say of a packet, or where an expression has other words, libpcap is asked.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from ..packets import PacketBatch

Mask = npt.NDArray[np.bool_]

_ETHERTYPES: Final = {"ip": 0x0800, "arp": 0x0806, "ip6": 0x86DD}
_FOUR, _SIX = _ETHERTYPES["ip"], _ETHERTYPES["ip6"]
_PROTOCOLS: Final = {
    "tcp": (6, (4, 6)),
    "udp": (17, (4, 6)),
    "icmp": (1, (4,)),
    "icmp6": (58, (6,)),
}
_TCP, _UDP, _SCTP = 6, 17, 132
_SMALLEST_ETHERTYPE: Final = 0x600
_TOKEN: Final = re.compile(
    r"\s*(?:(?P<bytes>(?:ip|ip6)\[\d{1,4}\]\s*(?:>=|<=|!=|=|>|<)\s*\d{1,9}(?!\w))"
    r"|(?P<word>[a-z]\w*)|(?P<number>0x[0-9a-f]{1,8}(?!\w)|(?:0|[1-9]\d{0,8})(?!\w))"
    r"|(?P<other>&&|\|\||[()!]))",
    re.ASCII,
)
#: What follows the header of IPv6 itself.
_NEXT_HEADER: Final = re.compile(r"ip6\[6\]\s*=\s*(\d{1,3})", re.ASCII)
_JOINTS: Final = {"and": "and", "&&": "and", "or": "or", "||": "or"}


class Told(NamedTuple):
    """What is known of each packet: whether an expression is true of it, or only libpcap knows."""

    true: Mask
    unknown: Mask


class _Seen:
    """The columns of a batch of Ethernet packets, as the filter language sees them."""

    def __init__(self, packets: PacketBatch) -> None:
        link, network = packets.headers.link, packets.headers.network
        # The language looks at the outermost type; only `vlan`, which is left to libpcap, goes on.
        self.kind = np.where(link.tags > 0, -1, link.ethertype)
        tagged = np.flatnonzero(link.tags > 0)
        if len(tagged):
            self.kind[tagged] = packets.headers.read(np.dtype(">u2"), tagged, 12)
        self.protocol = network.protocol
        self.version = np.where(link.tags > 0, -1, network.version)
        is_ip = (self.kind == _FOUR) | (self.kind == _SIX)
        # libpcap looks behind one kind of extension header only, and at what is no sound header.
        self.unknown = (self.kind < 0) | (is_ip & (self.version < 0))
        self.unknown |= (self.version == 6) & network.extensions
        has_ports = (self.version > 0) & (network.fragment_offset == 0)
        has_ports &= (self.protocol == _TCP) | (self.protocol == _UDP) | (self.protocol == _SCTP)
        self.src, self.dst = packets.src_ports, packets.dst_ports
        self.ports = has_ports & (self.src >= 0)
        self.odd_ports = has_ports & (self.src < 0)


Test = Callable[[_Seen], Told]


class ColumnFilter:
    """A filter of packets on Ethernet.

    Args:
        expression: in pcap-filter(7) language, such as libpcap has compiled without an error.
    """

    def __init__(self, test: Test) -> None:
        self._test = test

    @classmethod
    def of(cls, expression: str) -> ColumnFilter | None:
        """Make one; None where an expression has words that only libpcap knows."""
        try:
            parser = _Parser(expression)
            test = parser.expression()
        except _Unknown:
            return None
        return cls(test) if parser.at_end else None

    def tell(self, packets: PacketBatch) -> Told:
        """Tell of each packet of a batch on Ethernet whether it gets through."""
        seen = _Seen(packets)
        true, unknown = self._test(seen)
        unknown = unknown | seen.unknown
        return Told(true & ~unknown, unknown)


class _Unknown(Exception):
    """Something that is left to libpcap."""


class _Parser:
    """Recursive descent over the words of an expression."""

    def __init__(self, expression: str) -> None:
        self._words: list[tuple[str, str]] = []
        at, expression = 0, expression.strip()
        while at < len(expression):
            match = _TOKEN.match(expression, at)
            if match is None or match.lastgroup is None:
                raise _Unknown
            self._words.append((match.lastgroup, match[match.lastgroup]))
            at = match.end()
        self._words.reverse()

    @property
    def at_end(self) -> bool:
        return not self._words

    def expression(self) -> Test:
        """Parts joined by ``and`` and ``or``, which bind alike, from left to right."""
        test = self._part()
        while (joint := _JOINTS.get(self._next())) is not None:
            self._words.pop()
            join = _and if joint == "and" else _or
            test = join(test, self._part())
        return test

    def _part(self) -> Test:
        kind, word = self._take()
        if word in ("not", "!"):
            return _not(self._part())
        if word == "(":
            test = self.expression()
            if self._take()[1] != ")":
                raise _Unknown
            return test
        if kind == "bytes":
            if (next_header := _NEXT_HEADER.fullmatch(word)) is not None:
                return _next_header(int(next_header[1]))
            return _bytes(_ETHERTYPES[word.partition("[")[0]])
        if word == "ether":
            if self._take()[1] != "proto":
                raise _Unknown
            number = self._number()
            if not _SMALLEST_ETHERTYPE <= number <= 0xFFFF:
                raise _Unknown
            return _ethertype(number)
        if word in ("tcp", "udp") and self._next() in ("port", "src", "dst"):
            return _and(_protocol(word), self._port(self._take()[1]))
        if word in ("port", "src", "dst"):
            return self._port(word)
        if word in _PROTOCOLS and self._next() != "proto":
            return _protocol(word)
        if word in _ETHERTYPES and self._next() in ("", ")", *_JOINTS):
            return _ethertype(_ETHERTYPES[word])
        raise _Unknown

    def _port(self, word: str) -> Test:
        side = word if word in ("src", "dst") else None
        if side is not None and self._take()[1] != "port":
            raise _Unknown
        number = self._number()
        if number > 0xFFFF:
            raise _Unknown
        return _port(number, side)

    def _number(self) -> int:
        kind, word = self._take()
        if kind != "number":
            raise _Unknown
        return int(word, 0)

    def _next(self) -> str:
        return self._words[-1][1] if self._words else ""

    def _take(self) -> tuple[str, str]:
        if not self._words:
            raise _Unknown
        return self._words.pop()


def _ethertype(number: int) -> Test:
    return lambda seen: Told(seen.kind == number, seen.unknown)


def _protocol(name: str) -> Test:
    number, versions = _PROTOCOLS[name]

    def test(seen: _Seen) -> Told:
        is_of = seen.version > 0 if len(versions) > 1 else seen.version == versions[0]
        return Told((seen.protocol == number) & is_of, seen.unknown)

    return test


def _port(number: int, side: str | None) -> Test:
    def test(seen: _Seen) -> Told:
        true = np.zeros(len(seen.kind), np.bool_)
        if side != "dst":
            true |= seen.src == number
        if side != "src":
            true |= seen.dst == number
        return Told(true & seen.ports, seen.unknown | seen.odd_ports)

    return test


def _next_header(number: int) -> Test:
    # (Where there are extension headers, it is not known which is first.)
    return lambda seen: Told((seen.version == 6) & (seen.protocol == number), seen.unknown)


def _bytes(ethertype: int) -> Test:
    """Bytes of a header, which only libpcap looks at: but nothing else has that header."""
    return lambda seen: Told(
        np.zeros(len(seen.kind), np.bool_), seen.unknown | (seen.kind == ethertype)
    )


# What libpcap comes to first, decides: a packet that is too short for it gets through nowhere.


def _and(one: Test, other: Test) -> Test:
    def test(seen: _Seen) -> Told:
        left, right = one(seen), other(seen)
        return Told(left.true & right.true, left.unknown | (left.true & right.unknown))

    return test


def _or(one: Test, other: Test) -> Test:
    def test(seen: _Seen) -> Told:
        left, right = one(seen), other(seen)
        undecided = ~left.true & right.unknown
        return Told(left.true | right.true, left.unknown | undecided)

    return test


def _not(one: Test) -> Test:
    def test(seen: _Seen) -> Told:
        true, unknown = one(seen)
        return Told(~true & ~unknown, unknown)

    return test
