"""What scapy binds to what: the tables that its dissection goes by, as they stand now.

Any import may bind more layers while we run (``scapy.contrib`` does), and a chef's author may bind
layers of his own. So whatever is told without dissecting asks here first.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scapy.config import conf
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import IPv6, IPv46
from scapy.layers.l2 import (
    ARP,
    CookedLinux,
    CookedLinuxV2,
    Dot1Q,
    Ether,
    Loopback,
    LoopbackOpenBSD,
)
from scapy.packet import Packet, Padding, Raw

from . import formats

BoolArray = npt.NDArray[np.bool_]

#: The link types whose packets' layers can be told, and what scapy has for each.
LINK_LAYERS: Final[dict[int, type[Packet]]] = {
    formats.NULL: Loopback,
    formats.ETHERNET: Ether,
    formats.RAW_DLT: IPv46,
    formats.RAW: IPv46,
    formats.LOOP: LoopbackOpenBSD,
    formats.LINUX_SLL: CookedLinux,
    formats.IPV4: IP,
    formats.IPV6: IPv6,
    formats.LINUX_SLL2: CookedLinuxV2,
}

_ETHERTYPES: Final = ((0x0800, IP), (0x86DD, IPv6), (0x0806, ARP), (0x8100, Dot1Q))
#: What must lead to what, for a packet's layers to be told from its columns.
_EXPECTED: Final[tuple[tuple[Any, dict[str, int], Any], ...]] = (
    *((lower, {"type": kind}, upper) for lower in (Ether, Dot1Q) for kind, upper in _ETHERTYPES),
    *(
        (lower, {"proto": kind}, upper)
        for lower in (CookedLinux, CookedLinuxV2)
        for kind, upper in _ETHERTYPES
    ),
    *((lower, {"type": kind}, IP) for lower in (Loopback, LoopbackOpenBSD) for kind in (0, 2)),
    *(
        (IP, {"frag": 0, "proto": number}, upper)
        for number, upper in ((1, ICMP), (6, TCP), (17, UDP))
    ),
    *((IP, {"frag": 1, "proto": number}, None) for number in (1, 6, 17)),
    # (What ICMPv6 is, scapy tells from its type, by default.)
    *((IPv6, {"nh": number}, upper) for number, upper in ((6, TCP), (17, UDP), (58, None))),
)


def as_expected(link_type: int) -> bool:
    """Whether scapy would go through the layers of this link type's packets as it does by default.

    Ports are another matter: see `bound_ports`.
    """
    return (
        conf.l2types.num2layer.get(link_type) is LINK_LAYERS.get(link_type, Raw)
        and conf.raw_layer is Raw
        and conf.padding_layer is Padding
        and _all_as_expected(_State())
    )


def bound_ports(transport: Any) -> BoolArray:
    """For each port, whether scapy binds anything to it, alone or with another."""
    return _bound_ports(transport, _State())


class _State:
    """The tables as they are: equal to those of another time if no binding came or went."""

    def __init__(self) -> None:
        # Whoever binds a layer puts another list in place of the old one.
        self._tables = [layer.payload_guess for layer in _LAYERS]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _State) and all(
            ours is theirs for ours, theirs in zip(self._tables, other._tables, strict=True)
        )

    def __hash__(self) -> int:
        return hash(tuple(map(id, self._tables)))


_LAYERS: Final[tuple[Any, ...]] = (
    *dict.fromkeys(alias for lower, _, _ in _EXPECTED for alias in lower.aliastypes),
    TCP,
    UDP,
)


@lru_cache(4)
def _all_as_expected(_state: _State) -> bool:
    return all(_leads_to(lower, fields) is upper for lower, fields, upper in _EXPECTED)


def _leads_to(lower: Any, fields: dict[str, int]) -> Any:
    """What scapy takes the payload of a layer for, judging by these of its fields only.

    Returns:
        a class; None if it is bound to nothing; False if other fields play a part.
    """
    names = {field.name for field in lower.fields_desc}
    for alias in lower.aliastypes:
        for wanted, upper in alias.payload_guess:
            if not wanted.keys() <= names:  # fields of another layer: scapy passes over it
                continue
            if any(fields.get(name, value) != value for name, value in wanted.items()):
                continue
            return upper if wanted.keys() <= fields.keys() else False
    return None


@lru_cache(8)
def _bound_ports(transport: Any, _state: _State) -> BoolArray:
    ports = np.zeros(65536, np.bool_)
    for alias in transport.aliastypes:
        for fields, _upper in alias.payload_guess:
            if not fields or fields.keys() - {"sport", "dport"}:
                ports[:] = True  # bound to something else than ports: any packet may be its
            for port in fields.values():
                if isinstance(port, int) and 0 <= port < len(ports):
                    ports[port] = True
    return ports
