"""Which layers most packets have, told from their columns.

A packet's shape says which layers scapy would find in it, as a number; two packets of one shape
have the same layers, but for what the application's layer is. Only plain, whole packets have one:
of any other, `UNKNOWN`, scapy itself must be asked. What is told here is what scapy would tell; the
tests hold it to that, packet by packet.
"""

from __future__ import annotations

from enum import IntEnum
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import ICMPv6EchoReply, ICMPv6EchoRequest, IPv6
from scapy.layers.l2 import ARP, Dot1Q
from scapy.packet import Packet, Padding, Raw

from . import formats
from .bindings import LINK_LAYERS, as_expected, bound_ports
from .columns import Headers, Rows

#: The shape of a packet that only scapy can tell the layers of.
UNKNOWN: Final = 0

IntArray = npt.NDArray[np.int64]

#: The start of ARP (RFC 826), and what it says for IPv4 over Ethernet.
_ARP_START: Final = np.dtype([("hardware_and_protocol", ">u4"), ("sizes", ">u2")])
_ETHERNET_AND_IPV4, _SIX_AND_FOUR, _ARP_SIZE = 0x0001_0800, 0x0604, 28

_ICMP: Final = 1
#: Echo requests and replies (RFC 792, RFC 4443 section 4).
_ECHOES: Final = (0, 8)

#: VLAN tags that a shape can have.
_MOST_TAGS: Final = 2


class Family(IntEnum):
    """What a packet is, up to its transport."""

    TCP4 = 1
    UDP4 = 2
    TCP6 = 3
    UDP6 = 4
    ARP = 5
    ECHO4 = 6
    FRAGMENT4 = 7
    ECHO_REQUEST6 = 8
    ECHO_REPLY6 = 9


class Application(IntEnum):
    """What follows the transport's header."""

    NOTHING = 0
    RAW = 1
    #: Whatever scapy binds to the ports.
    BOUND = 2
    #: The same, known to hold no other protocol's packets: see `applications.is_closed`.
    CLOSED = 3


_LAYERS: Final[dict[Family, tuple[type[Packet], ...]]] = {
    Family.TCP4: (IP, TCP),
    Family.UDP4: (IP, UDP),
    Family.TCP6: (IPv6, TCP),
    Family.UDP6: (IPv6, UDP),
    Family.ARP: (ARP,),
    Family.ECHO4: (IP, ICMP),
    Family.FRAGMENT4: (IP,),
    # (Of these the bytes behind the header are a field.)
    Family.ECHO_REQUEST6: (IPv6, ICMPv6EchoRequest),
    Family.ECHO_REPLY6: (IPv6, ICMPv6EchoReply),
}

_ECHOES6: Final = ((128, Family.ECHO_REQUEST6), (129, Family.ECHO_REPLY6))
_FAMILY_MASK: Final = 0b1111
_APPLICATION_SHIFT, _PADDING_SHIFT, _TAGS_SHIFT = 4, 6, 7
#: Every shape is below this.
SHAPES: Final = 1 << 9


def family_of(shape: int) -> Family:
    """The family of a shape that is not `UNKNOWN`."""
    return Family(shape & _FAMILY_MASK)


def application_of(shape: int) -> Application:
    """What a shape has above its transport."""
    return Application(shape >> _APPLICATION_SHIFT & 0b11)


def closed(shape: IntArray) -> IntArray:
    """The shape of packets whose application is bound to their ports, and closed."""
    return shape | Application.CLOSED << _APPLICATION_SHIFT


@cache
def layers_of(link_type: int, shape: int) -> tuple[type[Packet], ...]:
    """The scapy classes of a shape's layers, outermost first, but for the application's."""
    network = _LAYERS[family_of(shape)]
    first = LINK_LAYERS[link_type]
    layers: tuple[type[Packet], ...] = () if issubclass(first, IP | IPv6) else (first,)
    layers += (Dot1Q,) * (shape >> _TAGS_SHIFT)
    layers += network
    if application_of(shape) is Application.RAW:
        layers += (Raw,)
    if shape >> _PADDING_SHIFT & 1:
        layers += (Padding,)
    return layers


def shapes_of(headers: Headers) -> IntArray:
    """The shape of each packet.

    Args:
        headers: the columns of the packets.
    """
    shapes = np.zeros(len(headers.lengths), np.int64)
    if headers.link_type not in LINK_LAYERS or not as_expected(headers.link_type):
        return shapes
    link, network, transport = headers.link, headers.network, headers.transport
    plain = ~network.extensions & link.only_8021q
    if headers.link_type in (formats.NULL, formats.LOOP):
        plain &= network.version == 4  # scapy knows IPv6 there by one system's number only
    seen = transport.src_port >= 0
    for protocol, of_ipv4, of_ipv6, layer in (
        (formats.TCP, Family.TCP4, Family.TCP6, TCP),
        (formats.UDP, Family.UDP4, Family.UDP6, UDP),
    ):
        rows = np.flatnonzero(plain & seen & (network.protocol == protocol))
        if not len(rows):
            continue
        if layer is UDP:
            rows = _honest_udp(headers, rows)
        family = np.where(network.version[rows] == 4, int(of_ipv4), int(of_ipv6))
        ports = bound_ports(layer)
        bound = ports[transport.src_port[rows]] | ports[transport.dst_port[rows]]
        said = transport.payload_end[rows] > transport.payload_offset[rows]
        shapes[rows] = family | said * (1 + bound.astype(np.int64)) << _APPLICATION_SHIFT
    six = plain & (network.version == 6) & (network.protocol == formats.ICMPV6)
    if six.any():
        for kind, family6 in _ECHOES6:
            shapes[_echoes(headers, np.flatnonzero(six), (kind,))] = family6
    plain &= network.version == 4
    later = plain & (network.fragment_offset > 0)
    if later.any():
        known = (network.protocol == formats.UDP) | (network.protocol == formats.TCP)
        rows = np.flatnonzero(later & (known | (network.protocol == _ICMP)))
        _set_raw(shapes, rows, Family.FRAGMENT4, headers, 0)
    echo = plain & (network.protocol == _ICMP) & (network.fragment_offset == 0)
    if echo.any():
        _set_raw(shapes, _echoes(headers, np.flatnonzero(echo), _ECHOES), Family.ECHO4, headers, 8)
    end = network.end
    arp = _plain_arp(headers)
    if len(arp):
        shapes[arp] = Family.ARP
        end = end.copy()
        end[arp] = link.network_offset[arp] + _ARP_SIZE
    shapes |= (headers.lengths > end).astype(np.int64) << _PADDING_SHIFT
    shapes |= link.tags << _TAGS_SHIFT
    shapes[(shapes & _FAMILY_MASK == 0) | (link.tags > _MOST_TAGS)] = UNKNOWN
    return shapes


def _set_raw(shapes: IntArray, rows: Rows, family: Family, headers: Headers, size: int) -> None:
    """Set the shape of what holds plain bytes, if any, behind so many of its own."""
    network = headers.network
    said = network.end[rows] > network.payload_offset[rows] + size
    shapes[rows] = family | said.astype(np.int64) * Application.RAW << _APPLICATION_SHIFT


def _honest_udp(headers: Headers, rows: Rows) -> Rows:
    """Those of UDP's datagrams whose length leaves nothing over within IP's."""
    network = headers.network
    at = network.payload_offset[rows]
    length = headers.read(formats.U16, rows, at + 4)["value"]
    honest: Rows = rows[length >= network.end[rows] - at]
    return honest


def _echoes(headers: Headers, rows: Rows, kinds: tuple[int, ...]) -> Rows:
    """Those of ICMP's messages that are of some types with a header of 8 bytes, and have that."""
    at = headers.network.payload_offset[rows]
    there = at + 8 <= headers.network.end[rows]
    rows, at = rows[there], at[there]
    kind = headers.read(formats.U8, rows, at)["value"]
    echoes: Rows = rows[np.isin(kind, kinds)]
    return echoes


def _plain_arp(headers: Headers) -> Rows:
    """The packets of ARP for IPv4 over Ethernet (RFC 826), whole."""
    link = headers.link
    rows = np.flatnonzero((link.ethertype == formats.ETHERTYPE_ARP) & link.only_8021q)
    if not len(rows):
        return rows
    at = link.network_offset[rows]
    there = at + _ARP_SIZE <= headers.lengths[rows]
    rows, at = rows[there], at[there]
    start = headers.read(_ARP_START, rows, at)
    ethernet = start["hardware_and_protocol"] == _ETHERNET_AND_IPV4
    plain: Rows = rows[ethernet & (start["sizes"] == _SIX_AND_FOUR)]
    return plain
