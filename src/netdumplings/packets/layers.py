"""Which layers a packet has, without dissecting what its applications said."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from scapy.layers.dns import DNS
from scapy.layers.inet import TCP, UDP
from scapy.packet import NoPayload, Packet, Raw

from .applications import Bound, name_of, payloads
from .brief import BriefDNS
from .dissection import link_layer
from .dns import is_plain
from .shapes import UNKNOWN, layers_of

if TYPE_CHECKING:
    from .batch import PacketBatch

#: Applications whose class depends on their own bytes, and on nothing else.
_TOLD_BY_BYTES: Final = frozenset(
    {
        "DceRpc", "ESP", "GRE", "HSRP", "Kpasswd", "LDAP", "NTP", "PPTP", "ZEP2", "_LLMNR",
        "_dhcp6_dispatcher",
    }
)  # fmt: skip


def count_layers(packets: PacketBatch) -> Counter[str]:
    """Count the layers of all packets of a batch: how many of which name.

    The counts are those of `layer_names` over the packets one by one, but mostly taken from
    columns: what the traffic's applications are makes no difference to the time it takes.
    """
    shapes = packets.shapes
    counts: Counter[str] = Counter()
    one_by_one = np.flatnonzero(shapes == UNKNOWN).tolist()
    for bound in packets.applications:
        one_by_one += _count_application(packets, bound, counts)
    of_shape = np.bincount(shapes)
    np.subtract.at(of_shape, shapes[one_by_one], 1)
    for shape in np.flatnonzero(of_shape).tolist():
        for layer in layers_of(packets.link_type, shape):
            counts[_name(layer)] += int(of_shape[shape])
    for index in one_by_one:
        counts.update(layer_names(packets.link_type, packets.data(index)))
    return counts


def _count_application(packets: PacketBatch, bound: Bound, counts: Counter[str]) -> list[int]:
    """Count the layer above the transport, and return which packets must be looked at whole."""
    layer, over_tcp, indices = bound
    if layer is DNS:
        plain = np.array([is_plain(data, over_tcp) for data in payloads(packets, indices)])
        if plain.any():
            counts[_name(DNS)] += int(plain.sum())
        return list(indices[~plain].tolist())
    if isinstance(layer, type) and "dispatch_hook" not in vars(layer):
        counts[_name(layer)] += len(indices)
    elif name_of(layer) in _TOLD_BY_BYTES:
        counts.update(_name_by_bytes(layer, data) for data in payloads(packets, indices))
    else:
        return list(indices.tolist())
    return []


def layer_names(link_type: int, data: bytes) -> list[str]:
    """The names scapy gives the layers of a packet, from the outermost to the innermost.

    Up to TCP and UDP, and in DNS, they are exactly those of the dissected packet. Above TCP and
    UDP it is the one layer that scapy binds to the ports, named without being dissected: some
    protocols take scapy milliseconds a packet, and what goes by is for others to choose.

    Args:
        link_type: what the bytes begin with, a ``LINKTYPE_`` value.
        data: the packet, as captured.
    """
    try:
        packet = link_layer(link_type)(data, stop_dissection_after=(TCP, UDP))
    except Exception:  # whatever a dissector does on hostile bytes
        return [_name(Raw)]
    names: list[str] = []
    layer = packet
    while not isinstance(layer, NoPayload):
        names.append(layer.name)
        inner = layer.payload
        if isinstance(layer, TCP | UDP) and type(inner) is Raw:  # not its subclass, Padding
            names += _application(layer, inner.load)
            inner = inner.payload  # the padding, if there is any
        layer = inner
    return names


def _application(transport: Packet, data: bytes) -> list[str]:
    try:
        layer = transport.guess_payload_class(data)
        if layer is DNS:
            return _chain(BriefDNS(data, _internal=1, _underlayer=transport))
    except Exception:  # whatever a dissector does on hostile bytes
        return [_name(Raw)]
    return [_name_by_bytes(layer, data, transport)]


def _name_by_bytes(layer: Any, data: bytes, transport: Packet | None = None) -> str:
    try:
        if "dispatch_hook" in vars(layer):
            layer = layer.dispatch_hook(data, _internal=1, _underlayer=transport)
        elif not isinstance(layer, type):  # a function that makes a packet of a class it chooses
            layer = type(layer(data, _internal=1, _underlayer=transport))
        return _name(layer)
    except Exception:  # whatever a dissector does on hostile bytes
        return _name(Raw)


def _chain(layer: Packet) -> list[str]:
    names = []
    while not isinstance(layer, NoPayload):
        names.append(layer.name)
        layer = layer.payload
    return names


def _name(layer: type[Packet]) -> str:
    # A scapy class keeps the `name` it was given as `_name`, and an instance takes it from there.
    name: str | None = layer._name
    return layer.__name__ if name is None else name
