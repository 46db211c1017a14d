"""DNS questions and ARP messages of whole batches, read from their bytes wherever that is sure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from struct import Struct
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from scapy.layers.dns import DNS, DNSQR
from scapy.layers.inet import TCP, UDP
from scapy.layers.l2 import ARP
from scapy.packet import Packet

from .applications import payloads, ports_of, shape_table, untold
from .brief import application, stretches
from .dns import UNSURE, first_name, question
from .formats import ETHERTYPE_ARP
from .shapes import Family, family_of

if TYPE_CHECKING:
    from .batch import PacketBatch


#: Of ARP for IPv4 over Ethernet: its operation and its addresses.
_ARP: Final = Struct(">H6s4s6s4s")
_IPV4: Final = re.compile(r"(0|[1-9]\d{0,2})(\.(0|[1-9]\d{0,2})){3}", re.ASCII)
_HARDWARE: Final = re.compile("[0-9a-f]{2}(:[0-9a-f]{2}){5}", re.ASCII)


class ArpMessage(NamedTuple):
    """What an ARP packet says (RFC 826).

    ``place`` is the packet's index in its batch. Addresses are text as usual; of a kind unknown to
    scapy, their bytes in hexadecimal, with colons.
    """

    place: int
    operation: int
    src_hw: str
    src_ip: str
    dst_hw: str
    dst_ip: str


class ArpFields(NamedTuple):
    """The same, with the addresses of the plain kind, of 6 and 4 bytes, as they are.

    Whatever is not of that kind is text.
    """

    place: int
    operation: int
    src_hw: bytes | str
    src_ip: bytes | str
    dst_hw: bytes | str
    dst_ip: bytes | str


def dns_questions(packets: PacketBatch) -> Iterator[tuple[int, bytes]]:
    """The names that the DNS messages of a batch ask for.

    Yields:
        one pair for each packet with a DNS message that has a question, in order. It is the
        packet's index in the batch, and the name in the first question, with its final dot. A name
        longer than RFC 1035 section 2.3.4 allows is cut, so that nobody can have us remember much.
    """
    names: list[tuple[int, Any]] = []
    for layer, over_tcp, indices in packets.applications:
        if layer is DNS:
            asked = (_question(data, over_tcp) for data in payloads(packets, indices))
            names += zip(indices.tolist(), asked, strict=True)
    names += ((index, UNSURE) for index in untold(packets, ports_of(DNS)).tolist())
    for index, name in sorted(names, key=lambda pair: pair[0]):
        told = _question_inside(packets, index) if name is UNSURE else name
        if told is not None:
            yield index, told


def arp_messages(packets: PacketBatch) -> Iterator[ArpMessage]:
    """What the ARP packets of a batch say.

    Yields:
        one for each packet that has ARP, in order.
    """
    for arp in arp_fields(packets):
        yield ArpMessage(arp.place, arp.operation, *map(address_of_arp, arp[2:]))


def arp_fields(packets: PacketBatch, longest: int | None = None) -> Iterator[ArpFields]:
    """What the ARP packets of a batch say, as `arp_messages`, with nothing made text of.

    Args:
        packets: the batch.
        longest: how many characters of text there may be; the rest is cut off.

    Yields:
        one for each packet that has ARP, in order.
    """
    plain = np.flatnonzero(_IS_ARP[packets.shapes])
    scapys = untold(packets, (ETHERTYPE_ARP.to_bytes(2, "big"),))
    if not len(plain) and not len(scapys):
        return
    starts = (packets.offsets[plain] + packets.network_offsets[plain]).tolist()
    places: list[tuple[int, int | None]] = list(zip(plain.tolist(), starts, strict=True))
    if len(scapys):
        places += ((index, None) for index in scapys.tolist())
        places.sort(key=lambda place: place[0])
    buffer = packets.buffer
    for index, start in places:
        if start is not None:
            # ARP for IPv4 over Ethernet, which is the plain kind.
            yield ArpFields(index, *_ARP.unpack_from(buffer, start + 6))
            continue
        for stretch in stretches(packets.link_type, packets.data(index)):
            if stretch.haslayer(ARP):
                yield _arp_told_by_scapy(index, stretch[ARP], longest)
                break


def address_of_arp(address: bytes | str) -> str:
    """An address of ARP as text."""
    if isinstance(address, str):
        return address
    return address.hex(":") if len(address) == 6 else ".".join(map(str, address))


def _question(data: bytes, over_tcp: bool) -> bytes | None:
    """The name that a payload on a port of DNS asks for."""
    told = question(data, over_tcp)
    if told is not UNSURE:
        return told
    transport = TCP(sport=53) if over_tcp else UDP(sport=53)
    return _question_of(application(transport, data))


def _question_inside(packets: PacketBatch, index: int) -> bytes | None:
    """The name that the first DNS message anywhere in a packet asks for."""
    for stretch in stretches(packets.link_type, packets.data(index)):
        message = stretch if isinstance(stretch, DNS) else stretch.getlayer(DNS)
        if message is not None:
            return _question_of(message)
    return None


def _question_of(message: Packet) -> bytes | None:
    if not isinstance(message, DNS) or not message.qd or not isinstance(message.qd[0], DNSQR):
        return None  # no DNS, no question, or a broken one, which is Raw
    # Over TCP a message follows its length.
    prefix = 2 if isinstance(message.underlayer, TCP) else 0
    return first_name(message.original[prefix:])


def _arp_told_by_scapy(index: int, arp: Any, longest: int | None) -> ArpFields:
    addresses = (arp.hwsrc, arp.psrc, arp.hwdst, arp.pdst)
    texts = (each.hex(":") if isinstance(each, bytes) else each for each in addresses)
    return ArpFields(index, arp.op, *(_plain_address(text[:longest]) for text in texts))


def _plain_address(text: str) -> bytes | str:
    """Text as the bytes of the plain kind, where that says the same."""
    if _HARDWARE.fullmatch(text):
        return bytes.fromhex(text.replace(":", ""))
    if _IPV4.fullmatch(text) and all(int(number) <= 0xFF for number in text.split(".")):
        return bytes(map(int, text.split(".")))
    return text


_IS_ARP: Final = shape_table(lambda shape: family_of(shape) is Family.ARP)
