"""From the bytes of a packet to a scapy packet, such as chefs old and new expect it."""

from __future__ import annotations

from typing import Any, Final

# The layers scapy loads by default, and with them what it binds to which port: a packet is
# dissected the same, whatever its chefs import.
import scapy.layers.all  # noqa: F401
from scapy.config import conf
from scapy.layers.dns import DNS
from scapy.layers.inet import IP
from scapy.layers.inet6 import IPv6, IPv46
from scapy.packet import Packet, Raw

#: LINKTYPE_RAW.
_RAW_IP: Final = 101

__all__ = ["AbsentRecord", "Packet", "dissect", "link_layer"]


class AbsentRecord(AttributeError):
    """A chef reads the DNS question, the old way, of a message that has none.

    scapy 2.4 had None there, and reading on was an AttributeError too. The kitchen takes it as
    "no dumpling" instead of an error of the chef's.
    """


class RecordList(list[Any]):
    """DNS records: a list, as in today's scapy, that also answers for its first record.

    Up to scapy 2.4 ``DNS.fields['qd']`` was the first question itself (and likewise ``an``,
    ``ns`` and ``ar``). Chefs written then read ``fields['qd'].qname``; chefs written today read
    ``fields['qd'][0].qname``. Both find what they look for.
    """

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # Python itself asks, as copy and pickle do
            raise AttributeError(name)
        if not self:
            raise AbsentRecord(f"the DNS message has no record to read {name!r} of")
        return getattr(self[0], name)


def link_layer(link_type: int) -> type[Packet]:
    """The scapy class of a link type (a LINKTYPE_ value); `Raw` for one that scapy lacks."""
    return conf.l2types.num2layer.get(link_type, Raw)  # type: ignore[no-any-return]


def link_type_of(packet: Packet) -> int | None:
    """The link type of packets that begin as a scapy packet does: the inverse of `link_layer`.

    IP and IPv6 are both 101, raw IP, as one interface has both. None for what begins no packet.
    """
    for layer in type(packet).__mro__:
        link_type = conf.l2types.layer2num.get(layer)
        if link_type is not None:
            return _RAW_IP if issubclass(layer, (IP, IPv6, IPv46)) else int(link_type)
    return None


def first_layer(link_type: int, data: bytes) -> type[Packet]:
    """The scapy class of a packet's first layer, which may depend on its bytes."""
    layer: Any = link_layer(link_type)
    if "dispatch_hook" in vars(layer):
        try:
            layer = layer.dispatch_hook(data)
        except Exception:  # as scapy does when it makes a packet
            layer = Raw
    chosen: type[Packet] = layer
    return chosen


def dissect(
    link_type: int,
    data: bytes,
    *,
    time: float,
    wire_length: int | None = None,
    interface: str | None = None,
) -> Packet:
    """Make a scapy packet.

    Args:
        link_type: what the bytes begin with, a LINKTYPE_ value.
        data: the packet, as captured.
        time: when it was captured, seconds since the epoch: the packet's ``time``.
        wire_length: its length on the wire: the packet's ``wirelen``.
        interface: where it was captured: the packet's ``sniffed_on``.

    Returns:
        the packet; bytes that scapy fails on become a `Raw` packet, as in scapy's own readers.
        Its DNS layers can be read as of scapy 2.4 too (see `RecordList`); scapy itself is left
        as it is, for whatever else uses it in this process.
    """
    try:
        packet = link_layer(link_type)(data)
    except Exception:  # whatever a dissector does on hostile bytes
        packet = Raw(data)
    packet.time = time
    packet.wirelen = wire_length
    packet.sniffed_on = interface
    readable_by_old_chefs(packet)
    return packet


def readable_by_old_chefs(packet: Packet) -> None:
    """Let the DNS layers of a dissected packet be read as of scapy 2.4 too."""
    layer = packet.getlayer(DNS)
    while layer is not None:
        fields = layer.fields
        for name in ("qd", "an", "ns", "ar"):
            if name in fields:
                fields[name] = RecordList(fields[name])
        layer = layer.payload.getlayer(DNS)
