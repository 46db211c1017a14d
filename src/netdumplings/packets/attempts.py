"""Who tries to reach which port of whom, and what comes of it: told for whole batches.

An attempt is the way from a source to a port of a destination, over TCP or UDP, whatever the
source's own port. Its key is that of a flow (see `flows`) without that port.
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from .columns import BoolArray, Int64Array
from .flows import PROTOCOLS, UInt64Array, hashes
from .formats import ICMP, ICMPV6, TCP, UDP
from .tcp_state import ACK, RST, SYN

if TYPE_CHECKING:
    from .batch import PacketBatch

#: What was seen of an attempt: the answer of its destination (a SYN/ACK, or a datagram back); that
#: it was refused (a RST, or an ICMP error); that its source went on with it.
ANSWERED, REFUSED, CONNECTED = 1, 2, 4

#: A key: source and destination, 16 bytes each, with IPv4 in the last four; nothing; the
#: destination's port; the VLAN, 0xffff for none; the protocol; the IP version. So it has the words
#: of a flow's.
_KEY: Final = Struct(">16s16sHHHBB")
_WORDS: Final = _KEY.size // 8
_VERSION: Final = 0x0F
#: Of the last word, where the port is, the other one in a flow's, and what is behind them: of a
#: flow's kind only the IP version counts here.
_PORT, _PORT_AT, _UPPER_PORT_AT = np.uint64(0xFFFF), np.uint64(32), np.uint64(48)
_REST: Final = np.uint64(0xFFFFFF00 | _VERSION)
#: Where traceroute sends its datagrams, to a new port for each: no scan of them.
_TRACEROUTE: Final = range(33434, 33535)
#: ICMP for "cannot be reached" (RFC 792, RFC 4443 section 3.1), and where its quote begins.
_UNREACHABLE: Final = {ICMP: 3, ICMPV6: 1}
_QUOTE: Final = 8


class Attempt(NamedTuple):
    """What an attempt's key says; addresses have 4 or 16 bytes."""

    src_ip: bytes
    dst_ip: bytes
    dst_port: int
    vlan: int | None
    proto: str


class Ways(NamedTuple):
    """What went which way in a batch: columns, a value for each way of a flow that had packets.

    They are in the order of the flows; of each flow, what went the way of its first packet is
    first. Keys are as their words: five numbers of 64 bits each, columns of an array.

    Attributes:
        words: the attempt that each way is, if its packets are no answer.
        back: the attempt that it answers, if they are.
        flow: the number of the flow.
        is_first: whether the flow's first packet in the batch went this way.
        is_tcp: else it is UDP.
        asked: how many packets ask: SYNs, or all datagrams.
        first_ns: when the first of them came; 0 if there are none.
        last_ns: when the last of them came.
        answers: how many packets answer: SYN/ACKs, or all datagrams.
        resets: how many RSTs.
        goes_on: how many packets have ACK, but neither SYN nor RST.
    """

    words: UInt64Array
    back: UInt64Array
    flow: Int64Array
    is_first: BoolArray
    is_tcp: BoolArray
    asked: Int64Array
    first_ns: Int64Array
    last_ns: Int64Array
    answers: Int64Array
    resets: Int64Array
    goes_on: Int64Array

    def part(self, which: BoolArray) -> Ways:
        """Some of them."""
        words, back, *columns = self
        return Ways._make((words[:, which], back[:, which], *(each[which] for each in columns)))


def attempt_of(key: bytes) -> Attempt:
    """What an attempt's key says."""
    src, dst, _, port, vlan, protocol, version = _KEY.unpack(key)
    if version == 4:
        src, dst = src[12:], dst[12:]
    return Attempt(src, dst, port, None if vlan == 0xFFFF else vlan, PROTOCOLS[protocol])


def ways_of(packets: PacketBatch) -> Ways:
    """What went each way of the flows of TCP and UDP of a batch.

    Fragments but the first, and what is cut off before its ports, are not in it.
    """
    flows = packets.flows
    rows = np.flatnonzero((packets.src_ports >= 0) & (flows.index >= 0))
    # (Each way's number: the first packet's way of a flow is even.)
    side = flows.index[rows] * 2 + (
        flows.reverse[rows] ^ flows.reverse[flows.first][flows.index[rows]]
    )
    flags = packets.tcp_flags[rows]
    is_udp = packets.ip_protocols[rows] == UDP
    kind = flags & (SYN | ACK | RST)
    sides = 2 * len(flows)

    def count(mask: BoolArray) -> Int64Array:
        return np.bincount(side[mask], minlength=sides)

    asks = np.flatnonzero(is_udp | (kind == SYN))
    first = np.zeros(sides, np.int64)
    # Of several values for one place, numpy keeps the last: so the first comes last.
    first[side[asks[::-1]]] = packets.times_ns[rows[asks[::-1]]]
    last = np.zeros(sides, np.int64)
    last[side[asks]] = packets.times_ns[rows[asks]]
    there = np.flatnonzero(np.bincount(side, minlength=sides))
    flow, is_first = there >> 1, there & 1 == 0
    upper = flows.reverse[flows.first][flow] ^ ~is_first
    words, back = _both(flows.words[flow], upper)
    is_tcp = count(~is_udp) > 0
    columns = (
        np.bincount(side[asks], minlength=sides),
        first,
        last,
        count(is_udp | (kind == SYN | ACK)),
        count(~is_udp & (flags & RST > 0)),
        count(~is_udp & (kind == ACK)),
    )
    numbers = (column[there] for column in columns)
    return Ways._make((words, back, flow, is_first, is_tcp[there], *numbers))


def keys_of(words: UInt64Array) -> list[bytes]:
    """The keys of attempts, from their words."""
    data = np.ascontiguousarray(words.T).astype(">u8").tobytes()
    return [data[at : at + _KEY.size] for at in range(0, len(data), _KEY.size)]


def words_of(keys: list[bytes]) -> UInt64Array:
    """The words of attempts, from their keys."""
    data = np.frombuffer(b"".join(keys), ">u8").reshape(len(keys), _WORDS)
    return np.ascontiguousarray(data.T).astype(np.uint64)


def counts(words: UInt64Array) -> BoolArray:
    """Whether datagrams may be of a scan: they go to one host, and are none of traceroute's."""
    is_four = words[4] & np.uint64(_VERSION) == 4
    to_many = np.where(is_four, words[3] >> np.uint64(28) >= 0xE, words[2] >> np.uint64(56) == 0xFF)
    port = words[4] >> _PORT_AT & _PORT
    is_route = (port >= _TRACEROUTE.start) & (port < _TRACEROUTE.stop)
    counted: BoolArray = ~(to_many | is_route)
    return counted


def same_source(words: UInt64Array) -> UInt64Array:
    """A number for each attempt's source, that nobody outside can foresee."""
    return hashes(words[:2])


def same_port(words: UInt64Array) -> UInt64Array:
    """The same for what all have in common that go to one port, of whichever host."""
    return hashes(np.stack((words[0], words[1], words[4])))


def same_target(words: UInt64Array) -> UInt64Array:
    """The same for what all have in common that go to one host, at whichever port."""
    return hashes(np.concatenate((words[:4], words[4:] & ~(_PORT << _PORT_AT))))


def refused(packets: PacketBatch) -> Iterator[bytes]:
    """The attempts of which ICMP says that they cannot reach their destination, by their keys."""
    kind = packets.icmp_types
    protocol = packets.ip_protocols
    unreachable = (protocol == ICMP) & (kind == _UNREACHABLE[ICMP])
    unreachable |= (protocol == ICMPV6) & (kind == _UNREACHABLE[ICMPV6])
    offsets = packets.headers.network.payload_offset
    for place in np.flatnonzero(unreachable).tolist():
        data = packets.data(place)[int(offsets[place]) + _QUOTE :][:64]
        key = _quoted(data, int(packets.vlans[place]))
        if key is not None:
            yield key


def _both(words: UInt64Array, upper: BoolArray) -> tuple[UInt64Array, UInt64Array]:
    """The attempts that ways of flows may be, and those that they answer.

    Args:
        words: of the flows' keys, a row each.
        upper: whether each goes from the upper end to the lower one.
    """
    lower, higher, last = words[:, :2].T, words[:, 2:4].T, words[:, 4]
    src, dst = np.where(upper, higher, lower), np.where(upper, lower, higher)
    rest = last & _REST
    one, other = last >> _PORT_AT & _PORT, last >> _UPPER_PORT_AT
    to, back_to = np.where(upper, (other, one), (one, other)) << _PORT_AT
    return np.stack((*src, *dst, rest | to)), np.stack((*dst, *src, rest | back_to))


def _quoted(data: bytes, vlan: int) -> bytes | None:
    """The attempt of a packet that an ICMP error quotes, of which at least the ports are there."""
    tag = vlan if vlan > 0 else 0xFFFF
    version = data[0] >> 4 if data else 0
    if version == 4 and len(data) >= 20:
        at = (data[0] & 0x0F) * 4
        protocol, src, dst = data[9], bytes(12) + data[12:16], bytes(12) + data[16:20]
    elif version == 6 and len(data) >= 40:
        at, protocol, src, dst = 40, data[6], data[8:24], data[24:40]
    else:
        return None
    if protocol not in (TCP, UDP) or at < 20 or len(data) < at + 4:
        return None
    port = int.from_bytes(data[at + 2 : at + 4], "big")
    return _KEY.pack(src, dst, 0, port, tag, protocol, version)
