"""What scapy binds to the ports of a batch's packets, and which packets may hold others inside.

Chefs and counters that work on whole batches need to know what lies above TCP and UDP. scapy tells
it from the ports alone, so it is asked once for each pair of ports that mean something to it, and
not once a packet.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
from scapy.layers.dns import DNS
from scapy.layers.inet import TCP, UDP
from scapy.layers.l2 import ARP

from .shapes import SHAPES, UNKNOWN, Application, Family, application_of, family_of

if TYPE_CHECKING:
    from .batch import PacketBatch

IntArray = npt.NDArray[np.int64]

#: What scapy binds to ports by itself, and finds no other protocol's packets in. Anything else is
#: a tunnel (VXLAN, GRE, L2TP, ...) or was bound by somebody's import, and may hold what it likes.
HOLDS_NOTHING: Final = frozenset(
    {
        "BOOTP", "CLDAP", "DNS", "DceRpc", "ESP", "HSRP", "HSRPv2", "ISAKMP", "Kerberos",
        "KerberosTCPHeader", "Kpasswd", "KpasswdTCPHeader", "LDAP", "MGCP", "NBNSHeader",
        "NBTDatagram", "NBTSession", "NTP", "NetflowHeader", "PPTP", "RIP", "Radius", "SNMP",
        "Skinny", "TFTP", "_LLMNR", "_dhcp6_dispatcher",
    }
)  # fmt: skip


#: Layers that chefs look for in every packet, and that none of these applications but DNS has.
FOUND_ELSEWHERE: Final = frozenset({DNS, "DNS", ARP, "ARP"})


class Bound(NamedTuple):
    """Packets that carry one application.

    ``layer`` is what scapy has for it: a class of packets, or a function that makes one; None if
    only scapy can tell. ``indices`` tell which packets of the batch, in order.
    """

    layer: Any
    over_tcp: bool
    indices: IntArray


def bound_applications(packets: PacketBatch) -> list[Bound]:
    """The packets of a known shape with a port that is bound to something, by application.

    A batch keeps what this tells of it: see `PacketBatch.applications`.
    """
    indices = np.flatnonzero(_BOUND[packets.shapes])
    if not len(indices):
        return []
    over_tcp = _OVER_TCP[packets.shapes[indices]]
    source, destination = packets.src_ports[indices], packets.dst_ports[indices]
    bindings = {True: _bindings_of(TCP), False: _bindings_of(UDP)}
    for tcp, mask in ((True, over_tcp), (False, ~over_tcp)):
        for ports in (source, destination):
            ports[mask & ~bindings[tcp].ports[ports]] = bindings[tcp].no_port
    pairs, pair_of = np.unique(over_tcp << 32 | source << 16 | destination, return_inverse=True)
    group_of_pair = []
    groups: dict[tuple[Any, bool], int] = {}
    for pair in pairs.tolist():
        tcp = bool(pair >> 32)
        layer = bindings[tcp].layer(pair >> 16 & 0xFFFF, pair & 0xFFFF)
        group_of_pair.append(groups.setdefault((layer, tcp), len(groups)))
    group_of = np.array(group_of_pair)[pair_of]
    return [Bound(layer, tcp, indices[group_of == group]) for (layer, tcp), group in groups.items()]


def is_closed(layer: Any) -> bool:
    """Whether none of `FOUND_ELSEWHERE` is ever found in an application."""
    return layer is not DNS and name_of(layer) in HOLDS_NOTHING


def payloads(packets: PacketBatch, indices: IntArray) -> list[bytes]:
    """What TCP or UDP carries in some packets of a batch."""
    transport = packets.headers.transport
    starts = packets.offsets[indices]
    begins = (starts + transport.payload_offset[indices]).tolist()
    ends = (starts + transport.payload_end[indices]).tolist()
    buffer = packets.buffer
    return [buffer[begin:end] for begin, end in zip(begins, ends, strict=True)]


def untold(packets: PacketBatch, marks: tuple[bytes, ...]) -> IntArray:
    """The packets of which only scapy can tell whether they hold a layer, somewhere inside.

    These are the packets of unknown shape, and whatever may be a tunnel, if they have certain
    bytes at all.

    Args:
        packets: the batch.
        marks: bytes of which a packet with that layer has at least one, such as the port or the
            EtherType that it is bound to.
    """
    unknown = np.flatnonzero(packets.shapes == UNKNOWN)
    tunnels = [
        bound.indices for bound in packets.applications if name_of(bound.layer) not in HOLDS_NOTHING
    ]
    suspects = np.sort(np.concatenate([unknown, *tunnels]))
    starts = packets.offsets[suspects]
    ends = starts + packets.captured_lengths[suspects]
    find = packets.buffer.find
    marked = [
        any(find(mark, start, end) >= 0 for mark in marks)
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True)
    ]
    return suspects[np.array(marked, np.bool_)]


def ports_of(layer: Any) -> tuple[bytes, ...]:
    """The ports that an application is bound to, as they stand in a header."""
    ports = {
        port
        for transport in (TCP, UDP)
        for fields, bound in transport.payload_guess
        if bound is layer
        for port in fields.values()
    }
    return tuple(port.to_bytes(2, "big") for port in sorted(ports))


def name_of(layer: Any) -> str:
    """The name of a class or function that is bound to ports; empty for the unknown layer."""
    return getattr(layer, "__name__", "")


class _Bindings:
    """What scapy binds to the ports of TCP or UDP.

    Args:
        transport: scapy's class of one of them.

    Attributes:
        table: scapy's own table, of which these are made.
        ports: for each port, whether it is bound to anything, alone or with another.
        no_port: one that is not, which can stand for all others like it.
    """

    def __init__(self, transport: Any) -> None:
        self.table = transport.payload_guess
        self.ports = np.zeros(65536, np.bool_)
        self._transport = transport
        self._layers: dict[tuple[int, int], Any] = {}
        self._by_ports = True
        for fields, _layer in self.table:
            self._by_ports &= bool(fields) and fields.keys() <= {"sport", "dport"}
            self.ports[[port for port in fields.values() if port in range(65536)]] = True
        self.no_port = int(np.argmin(self.ports))

    def layer(self, source: int, destination: int) -> Any:
        """What scapy takes a payload between two ports for; None if it looks at more than ports."""
        if not self._by_ports:
            return None
        pair = source, destination
        if pair not in self._layers:
            if len(self._layers) >= _PAIRS:
                self._layers.clear()
            transport = self._transport(sport=source, dport=destination)
            self._layers[pair] = transport.guess_payload_class(b"")
        return self._layers[pair]


def _bindings_of(transport: Any) -> _Bindings:
    known = _known.get(transport)
    # Somebody's import may bind more while we run: scapy then makes a new table.
    if known is None or known.table is not transport.payload_guess:
        known = _known[transport] = _Bindings(transport)
    return known


_known: dict[Any, _Bindings] = {}
#: Pairs of bound ports whose application is kept in mind; there are many more than ever go by.
_PAIRS: Final = 4096


def shape_table(tells: Callable[[int], bool]) -> npt.NDArray[np.bool_]:
    """For each shape, whether something is true of it; False for numbers that no packet has."""
    table = np.zeros(SHAPES, np.bool_)
    for shape in range(SHAPES):
        try:
            table[shape] = shape != UNKNOWN and tells(shape)
        except ValueError:
            continue
    return table


_BOUND: Final = shape_table(lambda shape: application_of(shape) is Application.BOUND)
_OVER_TCP: Final = shape_table(lambda shape: family_of(shape) in (Family.TCP4, Family.TCP6))
