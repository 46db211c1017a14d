"""Packets dissected by scapy, but for the names in DNS messages.

scapy follows the pointers of each name (RFC 1035 section 4.1.4) as far as they lead, without a
bound on the name: one message of 64 KiB, whose hundreds of records each lead through all of it,
takes it 8 seconds. Which layers there are, and where a record ends, no name's pointers tell. So
here they lead nowhere, and a message takes milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from scapy.layers.dns import DNS
from scapy.layers.inet import TCP, UDP
from scapy.packet import NoPayload, Packet, Raw

from .dissection import link_layer

_TRANSPORTS: Final = (TCP, UDP)


class _Nowhere:
    """The whole message, as scapy asks for it to follow a pointer: it is there, and has no end."""

    def __bool__(self) -> bool:
        return True

    def __len__(self) -> int:
        return 0


_NOWHERE: Final = _Nowhere()


class BriefDNS(DNS):  # type: ignore[misc]  # scapy ships no type hints
    """A DNS message each of whose names ends at its first pointer; all else is as in scapy's."""

    name = "DNS"

    def get_full(self) -> _Nowhere:
        """Where pointers lead."""
        return _NOWHERE


def application(transport: Packet, data: bytes) -> Packet:
    """What a transport carries, by scapy but for the names in DNS messages.

    Args:
        transport: TCP or UDP, with its ports.
        data: what it carries.
    """
    try:
        layer: Any = transport.guess_payload_class(data)
        if layer is DNS:
            return BriefDNS(data, _internal=1, _underlayer=transport)
        return layer(data, _internal=1, _underlayer=transport, stop_dissection_after=_TRANSPORTS)
    except Exception:  # whatever a dissector does on hostile bytes
        return Raw(data)


def stretches(link_type: int, data: bytes) -> Iterator[Packet]:
    """Dissect a packet, with its tunnels, stretch by stretch.

    Args:
        link_type: what the bytes begin with, a LINKTYPE_ value.
        data: the packet.

    Yields:
        its layers up to the first TCP or UDP; then, each as a packet of its own, what that carries
        up to the next, and so on.
    """
    try:
        stretch = link_layer(link_type)(data, stop_dissection_after=_TRANSPORTS)
    except Exception:  # whatever a dissector does on hostile bytes
        return
    yield stretch
    while True:
        transport = stretch
        while not isinstance(transport, _TRANSPORTS):  # UDP in the message of an ICMP error too
            if isinstance(transport, NoPayload):
                return
            transport = transport.payload
        if type(transport.payload) is not Raw:  # not its subclass, Padding
            return
        stretch = application(transport, transport.payload.load)
        yield stretch
