"""Which layers a packet has, without dissecting what its applications said."""

from __future__ import annotations

from scapy.layers.dns import DNS
from scapy.layers.inet import TCP, UDP
from scapy.packet import NoPayload, Packet, Raw

from .dissect import link_layer


def layer_names(link_type: int, data: bytes) -> list[str]:
    """The names scapy gives the layers of a packet, from the outermost to the innermost.

    Up to TCP and UDP, and in DNS, they are exactly those of the dissected packet. Above TCP and
    UDP it is the one layer that scapy binds to the ports, named without being dissected: some
    protocols take scapy milliseconds a packet, and what goes by is for others to choose.

    Args:
        link_type: what the bytes begin with, a LINKTYPE_ value.
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
            return _chain(DNS(data, _internal=1, _underlayer=transport))
        if "dispatch_hook" in vars(layer):
            layer = layer.dispatch_hook(data, _internal=1, _underlayer=transport)
        return [_name(layer)]
    except Exception:  # whatever a dissector does on hostile bytes
        return [_name(Raw)]


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
