"""Which layers most packets have, told from their columns.

A packet's shape says which layers scapy would find in it, as a number; two packets of one shape
have the same layers, but for what the application's layer is. Only plain, whole packets have one:
of any other, `UNKNOWN`, scapy itself must be asked. What is told here is what scapy would tell; the
tests hold it to that, packet by packet.
"""

from __future__ import annotations

from enum import IntEnum
from functools import cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import ARP, CookedLinux, CookedLinuxV2, Dot1Q, Ether
from scapy.packet import Packet, Padding, Raw

from . import columns
from .columns import Headers

#: The shape of a packet that only scapy can tell the layers of.
UNKNOWN: Final = 0

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

#: TCP options as nearly all segments have them: NOP, NOP, and a time stamp of 10 bytes (RFC 7323).
_TIMESTAMP_ONLY: Final = 0x0101080A
#: RFC 5925's TCP-AO, the one option on which scapy's dissector may fail.
_TCP_AO: Final = 29

_FIRST_LAYER: Final[dict[int, type[Packet] | None]] = {
    columns.ETHERNET: Ether,
    columns.LINUX_SLL: CookedLinux,
    columns.LINUX_SLL2: CookedLinuxV2,
    columns.RAW: None,
    12: None,
    columns.IPV4: None,
    columns.IPV6: None,
}
_VERSION: Final = {columns.IPV4: 4, columns.IPV6: 6}


class Family(IntEnum):
    """What a packet is, up to its transport."""

    TCP4 = 1
    UDP4 = 2
    TCP6 = 3
    UDP6 = 4
    ARP = 5
    ECHO4 = 6
    FRAGMENT4 = 7


class Application(IntEnum):
    """What follows the transport's header."""

    NOTHING = 0
    RAW = 1
    #: Whatever scapy binds to the ports.
    BOUND = 2


_LAYERS: Final[dict[Family, tuple[type[Packet], ...]]] = {
    Family.TCP4: (IP, TCP),
    Family.UDP4: (IP, UDP),
    Family.TCP6: (IPv6, TCP),
    Family.UDP6: (IPv6, UDP),
    Family.ARP: (ARP,),
    Family.ECHO4: (IP, ICMP),
    Family.FRAGMENT4: (IP,),
}

_APPLICATION_SHIFT, _PADDING_SHIFT, _TAGS_SHIFT = 4, 6, 7
#: Every shape is below this.
SHAPES: Final = 1 << 9


def family_of(shape: int) -> Family:
    """The family of a shape that is not `UNKNOWN`."""
    return Family(shape & 0b1111)


def application_of(shape: int) -> Application:
    """What a shape has above its transport."""
    return Application(shape >> _APPLICATION_SHIFT & 0b11)


@cache
def layers_of(link_type: int, shape: int) -> tuple[type[Packet], ...]:
    """The scapy classes of a shape's layers, outermost first, but for the application's."""
    first = _FIRST_LAYER[link_type]
    layers: tuple[type[Packet], ...] = (first,) if first else ()
    layers += (Dot1Q,) * (shape >> _TAGS_SHIFT)
    layers += _LAYERS[family_of(shape)]
    if application_of(shape) is Application.RAW:
        layers += (Raw,)
    if shape >> _PADDING_SHIFT & 1:
        layers += (Padding,)
    return layers


def shapes_of(link_type: int, buffer: bytes, starts: IntArray, headers: Headers) -> IntArray:
    """The shape of each packet.

    Args:
        link_type: a LINKTYPE_ value.
        buffer: where the packets are.
        starts: where each starts in it, bytes.
        headers: their columns.
    """
    count = len(starts)
    if link_type not in _FIRST_LAYER:
        return np.zeros(count, np.int64)
    link, network, transport = headers.link, headers.network, headers.transport
    header_size = network.payload_offset - link.network_offset
    is4, is6 = network.version == 4, network.version == 6
    whole = network.complete & ((is4 & (header_size == 20)) | (is6 & ~network.extensions))
    first = network.fragment_offset == 0
    room = network.end - network.payload_offset

    has_tcp = (network.protocol == columns.TCP) & (transport.src_port >= 0)
    has_udp = (network.protocol == columns.UDP) & (transport.src_port >= 0)
    tcp = whole & has_tcp & _plain_tcp_options(buffer, starts, headers, has_tcp)
    udp = whole & has_udp & _honest_udp_length(headers, room, has_udp)
    echo = whole & is4 & first & (network.protocol == 1) & (room >= 8)
    if echo.any():
        kind = headers.u8(np.where(echo, network.payload_offset, columns.ABSENT))
        echo &= (kind == 0) | (kind == 8)
    later = whole & is4 & (network.fragment_offset > 0) & np.isin(network.protocol, (1, 6, 17))
    arp = _plain_arp(headers)

    family = np.zeros(count, np.int64)
    for mask, value in (
        (tcp & is4, Family.TCP4), (udp & is4, Family.UDP4),
        (tcp & is6, Family.TCP6), (udp & is6, Family.UDP6),
        (echo, Family.ECHO4), (later, Family.FRAGMENT4), (arp, Family.ARP),
    ):  # fmt: skip
        family[mask] = value

    some = np.zeros(count, np.bool_)
    either = tcp | udp
    some[either] = (transport.payload_end > transport.payload_offset)[either]
    some[echo] = (room > 8)[echo]
    some[later] = (room > 0)[later]
    bound = np.zeros(count, np.bool_)
    for mask, layer in ((tcp & some, TCP), (udp & some, UDP)):
        if mask.any():
            ports = bound_ports(layer)
            bound[mask] = (ports[transport.src_port] | ports[transport.dst_port])[mask]

    end = np.where(arp, link.network_offset + 28, network.end)
    padded = headers.lengths > end
    tags = np.minimum(link.tags, 2)
    shape = (
        family
        | (some.astype(np.int64) + bound) << _APPLICATION_SHIFT
        | padded.astype(np.int64) << _PADDING_SHIFT
        | tags << _TAGS_SHIFT
    )
    known = (family > 0) & _only_8021q(headers)
    if link_type in _VERSION:  # scapy takes these link types at their word
        known &= network.version == _VERSION[link_type]
    return np.where(known, shape, UNKNOWN)


def bound_ports(transport: Any) -> BoolArray:
    """For each port, whether scapy binds anything to it, alone or with another."""
    return _bound_ports(transport, len(transport.payload_guess))


@cache
def _bound_ports(transport: Any, _bindings: int) -> BoolArray:
    # Somebody's import may bind more while we run: their number tells when to look again.
    ports = np.zeros(65536, np.bool_)
    for fields, _layer in transport.payload_guess:
        for port in fields.values():
            ports[port] = True
    return ports


def _plain_tcp_options(
    buffer: bytes, starts: IntArray, headers: Headers, has_tcp: BoolArray
) -> BoolArray:
    """Where TCP's options are such that scapy's dissector of them cannot fail."""
    at = headers.network.payload_offset + 20
    size = headers.transport.payload_offset - at
    plain: BoolArray = has_tcp & (size == 0)
    stamped = has_tcp & (size == 12)
    if stamped.any():
        plain |= headers.u32(np.where(stamped, at, columns.ABSENT)) == _TIMESTAMP_ONLY
    for index in np.flatnonzero(has_tcp & ~plain).tolist():
        place = int(starts[index] + at[index])
        plain[index] = buffer.find(_TCP_AO, place, place + int(size[index])) < 0
    return plain


def _honest_udp_length(headers: Headers, room: IntArray, has_udp: BoolArray) -> BoolArray:
    """Where UDP's length leaves nothing over within IP's."""
    at = np.where(has_udp, headers.network.payload_offset + 4, columns.ABSENT)
    honest: BoolArray = headers.u16(at) >= np.maximum(room, 8)
    return honest


def _plain_arp(headers: Headers) -> BoolArray:
    """Where there is ARP for IPv4 over Ethernet (RFC 826), whole."""
    arp: BoolArray = headers.link.ethertype == columns.ETHERTYPE_ARP
    if not arp.any():
        return arp
    at = np.where(arp, headers.link.network_offset, columns.ABSENT)
    kinds = headers.u32(at) == 0x0001_0800
    sizes = headers.u16(np.where(arp, at + 4, columns.ABSENT)) == 0x0604
    arp &= kinds & sizes & (at + 28 <= headers.lengths)
    return arp


def _only_8021q(headers: Headers) -> BoolArray:
    """Where all VLAN tags are 802.1Q's; scapy has another layer for those of 802.1ad."""
    tags = headers.link.tags
    plain: BoolArray = tags == 0
    if not plain.all():
        outer, inner = headers.u16(12) == 0x8100, headers.u16(16) == 0x8100
        plain |= outer & ((tags == 1) | inner)
    return plain
