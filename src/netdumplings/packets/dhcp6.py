"""DHCP messages for IPv6 (RFC 8415), read straight from their bytes; see `dhcp`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from .addresses import address_text
from .dhcp import (
    LONGEST_TEXT,
    MOST_ADDRESSES,
    MOST_PARAMETERS,
    DhcpMessage,
    identifier,
    text,
    wire_name,
)

#: RFC 8415 section 7.3.
_TYPES: Final = {
    1: "SOLICIT", 2: "ADVERTISE", 3: "REQUEST", 4: "CONFIRM", 5: "RENEW", 6: "REBIND", 7: "REPLY",
    8: "RELEASE", 9: "DECLINE", 10: "RECONFIGURE", 11: "INFORMATION-REQUEST", 12: "RELAY-FORW",
    13: "RELAY-REPL", 14: "LEASEQUERY", 15: "LEASEQUERY-REPLY", 20: "DHCPV4-QUERY",
    21: "DHCPV4-RESPONSE",
}  # fmt: skip
_RELAYED: Final = (12, 13)
_BY_SERVER: Final = frozenset({"ADVERTISE", "REPLY", "RECONFIGURE", "LEASEQUERY-REPLY"})
#: RFC 8415 section 7.6: relays that a message goes through, at most.
_MOST_RELAYS: Final = 8
#: RFC 8415 section 9.1: type, hops, the addresses of the link and of the peer.
_RELAY_HEADER: Final = 34
#: RFC 8415 section 8: type and transaction.
_HEADER: Final = 4
_MOST_OPTIONS: Final = 256

#: RFC 8415 section 21.13.
_STATUS: Final = {
    1: "UnspecFail", 2: "NoAddrsAvail", 3: "NoBinding", 4: "NotOnLink", 5: "UseMulticast",
    6: "NoPrefixAvail",
}  # fmt: skip
_ETHERNET: Final = b"\0\1"


def read_dhcp6(data: bytes) -> DhcpMessage | None:
    """Read a message of DHCP for IPv6; one that comes by way of relays, from within.

    Args:
        data: what a datagram carries, from or to port 547.

    Returns:
        the message, as far as it makes sense; None if it is none.
    """
    says: dict[str, Any] = {}
    for _ in range(_MOST_RELAYS + 1):
        if len(data) < _HEADER or data[0] not in _TYPES:
            return None
        if data[0] not in _RELAYED:
            break
        if len(data) < _RELAY_HEADER:
            return None
        if any(data[2:18]):  # the outermost is the server's nearest: the last one stays
            says["relay_ip"] = address_text(data[2:18])
        options = list(_options(data[_RELAY_HEADER:]))
        data = next((value for option, value in options if option == 9), b"")
        for option, value in options:
            if option == 79 and value[:2] == _ETHERNET and len(value) == 8:  # RFC 6939
                says["mac"] = value[2:].hex(":")
    else:
        return None
    name = _TYPES[data[0]]
    by_client = name not in _BY_SERVER
    client = b""
    for option, value in _options(data[_HEADER:]):
        if option == 1:
            client = value
        _tell(option, value, by_client, says)
    if name == "ADVERTISE":
        for key in ("ip", "prefix"):
            if f"assigned_{key}" in says:
                says[f"offered_{key}"] = says.pop(f"assigned_{key}")
    says = {key: value for key, value in says.items() if value or value == 0}
    return DhcpMessage(6, name, by_client, int.from_bytes(data[1:4], "big"), client, says)


def _options(data: bytes) -> Iterator[tuple[int, bytes]]:
    """RFC 8415 section 21.1; those that are cut off are left out."""
    at = 0
    for _ in range(_MOST_OPTIONS):
        end = at + 4 + int.from_bytes(data[at + 2 : at + 4], "big")
        if at + 4 > len(data) or end > len(data):
            return
        yield int.from_bytes(data[at : at + 2], "big"), data[at + 4 : end]
        at = end


def _tell(option: int, value: bytes, by_client: bool, says: dict[str, Any]) -> None:
    match option:
        case 1:
            says["client_id"] = identifier(value)
            # RFC 8415 sections 11.2 and 11.4: with a time before the address, or without.
            for start, size in ((b"\0\1" + _ETHERNET, 8), (b"\0\3" + _ETHERNET, 4)):
                if value.startswith(start) and len(value) == size + 6:
                    says.setdefault("mac", value[size:].hex(":"))
        case 2:
            says["server_id"] = identifier(value)
        case 3 | 4 | 25:
            _tell_association(option, value, by_client, says)
        case 6 if by_client and len(value) >= 2:
            ends = range(2, min(len(value), 2 * MOST_PARAMETERS) + 1, 2)
            says["parameters"] = [value[end - 2] << 8 | value[end - 1] for end in ends]
        case 13:
            _tell_status(value, says)
        case 15 if by_client and len(value) > 2:
            says["user_class"] = text(value[2:])
        case 16 if by_client and len(value) > 6:
            says["vendor_class"] = text(value[6 : 6 + int.from_bytes(value[4:6], "big")])
        case 23 if not by_client and len(value) >= 16:
            parts = [value[at : at + 16] for at in range(0, len(value) - 15, 16)]
            says["dns_servers"] = [address_text(part) for part in parts[:MOST_ADDRESSES]]
        case 24 if not by_client and value:
            says["domain"] = wire_name(value)
        case 39 if by_client and len(value) > 1:
            says["fqdn"] = wire_name(value[1:])


def _tell_association(option: int, value: bytes, by_client: bool, says: dict[str, Any]) -> None:
    """RFC 8415 sections 21.4 to 21.6, 21.21 and 21.22: addresses, and prefixes of networks."""
    for inner, data in _options(value[4 if option == 4 else 12 :]):
        if inner == 5 and len(data) >= 24:
            says["requested_ip" if by_client else "assigned_ip"] = address_text(data[:16])
            lease = data[20:24]
        elif inner == 26 and len(data) >= 25:
            prefix = f"{address_text(data[9:25])}/{data[8]}"
            says["requested_prefix" if by_client else "assigned_prefix"] = prefix
            lease = data[4:8]
        else:
            if inner == 13:
                _tell_status(data, says)
            continue
        if not by_client:
            says["lease"] = int.from_bytes(lease, "big")


def _tell_status(value: bytes, says: dict[str, Any]) -> None:
    code = int.from_bytes(value[:2], "big")
    if len(value) >= 2 and code:
        name = _STATUS.get(code, f"status {code}")
        says["message"] = f"{name}: {text(value[2:])}".removesuffix(": ")[:LONGEST_TEXT]
