"""Who says to have which address, by ARP (RFC 826) and by neighbour discovery (RFC 4861).

Both are spoken on one link only. But who speaks may speak for others: routers that answer ARP for
hosts behind them (RFC 1027), and proxies (RFC 4389). So it is told apart whether somebody uses an
address, or only answers for it.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from .hardware import is_one_sender

#: How ARP for IPv4 over Ethernet begins.
_ARP: Final = bytes.fromhex("0001 0800 06 04")
_REQUEST, _REPLY = b"\0\1", b"\0\2"
ARP_SIZE: Final = 28

ROUTER_SOLICITATION, ROUTER_ADVERTISEMENT, SOLICITATION, ADVERTISEMENT = 133, 134, 135, 136
#: RFC 4861 section 6.1: what came by way of a router has less.
_HOPS: Final = 255
#: Bytes before the options of each message (RFC 4861 section 4).
_BEFORE_OPTIONS: Final = {
    ROUTER_SOLICITATION: 8, ROUTER_ADVERTISEMENT: 16, SOLICITATION: 24, ADVERTISEMENT: 24,
}  # fmt: skip
_IS_ROUTER: Final = 0x80
_UNSPECIFIED: Final = bytes(16)


class Claim(NamedTuple):
    """That a device has an address.

    Attributes:
        hardware: the device, by its six bytes.
        address: 4 bytes of IPv4, or 16 of IPv6; None if it has none yet, and looks for one.
        is_own: whether it uses the address, or only answers for it.
        is_router: whether it says to be a router.
    """

    hardware: bytes
    address: bytes | None
    is_own: bool
    is_router: bool = False


def arp_claim(message: bytes) -> Claim | None:
    """What an ARP message says of its sender; None if nothing."""
    operation = message[6:8]
    hardware, address = message[8:14], message[14:18]
    if len(message) < ARP_SIZE or message[:6] != _ARP or operation not in (_REQUEST, _REPLY):
        return None
    if not is_one_sender(hardware):
        return None
    if not any(address):  # RFC 5227 section 1.1: it asks whether the address is free
        return Claim(hardware, None, True)
    is_own = operation == _REQUEST or address == message[24:28]
    return Claim(hardware, address, is_own) if is_of_one(address) else None


def neighbour_claim(message: bytes, source: bytes, hops: int, hardware: bytes) -> Claim | None:
    """What a message of neighbour discovery says of its sender; None if nothing.

    Args:
        message: ICMPv6, from its type on.
        source: the address that it came from.
        hops: the hop limit that it has left.
        hardware: who sent it over the link.
    """
    kind = message[0] if message else 0
    start = _BEFORE_OPTIONS.get(kind)
    if start is None or len(message) < start or message[1] != 0 or hops != _HOPS:
        return None
    told = _link_layer_address(message[start:], 2 if kind == ADVERTISEMENT else 1)
    if told not in (None, hardware):
        return None  # for somebody else
    target = message[8:24]
    if kind == ADVERTISEMENT:
        is_own = source == target
        is_router = is_own and bool(message[4] & _IS_ROUTER)
        return Claim(hardware, target, is_own, is_router) if is_of_one(target) else None
    if kind == SOLICITATION and source == _UNSPECIFIED:  # RFC 4862 section 5.4: is it free?
        return Claim(hardware, target, True) if is_of_one(target) else None
    if not is_of_one(source) or (told is None and kind != ROUTER_ADVERTISEMENT):
        return None
    is_router = kind == ROUTER_ADVERTISEMENT and any(message[6:8])  # for how long it is one
    return Claim(hardware, source, True, is_router)


def is_of_one(address: bytes) -> bool:
    """Whether an IP address is that of one host, and not of many, or nobody's."""
    if len(address) == 4:
        return 0 < address[0] < 224
    return any(address) and address[0] != 0xFF


def is_on_link(address: bytes) -> bool:
    """Whether an IP address holds on one link only, so that no router hands on what it sends."""
    if len(address) == 4:  # RFC 3927; and RFC 5771 section 4
        return address[:2] == b"\xa9\xfe" or address[:3] == b"\xe0\0\0"
    return (address[0] == 0xFE and address[1] & 0xC0 == 0x80) or (
        address[0] == 0xFF and address[1] & 0x0F in (1, 2)  # RFC 7346
    )


def _link_layer_address(options: bytes, wanted: int) -> bytes | None:
    """RFC 4861 section 4.6.1; the size of an option is in units of 8 bytes."""
    at = 0
    while at + 8 <= len(options) and options[at + 1]:
        if options[at] == wanted:
            return options[at + 2 : at + 8] if options[at + 1] == 1 else b""
        at += 8 * options[at + 1]
    return None
