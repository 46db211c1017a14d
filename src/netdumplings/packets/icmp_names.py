"""What the types and codes of ICMP and ICMPv6 are called (IANA's registries of both)."""

from __future__ import annotations

from typing import Final

from .formats import ICMP

_TYPES: Final = {
    0: "echo reply", 3: "destination unreachable", 4: "source quench", 5: "redirect",
    8: "echo request", 9: "router advertisement", 10: "router solicitation", 11: "time exceeded",
    12: "parameter problem", 13: "timestamp request", 14: "timestamp reply",
    15: "information request", 16: "information reply", 17: "address mask request",
    18: "address mask reply", 40: "photuris", 42: "extended echo request",
    43: "extended echo reply",
}  # fmt: skip
_TYPES_V6: Final = {
    1: "destination unreachable", 2: "packet too big", 3: "time exceeded", 4: "parameter problem",
    128: "echo request", 129: "echo reply", 130: "multicast listener query",
    131: "multicast listener report", 132: "multicast listener done", 133: "router solicitation",
    134: "router advertisement", 135: "neighbor solicitation", 136: "neighbor advertisement",
    137: "redirect", 138: "router renumbering", 139: "node information query",
    140: "node information response", 141: "inverse neighbor solicitation",
    142: "inverse neighbor advertisement", 143: "multicast listener report v2",
    144: "home agent address discovery request", 145: "home agent address discovery reply",
    146: "mobile prefix solicitation", 147: "mobile prefix advertisement",
    148: "certification path solicitation", 149: "certification path advertisement",
    151: "multicast router advertisement", 152: "multicast router solicitation",
    153: "multicast router termination", 155: "RPL control", 157: "duplicate address request",
    158: "duplicate address confirmation", 160: "extended echo request", 161: "extended echo reply",
}  # fmt: skip
_CODES: Final = {
    (3, 0): "network unreachable", (3, 1): "host unreachable", (3, 2): "protocol unreachable",
    (3, 3): "port unreachable", (3, 4): "fragmentation needed", (3, 5): "source route failed",
    (3, 6): "network unknown", (3, 7): "host unknown", (3, 9): "network prohibited",
    (3, 10): "host prohibited", (3, 11): "network unreachable for service",
    (3, 12): "host unreachable for service", (3, 13): "communication prohibited",
    (3, 14): "host precedence violation", (3, 15): "precedence cutoff",
    (5, 0): "redirect for network", (5, 1): "redirect for host",
    (5, 2): "redirect for network and service", (5, 3): "redirect for host and service",
    (11, 0): "time to live exceeded", (11, 1): "reassembly time exceeded",
}  # fmt: skip
_CODES_V6: Final = {
    (1, 0): "no route", (1, 1): "communication prohibited", (1, 2): "beyond scope of source",
    (1, 3): "address unreachable", (1, 4): "port unreachable",
    (1, 5): "source address failed policy", (1, 6): "route rejected",
    (3, 0): "hop limit exceeded", (3, 1): "reassembly time exceeded",
    (4, 0): "erroneous header field", (4, 1): "unrecognized next header",
    (4, 2): "unrecognized option",
}  # fmt: skip


def type_name(protocol: int, kind: int) -> str:
    """What a type is called; ``"type 99"`` where it has no name.

    Args:
        protocol: 1 for ICMP, 58 for ICMPv6.
        kind: the type.
    """
    return (_TYPES if protocol == ICMP else _TYPES_V6).get(kind, f"type {kind}")


def code_name(protocol: int, kind: int, code: int) -> str:
    """What a type is called with a code: more exactly, where the code has a name."""
    names = _CODES if protocol == ICMP else _CODES_V6
    return names.get((kind, code), type_name(protocol, kind))
