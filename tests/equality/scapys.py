"""What scapy's fields say of a packet, put as the columns put it."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address
from typing import Any

from scapy.base_classes import SetGen
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import (
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
    IPv6ExtHdrRouting,
    IPv6ExtHdrSegmentRouting,
)
from scapy.layers.l2 import CookedLinux, CookedLinuxV2, Dot1AD, Dot1Q, Ether, Loopback
from scapy.packet import NoPayload, Packet

ABSENT = -1
MOST_TAGS = MOST_EXTENSIONS = 8
_EXTENSIONS = (
    IPv6ExtHdrHopByHop,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrRouting,
    IPv6ExtHdrSegmentRouting,
    IPv6ExtHdrFragment,
)
#: Address families of BSD loopback, as EtherTypes.
_FAMILIES = {2: 0x0800, 10: 0x86DD, 24: 0x86DD, 28: 0x86DD, 30: 0x86DD}
_IPV4, _IPV6 = {4: 0x0800}, {6: 0x86DD}
#: The link types that begin with IP, and as which EtherTypes they may.
_RAW = {12: _IPV4 | _IPV6, 101: _IPV4 | _IPV6, 228: _IPV4, 229: _IPV6}
LINK_TYPES = {0, 1, 108, 113, 276, *_RAW}


@dataclass
class Told:
    """The columns of one packet, as of scapy's fields.

    ``wrong`` names the headers that are cut off or claim what cannot be: there a column may be
    absent, although scapy shows what it can make of them.
    """

    ethertype: int = ABSENT
    vlan: int = ABSENT
    ip_version: int = ABSENT
    ip_protocol: int = ABSENT
    fragment_offset: int = ABSENT
    is_fragment: bool = False
    ipv4_source: int = ABSENT
    ipv4_destination: int = ABSENT
    ipv6_source: bytes = bytes(16)
    ipv6_destination: bytes = bytes(16)
    src_port: int = ABSENT
    dst_port: int = ABSENT
    tcp_flags: int = ABSENT
    tcp_seq: int = ABSENT
    tcp_ack: int = ABSENT
    tcp_window: int = ABSENT
    payload_offset: int = ABSENT
    payload_length: int = ABSENT
    wrong: list[str] = field(default_factory=list)


def told_by_scapy(link_type: int, packet: Packet) -> Told:
    """Read the columns of a dissected packet off its fields."""
    told = Told()
    if link_type not in LINK_TYPES:
        return told
    if not packet.original:  # all of its fields are defaults
        return told
    at = 0
    layer = packet
    if isinstance(layer, Ether | CookedLinux | Loopback):
        at += _size(layer)
        if isinstance(layer, Ether):
            told.ethertype = layer.type
        elif isinstance(layer, CookedLinux):
            told.ethertype = layer.proto
            if isinstance(layer, CookedLinuxV2) and at < 20:
                told.wrong.append("link")
        else:
            family = layer.type or int.from_bytes(layer.original[:4])
            told.ethertype = _FAMILIES.get(family, ABSENT if layer.type else 0x0800)
        layer = layer.payload
        at, layer = _tags(layer, at, told)
        if told.ethertype < 0x0600:  # a length, or nothing (IEEE 802.3 clause 3.2.6)
            told.ethertype = ABSENT
    elif link_type in _RAW:  # no field says it but the version
        version = packet.original[0] >> 4
        told.ethertype = _RAW[link_type].get(version, ABSENT)
    if isinstance(layer, IP | IPv6):
        _network(layer, at, told)
    return told


def layers_within(packet: Packet) -> list[Packet]:
    """All that ``haslayer`` would look at: the layers, and the packets in their fields."""
    found: list[Packet] = []
    while not isinstance(packet, NoPayload):
        found.append(packet)
        for each in packet.packetfields:
            value = packet.getfieldval(each.name)
            if value is None:
                continue
            for inner in value if each.islist else SetGen(value, _iterpacket=0):
                if isinstance(inner, Packet):
                    found += layers_within(inner)
        packet = packet.payload
    return found


def _tags(layer: Packet, at: int, told: Told) -> tuple[int, Packet]:
    tags = 0
    while isinstance(layer, Dot1Q):  # and its subclass, Dot1AD
        if not tags:
            told.vlan = layer.vlan
        tags += 1
        told.ethertype = layer.type
        at += _size(layer)
        layer = layer.payload
    if tags > MOST_TAGS or (told.ethertype in (0x8100, 0x88A8) and type(layer) is not Dot1AD):
        told.wrong.append("tags")
    return at, layer


def _network(layer: Packet, at: int, told: Told) -> None:
    start = at
    extent = len(layer.original)
    if isinstance(layer, IP):
        told.ip_version = 4
        told.ip_protocol = layer.proto
        told.fragment_offset = layer.frag * 8
        told.is_fragment = bool(layer.flags.MF) or layer.frag > 0
        told.ipv4_source = int(IPv4Address(layer.src))
        told.ipv4_destination = int(IPv4Address(layer.dst))
        size = layer.ihl * 4
        if layer.version != 4 or size < 20 or size > extent:
            told.wrong.append("IP")
            return
        at += size
        end = start + (layer.len if size <= layer.len <= extent else extent)
    else:
        told.ip_version = 6
        told.fragment_offset = 0
        told.ipv6_source = IPv6Address(layer.src).packed
        told.ipv6_destination = IPv6Address(layer.dst).packed
        if layer.version != 6:
            told.wrong.append("IPv6")
            return
        if layer.plen == 0 and layer.nh == 0:
            told.wrong.append("jumbogram")
            return
        end = start + min(extent, 40 + layer.plen)
        at += 40
        at, layer = _extensions(layer, at, end, told)
    if "extensions" not in told.wrong:
        transport = layer.payload
        if isinstance(transport, TCP | UDP):
            _transport(transport, at, end, told)


def _extensions(layer: Packet, at: int, end: int, told: Told) -> tuple[int, Packet]:
    told.ip_protocol = layer.nh
    count = 0
    while isinstance(layer.payload, _EXTENSIONS):
        layer = layer.payload
        count += 1
        fragment = isinstance(layer, IPv6ExtHdrFragment)
        at += 8 if fragment else 8 * (layer.len + 1)
        if at > end or count > MOST_EXTENSIONS or not _is_sound(layer):
            told.wrong.append("extensions")
            return at, layer
        told.ip_protocol = layer.nh
        if fragment:
            told.fragment_offset = layer.offset * 8
            told.is_fragment |= layer.offset > 0 or layer.m == 1
    if told.ip_protocol in (0, 43, 44, 60) and not told.fragment_offset:
        told.wrong.append("extensions")  # one that scapy could not dissect
    return at, layer


def _is_sound(extension: Packet) -> bool:
    """Whether an extension header is as long as what it says that it holds."""
    if isinstance(extension, IPv6ExtHdrSegmentRouting):
        return 2 * (extension.lastentry + 1) <= extension.len
    return not isinstance(extension, IPv6ExtHdrRouting) or extension.len % 2 == 0


def _transport(layer: Packet, at: int, end: int, told: Told) -> None:
    told.src_port, told.dst_port = layer.sport, layer.dport
    if isinstance(layer, TCP):
        told.tcp_flags = int(layer.flags) & 0xFF
        told.tcp_seq, told.tcp_ack, told.tcp_window = layer.seq, layer.ack, layer.window
        told.payload_offset = min(at + max(20, layer.dataofs * 4), end)
    else:
        told.payload_offset = at + 8
        if layer.len < 8:
            told.wrong.append("UDP")
        else:
            end = min(end, at + layer.len)
    told.payload_length = end - told.payload_offset


def _size(layer: Packet) -> int:
    cache: Any = layer.raw_packet_cache
    return len(cache)
