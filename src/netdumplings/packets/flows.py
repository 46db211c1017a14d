"""Which flow each packet of a batch belongs to: told for all of them at once.

A flow is what passes between two ends, both ways: two IP addresses with their ports, one protocol,
one VLAN (the outermost; its identifier 0 says that there is none). The addresses are those of the
outermost IP header. Where a flow has no ports, it is all that its two hosts exchange of that
protocol. That is so with

- protocols other than TCP, UDP, SCTP and ICMP,
- fragments but the first, whose ports are in the first one only,
- what is cut off before its ports.

ICMP and ICMPv6 have ports as the community ID has them: a request and its reply are one flow, whose
ports are their types; any other message goes one way, its type is the port at its source, and its
code that at its destination.

What is not IP has no flow, nor has IP of which its extension headers do not tell what it carries.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from functools import cached_property
from struct import Struct
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from .addresses import address_text
from .columns import ABSENT, Int64Array, Which
from .community_id import of_ordered
from .formats import ICMP, ICMPV6, PORTS, SCTP, TCP, UDP
from .icmp import COUNTERPARTS, COUNTERPARTS_V6

if TYPE_CHECKING:
    from .batch import PacketBatch

UInt64Array = npt.NDArray[np.uint64]
BoolArray = npt.NDArray[np.bool_]

#: A key: its lower address and its upper, 16 bytes each, with IPv4 in the last four; their ports;
#: the VLAN; the protocol; and the IP version, plus `_WITH_PORTS`.
_KEY: Final = Struct(">16s16sHHHBB")
_PORTS_AT: Final = 32
_WITH_PORTS: Final = 0x10
_NO_VLAN: Final = 0xFFFF
_WORDS: Final = _KEY.size // 8

#: How protocols are called in what chefs tell; others are their number.
PROTOCOLS: Final = {TCP: "tcp", UDP: "udp", ICMP: "icmp", ICMPV6: "icmp6", SCTP: "sctp"}

# Nobody outside can make keys that look the same by these.
_START: Final = np.uint64(secrets.randbits(64))
_FACTORS: Final = [np.uint64(secrets.randbits(64) | 1) for _ in range(_WORDS)]
_HALF: Final = np.uint64(32)


class Ends(NamedTuple):
    """What a key says.

    The lower end is that whose address is the smaller number, or whose port is, where both have the
    same address; but of ICMP that goes one way it is the source. Ports are None where the flow has
    none.
    """

    vlan: int | None
    protocol: int
    lower_ip: bytes
    lower_port: int | None
    upper_ip: bytes
    upper_port: int | None


class Flows:
    """The flows of a batch, numbered from 0 in the order in which their first packets came.

    ``len()`` says how many there are.

    Attributes:
        index: for each packet, the number of its flow; -1 where it has none.
        reverse: for each packet, whether it goes from the flow's upper end to its lower one.
        first: for each flow, which packet is its first in the batch.
        words: the key of each flow as numbers, a row of five each.
    """

    def __init__(
        self, index: Int64Array, reverse: BoolArray, first: Int64Array, words: UInt64Array
    ) -> None:
        self.index = index
        self.reverse = reverse
        self.first = first
        self.words = words

    def __len__(self) -> int:
        return len(self.first)

    @cached_property
    def keys(self) -> list[bytes]:
        """The key of each flow, 40 bytes, the same in every batch; `ends` says what it holds."""
        data = self.words.astype(">u8").tobytes()
        return [data[at : at + _KEY.size] for at in range(0, len(data), _KEY.size)]

    @cached_property
    def order(self) -> Int64Array:
        """The packets that have a flow, flow by flow, those of each in the order they came.

        With ``starts`` it makes columns ready for numpy's ``reduceat``.
        """
        # numpy sorts small numbers of 16 bits in linear time.
        narrow = self.index.astype(np.int16) if len(self) < 2**15 else self.index
        order: Int64Array = np.argsort(narrow, kind="stable")
        return order[len(self.index) - int(self.counts.sum()) :]

    @cached_property
    def counts(self) -> Int64Array:
        """For each flow, how many packets it has in the batch."""
        return np.bincount(self.index[self.index >= 0], minlength=len(self))

    @cached_property
    def starts(self) -> Int64Array:
        """For each flow, where its packets begin in ``order``."""
        return np.cumsum(self.counts) - self.counts

    def part(self, which: Which) -> Flows:
        """The flows of some of the packets."""
        index, reverse = self.index[which], self.reverse[which]
        rows = np.flatnonzero(index >= 0)
        first = np.full(len(self), len(index), np.int64)
        # Of several values for one place, numpy keeps the last: so the first comes last.
        first[index[rows[::-1]]] = rows[::-1]
        there = np.flatnonzero(first < len(index))
        there = there[np.argsort(first[there])]
        number = np.full(len(self) + 1, ABSENT, np.int64)
        number[there] = np.arange(len(there))
        return Flows(number[index], reverse, first[there], self.words[there])

    def __iter__(self) -> Iterator[tuple[bytes, Int64Array]]:
        """Each flow's key, and which packets it has, in the order they came."""
        starts = self.starts.tolist()
        for key, start, count in zip(self.keys, starts, self.counts.tolist(), strict=True):
            yield key, self.order[start : start + count]


def flows_of(packets: PacketBatch) -> Flows:
    """Tell which flow each packet of a batch belongs to.

    ``packets.flows`` is the same, computed but once.
    """
    network = packets.headers.network
    rows = np.flatnonzero((network.version > 0) & (network.protocol >= 0))
    index = np.full(len(packets), ABSENT, np.int64)
    reverse = np.zeros(len(packets), np.bool_)
    words = np.zeros((_WORDS, len(rows)), np.uint64)
    src_port, dst_port, one_way = _ports(packets, rows)
    known = src_port >= 0
    src_port, dst_port = np.where(known, src_port, 0), np.where(known, dst_port, 0)
    _addresses(packets, rows, words)
    turned = _is_greater(words, src_port, dst_port)
    turned &= ~one_way
    reverse[rows] = turned
    words[:2, turned], words[2:4, turned] = words[2:4, turned], words[:2, turned]
    vlan = packets.vlans[rows]
    last = np.where(turned, dst_port, src_port) << 16 | np.where(turned, src_port, dst_port)
    last = last << 16 | np.where(vlan > 0, vlan, _NO_VLAN)
    last = last << 8 | network.protocol[rows]
    last = last << 8 | network.version[rows] | known * _WITH_PORTS
    # (A port of more than 15 bits makes it a negative number, of the same bits.)
    words[4] = last.view(np.uint64)
    numbers, first = distinct(words)
    index[rows] = numbers
    return Flows(index, reverse, rows[first], np.ascontiguousarray(words[:, first].T))


def ends(key: bytes) -> Ends:
    """What a flow's key says."""
    lower, upper, lower_port, upper_port, vlan, protocol, kind = _KEY.unpack(key)
    if kind & 0xF == 4:
        lower, upper = lower[12:], upper[12:]
    return Ends(
        None if vlan == _NO_VLAN else vlan,
        protocol,
        lower,
        lower_port if kind & _WITH_PORTS else None,
        upper,
        upper_port if kind & _WITH_PORTS else None,
    )


def community_id_of(key: bytes) -> str:
    """The community ID of a flow; it knows nothing of VLANs."""
    _, protocol, lower, lower_port, upper, upper_port = ends(key)
    return of_ordered(protocol, lower, upper, lower_port, upper_port)


def fields_of(key: bytes, reverse: bool = False) -> dict[str, Any]:
    """How chefs tell a flow.

    Args:
        key: the flow.
        reverse: whether it was the upper end that began.

    Returns:
        ``src_ip`` and ``dst_ip``, as text; ``src_port`` and ``dst_port``, or for ICMP
        ``icmp_type`` and, where it goes one way, ``icmp_code``, or neither where it has no ports;
        ``proto``, one of `PROTOCOLS` or a number; ``vlan``, if there is one; ``community_id``.
    """
    vlan, protocol, src, src_port, dst, dst_port = ends(key)
    community_id = of_ordered(protocol, src, dst, src_port, dst_port)
    if reverse:
        src, src_port, dst, dst_port = dst, dst_port, src, src_port
    fields: dict[str, Any] = {"src_ip": address_text(src)}
    if src_port is None or dst_port is None:
        fields["dst_ip"] = address_text(dst)
    elif protocol in (ICMP, ICMPV6):
        fields |= {"dst_ip": address_text(dst), "icmp_type": src_port}
        if (COUNTERPARTS if protocol == ICMP else COUNTERPARTS_V6)[src_port] < 0:
            fields["icmp_code"] = dst_port
    else:
        fields |= {"src_port": src_port, "dst_ip": address_text(dst), "dst_port": dst_port}
    fields["proto"] = PROTOCOLS.get(protocol, protocol)
    if vlan is not None:
        fields["vlan"] = vlan
    fields["community_id"] = community_id
    return fields


def pair_of(key: bytes, reverse: bool = False) -> bytes:
    """The two hosts of a flow, as a key of no ports, for all of its protocol that they exchange.

    Args:
        key: the flow.
        reverse: whether its upper end is to come first: `ends` and `fields_of` then tell that one
            as the lower one, or the source.
    """
    lower, upper, _, _, vlan, protocol, kind = _KEY.unpack(key)
    if reverse:
        lower, upper = upper, lower
    return _KEY.pack(lower, upper, 0, 0, vlan, protocol, kind & 0xF)


def without_source_port(key: bytes, reverse: bool = False) -> bytes:
    """A flow's key, with 0 for the port at its lower end, or in reverse at its upper one.

    Such a key is that of all that a host sends to a port of another.
    """
    at = _PORTS_AT + 2 * reverse
    return key[:at] + bytes(2) + key[at + 2 :]


def _ports(packets: PacketBatch, rows: Int64Array) -> tuple[Int64Array, Int64Array, BoolArray]:
    """The ports of some packets, or what ICMP has in their place, and whether it goes one way."""
    network = packets.headers.network
    src, dst = (np.full(len(rows), ABSENT, np.int64) for _ in range(2))
    one_way = np.zeros(len(rows), np.bool_)
    protocol, at = network.protocol[rows], network.payload_offset[rows]
    there = (network.fragment_offset[rows] == 0) & (at + PORTS.itemsize <= network.end[rows])
    there &= (protocol == TCP) | (protocol == UDP) | (protocol == SCTP)
    having = np.flatnonzero(there)
    header = packets.headers.read(PORTS, rows[having], at[having])
    src[having], dst[having] = header["source"], header["destination"]
    for number, counterparts in ((ICMP, COUNTERPARTS), (ICMPV6, COUNTERPARTS_V6)):
        icmp = np.flatnonzero(protocol == number)
        if len(icmp):
            kind = packets.icmp_types[rows[icmp]]
            icmp, kind = icmp[kind >= 0], kind[kind >= 0]
            counterpart = counterparts[kind]
            one_way[icmp] = counterpart < 0
            src[icmp] = kind
            code = packets.icmp_codes[rows[icmp]]
            dst[icmp] = np.where(counterpart < 0, code, counterpart)
    return src, dst, one_way


def _addresses(packets: PacketBatch, rows: Int64Array, words: UInt64Array) -> None:
    """Write source and destination addresses into the first four words of keys."""
    version = packets.ip_versions[rows]
    four = version == 4
    if four.any():
        words[1] = np.where(four, packets.ipv4_sources[rows], 0)
        words[3] = np.where(four, packets.ipv4_destinations[rows], 0)
    six = np.flatnonzero(~four)
    if len(six):
        words[:2, six] = packets.ipv6_sources[rows[six]].view(">u8").T
        words[2:4, six] = packets.ipv6_destinations[rows[six]].view(">u8").T


def _is_greater(words: UInt64Array, src_port: Int64Array, dst_port: Int64Array) -> BoolArray:
    """Whether the source is the upper end."""
    greater: BoolArray = src_port > dst_port
    for src, dst in ((words[1], words[3]), (words[0], words[2])):
        greater = (src > dst) | ((src == dst) & greater)
    return greater


def hashes(words: UInt64Array) -> UInt64Array:
    """A number for each column of up to five words, that nobody outside can foresee."""
    mixed = np.full(words.shape[1], _START)
    for word, factor in zip(words, _FACTORS, strict=False):
        mixed ^= word
        mixed *= factor
        mixed ^= mixed >> _HALF
    return mixed


def distinct(words: UInt64Array) -> tuple[Int64Array, Int64Array]:
    """Number distinct keys by when they come first: for each key its number; where each is first.

    Sorting keys whole takes ten times as long as sorting hashes of them.
    """
    numbers, first = _numbered(hashes(words))
    if not np.array_equal(words[:, first[numbers]], words):  # two keys with the same hash
        _, whole = np.unique(words, axis=1, return_inverse=True)
        numbers, first = _numbered(whole.reshape(-1).astype(np.uint64))
    return numbers, first


def _numbered(values: UInt64Array) -> tuple[Int64Array, Int64Array]:
    _, first, inverse = np.unique(values, return_index=True, return_inverse=True)
    by_first = np.argsort(first)
    rank = np.empty_like(by_first)
    rank[by_first] = np.arange(len(first))
    return rank[inverse], first[by_first]
