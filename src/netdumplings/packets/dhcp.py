"""DHCP messages for IPv4 (RFC 2131, RFC 2132), read straight from their bytes.

What is read of either version (see `dhcp6`) has one form, `DhcpMessage`, with the names that chefs
tell it by. Nothing in a message makes any of this raise, and what it takes is bounded.
"""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct
from typing import Any, Final, NamedTuple

from .addresses import address_text
from .dns_names import BrokenName, Names

#: Characters of a text out of a message that are told.
LONGEST_TEXT: Final = 256
#: Bytes of an identifier that are told.
LONGEST_ID: Final = 64
#: Addresses of one kind that are told: of name servers, say.
MOST_ADDRESSES: Final = 8
#: Options that a client asks for, of which are told.
MOST_PARAMETERS: Final = 128

#: RFC 2131 section 2: operation, kind of hardware address and its length, hops; transaction;
#: seconds, flags; addresses of the client, for it, of the next server, of the relay; hardware
#: address; a server's name, and a file's; a number that says that options follow.
_HEADER: Final = Struct(">4BIHH4s4s4s4s16s64s128s4s")
_COOKIE: Final = bytes((99, 130, 83, 99))
_REQUEST: Final = 1
_ETHERNET: Final = 1

_PAD, _OVERLOAD, _TYPE, _END = 0, 52, 53, 255

#: RFC 2132 section 9.6, and what was registered since.
_TYPES: Final = {
    1: "DISCOVER", 2: "OFFER", 3: "REQUEST", 4: "DECLINE", 5: "ACK", 6: "NAK", 7: "RELEASE",
    8: "INFORM", 9: "FORCERENEW", 10: "LEASEQUERY", 11: "LEASEUNASSIGNED", 12: "LEASEUNKNOWN",
    13: "LEASEACTIVE", 14: "BULKLEASEQUERY", 15: "LEASEQUERYDONE", 16: "ACTIVELEASEQUERY",
    17: "LEASEQUERYSTATUS", 18: "TLS",
}  # fmt: skip


class DhcpMessage(NamedTuple):
    """A message of DHCP.

    Attributes:
        version: 4 or 6, as of IP.
        type: the name of its type; for IPv4 without a type (RFC 951), BOOTREQUEST or BOOTREPLY.
        by_client: whether it is the client's.
        id: of the transaction.
        client: bytes that tell clients apart.
        says: what it says, by the names that `DHCPChef` tells it by; JSON values, of which none
            is None, or empty.
    """

    version: int
    type: str
    by_client: bool
    id: int
    client: bytes
    says: dict[str, Any]


def read_dhcp(data: bytes) -> DhcpMessage | None:
    """Read a message of DHCP for IPv4.

    Args:
        data: what a datagram carries, from or to port 67.

    Returns:
        the message, as far as it makes sense; None if it is none.
    """
    if len(data) < _HEADER.size:
        return None
    (
        operation, kind, size, _hops, number, _seconds, _flags,
        client_ip, your_ip, _next_ip, relay_ip, hardware, server_name, file, cookie,
    ) = _HEADER.unpack_from(data)  # fmt: skip
    if cookie != _COOKIE or operation not in (1, 2):
        return None
    by_client = operation == _REQUEST
    options = _options(data[_HEADER.size :], file, server_name)
    code = options.get(_TYPE, b"")[:1]
    name = ("BOOTREQUEST" if by_client else "BOOTREPLY") if not code else _TYPES.get(
        code[0], f"TYPE{code[0]}"
    )  # fmt: skip
    hardware = hardware[: min(size, 16)]
    says: dict[str, Any] = {}
    if any(hardware):
        is_mac = kind == _ETHERNET and size == 6
        says["mac" if is_mac else "hardware_address"] = hardware.hex(":")
    its_ip = "offered_ip" if name == "OFFER" else "assigned_ip"
    for key, address in (("client_ip", client_ip), (its_ip, your_ip), ("relay_ip", relay_ip)):
        if any(address):
            says[key] = address_text(address)
    wanted = _OF_CLIENT if by_client else _OF_SERVER
    for option, value in options.items():
        if option in wanted:
            key, read = wanted[option]
            if told := read(value):
                says[key] = told
    client = bytes((kind,)) + hardware
    return DhcpMessage(4, name, by_client, number, client, says)


def _options(data: bytes, file: bytes, server_name: bytes) -> dict[int, bytes]:
    """The options by their numbers; those that come in parts in one piece (RFC 3396)."""
    options: dict[int, bytes] = {}
    _read_options(data, options)
    overload = options.get(_OVERLOAD, b"\0")[:1] or b"\0"
    for bit, field in ((1, file), (2, server_name)):
        if overload[0] & bit:
            _read_options(field, options)
    return options


def _read_options(data: bytes, options: dict[int, bytes]) -> None:
    at, length = 0, len(data)
    while at < length:
        option = data[at]
        if option == _END:
            return
        if option == _PAD:
            at += 1
            continue
        if at + 1 >= length:
            return
        end = at + 2 + data[at + 1]
        if end > length:
            return
        options[option] = options.get(option, b"") + data[at + 2 : end]
        at = end


def text(value: bytes) -> str:
    """Text of a message, without zeros at its end, cut to `LONGEST_TEXT`."""
    return value.rstrip(b"\0")[:LONGEST_TEXT].decode("utf-8", "backslashreplace")[:LONGEST_TEXT]


def identifier(value: bytes) -> str:
    """Bytes as hexadecimal digits with colons, cut to `LONGEST_ID` of them."""
    return value[:LONGEST_ID].hex(":")


def wire_name(value: bytes) -> str:
    """A name that is written as in DNS (RFC 1035 section 3.1), whole or only its beginning."""
    try:
        return Names(value + b"\0").at(0)[0][:LONGEST_TEXT].removesuffix(".")
    except BrokenName:
        return text(value)


def _address(value: bytes) -> str:
    return address_text(value) if len(value) == 4 and any(value) else ""


def _addresses(value: bytes) -> list[str]:
    parts = (value[at : at + 4] for at in range(0, min(len(value), 4 * MOST_ADDRESSES), 4))
    return [address_text(part) for part in parts if len(part) == 4]


def _seconds(value: bytes) -> int:
    return int.from_bytes(value, "big") if len(value) == 4 else 0


def _full_name(value: bytes) -> str:
    """RFC 4702 section 2: flags, two codes, and the name in one of two forms."""
    if len(value) < 4:
        return ""
    return wire_name(value[3:]) if value[0] & 0x04 else text(value[3:])


def _classes(value: bytes) -> str:
    """RFC 3004: texts behind their lengths; but many send just one text."""
    found, at = [], 0
    while at < len(value) and value[at]:
        found.append(value[at + 1 : at + 1 + value[at]])
        at += 1 + value[at]
    return text(b", ".join(found) if at == len(value) else value)


_Read = Callable[[bytes], Any]

#: Options whoever sends them, by their numbers: how each is told, and read.
_OF_BOTH: Final[dict[int, tuple[str, _Read]]] = {
    54: ("server_ip", _address),
    56: ("message", text),
    61: ("client_id", identifier),
}
_OF_CLIENT: Final = _OF_BOTH | {
    12: ("hostname", text),
    50: ("requested_ip", _address),
    55: ("parameters", lambda value: list(value[:MOST_PARAMETERS])),
    60: ("vendor_class", text),
    77: ("user_class", _classes),
    81: ("fqdn", _full_name),
}
_OF_SERVER: Final = _OF_BOTH | {
    1: ("subnet_mask", _address),
    3: ("routers", _addresses),
    6: ("dns_servers", _addresses),
    12: ("assigned_hostname", text),
    15: ("domain", text),
    51: ("lease", _seconds),
}
