"""Frames on Ethernet put together from bytes, quickly, with checksums that are right."""

from __future__ import annotations

import socket
from struct import Struct
from typing import Final, NamedTuple

_IPV4: Final = Struct(">BBHHHBBH4s4s")
_IPV6: Final = Struct(">IHBB16s16s")
_TCP: Final = Struct(">HHIIBBHHH")
_UDP: Final = Struct(">HHHH")
_ICMP: Final = Struct(">BBHHH")
_ARP: Final = Struct(">HHBBH6s4s6s4s")
TCP, UDP, ICMP, ICMPV6 = 6, 17, 1, 58
#: NOP, NOP and a time stamp (RFC 7323); what a SYN has.
_STAMP: Final = bytes.fromhex("0101080a0000000100000002")
_SYN_OPTIONS: Final = bytes.fromhex("020405b40402080a000000010000000001030307")
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16


class Host(NamedTuple):
    """A host: its hardware address, six bytes, and its IP address, 4 or 16."""

    hw: bytes
    ip: bytes


def _sum(data: bytes) -> int:
    # (2**16 is 1 modulo 2**16 - 1: the number as a whole leaves the same as its words' sum.)
    return int.from_bytes(data + b"\0" * (len(data) & 1), "big") % 0xFFFF


class Payload:
    """What a packet carries, with its sum, so that it is added up but once."""

    __slots__ = ("data", "sum")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.sum = _sum(data)


NOTHING: Final = Payload(b"")


def host(hw: str, ip: str) -> Host:
    """A host, from its addresses as text."""
    family = socket.AF_INET6 if ":" in ip else socket.AF_INET
    return Host(bytes.fromhex(hw.replace(":", "")), socket.inet_pton(family, ip))


def tcp(
    src: Host, dst: Host, ports: tuple[int, int], seq: int, ack: int, flags: int,
    payload: Payload = NOTHING,
) -> bytes:  # fmt: skip
    """A segment, with a time stamp; the options of a SYN if it is one."""
    options = _SYN_OPTIONS if flags & SYN else _STAMP
    size = 20 + len(options)
    fields = (*ports, seq & 0xFFFFFFFF, ack & 0xFFFFFFFF, size << 2, flags, 501)
    head = _TCP.pack(*fields, 0, 0) + options
    checksum = _checksum(src, dst, TCP, head, payload)
    return _ip(src, dst, TCP, head[:16] + checksum + head[18:], payload)


def udp(src: Host, dst: Host, ports: tuple[int, int], payload: Payload) -> bytes:
    """A datagram."""
    head = _UDP.pack(*ports, 8 + len(payload.data), 0)
    checksum = _checksum(src, dst, UDP, head, payload)
    return _ip(
        src, dst, UDP, head[:6] + (b"\xff\xff" if checksum == b"\0\0" else checksum), payload
    )


def echo(src: Host, dst: Host, is_reply: bool, number: int, payload: Payload) -> bytes:
    """An echo request of ICMP, or its reply."""
    if len(src.ip) == 4:
        head = _ICMP.pack(0 if is_reply else 8, 0, 0, 7, number)
        total = _sum(head) + payload.sum
        checksum = _folded(total)
        return _ip(src, dst, ICMP, head[:2] + checksum + head[4:], payload)
    head = _ICMP.pack(129 if is_reply else 128, 0, 0, 7, number)
    checksum = _checksum(src, dst, ICMPV6, head, payload)
    return _ip(src, dst, ICMPV6, head[:2] + checksum + head[4:], payload)


def arp(src: Host, dst: Host, operation: int) -> bytes:
    """A request, which goes to all, or a reply."""
    asked = bytes(6) if operation == 1 else dst.hw
    body = _ARP.pack(1, 0x0800, 6, 4, operation, src.hw, src.ip, asked, dst.ip)
    return (b"\xff" * 6 if operation == 1 else dst.hw) + src.hw + b"\x08\x06" + body + bytes(18)


def _ip(src: Host, dst: Host, protocol: int, head: bytes, payload: Payload) -> bytes:
    size = len(head) + len(payload.data)
    if len(src.ip) == 4:
        fields = (0x45, 0, 20 + size, 0, 0x4000, 64, protocol)
        header = _IPV4.pack(*fields, 0, src.ip, dst.ip)
        header = header[:10] + _folded(_sum(header)) + header[12:]
        frame = dst.hw + src.hw + b"\x08\x00" + header + head + payload.data
    else:
        header = _IPV6.pack(0x60000000, size, protocol, 64, src.ip, dst.ip)
        frame = dst.hw + src.hw + b"\x86\xdd" + header + head + payload.data
    return frame.ljust(60, b"\0")


def _checksum(src: Host, dst: Host, protocol: int, head: bytes, payload: Payload) -> bytes:
    """RFC 1071, over the pseudo-header, too."""
    size = len(head) + len(payload.data)
    return _folded(_sum(src.ip + dst.ip + head) + protocol + size + payload.sum)


def _folded(total: int) -> bytes:
    # (The sum of ones' complement is never zero, unless all of it is.)
    return (0xFFFF - (total % 0xFFFF or 0xFFFF)).to_bytes(2, "big")
