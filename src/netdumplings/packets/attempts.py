"""Who tries to reach which port of whom, and what comes of it: told for whole batches.

An attempt is the way from a source to a port of a destination, over TCP or UDP, whatever the
source's own port. Its key is that of a flow (see `flows`) without that port.
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from .flows import PROTOCOLS
from .formats import ICMP, ICMPV6, TCP, UDP
from .tcp_state import ACK, RST, SYN

if TYPE_CHECKING:
    from .batch import PacketBatch
    from .columns import Int64Array

#: What was seen of an attempt: the answer of its destination (a SYN/ACK, or a datagram back); that
#: it was refused (a RST, or an ICMP error); that its source went on with it.
ANSWERED, REFUSED, CONNECTED = 1, 2, 4

#: A key: source and destination, 16 bytes each, with IPv4 in the last four; the destination's
#: port; the VLAN, 0xffff for none; the protocol; the IP version.
_KEY: Final = Struct(">16s16sHHBB")
#: The part of a flow's key behind its ports: of its kind only the IP version counts here.
_REST: Final = 36
_VERSION: Final = 0x0F
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
    """What went one way of a flow in a batch.

    Attributes:
        key: the attempt that this way is, if its packets are no answer.
        back: the attempt that this way answers, if they are.
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

    key: bytes
    back: bytes
    flow: int
    is_first: bool
    is_tcp: bool
    asked: int
    first_ns: int
    last_ns: int
    answers: int
    resets: int
    goes_on: int


def attempt_of(key: bytes) -> Attempt:
    """What an attempt's key says."""
    src, dst, port, vlan, protocol, version = _KEY.unpack(key)
    if version == 4:
        src, dst = src[12:], dst[12:]
    return Attempt(src, dst, port, None if vlan == 0xFFFF else vlan, PROTOCOLS[protocol])


def ways_of(packets: PacketBatch) -> Iterator[Ways]:
    """What went each way of the flows of TCP and UDP of a batch, flow by flow.

    Of each flow, what went the way of its first packet comes first. Fragments but the first, and
    what is cut off before its ports, are not in it.
    """
    flows = packets.flows
    has_ports = packets.src_ports >= 0
    rows = np.flatnonzero(has_ports & (flows.index >= 0))
    side = flows.index[rows] * 2 + flows.reverse[rows]
    flags = packets.tcp_flags[rows]
    is_udp = packets.ip_protocols[rows] == UDP
    sides = 2 * len(flows)

    def count(mask: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Int64Array:
        return np.bincount(side[mask], minlength=sides)

    asks = np.flatnonzero(is_udp | (flags & (SYN | ACK | RST) == SYN))
    first = np.zeros(sides, np.int64)
    # Of several values for one place, numpy keeps the last: so the first comes last.
    first[side[asks[::-1]]] = packets.times_ns[rows[asks[::-1]]]
    last = np.zeros(sides, np.int64)
    last[side[asks]] = packets.times_ns[rows[asks]]
    any_ = np.bincount(side, minlength=sides)
    columns = (
        any_,
        count(is_udp),
        np.bincount(side[asks], minlength=sides),
        first,
        last,
        count(is_udp | (flags & (SYN | ACK | RST) == SYN | ACK)),
        count(~is_udp & (flags & RST > 0)),
        count(~is_udp & (flags & (SYN | ACK | RST) == ACK)),
    )
    lists = [column.tolist() for column in columns]
    begins = flows.reverse[flows.first].tolist()
    for number, (key, turned) in enumerate(zip(flows.keys, begins, strict=True)):
        for upper in (turned, not turned):
            place = 2 * number + upper
            there, udp, *rest = (column[place] for column in lists)
            if there:
                up, down = _both(key)
                key_, back = (down, up) if upper else (up, down)
                yield Ways(key_, back, number, upper == turned, not udp, *rest)


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


def _both(key: bytes) -> tuple[bytes, bytes]:
    """The attempts that a flow may be: of its lower end to its upper one, and back."""
    rest = key[_REST:39] + bytes((key[39] & _VERSION,))
    return key[:32] + key[34:36] + rest, key[16:32] + key[:16] + key[32:34] + rest


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
    return _KEY.pack(src, dst, int.from_bytes(data[at + 2 : at + 4], "big"), tag, protocol, version)
